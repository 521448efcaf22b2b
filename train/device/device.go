// Package device reads what a machine is doing: memory, use, temperature and power of each NVIDIA GPU, and the use of the CPU and
// of memory. It opens the driver's library when it runs, so that a program without a driver says so in a sentence and goes on.
// It knows neither models nor screens.
package device

import (
	"context"
	"fmt"

	"github.com/shirou/gopsutil/v4/cpu"
	"github.com/shirou/gopsutil/v4/mem"
)

// maxGPUs bounds what a library may claim.
const maxGPUs = 256

// GPU is one and its figures. What it does not tell is nil.
type GPU struct {
	Index       int      `json:"index"`
	Name        string   `json:"name"`
	MemoryUsed  int64    `json:"memory_used_bytes"`
	MemoryTotal int64    `json:"memory_total_bytes"`
	MemoryFree  int64    `json:"memory_free_bytes"`
	Use         *float64 `json:"use,omitempty"`         // 0 to 1: the share of the time in which it computed
	Celsius     *float64 `json:"celsius,omitempty"`     //
	Watts       *float64 `json:"watts,omitempty"`       //
	LimitWatts  *float64 `json:"limit_watts,omitempty"` // that it holds itself to
	Trouble     string   `json:"trouble,omitempty"`     // why it tells nothing
}

// Reading is the state at one moment.
type Reading struct {
	GPUs        []GPU   `json:"gpus"`
	NoGPU       string  `json:"no_gpu,omitempty"` // one sentence, where there are none
	CPU         float64 `json:"cpu"`              // 0 to 1: the use of all cores since the reading before
	Cores       int     `json:"cores"`
	MemoryUsed  int64   `json:"memory_used_bytes"`
	MemoryTotal int64   `json:"memory_total_bytes"`
	MemoryFree  int64   `json:"memory_free_bytes"` // what a program could still take
}

// gpus is the driver, or what stands for it.
type gpus interface {
	read() ([]GPU, error)
	close()
}

// Reader keeps the driver open between readings. It is not safe for several goroutines.
type Reader struct {
	gpus  gpus
	why   string // there are none
	cores int
}

// Open opens the driver's library: by its path, or "" for the system's. It always gives a Reader; without a driver its readings
// say so.
func Open(ctx context.Context, library string) *Reader {
	r := &Reader{}
	if g, err := openNVML(library); err != nil {
		r.why = err.Error()
	} else {
		r.gpus = g
	}
	r.cores, _ = cpu.CountsWithContext(ctx, true) // 0 where the system does not say
	_, _ = cpu.PercentWithContext(ctx, 0, false)  // begins the span that the first reading ends
	return r
}

// Read takes the figures. What cannot be read is absent; an error is of the host's own figures.
func (r *Reader) Read(ctx context.Context) (Reading, error) {
	out := Reading{GPUs: []GPU{}, NoGPU: r.why, Cores: r.cores}
	if r.gpus != nil {
		list, err := r.gpus.read()
		switch {
		case err != nil:
			out.NoGPU = err.Error()
		case len(list) == 0:
			out.NoGPU = "the NVIDIA driver is here, and it knows no GPU"
		default:
			out.GPUs = list
		}
	}
	used, err := cpu.PercentWithContext(ctx, 0, false)
	if err != nil || len(used) != 1 {
		return out, fmt.Errorf("read the use of the CPU: %w", err)
	}
	out.CPU = used[0] / 100
	m, err := mem.VirtualMemoryWithContext(ctx)
	if err != nil {
		return out, fmt.Errorf("read the use of memory: %w", err)
	}
	out.MemoryTotal, out.MemoryFree = int64(m.Total), int64(m.Available)
	out.MemoryUsed = out.MemoryTotal - out.MemoryFree
	return out, nil
}

// Close lets the driver go.
func (r *Reader) Close() {
	if r.gpus != nil {
		r.gpus.close()
	}
}
