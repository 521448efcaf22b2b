//go:build cgo

package cpu

import (
	"os"
	"slices"
	"testing"

	"s1/engine/arch"
	"s1/engine/backend"
	"s1/engine/weights"
	"s1/kernels"
	"s1/kernels/ref"
)

func TestInfoSaysWhatRuns(t *testing.T) {
	b, err := backend.Get("cpu")
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Available(); err != nil {
		t.Fatal(err)
	}
	shape, err := weights.SynthShapeNamed("tiny-qwen2")
	if err != nil {
		t.Fatal(err)
	}
	file := t.TempDir() + "/tiny.gguf"
	if err := weights.Synth(file, shape, kernels.Q8_0, 1); err != nil {
		t.Fatal(err)
	}
	m, err := b.Load(t.Context(), program(t, file), backend.Options{Threads: 2, Pages: 4})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	i := m.Info()
	if i.Threads != 2 || i.MaxRows < 256 || i.WeightBytes <= 0 || i.BytesPerToken > i.WeightBytes || i.Name == "cpu " {
		t.Errorf("Info() = %+v", i)
	}
	// 2 layers, 2 heads of 64, keys and values, 2 bytes each
	if want := int64(2 * 2 * 64 * 2 * 2); i.KVBytes != want {
		t.Errorf("a position takes %d bytes, want %d", i.KVBytes, want)
	}
}

func program(t *testing.T, file string) *kernels.Program {
	t.Helper()
	w, err := weights.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	c, err := arch.Parse(w)
	if err != nil {
		t.Fatal(err)
	}
	p, err := arch.Build(c, w)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// The model's own greedy text, teacher-forced through both: activations rounded to 8 bits may move the argmax only where two
// tokens are nearly equal.
func TestSmolLM2ArgmaxAgreesWithRef(t *testing.T) {
	file := os.Getenv("S1_SMOLLM2")
	if file == "" {
		t.Skip("needs S1_SMOLLM2 (a GGUF file): run `make test-real`")
	}
	const positions, pieces, floor = 2000, 8, 0.98
	p := program(t, file)
	m, err := executor{}.Load(t.Context(), p, backend.Options{Pages: 64})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	oracle, err := ref.New(p, ref.Options{Pages: 64})
	if err != nil {
		t.Fatal(err)
	}
	agree, near := 0, 0
	for piece := range pieces {
		tokens := greedy(t, m, int32(300+1000*piece), positions/pieces)
		b := &kernels.Batch{Tokens: tokens, Tables: [][]int32{{0, 1, 2, 3}}}
		for i := range tokens {
			b.Pos, b.Seq, b.Out = append(b.Pos, int32(i)), append(b.Seq, 0), append(b.Out, int32(i))
		}
		got, err := m.Step(t.Context(), b)
		if err != nil {
			t.Fatal(err)
		}
		want, err := oracle.Step(t.Context(), b)
		if err != nil {
			t.Fatal(err)
		}
		for i := range tokens {
			switch w := want.Stats[i]; {
			case got.Stats[i].TopIDs[0] == w.TopIDs[0]:
				agree++
			case w.TopLogits[0]-w.TopLogits[1] < 0.25:
				near++
			}
		}
	}
	share := float64(agree) / positions
	t.Logf("argmax agrees at %d of %d positions (%.2f%%); of the others, %d have two tokens within 0.25", agree, positions, 100*share, near)
	if share < floor {
		t.Errorf("argmax agrees at %.2f%% of %d positions, want at least %.0f%%", 100*share, positions, 100*floor)
	}
}

// greedy is n tokens: a start, then what the model finds likeliest, or second likeliest every seventh time, so that it does not
// end in a loop.
func greedy(t *testing.T, m backend.Model, start int32, n int) []int32 {
	t.Helper()
	tokens := []int32{start}
	for len(tokens) < n {
		i := len(tokens) - 1
		r, err := m.Step(t.Context(), &kernels.Batch{
			Tokens: tokens[i:], Pos: []int32{int32(i)}, Seq: []int32{0}, Tables: [][]int32{{0, 1, 2, 3}}, Out: []int32{0},
		})
		if err != nil {
			t.Fatal(err)
		}
		rank := 0
		if i%7 == 6 {
			rank = 1
		}
		tokens = append(tokens, r.Stats[0].TopIDs[rank])
	}
	return slices.Clone(tokens)
}
