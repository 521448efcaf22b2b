//go:build cgo

package cpu

/*
#include <stdlib.h>
#include "exec.h"
*/
import "C"

import (
	"fmt"
	"sync"
	"sync/atomic"
	"unsafe"

	"s1/kernels"
)

// build packs the weights, lowers the program, takes its memory and starts its threads.
func (m *Machine) build(o Options, isa int) error {
	mode, ok := weightModes[o.Weights]
	if !ok {
		return fmt.Errorf("weights %q: want auto, exact or q8", o.Weights)
	}
	p := m.p
	c := (*C.s1_machine)(m.zeros(1, unsafe.Sizeof(C.s1_machine{})))
	l := &lowering{p: p, isa: C.int(isa), packed: map[panelKey]bool{}}
	if err := m.packWeights(l, mode, o.Threads); err != nil {
		return err
	}

	// Buffers, panels of packed activations and rotation tables lie in one mapping; first their sizes, then their places.
	var arena arena
	bufs := make([]C.size_t, len(p.Bufs))
	for i, b := range p.Bufs {
		bufs[i] = arena.add(C.size_t(b.Width) * MaxRows * 4)
	}
	panels := map[panelKey]C.size_t{}
	ropes := map[ropeKey]C.size_t{}
	for _, op := range p.Ops {
		switch o := op.(type) {
		case kernels.MatMul:
			l.panelSize(panels, &arena, o.X, o.W)
		case kernels.Logits:
			l.panelSize(panels, &arena, o.X, o.W)
		case kernels.RoPE:
			if k := (ropeKey{o.Freqs, o.Scale, o.Dim}); ropes[k] == 0 {
				ropes[k] = arena.add(C.size_t(o.Dim)*MaxRows*4) + 1
			}
		}
	}
	base, err := m.mapMemory(arena.size)
	if err != nil {
		return err
	}
	l.buf = func(b kernels.Buf) *C.float { return (*C.float)(unsafe.Add(base, bufs[b])) }
	l.panel = func(k panelKey) unsafe.Pointer { return unsafe.Add(base, panels[k]) }
	l.rope = func(k ropeKey) *C.float { return (*C.float)(unsafe.Add(base, ropes[k]-1)) }
	l.program()
	m.read = l.read

	c.isa, c.threads, c.max_rows = C.int(isa), C.int(o.Threads), MaxRows
	c.simd = C.s1_simd_for(C.int(isa))
	c.stages = (*C.s1_stage)(copyOut(m, l.stages))
	c.rowops = (*C.s1_rowop)(copyOut(m, l.rows))
	c.muls = (*C.s1_mul)(copyOut(m, l.muls))
	c.nstages, c.prefill_stages = C.int(len(l.stages)), C.int(l.prefill)
	c.layers, c.kvheads, c.D, c.vocab = C.int(p.Layers), C.int(p.KVHeads), C.int(p.HeadDim), C.int(p.Vocab)
	c.Dp = C.int((p.HeadDim + 15) / 16 * 16)
	c.heads = c.kvheads
	for _, op := range p.Ops {
		if a, ok := op.(kernels.Attention); ok {
			c.heads = max(c.heads, C.int(a.Heads))
		}
	}
	c.pages = C.int(o.Pages)
	c.page_bytes = C.size_t(p.Layers) * C.size_t(p.KVHeads) * 2 * C.S1_PAGE * C.size_t(c.Dp) * 2
	kv, err := m.mapMemory(c.page_bytes * C.size_t(o.Pages))
	if err != nil {
		return fmt.Errorf("%d key/value pages: %w", o.Pages, err)
	}
	c.kv = (*C.uint8_t)(kv)
	m.c = c
	if C.s1_machine_start(c) != 0 {
		return fmt.Errorf("start %d threads: %w", o.Threads, errNoMemory)
	}
	return nil
}

// arena hands out places in a mapping that does not exist yet, each at a multiple of 64 bytes.
type arena struct{ size C.size_t }

func (a *arena) add(n C.size_t) C.size_t {
	at := a.size
	a.size += (n + 63) &^ 63
	return at
}

func (l *lowering) panelSize(panels map[panelKey]C.size_t, a *arena, b kernels.Buf, w kernels.Mat) {
	k := panelKey{b, l.kind(w)}
	if _, ok := panels[k]; !ok {
		panels[k] = a.add(C.s1_act_bytes(l.isa, l.mats[w].layout, MaxRows, l.width(b)))
	}
}

// source tells whether two matrices of a program are the same weights (a tied embedding and head).
type source struct {
	data       *byte
	t          kernels.DType
	rows, cols int
}

// packWeights packs every matrix that is multiplied or looked up, once, and copies the vectors.
func (m *Machine) packWeights(l *lowering, mode C.int, threads int) error {
	p := m.p
	l.mats, l.vec = make([]*C.s1_mat, len(p.Mats)), make([]*C.float, len(p.Mats))
	multiplied := make([]bool, len(p.Mats))
	for _, op := range p.Ops {
		switch o := op.(type) {
		case kernels.Embed:
			multiplied[o.Table] = true
		case kernels.MatMul:
			multiplied[o.W] = true
		case kernels.Logits:
			multiplied[o.W] = true
		}
	}
	var a arena
	structs := unsafe.Slice((*C.s1_mat)(m.zeros(len(p.Mats)+1, unsafe.Sizeof(C.s1_mat{}))), len(p.Mats))
	places := make([]C.size_t, len(p.Mats))
	first := map[source]int{}
	var jobs []packJob
	for i, x := range p.Mats {
		if !multiplied[i] {
			if x.Type == kernels.F32 {
				places[i] = a.add(C.size_t(len(x.Data)))
			}
			continue
		}
		k := source{unsafe.SliceData(x.Data), x.Type, x.Rows, x.Cols}
		if j, ok := first[k]; ok {
			l.mats[i] = l.mats[j]
			continue
		}
		first[k] = i
		if C.s1_mat_plan(C.int(x.Type), mode, C.int(x.Rows), C.int(x.Cols), &structs[i]) != 0 {
			return fmt.Errorf("pack %s: no layout for a %v matrix of %d x %d", x.Name, x.Type, x.Rows, x.Cols)
		}
		l.mats[i] = &structs[i]
		places[i] = a.add(structs[i].bytes)
		m.weights += int64(structs[i].bytes)
		for s := 0; s < int(structs[i].strips); s += packStrips {
			jobs = append(jobs, packJob{&structs[i], x.Data, s, min(s+packStrips, int(structs[i].strips))})
		}
	}
	base, err := m.mapMemory(a.size)
	if err != nil {
		return fmt.Errorf("weights: %w", err)
	}
	for i, x := range p.Mats {
		at := unsafe.Add(base, places[i])
		switch {
		case !multiplied[i] && x.Type == kernels.F32:
			copy(unsafe.Slice((*byte)(at), len(x.Data)), x.Data)
			l.vec[i] = (*C.float)(at)
		case structs[i].strips > 0:
			structs[i].data = at
		}
	}
	pack(jobs, threads)
	return nil
}

// packStrips is how many strips a goroutine packs at a time.
const packStrips = 64

type packJob struct {
	mat    *C.s1_mat
	src    []byte
	s0, s1 int
}

func pack(jobs []packJob, threads int) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range threads {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(jobs) {
					return
				}
				j := jobs[i]
				C.s1_mat_pack(j.mat, unsafe.Pointer(unsafe.SliceData(j.src)), C.int(j.s0), C.int(j.s1))
			}
		})
	}
	wg.Wait()
}

func (m *Machine) zeros(n int, size uintptr) unsafe.Pointer {
	p := C.s1_zeros(C.size_t(n) * C.size_t(size))
	if p == nil {
		panic(errNoMemory) // of a few kilobytes
	}
	m.blocks = append(m.blocks, p)
	return p
}

// copyOut copies a slice of C structs to C's memory.
func copyOut[T any](m *Machine, s []T) unsafe.Pointer {
	var t T
	p := m.zeros(len(s)+1, unsafe.Sizeof(t))
	copy(unsafe.Slice((*T)(p), len(s)), s)
	return p
}

func (m *Machine) mapMemory(bytes C.size_t) (unsafe.Pointer, error) {
	p := C.s1_map(bytes + 64)
	if p == nil {
		return nil, fmt.Errorf("map %d bytes: %w", bytes, errNoMemory)
	}
	m.maps = append(m.maps, mapping{p, bytes + 64})
	return p, nil
}
