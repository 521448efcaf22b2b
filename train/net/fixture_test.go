package net_test

import (
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"s1/engine/arch"
	"s1/engine/weights"
	"s1/kernels"
	"s1/kernels/ref"
)

// fixtures are the folders of testdata/make_fixtures.py, and what is in them.
var fixtures = []string{"llama", "qwen2", "qwen3"}

// fixture is a small model and what torch said of training it.
type fixture struct {
	t        *testing.T
	config   arch.Config
	model    *weights.Model
	expected map[string][]byte
	batch    kernels.TrainBatch
}

func openFixture(t *testing.T, name string) *fixture {
	t.Helper()
	folder := filepath.Join("testdata", name)
	m, err := weights.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	f := &fixture{t: t, model: m, expected: safetensors(t, filepath.Join(folder, "expected.safetensors"))}
	if f.config, err = arch.Parse(m); err != nil {
		t.Fatal(err)
	}
	f.batch = kernels.TrainBatch{
		Tokens: f.ints("tokens"), Pos: f.ints("pos"), Docs: f.ints("docs"), Rows: f.ints("rows"), Targets: f.ints("targets"),
		Weights: f.floats("weights"), Seed: 1,
	}
	sum := 0.0
	for _, w := range f.batch.Weights {
		sum += float64(w)
	}
	f.batch.Scale = float32(1 / sum)
	return f
}

// load writes the model's weights into a trainer. Adapters stay as they are.
func (f *fixture) load(m kernels.Trainer, p *kernels.TrainProgram) {
	f.t.Helper()
	for i, spec := range p.Params {
		w, ok := f.model.Tensors[spec.Name]
		if !ok {
			f.t.Fatalf("the fixture has no %s", spec.Name)
		}
		m.Write(kernels.SlotWeight, kernels.Param(i), floats(w.Data))
	}
}

func (f *fixture) data(name string) []byte {
	f.t.Helper()
	b, ok := f.expected[name]
	if !ok || len(b) == 0 {
		f.t.Fatalf("the fixture expects no %s", name)
	}
	return b
}

func (f *fixture) floats(name string) []float32 { return floats(f.data(name)) }

func (f *fixture) ints(name string) []int32 {
	b := f.data(name)
	out := make([]int32, len(b)/4)
	for i := range out {
		out[i] = int32(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return out
}

func floats(b []byte) []float32 {
	out := make([]float32, len(b)/4)
	ref.Dequant(kernels.F32, b, out)
	return out
}

// safetensors reads a file of 4-byte tensors.
func safetensors(t *testing.T, path string) map[string][]byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	n := binary.LittleEndian.Uint64(b)
	var header map[string]struct {
		Offsets [2]int `json:"data_offsets"`
	}
	if err := json.Unmarshal(b[8:8+n], &header); err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	for name, h := range header {
		out[name] = b[8+n:][h.Offsets[0]:h.Offsets[1]]
	}
	return out
}
