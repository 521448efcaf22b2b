package estimate

import (
	"io/fs"
	"math"
	"os"
	"path"
	"strconv"
	"strings"
)

// FreeMemory is how many bytes this process can still take without swapping or being killed: what the machine has available
// what each control group above the process allows, and what its own limits (ulimit -v, ulimit -d) leave, whichever is least. ok is false where the system does not say.
func FreeMemory() (bytes int64, ok bool) { return free(os.DirFS("/")) }

// free reads the files of Linux below a root.
func free(root fs.FS) (int64, bool) {
	least := int64(math.MaxInt64)
	if kB, ok := field(root, "proc/meminfo", "MemAvailable:"); ok && kB < math.MaxInt64>>10 {
		least = kB << 10
	}
	for _, g := range groups(root) {
		for dir := g.path; ; dir = path.Dir(dir) {
			if left, ok := g.left(root, path.Join(g.mount, dir)); ok {
				least = min(least, left)
			}
			if dir == "/" || dir == "." {
				break
			}
		}
	}
	for _, l := range limits {
		if left, ok := l.left(root); ok {
			least = min(least, left)
		}
	}
	return least, least < math.MaxInt64
}

// limit is a limit of the process's own address space: a map that would go above it fails.
type limit struct{ name, used string }

var limits = []limit{{"Max address space", "VmSize:"}, {"Max data size", "VmData:"}}

// reserved is the address space that stacks of threads and allocators take, and never fill.
const reserved = 128 << 20

// left is what the limit, the soft one, leaves.
func (l limit) left(root fs.FS) (int64, bool) {
	b, err := fs.ReadFile(root, "proc/self/limits")
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(b)) {
		rest, ok := strings.CutPrefix(line, l.name)
		f := strings.Fields(rest) // soft, hard, unit
		if !ok || len(f) == 0 {
			continue
		}
		most, err := strconv.ParseInt(f[0], 10, 64) // "unlimited" is no number
		used, known := field(root, "proc/self/status", l.used)
		if err != nil || !known || used > math.MaxInt64>>10 {
			return 0, false
		}
		return max(0, most-used<<10-reserved), true
	}
	return 0, false
}

// group is a control group of the process that may limit memory, in the layout of version 1 or 2.
type group struct {
	mount, path            string
	limit, usage, reclaims string
}

func groups(root fs.FS) []group {
	text, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return nil
	}
	var out []group
	for line := range strings.Lines(string(text)) {
		f := strings.SplitN(strings.TrimSpace(line), ":", 3) // hierarchy:controllers:path
		if len(f) != 3 {
			continue
		}
		dir := path.Clean("/" + f[2]) // never above the mount
		switch {
		case f[0] == "0" && f[1] == "":
			for _, mount := range []string{"sys/fs/cgroup", "sys/fs/cgroup/unified"} {
				out = append(out, group{mount, dir, "memory.max", "memory.current", "inactive_file"})
			}
		case strings.Contains(","+f[1]+",", ",memory,"):
			out = append(out, group{"sys/fs/cgroup/memory", dir, "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"})
		}
	}
	return out
}

// left is what a group may still take: its limit less its use, where cached files that nobody reads do not count.
func (g group) left(root fs.FS, dir string) (int64, bool) {
	limit, ok := number(root, path.Join(dir, g.limit)) // "max" is no number
	if !ok || limit >= 1<<60 {                         // how version 1 says that there is no limit
		return 0, false
	}
	usage, ok := number(root, path.Join(dir, g.usage))
	if !ok {
		return 0, false
	}
	cached, _ := field(root, path.Join(dir, "memory.stat"), g.reclaims+" ")
	return max(0, limit-max(0, usage-cached)), true
}

func number(root fs.FS, name string) (int64, bool) {
	b, err := fs.ReadFile(root, name)
	if err != nil {
		return 0, false
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
	return n, err == nil && n >= 0
}

// field is the number of the line that begins with key; a unit behind it is dropped.
func field(root fs.FS, name, key string) (int64, bool) {
	b, err := fs.ReadFile(root, name)
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, key); ok {
			n, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			return n, err == nil && n >= 0
		}
	}
	return 0, false
}
