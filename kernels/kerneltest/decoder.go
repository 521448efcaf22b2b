package kerneltest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"s1/kernels"
)

// Shape is the size of a random decoder.
type Shape struct {
	Type                    kernels.DType // of all matrices but norms, biases and frequencies
	Layers, Vocab, Context  int
	Width, FF               int
	Heads, KVHeads, HeadDim int
	QKVBias                 bool // as Qwen2
	QKNorm                  bool // as Qwen3
	Interleaved             bool // rotation of neighbours, as Llama in GGUF
	Tied                    bool // the head is the embedding table
}

// Decoder returns a whole random decoder as engine/arch lays one out: a residual stream that each layer reads through a norm and adds
// to, Select after the last attention so that the last layer's MLP runs for the wanted rows only, and the head.
func Decoder(seed uint64, s Shape) *kernels.Program {
	b := newBuilder(seed, s.Vocab)
	b.p.Layers, b.p.KVHeads, b.p.HeadDim, b.p.Context = s.Layers, s.KVHeads, s.HeadDim, s.Context
	qw, kw := s.Heads*s.HeadDim, s.KVHeads*s.HeadDim
	x, h := b.buf("x", s.Width), b.buf("h", s.Width)
	q, k, v, a := b.buf("q", qw), b.buf("k", kw), b.buf("v", kw), b.buf("attention", qw)
	gate, up := b.buf("gate", s.FF), b.buf("up", s.FF)
	freqs := b.frequencies(s.HeadDim, 1e4)
	// Scaled so that every layer adds about as much as it reads.
	mat := func(name string, rows, cols int) kernels.Mat { return b.scaled(name, s.Type, rows, cols) }
	bias := func(n int) kernels.Mat {
		if !s.QKVBias {
			return kernels.None
		}
		return b.random("bias", kernels.F32, 1, n)
	}
	table := b.random("embedding", s.Type, s.Vocab, s.Width)
	b.op(kernels.Embed{Table: table, Out: x})
	for l := range s.Layers {
		b.op(kernels.RMSNorm{X: x, Out: h, W: b.around1("attention norm", s.Width), Eps: 1e-5},
			kernels.MatMul{X: h, W: mat("q", qw, s.Width), Out: q, Bias: bias(qw)},
			kernels.MatMul{X: h, W: mat("k", kw, s.Width), Out: k, Bias: bias(kw)},
			kernels.MatMul{X: h, W: mat("v", kw, s.Width), Out: v, Bias: bias(kw)})
		if s.QKNorm {
			b.op(kernels.RMSNorm{X: q, Out: q, W: b.around1("q norm", s.HeadDim), Eps: 1e-5, Heads: s.Heads},
				kernels.RMSNorm{X: k, Out: k, W: b.around1("k norm", s.HeadDim), Eps: 1e-5, Heads: s.KVHeads})
		}
		b.op(kernels.RoPE{X: q, Heads: s.Heads, Dim: s.HeadDim, Freqs: freqs, Scale: 1, Interleaved: s.Interleaved},
			kernels.RoPE{X: k, Heads: s.KVHeads, Dim: s.HeadDim, Freqs: freqs, Scale: 1, Interleaved: s.Interleaved},
			kernels.KVWrite{K: k, V: v, Layer: l},
			kernels.Attention{
				Q: q, Out: a, Layer: l, Heads: s.Heads, KVHeads: s.KVHeads, HeadDim: s.HeadDim,
				Scale: float32(1 / math.Sqrt(float64(s.HeadDim))),
			},
			kernels.MatMul{X: a, W: mat("o", s.Width, qw), Out: x, Bias: kernels.None, Accumulate: true})
		if l == s.Layers-1 {
			xo := b.outBuf("x of out", s.Width)
			b.op(kernels.Select{X: x, Out: xo})
			x, h = xo, b.outBuf("h of out", s.Width)
			gate, up = b.outBuf("gate of out", s.FF), b.outBuf("up of out", s.FF)
		}
		b.op(kernels.RMSNorm{X: x, Out: h, W: b.around1("mlp norm", s.Width), Eps: 1e-5},
			kernels.MatMul{X: h, W: mat("gate", s.FF, s.Width), Out: gate, Bias: kernels.None},
			kernels.MatMul{X: h, W: mat("up", s.FF, s.Width), Out: up, Bias: kernels.None},
			kernels.SwiGLU{Gate: gate, Up: up, Out: gate},
			kernels.MatMul{X: gate, W: mat("down", s.Width, s.FF), Out: x, Bias: kernels.None, Accumulate: true})
	}
	if !s.Tied {
		table = b.random("head", s.Type, s.Vocab, s.Width)
	}
	b.op(kernels.RMSNorm{X: x, Out: h, W: b.around1("norm", s.Width), Eps: 1e-5}, kernels.Logits{X: h, W: table})
	return &b.p
}

// scaled adds a random matrix whose products are about as large as what they read.
func (b *builder) scaled(name string, t kernels.DType, rows, cols int) kernels.Mat {
	m := RandomMatrix(b.r, name, t, rows, cols)
	f := 1 / math.Sqrt(float64(cols))
	if t == kernels.F32 {
		scaleF32(&m, float32(f))
		return b.mat(m)
	}
	at := map[kernels.DType][]int{
		kernels.F16: {0}, kernels.Q6_K: {208},
		kernels.Q4_1: {0, 2}, kernels.Q5_1: {0, 2}, kernels.Q4_K: {0, 2}, kernels.Q5_K: {0, 2},
		kernels.Q8_0: {0}, kernels.Q4_0: {0}, kernels.Q5_0: {0},
	}[t]
	for d := m.Data; len(d) > 0; d = d[t.BlockBytes():] {
		for _, i := range at {
			putHalf(d[i:], halfValue(d[i:])*f)
		}
		if t == kernels.BF16 {
			x := math.Float32frombits(uint32(d[0])<<16 | uint32(d[1])<<24)
			copy(d, f32Bytes([]float32{x * float32(f)})[2:])
		}
	}
	return b.mat(m)
}

// halfValue reads an IEEE binary16 in the normal range or 0.
func halfValue(b []byte) float64 {
	h := uint32(b[0]) | uint32(b[1])<<8
	if h>>10&31 == 0 {
		return 0
	}
	return float64(math.Float32frombits(h>>15<<31 | (h>>10&31+112)<<23 | h&0x3ff<<13))
}

// decoder: whole models, prefilled in chunks and decoded, alone and several in a batch; and a row's logits do not depend on
// which other rows are in its batch.
func decoder(t *testing.T, impl New, tol Tolerance) {
	for i, s := range []Shape{
		{Type: kernels.F32, Layers: 2, Vocab: 101, Width: 60, FF: 100, Heads: 3, KVHeads: 1, HeadDim: 20, Tied: true},
		{Type: kernels.BF16, Layers: 2, Vocab: 128, Width: 64, FF: 96, Heads: 2, KVHeads: 2, HeadDim: 32, QKVBias: true},
		{Type: kernels.F16, Layers: 3, Vocab: 130, Width: 96, FF: 160, Heads: 4, KVHeads: 2, HeadDim: 32, QKNorm: true, Tied: true},
		{Type: kernels.Q8_0, Layers: 2, Vocab: 333, Width: 128, FF: 352, Heads: 7, KVHeads: 1, HeadDim: 64, QKVBias: true, Tied: true},
		{Type: kernels.Q4_0, Layers: 2, Vocab: 100, Width: 192, FF: 256, Heads: 3, KVHeads: 3, HeadDim: 64, Interleaved: true},
		{Type: kernels.Q4_1, Layers: 2, Vocab: 500, Width: 192, FF: 512, Heads: 9, KVHeads: 3, HeadDim: 64, Interleaved: true, Tied: true},
		{Type: kernels.Q5_0, Layers: 1, Vocab: 100, Width: 64, FF: 96, Heads: 1, KVHeads: 1, HeadDim: 64},
		{Type: kernels.Q5_1, Layers: 1, Vocab: 100, Width: 64, FF: 96, Heads: 2, KVHeads: 1, HeadDim: 80, QKNorm: true},
		{Type: kernels.Q4_K, Layers: 2, Vocab: 300, Width: 256, FF: 512, Heads: 4, KVHeads: 2, HeadDim: 128, QKNorm: true, Tied: true},
		{Type: kernels.Q5_K, Layers: 1, Vocab: 300, Width: 256, FF: 256, Heads: 2, KVHeads: 1, HeadDim: 128},
		{Type: kernels.Q6_K, Layers: 2, Vocab: 300, Width: 256, FF: 256, Heads: 4, KVHeads: 2, HeadDim: 64, QKVBias: true},
	} {
		s.Context = 512
		t.Run(fmt.Sprintf("%v", s.Type), func(t *testing.T) {
			limit := tol.Model
			if s.Type == kernels.F32 {
				limit = max(tol.Exact, tol.KV)
			}
			q := newPair(t, impl, Decoder(uint64(i), s))
			modelSteps(t, q, limit)
		})
	}
}

func modelSteps(t *testing.T, q *pair, tol float64) {
	b := &builder{p: *q.p, r: rand.New(rand.NewPCG(7, 7))}
	prompt := b.batch(70, 0)
	prompt.Out = []int32{69}
	q.run(prompt, tol, 0)
	more := b.batch(50, 70)
	more.Out = nil
	q.run(more, tol, 0)
	last := b.batch(1, 120)
	alone := q.run(last, tol, 0)

	// The same row again, with a fork of another continuation and a new sequence beside it.
	q.copyPage(9, 1, 120-kernels.PageSize)
	both := &kernels.Batch{
		Tokens: []int32{last.Tokens[0], 5, 6, 7, 1, 2, 3},
		Pos:    []int32{120, 120, 121, 122, 0, 1, 2},
		Seq:    []int32{0, 1, 1, 1, 2, 2, 2},
		Tables: [][]int32{{0, 1}, {0, 9}, {5}},
		Out:    []int32{0, 3, 6},
	}
	together := q.run(both, tol, 0)[:q.p.Vocab]
	for i := range alone {
		if d := math.Abs(float64(alone[i] - together[i])); !(d <= 1e-4*rms(alone)) {
			t.Errorf("logit %d is %g alone and %g with others in the batch", i, alone[i], together[i])
			break
		}
	}
	if a, b := slices.Index(alone, slices.Max(alone)), slices.Index(together, slices.Max(together)); a != b {
		t.Errorf("the likeliest token is %d alone and %d with others in the batch", a, b)
	}
}
