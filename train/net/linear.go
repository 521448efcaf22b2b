package net

import "s1/kernels"

// apply is y = W x + bias + scale B A dropout(x), or with add y += the same. x (N, in), y (N, out).
func (b *build) apply(l linear, acts *activations, x, y kernels.Buf, add bool) {
	b.emit(kernels.TrainMatMul{X: x, Out: y, W: l.w, Bias: l.bias, Scale: 1, Accumulate: add})
	if l.a == kernels.NoParam {
		return
	}
	b.enter(l, acts, x)
	b.emit(kernels.TrainMatMul{X: acts.inner[l.part], Out: y, W: l.b, Bias: kernels.NoParam, Scale: float32(b.o.LoRA.Scale()), Accumulate: true})
}

// enter is the first half of an adapter: A dropout(x), (N, rank).
func (b *build) enter(l linear, acts *activations, x kernels.Buf) {
	b.emit(kernels.TrainMatMul{X: b.drop(l, x), Out: acts.inner[l.part], W: l.a, Bias: kernels.NoParam, Scale: 1})
}

// drop gives the adapter's input: x, or what dropout leaves of it. Emitted again it leaves the same.
func (b *build) drop(l linear, x kernels.Buf) kernels.Buf {
	rate := float32(b.o.LoRA.Dropout)
	if rate == 0 {
		return x
	}
	out := b.droppedOf(x)
	b.emit(kernels.TrainDropout{X: x, Out: out, Rate: rate, Stream: l.stream})
	return out
}

func (b *build) droppedOf(x kernels.Buf) kernels.Buf {
	width := b.p.Bufs[x].Width
	if _, ok := b.scratch.dropped[width]; !ok {
		b.scratch.dropped[width] = b.buf("dropped", width)
	}
	return b.scratch.dropped[width]
}

// readsInput says whether the gradients of a matrix and its adapter read x.
func (b *build) readsInput(l linear) bool { return b.trained(l.w, l.a) }

// learn is the gradient of a matrix and its bias, where they are trained: what reads x. Those of matrices that read the same x are
// emitted one after another, so that an executor prepares it once.
func (b *build) learn(l linear, x, dy kernels.Buf) {
	if w, bias := b.ifTrained(l.w), b.ifTrained(l.bias); w != kernels.NoParam || bias != kernels.NoParam {
		b.emit(kernels.TrainMatMulGradW{X: x, DOut: dy, W: w, Bias: bias, Scale: 1})
	}
}

// unapply is the rest of the way back of apply: gradients of the adapter, and with want dx (N, in) = (with add: +=) dy W and what comes
// through the adapter. dx may be x: it is written when x is done with.
func (b *build) unapply(l linear, acts *activations, x, dy, dx kernels.Buf, want, add bool) {
	dInner := b.scratch.dInner // (N, rank)
	if l.a != kernels.NoParam {
		scale := float32(b.o.LoRA.Scale())
		if b.trained(l.b) {
			b.emit(kernels.TrainMatMulGradW{X: acts.inner[l.part], DOut: dy, W: l.b, Bias: kernels.NoParam, Scale: scale})
		}
		if want || b.trained(l.a) {
			b.emit(kernels.TrainMatMulGradX{DOut: dy, DX: dInner, W: l.b, Scale: scale})
		}
		if b.trained(l.a) {
			b.emit(kernels.TrainMatMulGradW{X: b.drop(l, x), DOut: dInner, W: l.a, Bias: kernels.NoParam, Scale: 1})
		}
	}
	if !want {
		return
	}
	b.emit(kernels.TrainMatMulGradX{DOut: dy, DX: dx, W: l.w, Scale: 1, Accumulate: add})
	switch {
	case l.a == kernels.NoParam:
	case b.o.LoRA.Dropout == 0:
		b.emit(kernels.TrainMatMulGradX{DOut: dInner, DX: dx, W: l.a, Scale: 1, Accumulate: true})
	default:
		d := b.droppedOf(dx)
		b.emit(
			kernels.TrainMatMulGradX{DOut: dInner, DX: d, W: l.a, Scale: 1},
			kernels.TrainDropout{X: d, Out: dx, Rate: float32(b.o.LoRA.Dropout), Stream: l.stream, Accumulate: true},
		)
	}
}

func (b *build) ifTrained(p kernels.Param) kernels.Param {
	if b.trained(p) {
		return p
	}
	return kernels.NoParam
}
