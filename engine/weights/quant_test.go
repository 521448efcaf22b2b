package weights

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"testing"

	"s1/kernels"
	"s1/kernels/ref"
)

// testdata/quant.safetensors is made by testdata/quant.py with gguf-py 0.19.
func TestQuantizeGivesTheBytesOfTheReferenceQuantisers(t *testing.T) {
	t.Parallel()
	file, err := os.ReadFile("testdata/quant.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	list, err := parseSafetensors(file)
	if err != nil {
		t.Fatal(err)
	}
	tensors := map[string]Tensor{}
	for _, x := range list {
		tensors[x.Name] = x
	}
	values := make([]float32, tensors["values"].Elements())
	if _, err := binary.Decode(tensors["values"].Data, binary.LittleEndian, values); err != nil {
		t.Fatal(err)
	}
	for _, typ := range []kernels.DType{kernels.F16, kernels.BF16, kernels.Q8_0, kernels.Q4_0, kernels.Q4_1} {
		got, err := Quantize(nil, typ, values)
		if err != nil {
			t.Fatal(err)
		}
		want := tensors[typ.String()].Data
		if bytes.Equal(got, want) {
			continue
		}
		wrong := 0
		for i := range min(len(got), len(want)) {
			if got[i] != want[i] {
				if wrong == 0 {
					t.Errorf("%s: byte %d (block %d) is %#x, want %#x", typ, i, i/typ.BlockBytes(), got[i], want[i])
				}
				wrong++
			}
		}
		t.Errorf("%s: %d of %d bytes differ (got %d)", typ, wrong, len(want), len(got))
	}
}

func TestQuantizeRefusesRaggedRowsAndTypesItCannotMake(t *testing.T) {
	t.Parallel()
	if _, err := Quantize(nil, kernels.Q8_0, make([]float32, 33)); err == nil {
		t.Error("33 values as Q8_0 were accepted")
	}
	if _, err := Quantize(nil, kernels.Q6_K, make([]float32, 256)); err == nil {
		t.Error("Q6_K was accepted")
	}
}

func TestHalvesSurviveWideningAndRounding(t *testing.T) {
	t.Parallel()
	for h := range 1 << 16 {
		v := widen(kernels.F16, uint16(h))
		if v != v {
			if f32ToF16(v)&0x7fff <= 0x7c00 {
				t.Fatalf("NaN %#x became %#x", h, f32ToF16(v))
			}
			continue
		}
		if got := f32ToF16(v); got != uint16(h) {
			t.Fatalf("%#x widened to %v, rounded to %#x", h, v, got)
		}
	}
	for v, want := range map[float32]uint16{65519: 0x7bff, 65520: 0x7c00, 1e30: 0x7c00, 0x1p-25: 0, 0x1.8p-25: 1, 1 + 0x1p-11: 0x3c00, 1 + 0x3p-11: 0x3c02} {
		if got := f32ToF16(v); got != want {
			t.Errorf("f32ToF16(%v) = %#x, want %#x", v, got, want)
		}
	}
	if b := f32ToBF16(float32(math.NaN())); widen(kernels.BF16, b) == widen(kernels.BF16, b) {
		t.Errorf("NaN became %#x as BF16", b)
	}
}

func widen(t kernels.DType, h uint16) float32 {
	var v [1]float32
	ref.Dequant(t, binary.LittleEndian.AppendUint16(nil, h), v[:])
	return v[0]
}
