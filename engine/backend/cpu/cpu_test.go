//go:build cgo

package cpu

import (
	"os"
	"strings"
	"testing"

	"s1/engine/arch"
	"s1/engine/backend"
	"s1/engine/tokenizer"
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

// Answers that the model itself writes to eight questions, teacher-forced through both. Activations rounded to 8 bits may move
// the argmax where two tokens are nearly equal: of text that the model finds surprising that is more than of its own.
func TestSmolLM2ArgmaxAgreesWithRef(t *testing.T) {
	file := os.Getenv("S1_SMOLLM2")
	if file == "" {
		t.Skip("needs S1_SMOLLM2 (a GGUF file): run `make test-real`")
	}
	const piece, floor = 250, 0.98
	// The licence is ordinary English that neither implementation wrote; each piece is read with no more before it.
	licence, err := os.ReadFile("../../../LICENSE")
	if err != nil {
		t.Fatal(err)
	}
	text := tokens(t, file, strings.Join(strings.Fields(string(licence)), " "))
	const pieces = 8
	if len(text) < pieces*piece {
		t.Fatalf("the licence has %d tokens, want %d", len(text), pieces*piece)
	}
	positions := piece * pieces
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
	for k := range pieces {
		b := &kernels.Batch{Tokens: text[k*piece : (k+1)*piece], Tables: [][]int32{{0, 1, 2, 3}}}
		for i := range piece {
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
		for i := range piece {
			switch w := want.Stats[i]; {
			case got.Stats[i].TopIDs[0] == w.TopIDs[0]:
				agree++
			case w.TopLogits[0]-w.TopLogits[1] < 0.25:
				near++
			}
		}
	}
	share := float64(agree) / float64(positions)
	t.Logf("argmax agrees at %d of %d positions (%.2f%%); of the others, %d have two tokens within 0.25", agree, positions, 100*share, near)
	if share < floor {
		t.Errorf("argmax agrees at %.2f%% of %d positions, want at least %.0f%%", 100*share, positions, 100*floor)
	}
}

// tokens is a text in a model's tokens.
func tokens(t *testing.T, model, text string) []int32 {
	t.Helper()
	w, err := weights.Open(model)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	tok, err := tokenizer.FromGGUF(meta{w.Meta})
	if err != nil {
		t.Fatal(err)
	}
	defer tok.Close()
	ids, err := tok.Encode(text, true)
	if err != nil {
		t.Fatal(err)
	}
	return ids
}

// meta is a GGUF file's metadata as the tokenizer reads it.
type meta struct{ *weights.Meta }

func (m meta) Strings(key string) []string { v, _ := m.Meta.Strings(key); return v }
func (m meta) Ints(key string) []int64     { v, _ := m.Meta.Ints(key); return v }
