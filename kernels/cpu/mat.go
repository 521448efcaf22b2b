//go:build cgo

package cpu

/*
#cgo CFLAGS: -O3 -std=gnu11
#cgo linux LDFLAGS: -lm
#include <stdlib.h>
#include "mat_block.h"
*/
import "C"

import (
	"fmt"
	"unsafe"

	"s1/kernels"
)

// Kinds of packed activations.
const (
	actI16  = C.S1_ACT_I16
	actF32  = C.S1_ACT_F32
	actBF16 = C.S1_ACT_BF16
)

func actKind(isa, layout int) int { return int(C.s1_act_kind(C.int(isa), C.int(layout))) }

// bestISA is the widest instruction set of this machine; smaller numbers are included in it.
func bestISA() int { return int(C.s1_isa_best()) }

// Numbers of instruction sets.
const (
	isaAVX2   = C.S1_ISA_AVX2
	isaAVX512 = C.S1_ISA_AVX512
	isaAMX    = C.S1_ISA_AMX
)

// isaName is "c", "avx2", "avx512", "avx512-vnni", "avx512-bf16" or "amx", or "" for a number that is none.
func isaName(isa int) string {
	if p := C.s1_isa_name(C.int(isa)); p != nil {
		return C.GoString(p)
	}
	return ""
}

// isaByName finds the instruction set a user forces by name; an unknown or absent one is an error.
func isaByName(name string) (int, error) {
	best, have := bestISA(), ""
	for isa := 0; isa <= best; isa++ {
		if isaName(isa) == name {
			return isa, nil
		}
		have += " " + isaName(isa)
	}
	return 0, fmt.Errorf("no instruction set %q on this machine; it has%s", name, have)
}

// weightModes are the numbers of backend.Options.Weights.
var weightModes = map[string]C.int{"": C.S1_MODE_AUTO, "auto": C.S1_MODE_AUTO, "exact": C.S1_MODE_EXACT, "q8": C.S1_MODE_Q8}

// packed is one matrix in C's layout and memory.
type packed struct{ m C.s1_mat }

// planMatrix chooses the layout of a matrix and takes memory for it; free gives it back.
func planMatrix(t kernels.DType, weights string, rows, cols int) (*packed, error) {
	mode, ok := weightModes[weights]
	if !ok {
		return nil, fmt.Errorf("weights %q: want auto, exact or q8", weights)
	}
	p := new(packed)
	if C.s1_mat_plan(C.int(t), mode, C.int(rows), C.int(cols), &p.m) != 0 {
		return nil, fmt.Errorf("pack %v matrix of %d x %d: no layout for it", t, rows, cols)
	}
	if p.m.data = alignedAlloc(int(p.m.bytes)); p.m.data == nil {
		return nil, fmt.Errorf("pack %v matrix of %d x %d: no memory for %d bytes", t, rows, cols, int(p.m.bytes))
	}
	return p, nil
}

// alignedAlloc is C memory at a multiple of 64.
func alignedAlloc(n int) unsafe.Pointer { return C.aligned_alloc(64, C.size_t((n+127)&^63)) }

func (p *packed) free() { C.free(p.m.data) }

func (p *packed) strips() int { return int(p.m.strips) }
func (p *packed) layout() int { return int(p.m.layout) }
func (p *packed) bytes() int  { return int(p.m.bytes) }

// pack fills strips [s0, s1) from the bytes of the whole matrix in its file.
func (p *packed) pack(src []byte, s0, s1 int) {
	C.s1_mat_pack(&p.m, unsafe.Pointer(unsafe.SliceData(src)), C.int(s0), C.int(s1))
}

// row dequantises one row.
func (p *packed) row(i int, out []float32) {
	C.s1_mat_row(&p.m, C.int(i), (*C.float)(unsafe.SliceData(out)))
}

// panel is n packed activation vectors, in C's memory.
type panel struct {
	data unsafe.Pointer
	n    int
}

// packActivations packs x (n, ldx), of which cols are used, as the layout wants them under isa.
func packActivations(isa, layout int, x []float32, ldx, n, cols int) panel {
	a := panel{alignedAlloc(int(C.s1_act_bytes(C.int(isa), C.int(layout), C.int(n), C.int(cols)))), n}
	C.s1_act_pack(C.int(isa), C.int(layout), (*C.float)(unsafe.SliceData(x)), C.int(ldx), C.int(n), C.int(cols), 0, C.int(n), a.data)
	return a
}

func (a panel) free() { C.free(a.data) }

// matmul computes out (a.n, ldo) for the rows of strips [s0, s1); bias may be nil.
func (p *packed) matmul(isa int, a panel, bias, out []float32, ldo int, accumulate bool, s0, s1 int) {
	acc := C.int(0)
	if accumulate {
		acc = 1
	}
	C.s1_matmul(C.int(isa), &p.m, a.data, C.int(a.n), (*C.float)(unsafe.SliceData(bias)), (*C.float)(unsafe.SliceData(out)), C.int(ldo), acc, C.int(s0), C.int(s1))
}
