//go:build cgo

package cpu

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// The drivers in testdata, and the C files they are compiled with.
var (
	products = driver{"driver.c", []string{"isa.c", "mat*.c", "quant*.c"}}
	training = driver{"train_driver.c", []string{"isa.c", "train*.c", "pool.c", "simd_*.c"}}
	tiles    = driver{"amx_driver.c", []string{"isa.c", "train_amx.c"}}
)

type driver struct {
	file    string
	sources []string // patterns
}

// run compiles a driver with the kernels, as no cgo build would allow, runs it up to an instruction set, and returns what it says.
func (d driver) run(t *testing.T, isa string, flags ...string) string {
	t.Helper()
	cc := os.Getenv("CC")
	if cc == "" {
		cc = "cc"
	}
	var sources []string
	for _, pattern := range d.sources {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, found...)
	}
	program := filepath.Join(t.TempDir(), "driver")
	args := append([]string{"-std=gnu11", "-DS1_DEBUG", "-I.", "-o", program, "testdata/" + d.file}, sources...)
	args = append(append(args, flags...), "-lm", "-lpthread")
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
	return string(out)
}

// What the tiles of a machine that has them multiply is held to plain loops through their emulation, which any machine runs.
func TestProductsOnTilesAgreeWithPlainLoops(t *testing.T) {
	emulated := tiles.run(t, "", "-O1", "-DS1_EMULATE_AMX", "-Wno-psabi")
	if bestISA() < isaAMX {
		t.Log("no AMX here: emulated only")
		return
	}
	if real := tiles.run(t, "", "-O1"); real != emulated {
		t.Errorf("emulated: %sreal: %s", emulated, real)
	}
}

// About two minutes of compiling.
func TestKernelsTouchNoByteBeyondTheirBuffers(t *testing.T) {
	if os.Getenv("S1_SANITIZE") == "" {
		t.Skip("needs minutes of compiling with sanitizers: run `make test-real`, or set S1_SANITIZE=1")
	}
	for _, d := range []driver{products, training, tiles} {
		t.Run(d.file, func(t *testing.T) {
			flags := []string{"-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"}
			if d.file == tiles.file && bestISA() < isaAMX {
				flags = append(flags, "-DS1_EMULATE_AMX", "-Wno-psabi")
			}
			d.run(t, "", flags...)
		})
	}
}

// The sixteen-lane kernels of training are GCC vectors: any machine compiles them, and the instructions for tiles are emulated.
func TestEmulatedTrainingEqualsTheNarrowOne(t *testing.T) {
	if os.Getenv("S1_SANITIZE") == "" {
		t.Skip("needs a minute of compiling: run `make test-c`, or set S1_SANITIZE=1")
	}
	training.run(t, "", "-O1", "-g", "-DS1_EMULATE_AVX512", "-DS1_EMULATE_AMX", "-Wno-psabi", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
}

// The AVX-512 kernels on a machine that has AVX2 only.
func TestEmulatedAVX512EqualsPlainC(t *testing.T) {
	if os.Getenv("S1_SIMDE") == "" {
		t.Skip("needs SIMDe (Debian, Ubuntu: apt-get install libsimde-dev): run `make test-real`, or set S1_SIMDE=1")
	}
	products.run(t, "4", "-O1", "-mavx2", "-mfma", "-mf16c", "-DS1_SIMDE", "-Itestdata")
	// Training in bf16 has one intrinsic; its other sixteen-lane kernels are GCC vectors.
	training.run(t, "4", "-O1", "-mavx2", "-mfma", "-mf16c", "-DS1_SIMDE", "-DS1_EMULATE_AVX512", "-Wno-psabi", "-Itestdata")
}
