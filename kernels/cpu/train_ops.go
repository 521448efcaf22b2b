//go:build cgo

package cpu

/*
#include "train.h"
*/
import "C"

import (
	"context"
	"fmt"
	"time"
	"unsafe"

	"s1/kernels"
)

// step is a micro-batch on its way through the ops.
type step struct {
	t     *Trainer
	b     *kernels.TrainBatch
	n, r  C.int
	grads bool
	from  kernels.Buf // what the next product is added to, where that is not its output: a copy it saves; NoBuf
	read  kernels.Buf // X of the gradient of a weight that was the last op, which the trainer has packed; NoBuf
}

func (s *step) buf(b kernels.Buf) *C.float        { return ptr(s.t.bufs[b]) }
func (s *step) weight(p kernels.Param) *C.float   { return s.slot(kernels.SlotWeight, p) }
func (s *step) gradient(p kernels.Param) *C.float { return s.slot(kernels.SlotGradient, p) }

// slot is nil for an absent parameter and for the gradient of a frozen one.
func (s *step) slot(slot kernels.Slot, p kernels.Param) *C.float {
	if p == kernels.NoParam {
		return nil
	}
	return ptr(s.t.slots[slot][p])
}

// rows is how many rows a buffer has in this micro-batch.
func (s *step) rows(b kernels.Buf) C.int {
	if s.t.p.Bufs[b].Wanted {
		return s.r
	}
	return s.n
}

func (s *step) width(b kernels.Buf) C.int { return C.int(s.t.p.Bufs[b].Width) }

func (s *step) id(i int) *C.int32_t { return (*C.int32_t)(unsafe.SliceData(s.t.ids[i])) }

// all does ops in order. A copy whose target the next product adds to is left to that product: it reads the one and writes the other.
func (s *step) all(ctx context.Context, ops []kernels.TrainOp) error {
	s.from, s.read = kernels.NoBuf, kernels.NoBuf
	for i, op := range ops {
		if c, ok := op.(kernels.TrainDropout); ok && i+1 < len(ops) && s.copies(c) {
			if next, ok := ops[i+1].(kernels.TrainMatMul); ok && next.Accumulate && next.Out == c.Out && next.X != c.Out {
				s.from = c.X
				continue
			}
		}
		if err := s.run(ctx, op); err != nil {
			return err
		}
		s.from, s.read = kernels.NoBuf, kernels.NoBuf
		if w, ok := op.(kernels.TrainMatMulGradW); ok {
			s.read = w.X
		}
	}
	return nil
}

// copies says whether an op is a copy of a buffer here: dropout of nothing.
func (s *step) copies(o kernels.TrainDropout) bool {
	return !o.Accumulate && (o.Rate == 0 || !s.grads) && s.t.p.Bufs[o.X].Width == s.t.p.Bufs[o.Out].Width
}

// run does one op. Ops are short, so a cancelled context is looked at between them.
func (s *step) run(ctx context.Context, op kernels.TrainOp) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.t.watch != nil {
		defer func(begin time.Time) { s.t.watch(op, time.Since(begin)) }(time.Now())
	}
	t, rc := s.t.c, C.int(0)
	switch o := op.(type) {
	case kernels.TrainEmbed:
		rc = C.s1_t_embed(t, s.n, s.width(o.Out), s.id(0), s.weight(o.Table), s.buf(o.Out))
	case kernels.TrainEmbedGrad:
		if g := s.gradient(o.Table); g != nil {
			rc = C.s1_t_embed_grad(t, s.n, s.width(o.DOut), s.id(0), s.buf(o.DOut), g)
		}
	case kernels.TrainNorm:
		rc = C.s1_t_norm(t, s.rows(o.X), s.width(o.X), C.int(o.Heads), C.float(o.Eps), s.buf(o.X), s.weight(o.W), s.buf(o.Out))
	case kernels.TrainNormGrad:
		rc = C.s1_t_norm_grad(t, s.rows(o.X), s.width(o.X), C.int(o.Heads), C.float(o.Eps), s.buf(o.X), s.weight(o.W), s.buf(o.DOut),
			s.buf(o.DX), s.gradient(o.W), truth(o.Accumulate))
	case kernels.TrainMatMul, kernels.TrainMatMulGradX, kernels.TrainMatMulGradW:
		rc = s.product(op)
	case kernels.TrainRoPE:
		rc = C.s1_t_rope(t, s.n, C.int(o.Heads), C.int(o.Dim), truth(o.Interleaved), s.id(1), s.t.ropes[tableOf(o)], s.buf(o.X))
	case kernels.TrainAttention:
		a := s.attention(o.Q, o.K, o.V, o.Out, o.LSE, o.Heads, o.KVHeads, o.HeadDim, o.Scale)
		rc = C.s1_t_attention(t, &a)
	case kernels.TrainAttentionGrad:
		a := s.attention(o.Q, o.K, o.V, o.Out, o.LSE, o.Heads, o.KVHeads, o.HeadDim, o.Scale)
		a.dout, a.dq, a.dk, a.dv = s.buf(o.DOut), s.buf(o.DQ), s.buf(o.DK), s.buf(o.DV)
		rc = C.s1_t_attention_grad(t, &a)
	case kernels.TrainSwiGLU:
		rc = C.s1_t_swiglu(t, s.rows(o.Gate), s.width(o.Gate), s.buf(o.Gate), s.buf(o.Up), s.buf(o.Out))
	case kernels.TrainSwiGLUGrad:
		rc = C.s1_t_swiglu_grad(t, s.rows(o.Gate), s.width(o.Gate), s.buf(o.Gate), s.buf(o.Up), s.buf(o.DOut), s.buf(o.DGate), s.buf(o.DUp))
	case kernels.TrainSelect:
		rc = C.s1_t_select(t, s.r, s.width(o.X), s.id(2), s.buf(o.X), s.buf(o.Out))
	case kernels.TrainSelectGrad:
		rc = C.s1_t_select_grad(t, s.n, s.r, s.width(o.DX), s.id(2), s.buf(o.DOut), s.buf(o.DX))
	case kernels.TrainDropout:
		rate := C.float(o.Rate)
		if !s.grads {
			rate = 0
		}
		rc = C.s1_t_dropout(t, s.rows(o.X), s.width(o.X), rate, C.uint64_t(s.b.Seed), C.uint64_t(o.Stream), s.buf(o.X), s.buf(o.Out), truth(o.Accumulate))
	case kernels.TrainLoss:
		l := C.s1_t_loss_op{
			r: s.r, d: s.width(o.X), v: C.int(s.t.p.Params[o.W].Rows), chunk: C.int(max(o.Chunk, 1)), x: s.buf(o.X), w: s.weight(o.W), targets: s.id(3),
			weights: ptr(s.t.floats[0]), scale: C.float(s.b.Scale), nll: ptr(s.t.floats[1]), entropy: ptr(s.t.floats[2]),
			argmax: (*C.int32_t)(unsafe.SliceData(s.t.argmax)),
		}
		if s.grads {
			l.dx, l.dw = s.buf(o.DX), s.gradient(o.W)
		}
		rc = C.s1_t_loss(t, &l)
	default:
		return fmt.Errorf("cpu trainer: no op %T", op)
	}
	if rc != 0 {
		return fmt.Errorf("cpu trainer: %T of %d rows: %w", op, s.n, errNoMemory)
	}
	return nil
}

func (s *step) attention(q, k, v, out, lse kernels.Buf, heads, kvHeads, dim int, scale float32) C.s1_t_attn {
	return C.s1_t_attn{
		docs: C.int(len(s.b.Docs) - 1), heads: C.int(heads), kvheads: C.int(kvHeads), dim: C.int(dim),
		doc: (*C.int32_t)(unsafe.SliceData(s.t.docs)), scale: C.float(scale), q: s.buf(q), k: s.buf(k), v: s.buf(v), out: s.buf(out), lse: s.buf(lse),
	}
}

// product runs a matrix product and its two gradients. All arrays are row major, so a transpose is a swap of strides.
func (s *step) product(op kernels.TrainOp) C.int {
	t := s.t.c
	switch o := op.(type) {
	case kernels.TrainMatMul:
		rows, cols := s.width(o.Out), s.width(o.X)
		g := C.s1_gemm{
			m: s.rows(o.X), n: rows, k: cols, a: s.buf(o.X), ars: C.ptrdiff_t(cols), acs: 1, b: s.weight(o.W), brs: 1, bcs: C.ptrdiff_t(cols),
			c: s.buf(o.Out), ldc: C.ptrdiff_t(rows), scale: C.float(o.Scale), bias: s.weight(o.Bias),
		}
		if o.Accumulate {
			g.add = g.c
		}
		if s.from != kernels.NoBuf {
			g.add = s.buf(s.from)
		}
		return C.s1_t_gemm(t, &g)
	case kernels.TrainMatMulGradX:
		rows, cols := s.width(o.DOut), s.width(o.DX)
		g := C.s1_gemm{
			m: s.rows(o.DOut), n: cols, k: rows, a: s.buf(o.DOut), ars: C.ptrdiff_t(rows), acs: 1, b: s.weight(o.W), brs: C.ptrdiff_t(cols), bcs: 1,
			c: s.buf(o.DX), ldc: C.ptrdiff_t(cols), scale: C.float(o.Scale),
		}
		if o.Accumulate {
			g.add = g.c
		}
		return C.s1_t_gemm(t, &g)
	case kernels.TrainMatMulGradW:
		rows, cols := s.width(o.DOut), s.width(o.X)
		if bias := s.gradient(o.Bias); bias != nil {
			if rc := C.s1_t_bias_grad(t, s.rows(o.DOut), rows, s.buf(o.DOut), bias); rc != 0 {
				return rc
			}
		}
		w := s.gradient(o.W)
		if w == nil {
			return 0
		}
		g := C.s1_gemm{
			m: rows, n: cols, k: s.rows(o.DOut), a: s.buf(o.DOut), ars: 1, acs: C.ptrdiff_t(rows), b: s.buf(o.X), brs: C.ptrdiff_t(cols), bcs: 1,
			c: w, ldc: C.ptrdiff_t(cols), scale: C.float(o.Scale), add: w, packed: truth(s.read == o.X),
		}
		return C.s1_t_gemm(t, &g)
	}
	return 0
}

func truth(b bool) C.int {
	if b {
		return 1
	}
	return 0
}

// cint is for tests, which may not import C.
func cint(n int) C.int { return C.int(n) }
