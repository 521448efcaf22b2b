package ref

import (
	"encoding/hex"
	"encoding/json"
	"math"
	"os"
	"testing"

	"s1/kernels"
)

// The fixtures come from python gguf's own dequantisation; see testdata/make_fixtures.py.
func TestDequantGivesTheBitsOfPythonGGUF(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("testdata/dequant.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct{ Type, Data, Want string }
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	byName := map[string]kernels.DType{}
	for d := kernels.F32; d <= kernels.Q6_K; d++ {
		byName[d.String()] = d
	}
	seen := map[kernels.DType]bool{kernels.F32: true} // F32 is how want itself is read
	for _, c := range cases {
		d, ok := byName[c.Type]
		if !ok {
			t.Fatalf("unknown type %q", c.Type)
		}
		seen[d] = true
		src, want := floats(t, c.Data, d), floats(t, c.Want, kernels.F32)
		if len(src) != len(want) {
			t.Fatalf("%v: %d elements, want %d", d, len(src), len(want))
		}
		for i := range want {
			if got := src[i]; math.Float32bits(got) != math.Float32bits(want[i]) {
				t.Errorf("%v: element %d is %g (%08x), want %g (%08x)", d, i, got, math.Float32bits(got), want[i], math.Float32bits(want[i]))
				break
			}
		}
	}
	for name, d := range byName {
		if !seen[d] {
			t.Errorf("no fixture for %s", name)
		}
	}
}

func floats(t *testing.T, s string, d kernels.DType) []float32 {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	y := make([]float32, len(b)/d.BlockBytes()*d.Block())
	Dequant(d, b, y)
	return y
}
