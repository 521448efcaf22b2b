package net

import (
	"math"

	"s1/kernels"
)

// forward is the composition of engine/arch, with the residual stream copied where a gradient reads it later.
func (b *build) forward() {
	b.ops = &b.p.Forward
	s := &b.scratch
	b.emit(kernels.TrainEmbed{Table: b.embed, Out: b.layers[0].in})
	for l := range b.layers {
		y := &b.layers[l]
		b.inner(y)
		b.copy(y.mid, y.out)
		b.apply(y.down, y.acts, s.act, y.out, true) // out = mid + Wdown act
	}
	// Rows without a target end here: neither the norm nor the head, which is most of a small model, sees them.
	b.emit(kernels.TrainSelect{X: b.layers[len(b.layers)-1].out, Out: s.wanted})
	b.normOf(s.wanted, s.normed, b.norm, 0)
	b.emit(kernels.TrainLoss{X: s.normed, DX: s.back, W: b.head, Chunk: b.o.LossChunk})
}

// inner is a layer up to what its last matrix reads: all that a checkpoint has to compute again.
//
//	mid = in + Wo attention(rope(norm(Wq h)), rope(norm(Wk h)), Wv h)   with h = norm(in); the inner norms are Qwen3's
//	act = silu(Wgate h) * Wup h                                         with h = norm(mid)
func (b *build) inner(y *layer) {
	s, a := &b.scratch, y.acts
	b.normOf(y.in, s.h, y.attnNorm, 0)
	b.apply(y.q, a, s.h, a.q, false)
	b.apply(y.k, a, s.h, a.k, false)
	b.apply(y.v, a, s.h, a.v, false)
	q, k := b.rotated(y)
	b.emit(kernels.TrainAttention{
		Q: q, K: k, V: a.v, Out: a.attended, LSE: a.lse, Heads: b.c.Heads, KVHeads: b.c.KVHeads, HeadDim: b.c.HeadDim, Scale: b.attentionScale(),
	})
	b.copy(y.in, y.mid)
	b.apply(y.o, a, a.attended, y.mid, true)
	b.normOf(y.mid, s.h, y.mlpNorm, 0)
	b.apply(y.gate, a, s.h, a.gate, false)
	b.apply(y.up, a, s.h, a.up, false)
	b.emit(kernels.TrainSwiGLU{Gate: a.gate, Up: a.up, Out: s.act})
}

// rotated gives q and k as attention reads them: in place, or, with QKNorm, beside the projections that the norm's gradient needs.
func (b *build) rotated(y *layer) (q, k kernels.Buf) {
	q, k = b.rotatedBufs(y)
	if b.c.QKNorm {
		b.normOf(y.acts.q, q, y.qNorm, b.c.Heads)
		b.normOf(y.acts.k, k, y.kNorm, b.c.KVHeads)
	}
	b.rotate(q, b.c.Heads, false)
	b.rotate(k, b.c.KVHeads, false)
	return q, k
}

func (b *build) rotatedBufs(y *layer) (q, k kernels.Buf) {
	if b.c.QKNorm {
		return b.scratch.rotQ, b.scratch.rotK
	}
	return y.acts.q, y.acts.k
}

func (b *build) rotate(x kernels.Buf, heads int, inverse bool) {
	r := b.rope
	r.X, r.Heads, r.Inverse = x, heads, inverse
	b.emit(r)
}

func (b *build) normOf(x, out kernels.Buf, w kernels.Param, heads int) {
	b.emit(kernels.TrainNorm{X: x, Out: out, W: w, Eps: b.c.RMSEps, Heads: heads})
}

// copy leaves the source for a gradient. Dropout of nothing is a copy.
func (b *build) copy(from, to kernels.Buf) {
	if from != to {
		b.emit(kernels.TrainDropout{X: from, Out: to})
	}
}

func (b *build) attentionScale() float32 { return float32(1 / math.Sqrt(float64(b.c.HeadDim))) }
