package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"

	"s1/engine/bench"
)

type measuredBandwidth struct {
	Threads int     `json:"threads"`
	GBps    float64 `json:"gbps"`
}

// memoryBandwidth is what memory gives so many threads, in GB/s. A limit is the best that was ever seen: a measurement taken
// while others use the machine only hides it. The first start measures; later ones, and s1 doctor, may raise it.
func memoryBandwidth(threads int, measure bool) float64 {
	if threads <= 0 {
		threads = runtime.NumCPU()
	}
	path := filepath.Join(cacheDir(), "bandwidth.json")
	var kept measuredBandwidth
	if b, err := os.ReadFile(path); err != nil || json.Unmarshal(b, &kept) != nil || kept.Threads != threads || !(kept.GBps > 0) {
		kept, measure = measuredBandwidth{Threads: threads}, true
	}
	if !measure {
		return kept.GBps
	}
	seen := bench.MemoryBandwidth(threads)
	debug.FreeOSMemory() // the measurement took a quarter of a gigabyte
	if seen > kept.GBps {
		kept.GBps = seen
		if b, err := json.Marshal(kept); err == nil && os.MkdirAll(cacheDir(), 0o755) == nil {
			_ = os.WriteFile(path, b, 0o644) // only a memory; without it the next start measures again
		}
	}
	return kept.GBps
}
