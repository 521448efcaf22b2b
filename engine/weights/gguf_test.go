package weights

import (
	"bytes"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"s1/kernels"
)

func everyPair() []KV {
	return []KV{
		{"u8", uint8(200)},
		{"i8", int8(-3)},
		{"u16", uint16(60000)},
		{"i16", int16(-300)},
		{"u32", uint32(4e9)},
		{"i32", int32(-7)},
		{"f32", float32(1.5)},
		{"bool", true},
		{"text", "schön"},
		{"u64", uint64(1 << 63)},
		{"i64", int64(-1 << 62)},
		{"f64", math.Pi},
		{"u8s", []uint8{1, 2}},
		{"i8s", []int8{-1}},
		{"u16s", []uint16{9}},
		{"i16s", []int16{-9, 9}},
		{"u32s", []uint32{1, 2, 3}},
		{"i32s", []int32{-1, 1}},
		{"f32s", []float32{0.5, -0.5}},
		{"bools", []bool{true, false}},
		{"texts", []string{"a", "", "日本"}},
		{"u64s", []uint64{math.MaxUint64}},
		{"i64s", []int64{-5}},
		{"f64s", []float64{2.5}},
		{"none", []string{}},
		{"nested", []any{[]int32{1, 2}, []string{"x"}, []any{[]bool{true}}}},
	}
}

func smallTensors() []Tensor {
	return []Tensor{
		{Name: "a.weight", Type: kernels.F32, Shape: []int{2, 3}, Data: Floats32([]float32{1, 2, 3, 4, 5, 6})},
		{Name: "b.weight", Type: kernels.Q8_0, Shape: []int{3, 64}, Data: bytes.Repeat([]byte{7}, 3*2*34)},
		{Name: "c.bias", Type: kernels.F16, Shape: []int{5}, Data: bytes.Repeat([]byte{0, 0x3c}, 5)},
	}
}

func gguf(t testing.TB, pairs []KV, tensors []Tensor) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := WriteGGUF(&b, pairs, tensors, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func writeFile(t testing.TB, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestGGUFReadsBackEveryValueAndTensor(t *testing.T) {
	t.Parallel()
	for _, align := range []uint32{8, 32, 256} {
		pairs := append(everyPair(), KV{"general.alignment", align}, KV{"general.name", "small"})
		m, err := Open(writeFile(t, "x.gguf", gguf(t, pairs, smallTensors())))
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		if diff := cmp.Diff(pairs, m.Meta.Pairs()); diff != "" {
			t.Errorf("alignment %d: metadata (-want +got):\n%s", align, diff)
		}
		if m.Name != "small" || m.Kind != KindGGUF || m.Config != nil {
			t.Errorf("got name %q, kind %q, config %q", m.Name, m.Kind, m.Config)
		}
		for _, want := range smallTensors() {
			if diff := cmp.Diff(want, m.Tensors[want.Name]); diff != "" {
				t.Errorf("alignment %d: tensor (-want +got):\n%s", align, diff)
			}
		}
	}
}

func TestMetaGettersConvertNumbersAndReportWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	meta, _, err := parseGGUF(gguf(t, everyPair(), smallTensors()))
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]int64{"u8": 200, "i8": -3, "u16": 60000, "i16": -300, "u32": 4e9, "i32": -7, "i64": -1 << 62} {
		if got, ok := meta.Int(key); !ok || got != want {
			t.Errorf("Int(%q) = %d, %v; want %d", key, got, ok, want)
		}
	}
	for _, key := range []string{"u64", "text", "absent", "f32"} {
		if got, ok := meta.Int(key); ok {
			t.Errorf("Int(%q) = %d; want not ok", key, got)
		}
	}
	for key, want := range map[string]float64{"f32": 1.5, "f64": math.Pi, "u8": 200} {
		if got, ok := meta.Float(key); !ok || got != want {
			t.Errorf("Float(%q) = %v, %v; want %v", key, got, ok, want)
		}
	}
	if got, ok := meta.Ints("i16s"); !ok || !cmp.Equal(got, []int64{-9, 9}) {
		t.Errorf("Ints(i16s) = %v, %v", got, ok)
	}
	if got, ok := meta.Ints("u64s"); ok {
		t.Errorf("Ints(u64s) = %v; 2^64-1 does not fit", got)
	}
	var none *Meta
	if _, ok := none.String("x"); ok || none.Has("x") || none.Pairs() != nil {
		t.Error("a nil Meta has keys")
	}
}

func TestGGUFRefusesDamagedFiles(t *testing.T) {
	t.Parallel()
	pairs := []KV{{"k", uint32(1)}}
	good := gguf(t, pairs, smallTensors())
	entry := bytes.Index(good, []byte("a.weight")) + len("a.weight") // then dims, 2 x dim, type, offset
	put32 := func(at int, v uint32) func([]byte) []byte {
		return func(b []byte) []byte { binary.LittleEndian.PutUint32(b[at:], v); return b }
	}
	put64 := func(at int, v uint64) func([]byte) []byte {
		return func(b []byte) []byte { binary.LittleEndian.PutUint64(b[at:], v); return b }
	}
	second := bytes.Index(good, []byte("b.weight")) + len("b.weight")
	for name, c := range map[string]struct {
		change func([]byte) []byte
		want   string
	}{
		"empty":            {func([]byte) []byte { return nil }, "empty (0 bytes)"},
		"short":            {func(b []byte) []byte { return b[:20] }, "20 bytes"},
		"magic":            {func(b []byte) []byte { b[0] = 'X'; return b }, "not a GGUF file"},
		"version":          {put32(4, 9), "version 9"},
		"big-endian":       {put32(4, 3<<24), "big-endian"},
		"tensor count":     {put64(8, 1<<40), "1099511627776 tensors"},
		"pair count":       {put64(16, 1<<60), "metadata pairs"},
		"key length":       {put64(24, 1<<50), "claims 1125899906842624 bytes"},
		"value type":       {put32(33, 77), "unknown value type 77"},
		"dims":             {put32(entry, 9), "9 dimensions"},
		"zero dimension":   {put64(entry+4, 0), "dimension of 0"},
		"huge dimension":   {put64(entry+4, 1<<60), "dimension of"},
		"overflow":         {func(b []byte) []byte { return put64(entry+12, 1<<47)(put64(entry+4, 1<<47)(b)) }, "more elements"},
		"type not read":    {put32(entry+20, 23), `tensor "a.weight" has type IQ4_XS (23)`},
		"type unknown":     {put32(entry+20, 999), "unknown (999)"},
		"misaligned":       {put64(entry+24, 1), "not a multiple of the alignment 32"},
		"overlap":          {put64(second+4+16+4, 0), "overlap"},
		"gap":              {put64(second+4+16+4, 64), "belong to no tensor"},
		"far offset":       {put64(second+4+16+4, 1<<63), "begins at byte"},
		"row not blocks":   {put64(second+4, 33), "blocks of 32"},
		"truncated by one": {func(b []byte) []byte { return b[:len(b)-32] }, "truncated: its tensors end at byte"},
		"truncated data":   {func(b []byte) []byte { return b[:len(b)-200] }, "truncated"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, err := Open(writeFile(t, "bad.gguf", c.change(bytes.Clone(good))))
			if err == nil {
				m.Close()
				t.Fatal("opened")
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %q, want it to say %q", err, c.want)
			}
		})
	}
}

func TestGGUFRefusesEveryTruncation(t *testing.T) {
	t.Parallel()
	good := gguf(t, everyPair(), smallTensors())
	for n := range len(good) - 22 { // the last tensor has 10 bytes, 22 are padding
		if _, _, err := parseGGUF(good[:n:n]); err == nil {
			t.Fatalf("the first %d of %d bytes were accepted", n, len(good))
		}
	}
}

func TestGGUFRefusesTwins(t *testing.T) {
	t.Parallel()
	ts := smallTensors()
	for name, b := range map[string][]byte{
		"key":       gguf(t, []KV{{"k", uint8(1)}, {"k", uint8(2)}}, ts),
		"tensor":    gguf(t, nil, append(ts, ts[0])),
		"nothing":   gguf(t, nil, nil),
		"alignment": bytes.Replace(gguf(t, []KV{{alignmentKey, uint32(32)}}, ts), []byte{32, 0, 0, 0}, []byte{33, 0, 0, 0}, 1),
	} {
		if _, _, err := parseGGUF(b); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestGGUFRefusesOnePartOfASplitModel(t *testing.T) {
	t.Parallel()
	m, err := Open(writeFile(t, "x-00001-of-00002.gguf", gguf(t, []KV{{"split.count", uint16(2)}}, smallTensors())))
	if err == nil {
		m.Close()
		t.Fatal("opened")
	}
	if !strings.Contains(err.Error(), "one of 2 parts") {
		t.Errorf("got %v", err)
	}
}

// A few bytes that claim much must not cost memory.
func TestGGUFAllocatesNoMoreThanTheFileHolds(t *testing.T) {
	b := gguf(t, []KV{{"k", []uint64{1, 2}}}, smallTensors())
	at := bytes.Index(b, []byte("k\x09\x00\x00\x00")) + 5 + 4
	binary.LittleEndian.PutUint64(b[at:], 1<<40)
	got := testing.AllocsPerRun(1, func() {
		if _, _, err := parseGGUF(b); err == nil || !strings.Contains(err.Error(), "claims 1099511627776 elements") {
			t.Errorf("got %v", err)
		}
	})
	if got > 100 {
		t.Errorf("%v allocations", got)
	}
}

func TestSmolLM2Opens(t *testing.T) {
	path := os.Getenv("S1_SMOLLM2")
	if path == "" {
		t.Skip("needs S1_SMOLLM2=SmolLM2-135M-Instruct.Q4_1.gguf: run `make test-real`")
	}
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	m, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	types := map[string]int{}
	for _, x := range m.Tensors {
		types[x.Type.String()]++
	}
	if diff := cmp.Diff(map[string]int{"Q4_1": 210, "F32": 61, "Q8_0": 1}, types); diff != "" {
		t.Errorf("types (-want +got):\n%s", diff)
	}
	if _, err := m.Matrix("token_embd.weight", 49152, 576); err != nil {
		t.Error(err)
	}
	if _, err := m.Matrix("token_embd.weight", 49152, 577); err == nil || !strings.Contains(err.Error(), "[49152 576], the config asks for [49152 577]") {
		t.Errorf("a wrong shape: %v", err)
	}
	if toks, _ := m.Meta.Strings("tokenizer.ggml.tokens"); len(toks) != 49152 || toks[1] != "<|im_start|>" {
		t.Errorf("%d tokens", len(toks))
	}
	sum, err := m.SHA256()
	if want := "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"; err != nil || sum != want {
		t.Errorf("sha256 %s, %v", sum, err)
	}
}
