package kerneltest

import (
	"math"
	"math/rand/v2"
	"slices"

	"s1/kernels"
)

// TrainCase is a training program with weights and micro-batches for it. Its backward is the gradient of its forward.
type TrainCase struct {
	Name    string
	Program *kernels.TrainProgram
	Weights [][]float32 // of each parameter
	Batches []*kernels.TrainBatch
}

// trainBuilder puts a training program together: each method adds an op to forward and remembers its gradient; finish writes
// the gradients down in reverse. The first gradient that reaches a buffer is stored, later ones are added.
type trainBuilder struct {
	p       kernels.TrainProgram
	r       *rand.Rand
	weights [][]float32
	back    []func()
	grads   map[kernels.Buf]kernels.Buf
	reuse   bool // gradients take the buffer of the gradient they come from where the op allows it
	streams uint64
}

func newTrainBuilder(seed uint64, vocab int) *trainBuilder {
	return &trainBuilder{
		r: rand.New(rand.NewPCG(seed, 2)), grads: map[kernels.Buf]kernels.Buf{},
		p: kernels.TrainProgram{Rows: 1, Context: 1, Vocab: vocab},
	}
}

// finish writes the gradients and makes room for batches of the given documents, one batch each.
func (b *trainBuilder) finish(name string, batches ...[]int) TrainCase {
	for _, f := range slices.Backward(b.back) {
		f()
	}
	c := TrainCase{Name: name, Program: &b.p, Weights: b.weights}
	for i, docs := range batches {
		x := b.batch(uint64(i), docs)
		b.p.Rows, b.p.Context = max(b.p.Rows, len(x.Tokens)), max(b.p.Context, slices.Max(docs))
		c.Batches = append(c.Batches, x)
	}
	return c
}

func (b *trainBuilder) forward(op kernels.TrainOp, gradient func()) {
	b.p.Forward = append(b.p.Forward, op)
	b.back = append(b.back, gradient)
}

func (b *trainBuilder) backward(ops ...kernels.TrainOp) { b.p.Backward = append(b.p.Backward, ops...) }

func (b *trainBuilder) buf(name string, width int, wanted bool) kernels.Buf {
	b.p.Bufs = append(b.p.Bufs, kernels.TrainBuf{Name: name, Width: width, Wanted: wanted})
	return kernels.Buf(len(b.p.Bufs) - 1)
}

func (b *trainBuilder) spec(x kernels.Buf) kernels.TrainBuf { return b.p.Bufs[x] }

// grad is the buffer of x's gradient, and whether it holds a part of it already. from is the gradient that it may take the
// place of, or NoBuf.
func (b *trainBuilder) grad(x, from kernels.Buf) (d kernels.Buf, add bool) {
	if d, add = b.grads[x]; add {
		return d, true
	}
	if d = from; !b.reuse || from == kernels.NoBuf {
		s := b.spec(x)
		d = b.buf("d "+s.Name, s.Width, s.Wanted)
	}
	b.grads[x] = d
	return d, false
}

// only is grad for ops that cannot add.
func (b *trainBuilder) only(x, from kernels.Buf) kernels.Buf {
	d, add := b.grad(x, from)
	if add {
		panic("kerneltest: a second gradient for " + b.spec(x).Name)
	}
	return d
}

// param adds a parameter of normal numbers: mean + spread * N(0, 1).
func (b *trainBuilder) param(name string, rows, cols int, mean, spread float64) kernels.Param {
	x := make([]float32, rows*cols)
	for i := range x {
		x[i] = float32(mean + spread*b.r.NormFloat64())
	}
	b.weights = append(b.weights, x)
	b.p.Params = append(b.p.Params, kernels.ParamSpec{Name: name, Rows: rows, Cols: cols})
	return kernels.Param(len(b.p.Params) - 1)
}

// matrix adds a parameter whose products are about as large as what they read.
func (b *trainBuilder) matrix(name string, rows, cols int) kernels.Param {
	return b.param(name, rows, cols, 0, 1/math.Sqrt(float64(cols)))
}

func (b *trainBuilder) freeze(p kernels.Param) { b.p.Params[p].Frozen = true }

// input embeds the tokens through a table of its own, so that the gradient of the table is that of the buffer.
func (b *trainBuilder) input(name string, width int, size float64) kernels.Buf {
	return b.embed(b.param(name, b.p.Vocab, width, 0, size))
}

func (b *trainBuilder) embed(table kernels.Param) kernels.Buf {
	out := b.buf(b.p.Params[table].Name, b.p.Params[table].Cols, false)
	b.forward(kernels.TrainEmbed{Table: table, Out: out}, func() {
		b.backward(kernels.TrainEmbedGrad{DOut: b.grads[out], Table: table})
	})
	return out
}

func (b *trainBuilder) norm(x kernels.Buf, heads int, eps float32) kernels.Buf {
	s := b.spec(x)
	out := b.buf("normed "+s.Name, s.Width, s.Wanted)
	w := b.param("norm of "+s.Name, 1, s.Width/max(heads, 1), 1, 0.3)
	b.forward(kernels.TrainNorm{X: x, Out: out, W: w, Eps: eps, Heads: heads}, func() {
		dx, add := b.grad(x, b.grads[out])
		b.backward(kernels.TrainNormGrad{X: x, DOut: b.grads[out], DX: dx, W: w, Eps: eps, Heads: heads, Accumulate: add})
	})
	return out
}

// product is a matrix product into a new buffer.
func (b *trainBuilder) product(x kernels.Buf, w, bias kernels.Param, scale float32) kernels.Buf {
	out := b.buf(b.p.Params[w].Name, b.p.Params[w].Rows, b.spec(x).Wanted)
	b.multiply(kernels.TrainMatMul{X: x, Out: out, W: w, Bias: bias, Scale: scale})
	return out
}

// addProduct adds a matrix product to a buffer that nothing read yet.
func (b *trainBuilder) addProduct(out, x kernels.Buf, w kernels.Param, scale float32) {
	b.multiply(kernels.TrainMatMul{X: x, Out: out, W: w, Bias: kernels.NoParam, Scale: scale, Accumulate: true})
}

func (b *trainBuilder) multiply(o kernels.TrainMatMul) {
	b.forward(o, func() {
		g := kernels.TrainMatMulGradW{X: o.X, DOut: b.grads[o.Out], W: o.W, Bias: o.Bias, Scale: o.Scale}
		if b.p.Params[o.W].Frozen {
			g.W = kernels.NoParam
		}
		if g.W != kernels.NoParam || g.Bias != kernels.NoParam {
			b.backward(g)
		}
		dx, add := b.grad(o.X, kernels.NoBuf)
		b.backward(kernels.TrainMatMulGradX{DOut: b.grads[o.Out], DX: dx, W: o.W, Scale: o.Scale, Accumulate: add})
	})
}

// rope rotates x in place; its gradient is rotated back in place.
func (b *trainBuilder) rope(x kernels.Buf, heads, dim int, scale float32, interleaved bool) {
	freqs := make([]float32, dim/2)
	for i := range freqs {
		freqs[i] = float32(math.Pow(1e4, -2*float64(i)/float64(dim)))
	}
	o := kernels.TrainRoPE{X: x, Heads: heads, Dim: dim, Freqs: freqs, Scale: scale, Interleaved: interleaved}
	b.forward(o, func() {
		o.X, o.Inverse = b.grads[x], true
		b.backward(o)
	})
}

func (b *trainBuilder) attention(q, k, v kernels.Buf, heads, kvHeads, dim int) kernels.Buf {
	out, lse := b.buf("attention", heads*dim, false), b.buf("lse", heads, false)
	scale := float32(1 / math.Sqrt(float64(dim)))
	b.forward(kernels.TrainAttention{Q: q, K: k, V: v, Out: out, LSE: lse, Heads: heads, KVHeads: kvHeads, HeadDim: dim, Scale: scale}, func() {
		b.backward(kernels.TrainAttentionGrad{
			Q: q, K: k, V: v, Out: out, LSE: lse, DOut: b.grads[out],
			DQ: b.only(q, kernels.NoBuf), DK: b.only(k, kernels.NoBuf), DV: b.only(v, kernels.NoBuf),
			Heads: heads, KVHeads: kvHeads, HeadDim: dim, Scale: scale,
		})
	})
	return out
}

func (b *trainBuilder) swiGLU(gate, up kernels.Buf) kernels.Buf {
	out := b.buf("gated", b.spec(gate).Width, b.spec(gate).Wanted)
	b.forward(kernels.TrainSwiGLU{Gate: gate, Up: up, Out: out}, func() {
		dout := b.grads[out]
		b.backward(kernels.TrainSwiGLUGrad{Gate: gate, Up: up, DOut: dout, DGate: b.only(gate, dout), DUp: b.only(up, kernels.NoBuf)})
	})
	return out
}

// dropout into a new buffer; with rate 0 it is the copy that a residual stream goes on with.
func (b *trainBuilder) dropout(x kernels.Buf, rate float32) kernels.Buf {
	s := b.spec(x)
	out := b.buf("kept "+s.Name, s.Width, s.Wanted)
	o := kernels.TrainDropout{X: x, Out: out, Rate: rate, Stream: b.streams}
	b.streams++
	b.forward(o, func() {
		o.X = b.grads[out]
		o.Out, o.Accumulate = b.grad(x, kernels.NoBuf)
		b.backward(o)
	})
	return out
}

func (b *trainBuilder) choose(x kernels.Buf) kernels.Buf {
	out := b.buf("wanted "+b.spec(x).Name, b.spec(x).Width, true)
	b.forward(kernels.TrainSelect{X: x, Out: out}, func() {
		b.backward(kernels.TrainSelectGrad{DOut: b.grads[out], DX: b.only(x, kernels.NoBuf)})
	})
	return out
}

// loss ends forward with the cross entropy of the wanted rows of x, through w (V, width of x).
func (b *trainBuilder) loss(x kernels.Buf, w kernels.Param, chunk int) {
	if !b.spec(x).Wanted {
		x = b.choose(x)
	}
	dx := b.only(x, kernels.NoBuf)
	b.p.Forward = append(b.p.Forward, kernels.TrainLoss{X: x, DX: dx, W: w, Chunk: chunk})
}

// head is loss through a new matrix.
func (b *trainBuilder) head(x kernels.Buf) {
	b.loss(x, b.matrix("head", b.p.Vocab, b.spec(x).Width), 7)
}

// batch is documents of random tokens. All rows of the first document are wanted and two in three of the others; of batch 1 of
// a case only the last row is.
func (b *trainBuilder) batch(seed uint64, docs []int) *kernels.TrainBatch {
	x := &kernels.TrainBatch{Docs: []int32{0}, Seed: 77 + seed}
	var sum float32
	for d, n := range docs {
		for pos := range n {
			row := int32(len(x.Tokens))
			x.Tokens, x.Pos = append(x.Tokens, int32(b.r.IntN(b.p.Vocab))), append(x.Pos, int32(pos))
			last := d == len(docs)-1 && pos == n-1
			if (seed == 1 && !last) || (seed != 1 && d > 0 && b.r.IntN(3) == 0) {
				continue
			}
			x.Rows, x.Targets = append(x.Rows, row), append(x.Targets, int32(b.r.IntN(b.p.Vocab)))
			x.Weights = append(x.Weights, []float32{1, 1, 0.25, 3}[b.r.IntN(4)])
			sum += x.Weights[len(x.Weights)-1]
		}
		x.Docs = append(x.Docs, int32(len(x.Tokens)))
	}
	x.Scale = 1 / max(sum, 1)
	return x
}
