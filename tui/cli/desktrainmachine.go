package cli

import (
	"context"
	"math"
	"os"

	"s1/train/device"
	tuiapp "s1/tui/app"
)

// nvmlLibrary is the driver's library: the system's, or the one that S1_NVML names.
func nvmlLibrary() string { return os.Getenv("S1_NVML") }

// Machine reads what this machine is doing. The driver stays open for the next time.
func (b *workshop) Machine(ctx context.Context) (tuiapp.TrainMachine, error) {
	b.machineMu.Lock()
	defer b.machineMu.Unlock()
	first := b.device == nil
	if first {
		b.device = device.Open(ctx, nvmlLibrary())
	}
	r, err := b.device.Read(ctx)
	m := tuiapp.TrainMachine{CPU: r.CPU, Cores: r.Cores, MemoryUsed: r.MemoryUsed, MemoryTotal: r.MemoryTotal, NoGPU: r.NoGPU}
	if first || err != nil { // the use of a CPU is that of a span of time, and none has passed
		m.CPU = math.NaN()
	}
	for _, g := range r.GPUs {
		m.GPUs = append(m.GPUs, tuiapp.TrainGPU{
			Index: g.Index, Name: g.Name, MemoryUsed: g.MemoryUsed, MemoryTotal: g.MemoryTotal, Use: g.Use, Celsius: g.Celsius,
			Watts: g.Watts, LimitWatts: g.LimitWatts, Trouble: g.Trouble,
		})
	}
	return m, err
}
