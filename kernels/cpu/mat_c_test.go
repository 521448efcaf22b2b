package cpu

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// runDriver compiles testdata/driver.c with the kernels, as no cgo build would allow, and runs it up to an instruction set.
func runDriver(t *testing.T, isa string, flags ...string) {
	t.Helper()
	cc := os.Getenv("CC")
	if cc == "" {
		cc = "cc"
	}
	var sources []string
	for _, pattern := range []string{"isa.c", "mat*.c", "quant*.c"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, found...)
	}
	program := filepath.Join(t.TempDir(), "driver")
	args := append([]string{"-std=gnu11", "-DS1_DEBUG", "-I.", "-o", program, "testdata/driver.c"}, sources...)
	args = append(append(args, flags...), "-lm")
	if out, err := exec.CommandContext(t.Context(), cc, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %v: %v\n%s", cc, args, err, out)
	}
	var of []string
	if isa != "" {
		of = []string{isa}
	}
	out, err := exec.CommandContext(t.Context(), program, of...).CombinedOutput()
	if err != nil {
		t.Fatalf("driver: %v\n%s", err, out)
	}
	t.Logf("%s", out)
}

// About two minutes of compiling.
func TestKernelsTouchNoByteBeyondTheirBuffers(t *testing.T) {
	if os.Getenv("S1_SANITIZE") == "" {
		t.Skip("needs minutes of compiling with sanitizers: run `make test-real`, or set S1_SANITIZE=1")
	}
	runDriver(t, "", "-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
}

// The AVX-512 kernels on a machine that has AVX2 only.
func TestEmulatedAVX512EqualsPlainC(t *testing.T) {
	if os.Getenv("S1_SIMDE") == "" {
		t.Skip("needs SIMDe (Debian, Ubuntu: apt-get install libsimde-dev): run `make test-real`, or set S1_SIMDE=1")
	}
	runDriver(t, "4", "-O1", "-mavx2", "-mfma", "-mf16c", "-DS1_SIMDE", "-Itestdata")
}
