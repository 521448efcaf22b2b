package arch

import (
	"fmt"
	"math"
	"slices"

	"s1/engine/weights"
	"s1/kernels"
)

// Build makes the program of a decoder: a residual stream x that each layer reads through a norm and adds to twice.
//
//	x = embedding[token]
//	x += Wo attention(rope(norm(Wq h)), rope(norm(Wk h)), Wv h)   with h = norm(x); the inner norms are Qwen3's
//	x += Wdown (silu(Wgate h) * Wup h)                            with h = norm(x)
//	logits = head norm(x)
//
// The wanted rows are selected right after the last attention: what is behind it does not touch the cache, so in a prefill the
// last layer's MLP and the head run for those rows only. The matrices of the program are the model's mapped bytes; it must stay open.
func Build(c Config, w *weights.Model) (*kernels.Program, error) {
	b := &build{c: c, w: w, names: namesOf(w), used: map[string]bool{}}
	b.p = kernels.Program{Layers: c.Layers, KVHeads: c.KVHeads, HeadDim: c.HeadDim, Vocab: c.Vocab, Context: c.Context}
	b.decoder()
	b.nothingLeft()
	if b.err == nil {
		b.err = b.p.Validate()
	}
	if b.err != nil {
		return nil, fmt.Errorf("build %s: %w", c.Architecture, b.err)
	}
	return &b.p, nil
}

// build collects a program and keeps the first thing wrong.
type build struct {
	c     Config
	w     *weights.Model
	names *naming
	p     kernels.Program
	used  map[string]bool // tensors of the file
	err   error
}

func (b *build) op(op kernels.Op) { b.p.Ops = append(b.p.Ops, op) }

func (b *build) buf(name string, width int, out bool) kernels.Buf {
	b.p.Bufs = append(b.p.Bufs, kernels.BufSpec{Name: name, Width: width, OutRows: out})
	return kernels.Buf(len(b.p.Bufs) - 1)
}

func (b *build) add(m kernels.Matrix, err error) kernels.Mat {
	if err != nil && b.err == nil {
		b.err = err
	}
	b.p.Mats = append(b.p.Mats, m)
	return kernels.Mat(len(b.p.Mats) - 1)
}

// matrix is a tensor in its stored type.
func (b *build) matrix(name string, rows, cols int) kernels.Mat {
	b.used[name] = true
	m, err := b.w.Matrix(name, rows, cols)
	if err == nil && cols%m.Type.Block() != 0 {
		err = fmt.Errorf("tensor %q has rows of %d, which %v cannot store in blocks of %d", name, cols, m.Type, m.Type.Block())
	}
	return b.add(m, err)
}

// vector is a tensor widened to F32.
func (b *build) vector(name string, n int) kernels.Mat {
	b.used[name] = true
	return b.add(b.w.Vector(name, n))
}

// bias is a vector, or None where the architecture has none.
func (b *build) bias(has bool, name string, n int) kernels.Mat {
	if !has {
		return kernels.None
	}
	return b.vector(name+".bias", n)
}

// linear is y = W x + b of a layer's part.
func (b *build) linear(x, y kernels.Buf, name string, bias, accumulate bool) {
	cols, rows := b.p.Bufs[x].Width, b.p.Bufs[y].Width
	b.op(kernels.MatMul{X: x, Out: y, W: b.matrix(name+".weight", rows, cols), Bias: b.bias(bias, name, rows), Accumulate: accumulate})
}

func (b *build) norm(x, out kernels.Buf, name string, heads int) {
	b.op(kernels.RMSNorm{X: x, Out: out, W: b.vector(name+".weight", b.p.Bufs[x].Width/max(heads, 1)), Eps: b.c.RMSEps, Heads: heads})
}

func (b *build) decoder() {
	c, n := b.c, b.names
	qWidth, kvWidth := c.Heads*c.HeadDim, c.KVHeads*c.HeadDim
	x, h := b.buf("x", c.Hidden, false), b.buf("h", c.Hidden, false)
	q, k, v := b.buf("q", qWidth, false), b.buf("k", kvWidth, false), b.buf("v", kvWidth, false)
	attended := b.buf("attended", qWidth, false)
	gate, up := b.buf("gate", c.FF, false), b.buf("up", c.FF, false)
	freqs, scale := b.frequencies()

	table := b.matrix(n.embedding+".weight", c.Vocab, c.Hidden)
	b.op(kernels.Embed{Table: table, Out: x})
	for l := range c.Layers {
		if b.err != nil {
			return // a hostile number of layers costs nothing
		}
		b.norm(x, h, n.of(l, attnNorm), 0)
		b.linear(h, q, n.of(l, attnQ), c.QKVBias, false)
		b.linear(h, k, n.of(l, attnK), c.QKVBias, false)
		b.linear(h, v, n.of(l, attnV), c.QKVBias, false)
		if c.QKNorm {
			b.norm(q, q, n.of(l, qNorm), c.Heads)
			b.norm(k, k, n.of(l, kNorm), c.KVHeads)
		}
		rope := kernels.RoPE{Dim: c.HeadDim, Freqs: freqs, Scale: scale, Interleaved: c.RoPE.Interleaved}
		rope.X, rope.Heads = q, c.Heads
		b.op(rope)
		rope.X, rope.Heads = k, c.KVHeads
		b.op(rope)
		b.op(kernels.KVWrite{K: k, V: v, Layer: l})
		b.op(kernels.Attention{
			Q: q, Out: attended, Layer: l, Heads: c.Heads, KVHeads: c.KVHeads, HeadDim: c.HeadDim,
			Scale: float32(1 / math.Sqrt(float64(c.HeadDim))),
		})
		b.linear(attended, x, n.of(l, attnO), c.OutBias, true)
		if l == c.Layers-1 {
			wanted := b.buf("wanted", c.Hidden, true)
			b.op(kernels.Select{X: x, Out: wanted})
			x, h = wanted, b.buf("h of wanted", c.Hidden, true)
			gate, up = b.buf("gate of wanted", c.FF, true), b.buf("up of wanted", c.FF, true)
		}
		b.norm(x, h, n.of(l, mlpNorm), 0)
		b.linear(h, gate, n.of(l, mlpGate), c.MLPBias, false)
		b.linear(h, up, n.of(l, mlpUp), c.MLPBias, false)
		b.op(kernels.SwiGLU{Gate: gate, Up: up, Out: gate})
		b.linear(gate, x, n.of(l, mlpDown), c.MLPBias, true)
	}
	b.norm(x, h, n.norm, 0)
	if !c.Tied {
		table = b.matrix(n.head+".weight", c.Vocab, c.Hidden)
	}
	b.op(kernels.Logits{X: h, W: table})
}

// frequencies are the rotation's, divided by the factors of the file where it has them.
func (b *build) frequencies() (kernels.Mat, float32) {
	f, scale := b.c.RoPE.Frequencies(b.c.HeadDim)
	if b.w.Kind == weights.KindGGUF && b.w.Has(ropeFactors) {
		b.used[ropeFactors] = true
		m, err := b.w.Vector(ropeFactors, len(f))
		if err != nil {
			return b.add(m, err), scale
		}
		for i, v := range floats(m.Data) {
			if !(v > 0) {
				return b.add(m, fmt.Errorf("tensor %q: factor %d is %g, want a positive number", ropeFactors, i, v)), scale
			}
			f[i] /= v
		}
	}
	return b.add(kernels.Matrix{Name: "rope frequencies", Type: kernels.F32, Rows: 1, Cols: len(f), Data: weights.Floats32(f)}, nil), scale
}

func floats(b []byte) []float32 {
	out := make([]float32, len(b)/4)
	for i := range out {
		out[i] = math.Float32frombits(uint32(b[4*i]) | uint32(b[4*i+1])<<8 | uint32(b[4*i+2])<<16 | uint32(b[4*i+3])<<24)
	}
	return out
}

// nothingLeft refuses a file with tensors that the config has no place for: a bias, a norm or a layer that is silently left out
// makes a model that talks, and is wrong.
func (b *build) nothingLeft() {
	if b.err != nil {
		return
	}
	var left []string
	for name := range b.w.Tensors {
		if !b.used[name] && !b.names.ignorable(name, b.c.Tied) {
			left = append(left, name)
		}
	}
	if len(left) > 0 {
		b.err = fmt.Errorf("the weights have %d tensors that a %s of %d layers does not use, the first is %q",
			len(left), b.c.Architecture, b.c.Layers, slices.Min(left))
	}
}
