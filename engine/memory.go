package engine

import (
	"bufio"
	"os"
	"strconv"
	"strings"
)

// unknownMemory is assumed to be free where the system does not say.
const unknownMemory = 4 << 30

// freeMemory is how many bytes can be had without swapping.
func freeMemory() int64 {
	f, err := os.Open("/proc/meminfo")
	if err != nil {
		return unknownMemory
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		rest, ok := strings.CutPrefix(s.Text(), "MemAvailable:")
		if !ok {
			continue
		}
		if kB, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(rest, "kB")), 10, 64); err == nil && kB > 0 {
			return kB << 10
		}
	}
	return unknownMemory
}
