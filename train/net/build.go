package net

import (
	"fmt"

	"s1/engine/arch"
	"s1/kernels"
)

// build collects a program.
type build struct {
	c      arch.Config
	o      Options
	p      *kernels.TrainProgram
	ops    *[]kernels.TrainOp // where emitted ops go: Forward or Backward
	params map[string]kernels.Param

	embed, norm, head kernels.Param
	layers            []layer
	lowest            int // the first layer that the way back reaches; those below keep nothing

	scratch scratch
	rope    kernels.TrainRoPE // all but its buffer, heads and direction
}

// layer is a layer's parameters and its buffers.
type layer struct {
	attnNorm, mlpNorm, qNorm, kNorm kernels.Param
	q, k, v, o, gate, up, down      linear
	in, mid, out                    kernels.Buf // (N, d): the residual stream before, between attention and MLP, and after
	acts                            *activations
}

// activations are what the gradients of a layer read, beside the residual stream. Outputs of norms and of the SwiGLU are not among
// them: computing them again costs less than keeping them.
type activations struct {
	q, k, v  kernels.Buf // (N, q), (N, k), (N, k): q and k rotated, or, with QKNorm, as projected
	attended kernels.Buf // (N, q)
	lse      kernels.Buf // (N, Heads)
	gate, up kernels.Buf // (N, f)
	inner    [parts]kernels.Buf
}

// scratch are buffers written and read again within one layer, so that all layers share them.
type scratch struct {
	h, act       kernels.Buf         // (N, d), (N, f): output of a norm, and of the SwiGLU; act is also its gradient
	rotQ, rotK   kernels.Buf         // (N, q), (N, k): normed and rotated, with QKNorm
	wanted       kernels.Buf         // (R, d): the residual stream of the wanted rows
	normed, back kernels.Buf         // (R, d): after the last norm, and its gradient
	dx, dh       kernels.Buf         // (N, d): gradients of the residual stream and of h
	dq, dk, dv   kernels.Buf         // (N, q), (N, k), (N, k)
	dAttended    kernels.Buf         // (N, q)
	dUp          kernels.Buf         // (N, f)
	dInner       kernels.Buf         // (N, rank): gradient between the halves of an adapter
	dropped      map[int]kernels.Buf // by width: what dropout leaves of an adapter's input
}

func (b *build) emit(ops ...kernels.TrainOp) { *b.ops = append(*b.ops, ops...) }

func (b *build) buf(name string, width int) kernels.Buf {
	b.p.Bufs = append(b.p.Bufs, kernels.TrainBuf{Name: name, Width: width})
	return kernels.Buf(len(b.p.Bufs) - 1)
}

func (b *build) wantedBuf(name string) kernels.Buf {
	x := b.buf(name, b.c.Hidden)
	b.p.Bufs[x].Wanted = true
	return x
}

// widths of queries, and of keys and values.
func (b *build) widths() (q, k int) { return b.c.Heads * b.c.HeadDim, b.c.KVHeads * b.c.HeadDim }

// buffers decides what is kept, layer by layer, and takes what is shared.
func (b *build) buffers() {
	c, s := b.c, &b.scratch
	q, k := b.widths()
	s.h, s.act = b.buf("h", c.Hidden), b.buf("act", c.FF)
	if c.QKNorm {
		s.rotQ, s.rotK = b.buf("rotated q", q), b.buf("rotated k", k)
	}
	s.wanted, s.normed, s.back = b.wantedBuf("wanted"), b.wantedBuf("normed"), b.wantedBuf("d normed")
	s.dropped = map[int]kernels.Buf{}
	if b.lowest < c.Layers {
		s.dx, s.dh, s.dUp = b.buf("dx", c.Hidden), b.buf("dh", c.Hidden), b.buf("d up", c.FF)
		s.dq, s.dk, s.dv, s.dAttended = b.buf("dq", q), b.buf("dk", k), b.buf("dv", k), b.buf("d attended", q)
		if b.o.LoRA != nil {
			s.dInner = b.buf("d inner", b.o.LoRA.Rank)
		}
	}

	var shared *activations
	mid := kernels.NoBuf
	x := b.buf("x", c.Hidden)
	for l := range b.layers {
		y := &b.layers[l]
		y.in, y.mid, y.out = x, x, x
		if (l < b.lowest || b.o.Checkpoint) && shared == nil {
			shared = b.activations("shared")
		}
		y.acts = shared
		if l < b.lowest {
			continue // in place: nobody comes back for it
		}
		if !b.o.Checkpoint {
			y.acts = b.activations(fmt.Sprintf("layer %d", l))
			mid = kernels.NoBuf
		}
		if mid == kernels.NoBuf {
			mid = b.buf("mid", c.Hidden)
		}
		y.mid, y.out = mid, b.buf("x", c.Hidden)
		x = y.out
	}
}

func (b *build) activations(of string) *activations {
	q, k := b.widths()
	a := &activations{
		q: b.buf(of+" q", q), k: b.buf(of+" k", k), v: b.buf(of+" v", k),
		attended: b.buf(of+" attended", q), lse: b.buf(of+" lse", b.c.Heads),
		gate: b.buf(of+" gate", b.c.FF), up: b.buf(of+" up", b.c.FF),
	}
	for part := range a.inner {
		a.inner[part] = kernels.NoBuf
		if b.layers[0].linears()[part].a != kernels.NoParam {
			a.inner[part] = b.buf(fmt.Sprintf("%s A x of %s", of, partNames[part]), b.o.LoRA.Rank)
		}
	}
	return a
}
