package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"time"

	"s1/engine/bench"
)

// bandwidthKept is how long a measured bandwidth is believed: other tenants of a machine come and go.
const bandwidthKept = 24 * time.Hour

type measuredBandwidth struct {
	Threads int       `json:"threads"`
	GBps    float64   `json:"gbps"`
	At      time.Time `json:"at"`
}

// memoryBandwidth is what memory gives so many threads, in GB/s: remembered for a day, so that a start does not wait for it.
func memoryBandwidth(threads int) float64 {
	if threads <= 0 {
		threads = runtime.NumCPU()
	}
	path := filepath.Join(cacheDir(), "bandwidth.json")
	var kept measuredBandwidth
	if b, err := os.ReadFile(path); err == nil && json.Unmarshal(b, &kept) == nil &&
		kept.Threads == threads && kept.GBps > 0 && time.Since(kept.At) < bandwidthKept {
		return kept.GBps
	}
	kept = measuredBandwidth{Threads: threads, GBps: bench.MemoryBandwidth(threads), At: time.Now()}
	debug.FreeOSMemory() // the measurement took a quarter of a gigabyte
	if b, err := json.Marshal(kept); err == nil && os.MkdirAll(cacheDir(), 0o755) == nil {
		_ = os.WriteFile(path, b, 0o644) // only a memory; without it the next start measures again
	}
	return kept.GBps
}
