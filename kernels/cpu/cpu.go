//go:build cgo

// Package cpu runs a program of kernel ops in C: the whole step in one call, by a small pool of threads, over weights packed
// for the machine's instruction set. It knows no model, no file and no token text; kernels/ref is what it is held to.
//
// Lowering (lower.go) turns the ops into stages: row ops that follow each other become one pass over rows, activations are
// quantised in the pass that makes them, matrices that do not wait for each other become one stage.
// Key/value pages are fp16 and lie in memory that is taken when first written.
package cpu

/*
#cgo CFLAGS: -Wall
#cgo linux LDFLAGS: -lpthread
#include <stdlib.h>
#include "exec.h"
*/
import "C"

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"s1/kernels"
)

const (
	// DefaultPages is how many key/value pages there are when Options does not say; their memory is taken when first written.
	DefaultPages = 1024
	// MaxRows is the most rows of one batch: enough that a weight is read seldom in a prefill, few enough that the
	// activations stay near the cores.
	MaxRows = 512
	// Environment names the variable that forces an instruction path: c, avx2, avx512, ...
	Environment = "S1_ISA"
)

// Options are the choices of a Machine.
type Options struct {
	Threads int    // 0 = one per core
	Pages   int    // key/value pages; 0 = DefaultPages
	Weights string // auto (or ""), exact, q8: see backend.Options
	ISA     string // "" = what Environment says, else the best there is
}

// Machine is a program with packed weights, its threads and its key/value pages. One goroutine at a time may use it.
type Machine struct {
	p       *kernels.Program
	c       *C.s1_machine
	isa     string
	maps    []mapping        // weights; buffers; pages
	blocks  []unsafe.Pointer // of C
	weights int64            // bytes, packed
	read    int64            // bytes of weights one decoded token reads
}

type mapping struct {
	p     unsafe.Pointer
	bytes C.size_t
}

// Available says why this executor cannot run here, or nil.
func Available() error { return nil }

// New checks and lowers the program and packs its weights. Afterwards the program's matrices are not read again.
func New(p *kernels.Program, o Options) (*Machine, error) {
	if err := p.Validate(); err != nil {
		return nil, fmt.Errorf("cpu: %w", err)
	}
	if o.Threads <= 0 {
		o.Threads = runtime.GOMAXPROCS(0)
	}
	if o.Pages <= 0 {
		o.Pages = DefaultPages
	}
	if o.ISA == "" {
		o.ISA = os.Getenv(Environment)
	}
	isa := bestISA()
	if o.ISA != "" {
		var err error
		if isa, err = isaByName(o.ISA); err != nil {
			return nil, fmt.Errorf("cpu: %w", err)
		}
	}
	m := &Machine{p: p, isa: isaName(isa)}
	if err := m.build(o, isa); err != nil {
		m.Close()
		return nil, fmt.Errorf("cpu: %w", err)
	}
	return m, nil
}

// Step runs one batch. The result is valid until the next step.
func (m *Machine) Step(ctx context.Context, b *kernels.Batch) (kernels.Result, error) {
	if err := b.Validate(m.p, int(m.c.pages)); err != nil {
		return kernels.Result{}, err
	}
	if len(b.Tokens) > MaxRows {
		return kernels.Result{}, fmt.Errorf("batch: %d rows, at most %d go in one step", len(b.Tokens), MaxRows)
	}
	if err := ctx.Err(); err != nil {
		return kernels.Result{}, err
	}
	if err := m.fill(b); err != nil {
		return kernels.Result{}, err
	}
	defer m.watch(ctx)()
	switch C.s1_step(m.c) {
	case C.S1_CANCELLED:
		return kernels.Result{}, ctx.Err()
	case C.S1_NO_MEMORY:
		return kernels.Result{}, fmt.Errorf("step of %d rows, %d of them with logits: %w", len(b.Tokens), len(b.Out), errNoMemory)
	}
	n := len(b.Out)
	if n == 0 {
		return kernels.Result{}, nil
	}
	return kernels.Result{
		Logits: unsafe.Slice((*float32)(unsafe.Pointer(m.c.logits)), n*m.p.Vocab),
		Stats:  unsafe.Slice((*kernels.LogitStats)(unsafe.Pointer(m.c.stats)), n),
	}, nil
}

var errNoMemory = errors.New("out of memory")

// watch ends the step between two stages when ctx is cancelled; the function it returns ends the watch.
func (m *Machine) watch(ctx context.Context) func() {
	if ctx.Done() == nil {
		return func() {}
	}
	done := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(done)
		C.s1_cancel(m.c, 1)
	})
	return func() {
		if !stop() {
			<-done
			C.s1_cancel(m.c, 0)
		}
	}
}

// fill copies the batch to C's memory.
func (m *Machine) fill(b *kernels.Batch) error {
	c := m.c
	total := 0
	for _, t := range b.Tables {
		total += len(t)
	}
	if C.int(total) > c.tables_cap && C.s1_machine_tables(c, C.int(total)) != 0 {
		return fmt.Errorf("batch of %d pages: %w", total, errNoMemory)
	}
	copy(ints(c.tokens, MaxRows), b.Tokens)
	copy(ints(c.pos, MaxRows), b.Pos)
	copy(ints(c.out, MaxRows), b.Out)
	// Sequences without rows are left out, so that there are never more of them than rows.
	seq, at, tables := ints(c.seq, MaxRows), ints(c.table_at, MaxRows), ints(c.tables, total)
	n, used := int32(-1), 0
	for i, s := range b.Seq {
		if i == 0 || b.Seq[i-1] != s {
			n++
			at[n] = int32(used)
			used += copy(tables[used:], b.Tables[s])
		}
		seq[i] = n
	}
	invt := unsafe.Slice((*float32)(unsafe.Pointer(c.invt)), MaxRows)
	for i := range b.Out {
		invt[i] = 1
	}
	copy(invt, b.InvT)
	c.n, c.nout, c.nseq = C.int(len(b.Tokens)), C.int(len(b.Out)), C.int(n+1)
	return nil
}

func ints(p *C.int32_t, n int) []int32 { return unsafe.Slice((*int32)(unsafe.Pointer(p)), n) }

// CopyPage copies the first n positions of page src to page dst in every layer.
func (m *Machine) CopyPage(dst, src int32, n int) {
	if dst != src && n > 0 {
		C.s1_copy_page(m.c, C.int(dst), C.int(src), C.int(n))
	}
}

// ISA is the instruction path in use.
func (m *Machine) ISA() string { return m.isa }

// Threads is the number of threads a step uses, the caller's included.
func (m *Machine) Threads() int { return int(m.c.threads) }

// WeightBytes is the size of the packed weights.
func (m *Machine) WeightBytes() int64 { return m.weights }

// BytesPerToken is how many bytes of weights one decoded token reads.
func (m *Machine) BytesPerToken() int64 { return m.read }

// KVBytes is the size of one position in the key/value pages.
func (m *Machine) KVBytes() int64 { return int64(m.c.page_bytes) / kernels.PageSize }

// Close ends the threads and gives the memory back. Results of earlier steps must not be read any more.
func (m *Machine) Close() error {
	if m.c != nil {
		C.s1_machine_stop(m.c)
		m.c = nil
	}
	for _, b := range m.blocks {
		C.free(b)
	}
	for _, x := range m.maps {
		C.s1_unmap(x.p, x.bytes)
	}
	m.blocks, m.maps = nil, nil
	return nil
}
