// Package ref runs a program of kernel ops in plain Go and fp32: the oracle every other implementation is held to, and what
// runs where there is no C compiler. It is written to be read, not to be fast: weights are dequantised a row at a time,
// nothing is fused, and the only speed it takes is one goroutine a core.
//
// It knows no model, no file and no token text. It has no build tag, so it is the same everywhere.
package ref

import (
	"context"
	"fmt"
	"runtime"

	"s1/kernels"
)

// DefaultPages is how many key/value pages there are when Options does not say; their memory is taken when first written.
const DefaultPages = 1024

// Options are the choices of a Machine.
type Options struct {
	Threads int // 0 = one per core
	Pages   int // key/value pages; 0 = DefaultPages
}

// Machine is a program with its buffers and its key/value pages. One goroutine at a time may use it.
type Machine struct {
	p       *kernels.Program
	threads int
	bufs    [][]float32 // of the current step: (rows, width)
	pages   []page
	logits  []float32 // (len(Out), V)
	stats   []kernels.LogitStats
}

// New checks the program and makes a machine for it.
func New(p *kernels.Program, o Options) (*Machine, error) {
	if err := p.Validate(); err != nil {
		return nil, fmt.Errorf("ref: %w", err)
	}
	if o.Threads <= 0 {
		o.Threads = runtime.GOMAXPROCS(0)
	}
	if o.Pages <= 0 {
		o.Pages = DefaultPages
	}
	return &Machine{p: p, threads: o.Threads, bufs: make([][]float32, len(p.Bufs)), pages: make([]page, o.Pages)}, nil
}

// Threads is the number of goroutines a step uses.
func (m *Machine) Threads() int { return m.threads }

// Step runs one batch. The result is valid until the next step.
func (m *Machine) Step(ctx context.Context, b *kernels.Batch) (kernels.Result, error) {
	if err := b.Validate(m.p, len(m.pages)); err != nil {
		return kernels.Result{}, err
	}
	for i, s := range m.p.Bufs {
		rows := len(b.Tokens)
		if s.OutRows {
			rows = len(b.Out)
		}
		m.bufs[i] = resize(m.bufs[i], rows*s.Width)
	}
	m.logits, m.stats = resize(m.logits, len(b.Out)*m.p.Vocab), resize(m.stats, len(b.Out))
	for _, op := range m.p.Ops {
		if err := ctx.Err(); err != nil {
			return kernels.Result{}, err
		}
		m.run(op, b)
	}
	return kernels.Result{Logits: m.logits, Stats: m.stats}, nil
}

func (m *Machine) run(op kernels.Op, b *kernels.Batch) {
	switch o := op.(type) {
	case kernels.Embed:
		m.embed(o, b)
	case kernels.RMSNorm:
		m.rmsNorm(o)
	case kernels.MatMul:
		m.matMul(o)
	case kernels.RoPE:
		m.rope(o, b)
	case kernels.KVWrite:
		m.kvWrite(o, b)
	case kernels.Attention:
		m.attention(o, b)
	case kernels.SwiGLU:
		m.swiGLU(o)
	case kernels.Select:
		m.selectRows(o, b)
	case kernels.Logits:
		m.logitRows(o, b)
	}
}

// Buffer returns what buffer b held at the end of the last step, (rows, width): for tests of single ops.
func (m *Machine) Buffer(b kernels.Buf) []float32 { return m.bufs[b] }

// resize returns a zeroed slice of length n, reusing memory.
func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	s = s[:n]
	clear(s)
	return s
}
