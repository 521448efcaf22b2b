package estimate

import (
	"testing"
	"testing/fstest"
)

func TestFreeMemoryIsTheLeastThatAnybodyAllows(t *testing.T) {
	t.Parallel()
	const meminfo = "MemTotal:       9000 kB\nMemFree:         100 kB\nMemAvailable:   8000 kB\n"
	for name, c := range map[string]struct {
		files map[string]string
		want  int64
	}{
		"no group":      {map[string]string{"proc/meminfo": meminfo}, 8000 << 10},
		"nothing known": {map[string]string{}, -1},
		"an address space": {map[string]string{
			"proc/meminfo": meminfo, "proc/self/status": "Name:\ts1\nVmSize:\t  400000 kB\nVmData:\t  100000 kB\n",
			"proc/self/limits": "Limit                     Soft Limit           Hard Limit           Units     \nMax data size             unlimited            unlimited            bytes     \nMax address space         548000000            unlimited            bytes     \n",
		}, 548000000 - 400000<<10 - reserved},
		"data": {map[string]string{
			"proc/meminfo": meminfo, "proc/self/status": "VmSize:\t  400000 kB\nVmData:\t  100000 kB\n",
			"proc/self/limits": "Max data size             102400000            unlimited            bytes     \nMax address space         unlimited            unlimited            bytes     \n",
		}, 0},
		"no numbers": {map[string]string{"proc/meminfo": "MemAvailable: much\n"}, -1},
		"version 2, own limit": {map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "0::/a/b\n",
			"sys/fs/cgroup/a/b/memory.max": "1000000\n", "sys/fs/cgroup/a/b/memory.current": "700000\n",
			"sys/fs/cgroup/a/b/memory.stat": "anon 5\ninactive_file 200000\nactive_file 9\n",
		}, 500000},
		"version 2, a limit above": {map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "0::/a/b\n",
			"sys/fs/cgroup/a/b/memory.max": "max\n", "sys/fs/cgroup/a/b/memory.current": "700\n",
			"sys/fs/cgroup/a/memory.max": "900000\n", "sys/fs/cgroup/a/memory.current": "500000\n",
		}, 400000},
		"version 2, a container": {map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "0::/\n",
			"sys/fs/cgroup/memory.max": "300000\n", "sys/fs/cgroup/memory.current": "100000\n",
		}, 200000},
		"over its limit": {map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "0::/\n",
			"sys/fs/cgroup/memory.max": "300000\n", "sys/fs/cgroup/memory.current": "400000\n",
		}, 0},
		"version 1": {map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "8:cpu:/x\n4:memory:/job\n0::/\n",
			"sys/fs/cgroup/memory/job/memory.limit_in_bytes": "2000000\n", "sys/fs/cgroup/memory/job/memory.usage_in_bytes": "500000\n",
			"sys/fs/cgroup/memory/job/memory.stat": "inactive_file 1\ntotal_inactive_file 100000\n",
		}, 1600000},
		"version 1, no limit": {map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "4:memory:/\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n", "sys/fs/cgroup/memory/memory.usage_in_bytes": "5\n",
		}, 8000 << 10},
		"a path that climbs": {map[string]string{
			"proc/meminfo": meminfo, "proc/self/cgroup": "0::/../../..\n",
			"sys/fs/cgroup/memory.max": "300000\n", "sys/fs/cgroup/memory.current": "100000\n",
		}, 200000},
	} {
		root := fstest.MapFS{}
		for file, text := range c.files {
			root[file] = &fstest.MapFile{Data: []byte(text)}
		}
		got, ok := free(root)
		if !ok {
			got = -1
		}
		if got != c.want {
			t.Errorf("%s: got %d, want %d", name, got, c.want)
		}
	}
}
