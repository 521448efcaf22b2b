package net_test

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"testing"

	"s1/engine/arch"
	"s1/engine/builtin"
	"s1/engine/weights"
	"s1/kernels"
	"s1/kernels/ref"
	"s1/train/dataset"
	"s1/train/net"
)

// logits are those of training, (rows, vocab). Training never has them whole: it tells -log p of one target a row. So each token is the
// target once, and the last one has a head of zeros, so that its logit is 0 and its -log p is the row's log of the sum.
func logits(t *testing.T, m kernels.Trainer, b *kernels.TrainBatch, vocab int) [][]float32 {
	t.Helper()
	nll := make([][]float32, vocab)
	for v := range nll {
		for i := range b.Targets {
			b.Targets[i] = int32(v)
		}
		r, err := m.Run(t.Context(), b, false)
		if err != nil {
			t.Fatal(err)
		}
		nll[v] = slices.Clone(r.NLL)
	}
	out := make([][]float32, len(b.Rows))
	for i := range out {
		for v := range vocab {
			out[i] = append(out[i], nll[vocab-1][i]-nll[v][i])
		}
	}
	return out
}

// everyRow wants every position, with room for any target.
func everyRow(b *kernels.TrainBatch) *kernels.TrainBatch {
	b.Rows, b.Targets, b.Weights = nil, make([]int32, len(b.Tokens)), nil
	for i := range b.Tokens {
		b.Rows, b.Weights = append(b.Rows, int32(i)), append(b.Weights, 1)
	}
	return b
}

// headOf is the parameter whose rows make the logits.
func headOf(c arch.Config) string {
	if c.Tied {
		return "model.embed_tokens.weight"
	}
	return "lm_head.weight"
}

// sameLogits compares whole rows: those of training with as many of each row of inference.
func sameLogits(t *testing.T, training [][]float32, inference kernels.Result, vocab int) {
	t.Helper()
	worst, largest := 0.0, 0.0
	for i, row := range training {
		for v := range vocab {
			want := float64(inference.Logits[i*vocab+v])
			d := math.Abs(float64(row[v]) - want)
			if !(d <= logitsAgree) {
				t.Fatalf("row %d, token %d: training has the logit %g, inference %g", i, v, row[v], want)
			}
			worst, largest = max(worst, d), max(largest, math.Abs(want))
		}
	}
	if largest < 0.1 {
		t.Errorf("no logit is beyond %g, so the rows say nothing", largest)
	}
	t.Logf("%d rows of %d logits up to %.3g differ by at most %.2g", len(training), vocab, largest, worst)
}

func TestTrainingHasTheLogitsOfInference(t *testing.T) {
	t.Parallel()
	for _, e := range executors {
		for _, c := range netCases() {
			t.Run(e.name+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				c.config.Vocab++
				p := c.build(t, nil)
				m, values := e.trainer(t, p), c.weights(p, 3)
				for i, w := range values {
					if p.Params[i].Name == headOf(c.config) {
						clear(w[len(w)-c.config.Hidden:])
					}
					m.Write(kernels.SlotWeight, kernels.Param(i), w)
				}
				b := everyRow(documents(4, c.config.Vocab-1, 16, 1, 5))
				got := logits(t, m, b, c.config.Vocab)
				sameLogits(t, got, infer(t, c.config, mergedOf(t, c, p, values), b), c.config.Vocab)
			})
		}
	}
}

// The built-in model's own weights on its own traces: training sees the numbers that a person's run sees.
func TestTrainingHasTheLogitsOfTheBuiltInModel(t *testing.T) {
	t.Parallel()
	w, err := builtin.Weights()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	c, err := arch.Parse(w)
	if err != nil {
		t.Fatal(err)
	}
	source, err := dataset.NewTape(dataset.DefaultTape())
	if err != nil {
		t.Fatal(err)
	}
	b := &kernels.TrainBatch{Docs: []int32{0}, Scale: 1, Seed: 1}
	for i := range int64(2) {
		trace, err := source.At(t.Context(), 20_000+i)
		if err != nil {
			t.Fatal(err)
		}
		for pos, id := range trace.IDs[:min(len(trace.IDs), kernels.PageSize)] { // infer gives each document a page
			b.Tokens, b.Pos = append(b.Tokens, id), append(b.Pos, int32(pos))
		}
		b.Docs = append(b.Docs, int32(len(b.Tokens)))
	}
	everyRow(b)
	wide := c
	wide.Vocab++
	for _, e := range executors[1:] { // the oracle is held to these by the case above, and takes half a minute here
		p, err := net.Build(wide, net.Options{Rows: len(b.Tokens)})
		if err != nil {
			t.Fatal(err)
		}
		m := e.trainer(t, p)
		for i, spec := range p.Params {
			x := w.Tensors[spec.Name]
			values := make([]float32, x.Elements(), spec.Elements())
			ref.Dequant(x.Type, x.Data, values)
			m.Write(kernels.SlotWeight, kernels.Param(i), values[:spec.Elements()]) // the token more has zeros
		}
		sameLogits(t, logits(t, m, b, wide.Vocab), infer(t, c, w, b), c.Vocab)
	}
}

// mergedOf is a case's model for inference, of these values.
func mergedOf(t *testing.T, c netCase, p *kernels.TrainProgram, values [][]float32) *weights.Model {
	t.Helper()
	all := map[string][]float32{}
	for i, spec := range p.Params {
		all[spec.Name] = values[i]
	}
	m := &weights.Model{Kind: weights.KindSafetensors, Tensors: map[string]weights.Tensor{}}
	for i, spec := range p.Params {
		w := values[i]
		if strings.Contains(spec.Name, ".lora_") {
			continue
		}
		module := strings.TrimSuffix(spec.Name, ".weight")
		if a, b := all[module+".lora_A.weight"], all[module+".lora_B.weight"]; a != nil {
			if err := c.options.LoRA.Merge(w, a, b); err != nil {
				t.Fatal(err)
			}
		}
		shape := []int{spec.Rows, spec.Cols}
		if spec.Rows == 1 {
			shape = shape[1:]
		}
		tensor := weights.Tensor{Name: spec.Name, Type: kernels.F32, Shape: shape}
		for _, v := range w {
			tensor.Data = binary.LittleEndian.AppendUint32(tensor.Data, math.Float32bits(v))
		}
		m.Tensors[spec.Name] = tensor
	}
	return m
}
