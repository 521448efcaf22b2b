//go:build cgo

package cpu

/*
#include "exec.h"
*/
import "C"

import (
	"slices"
	"unsafe"

	"s1/kernels"
)

// lowering turns ops into stages. Row ops go to the end of the last stage as long as they work on the same rows.
type lowering struct {
	p      *kernels.Program
	isa    C.int
	mats   []*C.s1_mat // by kernels.Mat; nil for vectors
	vec    []*C.float  // by kernels.Mat; nil for what is multiplied
	buf    func(kernels.Buf) *C.float
	panel  func(panelKey) unsafe.Pointer // memory of packed activations
	rope   func(ropeKey) *C.float        // memory of a table of cosines and sines
	stages []C.s1_stage
	rows   []C.s1_rowop
	muls   []C.s1_mul

	packed  map[panelKey]bool // panels that hold the present contents of their buffer
	prefill int               // stages up to the last KVWrite
	read    int64
}

type panelKey struct {
	buf  kernels.Buf
	kind C.int // s1_act_kind
}

type ropeKey struct {
	freqs kernels.Mat
	scale float32
	dim   int
}

// row appends a row op.
func (l *lowering) row(outRows bool, op C.s1_rowop) {
	last := len(l.stages) - 1
	if last < 0 || l.stages[last].kind != C.S1_STAGE_ROWS || (l.stages[last].out_rows != 0) != outRows {
		l.stage(C.s1_stage{kind: C.S1_STAGE_ROWS, first: C.int(len(l.rows))}, outRows)
		last++
	}
	l.rows = append(l.rows, op)
	l.stages[last].count++
}

func (l *lowering) stage(s C.s1_stage, outRows bool) {
	if outRows {
		s.out_rows = 1
	}
	l.stages = append(l.stages, s)
}

func (l *lowering) width(b kernels.Buf) C.int  { return C.int(l.p.Bufs[b].Width) }
func (l *lowering) outRows(b kernels.Buf) bool { return l.p.Bufs[b].OutRows }
func (l *lowering) kind(m kernels.Mat) C.int   { return C.s1_act_kind(l.isa, l.mats[m].layout) }
func (l *lowering) wrote(b kernels.Buf) {
	for k := range l.packed {
		if k.buf == b {
			delete(l.packed, k)
		}
	}
}

func (l *lowering) program() {
	for _, op := range l.p.Ops { // the tables of all rotations come first, once for all layers
		if o, ok := op.(kernels.RoPE); ok {
			l.ropeTable(o)
		}
	}
	for i := 0; i < len(l.p.Ops); {
		switch o := l.p.Ops[i].(type) {
		case kernels.MatMul:
			group := l.independent(i)
			l.matMuls(group)
			i += len(group)
			continue
		case kernels.Embed:
			l.row(false, C.s1_rowop{kind: C.S1_OP_EMBED, mat: l.mats[o.Table], out: l.buf(o.Out), width: l.width(o.Out)})
			l.wrote(o.Out)
		case kernels.RMSNorm:
			l.row(l.outRows(o.X), C.s1_rowop{
				kind: C.S1_OP_NORM, x: l.buf(o.X), out: l.buf(o.Out), width: l.width(o.X), w: l.vec[o.W],
				eps: C.float(o.Eps), heads: C.int(o.Heads),
			})
			l.wrote(o.Out)
		case kernels.RoPE:
			l.row(false, C.s1_rowop{
				kind: C.S1_OP_ROPE, out: l.buf(o.X), width: l.width(o.X), w: l.rope(ropeKey{o.Freqs, o.Scale, o.Dim}),
				heads: C.int(o.Heads), dim: C.int(o.Dim), interleaved: cbool(o.Interleaved),
			})
			l.wrote(o.X)
		case kernels.KVWrite:
			l.row(false, C.s1_rowop{kind: C.S1_OP_KV, x: l.buf(o.K), y: l.buf(o.V), width: l.width(o.K), layer: C.int(o.Layer)})
			l.prefill = len(l.stages)
		case kernels.Attention:
			l.stage(C.s1_stage{
				kind: C.S1_STAGE_ATTEND, layer: C.int(o.Layer), heads: C.int(o.Heads), scale: C.float(o.Scale),
				q: l.buf(o.Q), out: l.buf(o.Out),
			}, false)
			l.row(false, C.s1_rowop{kind: C.S1_OP_FOLD, out: l.buf(o.Out), width: l.width(o.Out), heads: C.int(o.Heads)})
			l.wrote(o.Out)
		case kernels.SwiGLU:
			l.row(l.outRows(o.Out), C.s1_rowop{kind: C.S1_OP_SWIGLU, x: l.buf(o.Gate), y: l.buf(o.Up), out: l.buf(o.Out), width: l.width(o.Out)})
			l.wrote(o.Out)
		case kernels.Select:
			l.row(true, C.s1_rowop{kind: C.S1_OP_SELECT, x: l.buf(o.X), out: l.buf(o.Out), width: l.width(o.X)})
			l.wrote(o.Out)
		case kernels.Logits:
			l.logits(o)
		}
		i++
	}
}

// independent returns the matrix products from op i on that need not wait for each other.
func (l *lowering) independent(i int) []kernels.MatMul {
	var group []kernels.MatMul
	for _, op := range l.p.Ops[i:] {
		o, ok := op.(kernels.MatMul)
		if !ok || slices.ContainsFunc(group, func(g kernels.MatMul) bool {
			return g.Out == o.X || g.Out == o.Out || g.X == o.Out || l.outRows(g.X) != l.outRows(o.X)
		}) {
			break
		}
		group = append(group, o)
	}
	return group
}

func (l *lowering) matMuls(group []kernels.MatMul) {
	for _, o := range group {
		l.pack(o.X, o.W)
	}
	l.stage(C.s1_stage{kind: C.S1_STAGE_MATMUL, first: C.int(len(l.muls)), count: C.int(len(group))}, l.outRows(group[0].X))
	for _, o := range group {
		mul := C.s1_mul{
			mat: l.mats[o.W], act: l.panel(panelKey{o.X, l.kind(o.W)}), out: l.buf(o.Out), ldo: l.width(o.Out),
			accumulate: cbool(o.Accumulate),
		}
		if o.Bias != kernels.None {
			mul.bias = l.vec[o.Bias]
		}
		l.muls = append(l.muls, mul)
		l.read += int64(mul.mat.bytes)
		l.wrote(o.Out)
	}
}

// pack has the buffer's rows in the form that the matrix multiplies.
func (l *lowering) pack(b kernels.Buf, w kernels.Mat) {
	key := panelKey{b, l.kind(w)}
	if l.packed[key] {
		return
	}
	l.row(l.outRows(b), C.s1_rowop{kind: C.S1_OP_PACK, x: l.buf(b), width: l.width(b), layout: l.mats[w].layout, act: l.panel(key)})
	l.packed[key] = true
}

func (l *lowering) ropeTable(o kernels.RoPE) {
	key := ropeKey{o.Freqs, o.Scale, o.Dim}
	table := l.rope(key)
	for _, r := range l.rows {
		if r.kind == C.S1_OP_ROPE_TABLE && r.out == table {
			return
		}
	}
	l.row(false, C.s1_rowop{kind: C.S1_OP_ROPE_TABLE, out: table, w: l.vec[o.Freqs], dim: C.int(o.Dim), scale: C.float(o.Scale)})
}

func (l *lowering) logits(o kernels.Logits) {
	l.pack(o.X, o.W)
	l.stage(C.s1_stage{kind: C.S1_STAGE_MATMUL, first: C.int(len(l.muls)), count: 1}, true)
	l.muls = append(l.muls, C.s1_mul{
		mat: l.mats[o.W], act: l.panel(panelKey{o.X, l.kind(o.W)}), ldo: C.int(l.p.Vocab), to_logits: 1,
	})
	l.read += int64(l.mats[o.W].bytes)
	l.stage(C.s1_stage{kind: C.S1_STAGE_STATS}, true)
	l.stage(C.s1_stage{kind: C.S1_STAGE_FINISH}, true)
}

func cbool(b bool) C.int {
	if b {
		return 1
	}
	return 0
}
