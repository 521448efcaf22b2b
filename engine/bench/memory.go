package bench

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"
	"unsafe"
)

const (
	memoryBytes = 256 << 20 // read at once: far beyond the last cache
	memoryRuns  = 5         // the best counts: it is a limit that is measured
)

// MemoryBandwidth is the speed at which so many threads read memory together, in GB/s (10^9).
func MemoryBandwidth(threads int) float64 {
	threads = max(1, threads)
	words := make([]uint64, memoryBytes/8)
	for i := range words {
		words[i] = uint64(i) // untouched pages would all be the one zero page
	}
	best := time.Duration(0)
	for range memoryRuns {
		sums := make([]uint64, threads)
		var wg sync.WaitGroup
		start := time.Now()
		for t := range threads {
			part := words[len(words)*t/threads : len(words)*(t+1)/threads]
			wg.Go(func() { sums[t] = sum(part) })
		}
		wg.Wait()
		if d := time.Since(start); best == 0 || d < best {
			best = d
		}
		runtime.KeepAlive(sums)
	}
	return float64(len(words)) * float64(unsafe.Sizeof(words[0])) / best.Seconds() / 1e9
}

// shareOfLimit is a decode speed against that at which memory hands out the weights, nil where that is no limit: they fit into the last
// cache (bytes, 0 = not known), or were read faster than memory can.
func shareOfLimit(tps float64, weights int64, gbps float64, cache int64) *float64 {
	if tps <= 0 || gbps <= 0 || weights <= cache {
		return nil
	}
	share := tps * float64(weights) / (gbps * 1e9)
	if share > 1 {
		return nil
	}
	return &share
}

// lastCache is the size of the first core's largest cache in bytes, 0 where the system does not tell.
func lastCache() (most int64) {
	for i := range 5 { // levels, the first of them twice
		b, err := os.ReadFile(fmt.Sprintf("/sys/devices/system/cpu/cpu0/cache/index%d/size", i))
		if err != nil {
			continue
		}
		if k, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(string(b)), "K"), 10, 64); err == nil {
			most = max(most, k<<10)
		}
	}
	return most
}

// sum reads a slice with eight independent sums; one word of each cache line is enough to fetch it.
func sum(w []uint64) uint64 {
	const line = 8 // words
	var s [8]uint64
	for len(w) >= 8*line {
		x := w[: 8*line : 8*line]
		s[0] += x[0]
		s[1] += x[8]
		s[2] += x[16]
		s[3] += x[24]
		s[4] += x[32]
		s[5] += x[40]
		s[6] += x[48]
		s[7] += x[56]
		w = w[8*line:]
	}
	return s[0] + s[1] + s[2] + s[3] + s[4] + s[5] + s[6] + s[7]
}
