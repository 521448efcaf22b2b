package device

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// standIn builds the stand-in for the driver's library.
func standIn(t *testing.T) string {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("the stand-in is built for Linux")
	}
	cc := os.Getenv("CC")
	if cc == "" {
		cc = "cc"
	}
	lib := filepath.Join(t.TempDir(), "libnvidia-ml.so.1")
	if out, err := exec.Command(cc, "-shared", "-fPIC", "-Wall", "-o", lib, filepath.Join("testdata", "nvml.c")).CombinedOutput(); err != nil {
		t.Fatalf("build the stand-in: %v\n%s", err, out)
	}
	return lib
}

func TestTheFiguresOfTheDriverShow(t *testing.T) {
	r := Open(t.Context(), standIn(t))
	defer r.Close()
	got, err := r.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got.NoGPU != "" || len(got.GPUs) != 2 {
		t.Fatalf("%d GPUs: %s", len(got.GPUs), got.NoGPU)
	}
	g := got.GPUs[0]
	if g.Name != "Stand-in 80GB" || g.MemoryUsed != 30e9 || g.MemoryTotal != 80e9 || g.MemoryFree != 50e9 || *g.Use != 0.87 || *g.Celsius != 61 || *g.Watts != 412.5 || *g.LimitWatts != 700 {
		t.Errorf("the first GPU: %+v", g)
	}
	g = got.GPUs[1]
	if g.Name != "Stand-in MIG" || g.MemoryUsed != 15e9 || g.Use != nil || g.Celsius != nil || g.Watts != nil || g.LimitWatts != nil {
		t.Errorf("a GPU that tells its memory only: %+v", g)
	}
	if got.Cores < 1 || got.MemoryTotal <= 0 || got.MemoryFree <= 0 || got.CPU < 0 || got.CPU > 1 {
		t.Errorf("the host: %+v", got)
	}
}

func TestWithoutADriverASentenceSaysSo(t *testing.T) {
	lib := standIn(t)
	for name, c := range map[string]struct {
		library, unloaded, want string
	}{
		"no library":      {filepath.Join(t.TempDir(), "none.so"), "", "there is no NVIDIA driver library"},
		"driver unloaded": {lib, "1", "not loaded into the kernel"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.unloaded != "" {
				t.Setenv("S1_FAKE_NVML_UNLOADED", c.unloaded)
			}
			r := Open(t.Context(), c.library)
			defer r.Close()
			got, err := r.Read(t.Context())
			if err != nil || len(got.GPUs) != 0 || !strings.Contains(got.NoGPU, c.want) || strings.Contains(got.NoGPU, "\n") {
				t.Errorf("%+v %v, want %q", got, err, c.want)
			}
		})
	}
}
