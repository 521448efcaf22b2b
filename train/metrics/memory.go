package metrics

import (
	"bufio"
	"os"
	"strconv"
	"strings"
)

// PeakMemory is the most memory this process has had, VmHWM of Linux; 0 where the system does not say.
func PeakMemory() int64 {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return 0
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if rest, ok := strings.CutPrefix(s.Text(), "VmHWM:"); ok {
			kB, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(rest, "kB")), 10, 64)
			if err != nil || kB < 0 || kB > 1<<52 {
				return 0
			}
			return kB << 10
		}
	}
	return 0
}
