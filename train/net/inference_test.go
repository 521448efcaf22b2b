package net_test

import (
	"math"
	"testing"

	"s1/engine/arch"
	"s1/engine/weights"
	"s1/kernels"
	"s1/kernels/ref"
	"s1/train/net"
)

// logitsAgree is the largest difference between what training and inference say of a row.
const logitsAgree = 1e-4

// Adapters are merged into the inference's matrices, so that Merge is tested here too, and that dropout rests without gradients.
func TestTrainingSaysWhatInferenceSays(t *testing.T) {
	t.Parallel()
	for _, e := range executors {
		for _, c := range netCases() {
			t.Run(e.name+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				p := c.build(t, nil)
				b := documents(4, c.config.Vocab, 16, 1, 5)
				b.Rows, b.Targets, b.Weights = nil, nil, nil
				for i := range b.Tokens { // of every position
					b.Rows, b.Weights = append(b.Rows, int32(i)), append(b.Weights, 1)
					b.Targets = append(b.Targets, int32((i*7)%c.config.Vocab))
				}
				got, err := c.trainer(t, e, p).Run(t.Context(), b, false)
				if err != nil {
					t.Fatal(err)
				}
				want := infer(t, c.config, merged(t, c, p), b)
				worst := 0.0
				for i, target := range b.Targets {
					s := want.Stats[i]
					nll := s.LSE - want.Logits[i*c.config.Vocab+int(target)]
					d := max(math.Abs(float64(got.NLL[i]-nll)), math.Abs(float64(got.Entropy[i]-s.Entropy)))
					if !(d <= logitsAgree) || got.Argmax[i] != s.TopIDs[0] {
						t.Errorf("row %d: NLL %g, entropy %g, argmax %d; inference has %g, %g, %d",
							i, got.NLL[i], got.Entropy[i], got.Argmax[i], nll, s.Entropy, s.TopIDs[0])
					}
					worst = max(worst, d)
				}
				t.Logf("differ by at most %.2g", worst)
			})
		}
	}
}

// merged is a case's weights as a model's folder has them.
func merged(t *testing.T, c netCase, p *kernels.TrainProgram) *weights.Model {
	t.Helper()
	return mergedOf(t, c, p, c.weights(p, 3))
}

// infer runs a batch of training through the inference program, each document a sequence of one page.
func infer(t *testing.T, c arch.Config, w *weights.Model, b *kernels.TrainBatch) kernels.Result {
	t.Helper()
	p, err := arch.Build(c, w)
	if err != nil {
		t.Fatal(err)
	}
	machine, err := ref.New(p, ref.Options{Pages: len(b.Docs)})
	if err != nil {
		t.Fatal(err)
	}
	x := &kernels.Batch{Tokens: b.Tokens, Pos: b.Pos, Out: b.Rows}
	for d := range len(b.Docs) - 1 {
		x.Tables = append(x.Tables, []int32{int32(d)})
		for range b.Docs[d+1] - b.Docs[d] {
			x.Seq = append(x.Seq, int32(d))
		}
	}
	r, err := machine.Step(t.Context(), x)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestMergeRefusesShapesThatDoNotFit(t *testing.T) {
	t.Parallel()
	l := net.LoRA{Rank: 2, Alpha: 4}
	for _, n := range [][3]int{{11, 6, 8}, {12, 5, 8}, {12, 6, 7}} { // w, a, b; 12, 6 and 8 fit
		if err := l.Merge(make([]float32, n[0]), make([]float32, n[1]), make([]float32, n[2])); err == nil {
			t.Errorf("merged %d elements with halves of %d and %d", n[0], n[1], n[2])
		}
	}
	w := make([]float32, 12)
	if err := l.Merge(w, []float32{1, 2, 3, 10, 20, 30}, []float32{1, 0, 0, 1, 0, 0, 1, 1}); err != nil {
		t.Fatal(err)
	}
	want := []float32{2, 4, 6, 20, 40, 60, 0, 0, 0, 22, 44, 66}
	if d := difference(w, want); d != 0 {
		t.Errorf("merged %v, want %v", w, want)
	}
}
