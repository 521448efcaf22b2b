package ref_test

import (
	"context"
	"encoding/binary"
	"math"
	"slices"
	"testing"

	"s1/kernels"
	"s1/kernels/kerneltest"
	"s1/kernels/ref"
)

// What training computes forward is what inference computes, and documents do not see each other.

func TestTrainingComputesTheLossOfInference(t *testing.T) {
	t.Parallel()
	for _, s := range []kerneltest.TrainShape{
		{Layers: 2, Vocab: 31, Width: 20, FF: 28, Heads: 4, KVHeads: 2, HeadDim: 6, QKVBias: true, QKNorm: true, Interleaved: true},
		{Layers: 2, Vocab: 31, Width: 20, FF: 28, Heads: 3, KVHeads: 1, HeadDim: 8, Tied: true},
	} {
		s.Docs = [][]int{{9, 1, 70}}
		c := kerneltest.TrainDecoder(3, s)
		got := run(t, trainer(t, c), c.Batches[0], false)

		m, err := ref.New(inference(s, c), ref.Options{Threads: 2, Pages: 8})
		if err != nil {
			t.Fatal(err)
		}
		b := c.Batches[0]
		x := &kernels.Batch{Tokens: b.Tokens, Pos: b.Pos, Out: b.Rows}
		for d := range len(b.Docs) - 1 {
			x.Tables = append(x.Tables, []int32{int32(2 * d), int32(2*d + 1)})
			for range b.Docs[d+1] - b.Docs[d] {
				x.Seq = append(x.Seq, int32(d))
			}
		}
		want, err := m.Step(context.Background(), x)
		if err != nil {
			t.Fatal(err)
		}
		for r, target := range b.Targets {
			nll := want.Stats[r].LSE - want.Logits[r*s.Vocab+int(target)]
			if math.Abs(float64(got.NLL[r]-nll)) > 1e-5 || math.Abs(float64(got.Entropy[r]-want.Stats[r].Entropy)) > 1e-5 || got.Argmax[r] != want.Stats[r].TopIDs[0] {
				t.Errorf("%v: row %d: NLL %g, entropy %g, argmax %d; inference has %g, %g, %d", s, b.Rows[r],
					got.NLL[r], got.Entropy[r], got.Argmax[r], nll, want.Stats[r].Entropy, want.Stats[r].TopIDs[0])
			}
		}
	}
}

// inference is the program of engine/arch for a case of TrainDecoder, whose parameters come in the order of its layers.
func inference(s kerneltest.TrainShape, c kerneltest.TrainCase) *kernels.Program {
	p := &kernels.Program{Layers: s.Layers, KVHeads: s.KVHeads, HeadDim: s.HeadDim, Vocab: s.Vocab, Context: 100}
	for i, spec := range c.Program.Params {
		m := kernels.Matrix{Name: spec.Name, Type: kernels.F32, Rows: spec.Rows, Cols: spec.Cols}
		for _, v := range c.Weights[i] {
			m.Data = binary.LittleEndian.AppendUint32(m.Data, math.Float32bits(v))
		}
		p.Mats = append(p.Mats, m)
	}
	freqs := kernels.Matrix{Name: "freqs", Type: kernels.F32, Rows: 1, Cols: s.HeadDim / 2}
	for i := range freqs.Cols {
		f := float32(math.Pow(1e4, -2*float64(i)/float64(s.HeadDim)))
		freqs.Data = binary.LittleEndian.AppendUint32(freqs.Data, math.Float32bits(f))
	}
	p.Mats = append(p.Mats, freqs)

	taken := kernels.Mat(0)
	next := func() kernels.Mat { taken++; return taken - 1 }
	buf := func(width int, out bool) kernels.Buf {
		p.Bufs = append(p.Bufs, kernels.BufSpec{Width: width, OutRows: out})
		return kernels.Buf(len(p.Bufs) - 1)
	}
	add := func(ops ...kernels.Op) { p.Ops = append(p.Ops, ops...) }
	x, table := buf(s.Width, false), next()
	add(kernels.Embed{Table: table, Out: x})
	for l := range s.Layers {
		h, a := buf(s.Width, false), buf(s.Heads*s.HeadDim, false)
		add(kernels.RMSNorm{X: x, Out: h, W: next(), Eps: 1e-5})
		var qkv []kernels.Buf
		for i, heads := range []int{s.Heads, s.KVHeads, s.KVHeads} {
			y, w, bias := buf(heads*s.HeadDim, false), next(), kernels.None
			if s.QKVBias {
				bias = next()
			}
			add(kernels.MatMul{X: h, W: w, Out: y, Bias: bias})
			if s.QKNorm && i < 2 {
				add(kernels.RMSNorm{X: y, Out: y, W: next(), Eps: 1e-5, Heads: heads})
			}
			if i < 2 {
				add(kernels.RoPE{X: y, Heads: heads, Dim: s.HeadDim, Freqs: kernels.Mat(len(p.Mats) - 1), Scale: 1, Interleaved: s.Interleaved})
			}
			qkv = append(qkv, y)
		}
		add(kernels.KVWrite{K: qkv[1], V: qkv[2], Layer: l}, kernels.Attention{
			Q: qkv[0], Out: a, Layer: l, Heads: s.Heads, KVHeads: s.KVHeads, HeadDim: s.HeadDim, Scale: float32(1 / math.Sqrt(float64(s.HeadDim))),
		}, kernels.MatMul{X: a, W: next(), Out: x, Bias: kernels.None, Accumulate: true})
		out := l == s.Layers-1
		if out {
			wanted := buf(s.Width, true)
			add(kernels.Select{X: x, Out: wanted})
			x = wanted
		}
		h, gate, up := buf(s.Width, out), buf(s.FF, out), buf(s.FF, out)
		add(kernels.RMSNorm{X: x, Out: h, W: next(), Eps: 1e-5},
			kernels.MatMul{X: h, W: next(), Out: gate, Bias: kernels.None},
			kernels.MatMul{X: h, W: next(), Out: up, Bias: kernels.None},
			kernels.SwiGLU{Gate: gate, Up: up, Out: gate},
			kernels.MatMul{X: gate, W: next(), Out: x, Bias: kernels.None, Accumulate: true})
	}
	if !s.Tied {
		table = next()
	}
	h := buf(s.Width, true)
	add(kernels.RMSNorm{X: x, Out: h, W: next(), Eps: 1e-5}, kernels.Logits{X: h, W: table})
	return p
}

func TestPackedGradientsEqualUnpackedOnes(t *testing.T) {
	t.Parallel()
	c := kerneltest.TrainDecoder(4, kerneltest.TrainShape{
		Layers: 2, Vocab: 31, Width: 20, FF: 28, Heads: 4, KVHeads: 2, HeadDim: 6, QKVBias: true, Docs: [][]int{{5, 1, 20, 2}},
	})
	packed, alone := trainer(t, c), trainer(t, c)
	b := c.Batches[0]
	all := slices.Clone(run(t, packed, b, true).NLL)
	loss := 0.0
	for d := range len(b.Docs) - 1 {
		first, end := b.Docs[d], b.Docs[d+1]
		x := &kernels.TrainBatch{Tokens: b.Tokens[first:end], Pos: b.Pos[first:end], Docs: []int32{0, end - first}, Scale: b.Scale}
		for r, row := range b.Rows {
			if row >= first && row < end {
				x.Rows, x.Targets, x.Weights = append(x.Rows, row-first), append(x.Targets, b.Targets[r]), append(x.Weights, b.Weights[r])
			}
		}
		got := run(t, alone, x, true)
		if want := all[:len(x.Rows)]; !slices.Equal(got.NLL, want) {
			t.Errorf("document %d: NLL %v alone, %v packed", d, got.NLL, want)
		}
		all = all[len(x.Rows):]
		loss += alone.Loss()
	}
	if math.Abs(loss-packed.Loss()) > 1e-13 {
		t.Errorf("loss %g alone, %g packed", loss, packed.Loss())
	}
	for i, spec := range c.Program.Params {
		got, want := read(packed, c.Program, kernels.SlotGradient, i), read(alone, c.Program, kernels.SlotGradient, i)
		for j := range want {
			if math.Abs(got[j]-want[j]) > 1e-13 {
				t.Errorf("%s: gradient %d is %g packed, %g alone", spec.Name, j, got[j], want[j])
				break
			}
		}
	}
}
