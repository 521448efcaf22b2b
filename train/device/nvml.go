//go:build cgo && (linux || darwin)

package device

import (
	"fmt"

	"github.com/NVIDIA/go-nvml/pkg/nvml"
)

// driver is an open NVML.
type driver struct{ lib nvml.Interface }

// openNVML looks for the library first: NVML's own start ends in a long error where there is none.
func openNVML(path string) (gpus, error) {
	var options []nvml.LibraryOption
	if path != "" {
		options = append(options, nvml.WithLibraryPath(path))
	}
	lib := nvml.New(options...)
	switch ret := lib.Init(); ret {
	case nvml.SUCCESS:
		return driver{lib}, nil
	case nvml.ERROR_LIBRARY_NOT_FOUND:
		if path != "" {
			return nil, fmt.Errorf("there is no NVIDIA driver library %s: figures of GPUs are not shown", path)
		}
		return nil, fmt.Errorf("no NVIDIA driver is installed: figures of GPUs are not shown")
	case nvml.ERROR_DRIVER_NOT_LOADED:
		return nil, fmt.Errorf("the NVIDIA driver is installed, but not loaded into the kernel: figures of GPUs are not shown")
	default:
		return nil, fmt.Errorf("the NVIDIA driver does not answer (NVML error %d): figures of GPUs are not shown", int(ret))
	}
}

func (d driver) close() { _ = d.lib.Shutdown() }

func (d driver) read() ([]GPU, error) {
	n, ret := d.lib.DeviceGetCount()
	if ret != nvml.SUCCESS || n < 0 || n > maxGPUs {
		return nil, fmt.Errorf("the NVIDIA driver counts %d GPUs (NVML error %d)", n, int(ret))
	}
	out := make([]GPU, n)
	for i := range out {
		out[i] = d.one(i)
	}
	return out, nil
}

func (d driver) one(i int) GPU {
	g := GPU{Index: i, Name: fmt.Sprintf("GPU %d", i)}
	dev, ret := d.lib.DeviceGetHandleByIndex(i)
	if ret != nvml.SUCCESS {
		g.Trouble = fmt.Sprintf("it does not answer (NVML error %d)", int(ret))
		return g
	}
	if name, ret := dev.GetName(); ret == nvml.SUCCESS {
		g.Name = name
	}
	if m, ret := dev.GetMemoryInfo(); ret == nvml.SUCCESS {
		g.MemoryUsed, g.MemoryTotal, g.MemoryFree = int64(m.Used), int64(m.Total), int64(m.Free)
	} else {
		g.Trouble = fmt.Sprintf("it does not tell its memory (NVML error %d)", int(ret))
	}
	if u, ret := dev.GetUtilizationRates(); ret == nvml.SUCCESS {
		g.Use = number(float64(u.Gpu) / 100)
	}
	if c, ret := dev.GetTemperature(nvml.TEMPERATURE_GPU); ret == nvml.SUCCESS {
		g.Celsius = number(float64(c))
	}
	if mw, ret := dev.GetPowerUsage(); ret == nvml.SUCCESS {
		g.Watts = number(float64(mw) / 1000)
	}
	if mw, ret := dev.GetEnforcedPowerLimit(); ret == nvml.SUCCESS {
		g.LimitWatts = number(float64(mw) / 1000)
	}
	return g
}

func number(v float64) *float64 { return &v }
