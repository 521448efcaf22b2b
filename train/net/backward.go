package net

import "s1/kernels"

// backward begins from the gradient that the loss left, and ends where nothing below is trained.
func (b *build) backward() {
	b.ops = &b.p.Backward
	s, last := &b.scratch, len(b.layers)-1
	if b.lowest <= last || b.trained(b.norm) {
		b.unnorm(s.wanted, s.back, s.back, b.norm, 0, false)
	}
	if b.lowest > last {
		return
	}
	b.emit(kernels.TrainSelectGrad{DOut: s.back, DX: s.dx})
	for l := last; l >= b.lowest; l-- {
		y := &b.layers[l]
		// The scratch of the last layer is as forward left it, and so are the shared activations.
		fresh := l == last
		if b.o.Checkpoint && !fresh {
			b.inner(y)
			if b.trained(y.down.b) { // the gradient of B reads A act, which inner stops short of
				b.enter(y.down, y.acts, s.act)
			}
			fresh = true
		}
		below := l > b.lowest || b.trained(b.embed)
		if b.unMLP(y, fresh, below) {
			b.unattend(y, fresh, below)
		}
	}
	if b.trained(b.embed) {
		b.emit(kernels.TrainEmbedGrad{DOut: s.dx, Table: b.embed})
	}
}

// unMLP turns dx from the gradient of the layer's output into that of mid. fresh: h and act are this layer's. It says whether anything
// is left to do below mid in this layer.
func (b *build) unMLP(y *layer, fresh, below bool) bool {
	s, a := &b.scratch, y.acts
	mid := below || b.belowAttention(y) || b.learns(y.o)
	h := mid || b.trained(y.mlpNorm)
	act := h || b.learns(y.gate) || b.learns(y.up)
	if b.readsInput(y.down) && !fresh {
		b.emit(kernels.TrainSwiGLU{Gate: a.gate, Up: a.up, Out: s.act})
	}
	b.learn(y.down, s.act, s.dx)
	b.unapply(y.down, a, s.act, s.dx, s.act, act, false) // act becomes its gradient
	if act {
		b.emit(kernels.TrainSwiGLUGrad{Gate: a.gate, Up: a.up, DOut: s.act, DGate: s.act, DUp: s.dUp})
		if (b.readsInput(y.gate) || b.readsInput(y.up)) && !fresh {
			b.normOf(y.mid, s.h, y.mlpNorm, 0)
		}
		b.learn(y.gate, s.h, s.act)
		b.learn(y.up, s.h, s.dUp)
		b.unapply(y.gate, a, s.h, s.act, s.dh, h, false)
		b.unapply(y.up, a, s.h, s.dUp, s.dh, h, true)
	}
	if h {
		b.unnorm(y.mid, s.dh, s.dx, y.mlpNorm, 0, true)
	}
	return mid
}

// belowAttention says whether anything of the layer before its attention gets a gradient.
func (b *build) belowAttention(y *layer) bool {
	return b.trained(y.attnNorm, y.qNorm, y.kNorm) || b.learns(y.q) || b.learns(y.k) || b.learns(y.v)
}

// unattend turns dx from the gradient of mid into that of the layer's input.
func (b *build) unattend(y *layer, fresh, below bool) {
	s, a, c := &b.scratch, y.acts, b.c
	attended := below || b.belowAttention(y)
	b.learn(y.o, a.attended, s.dx)
	b.unapply(y.o, a, a.attended, s.dx, s.dAttended, attended, false)
	if !attended {
		return
	}
	q, k := b.rotatedBufs(y)
	if c.QKNorm && !fresh {
		q, k = b.rotated(y)
	}
	b.emit(kernels.TrainAttentionGrad{
		Q: q, K: k, V: a.v, Out: a.attended, LSE: a.lse, DOut: s.dAttended, DQ: s.dq, DK: s.dk, DV: s.dv,
		Heads: c.Heads, KVHeads: c.KVHeads, HeadDim: c.HeadDim, Scale: b.attentionScale(),
	})
	if b.readsInput(y.q) || b.readsInput(y.k) || b.readsInput(y.v) {
		b.normOf(y.in, s.h, y.attnNorm, 0)
	}
	h := below || b.trained(y.attnNorm)
	ofQ, ofK := h || b.learns(y.q) || b.trained(y.qNorm), h || b.learns(y.k) || b.trained(y.kNorm)
	if ofQ {
		b.unrotate(a.q, s.dq, y.qNorm, c.Heads)
	}
	if ofK {
		b.unrotate(a.k, s.dk, y.kNorm, c.KVHeads)
	}
	b.learn(y.q, s.h, s.dq)
	b.learn(y.k, s.h, s.dk)
	b.learn(y.v, s.h, s.dv)
	if ofQ {
		b.unapply(y.q, a, s.h, s.dq, s.dh, h, false)
	}
	if ofK {
		b.unapply(y.k, a, s.h, s.dk, s.dh, h, true)
	}
	b.unapply(y.v, a, s.h, s.dv, s.dh, h, true)
	if h {
		b.unnorm(y.in, s.dh, s.dx, y.attnNorm, 0, true)
	}
}

// unrotate turns the gradient of a rotated projection x into that of x, in place.
func (b *build) unrotate(x, dx kernels.Buf, norm kernels.Param, heads int) {
	b.rotate(dx, heads, true)
	if norm != kernels.NoParam {
		b.unnorm(x, dx, dx, norm, heads, false)
	}
}

func (b *build) unnorm(x, dy, dx kernels.Buf, w kernels.Param, heads int, add bool) {
	b.emit(kernels.TrainNormGrad{X: x, DOut: dy, DX: dx, W: w, Eps: b.c.RMSEps, Heads: heads, Accumulate: add})
}
