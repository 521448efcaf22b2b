package enginetest

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync/atomic"

	"s1/engine/backend"
	"s1/kernels"
)

// Floor is the logit of every id that a script does not name.
const Floor = -30

// Script gives the logits after a history (prompt and tokens). Ids it leaves out have the logit Floor.
type Script func(history []int32) map[int32]float32

// Model is a backend.Model that follows a script.
type Model struct {
	script  Script
	program kernels.Program // only its vocabulary and context
	maxRows int
	pages   [][]int32 // the token at each position of a page; unwritten = -1
	history []int32
	logits  []float32
	stats   []kernels.LogitStats
	top     []entry

	// BeforeStep is called with every batch; an error ends the step. nil = nothing.
	BeforeStep func(ctx context.Context, b *kernels.Batch) error

	steps, rows, copies atomic.Int64
}

// NewModel returns a model with a vocabulary, a context, a number of pages, and a most number of rows a step.
func NewModel(script Script, vocab, context, pages, maxRows int) *Model {
	return &Model{
		script: script, program: kernels.Program{Vocab: vocab, Context: context}, maxRows: maxRows, pages: make([][]int32, pages),
	}
}

// Steps, Rows and Copies are how often the model ran, on how many rows in all, and how often a page was copied.
func (m *Model) Steps() int { return int(m.steps.Load()) }

// Rows is explained at Steps.
func (m *Model) Rows() int { return int(m.rows.Load()) }

// Copies is explained at Steps.
func (m *Model) Copies() int { return int(m.copies.Load()) }

// Step implements backend.Model.
func (m *Model) Step(ctx context.Context, b *kernels.Batch) (kernels.Result, error) {
	if m.BeforeStep != nil {
		if err := m.BeforeStep(ctx, b); err != nil {
			return kernels.Result{}, err
		}
	}
	if err := ctx.Err(); err != nil {
		return kernels.Result{}, err
	}
	if err := b.Validate(&m.program, len(m.pages)); err != nil {
		return kernels.Result{}, err
	}
	if len(b.Tokens) > m.maxRows {
		return kernels.Result{}, fmt.Errorf("%d rows, at most %d", len(b.Tokens), m.maxRows)
	}
	m.steps.Add(1)
	m.rows.Add(int64(len(b.Tokens)))
	for i, id := range b.Tokens {
		m.page(b.Tables[b.Seq[i]][b.Pos[i]/kernels.PageSize])[b.Pos[i]%kernels.PageSize] = id
	}
	v := m.program.Vocab
	m.logits = slices.Grow(m.logits[:0], len(b.Out)*v)[:len(b.Out)*v]
	m.stats = slices.Grow(m.stats[:0], len(b.Out))[:len(b.Out)]
	for i, row := range b.Out {
		if err := m.read(b.Tables[b.Seq[row]], int(b.Pos[row])+1); err != nil {
			return kernels.Result{}, fmt.Errorf("row %d, sequence %d: %w", row, b.Seq[row], err)
		}
		invT := float32(1)
		if b.InvT != nil {
			invT = b.InvT[i]
		}
		m.write(m.logits[i*v:(i+1)*v], &m.stats[i], m.script(m.history), invT)
	}
	return kernels.Result{Logits: m.logits, Stats: m.stats}, nil
}

func (m *Model) page(id int32) []int32 {
	if m.pages[id] == nil {
		m.pages[id] = slices.Repeat([]int32{-1}, kernels.PageSize)
	}
	return m.pages[id]
}

// read gathers n tokens of a sequence from its pages.
func (m *Model) read(table []int32, n int) error {
	m.history = m.history[:0]
	for at := 0; at < n; at += kernels.PageSize {
		m.history = append(m.history, m.page(table[at/kernels.PageSize])[:min(kernels.PageSize, n-at)]...)
	}
	if at := slices.Index(m.history, -1); at >= 0 {
		return fmt.Errorf("position %d of %d was never written (page %d)", at, n, table[at/kernels.PageSize])
	}
	return nil
}

// CopyPage implements backend.Model. What lies behind the first n positions is not copied.
func (m *Model) CopyPage(dst, src int32, n int) {
	m.copies.Add(1)
	d := m.page(dst)
	for i := range d {
		d[i] = -1
	}
	copy(d[:n], m.page(src)[:n])
}

// Info implements backend.Model.
func (m *Model) Info() backend.Info {
	return backend.Info{Name: "scripted", Threads: 1, MaxRows: m.maxRows, BytesPerToken: 1, KVBytes: 4}
}

// Close implements backend.Model.
func (m *Model) Close() error { return nil }

type entry struct {
	id    int32
	logit float32
}

// write makes a row of logits and its statistics in time that grows with the script's entries, not with sorting the vocabulary.
func (m *Model) write(row []float32, st *kernels.LogitStats, script map[int32]float32, invT float32) {
	for i := range row {
		row[i] = Floor
	}
	m.top = m.top[:0]
	for id, l := range script {
		row[id] = l
		m.top = append(m.top, entry{id, l})
	}
	for id := int32(0); len(m.top) < len(script)+kernels.TopM && int(id) < len(row); id++ {
		if _, named := script[id]; !named {
			m.top = append(m.top, entry{id, Floor})
		}
	}
	slices.SortFunc(m.top, func(a, b entry) int {
		switch {
		case a.logit > b.logit:
			return -1
		case a.logit < b.logit:
			return 1
		default:
			return int(a.id) - int(b.id)
		}
	})
	best, rest := float64(m.top[0].logit), float64(len(row)-len(script))
	sum, sumT := rest*math.Exp(Floor-best), rest*math.Exp((Floor-best)*float64(invT))
	mean := rest * math.Exp(Floor-best) * Floor
	for _, e := range m.top {
		if _, named := script[e.id]; named {
			w := math.Exp(float64(e.logit) - best)
			sum += w
			mean += w * float64(e.logit)
			sumT += math.Exp((float64(e.logit) - best) * float64(invT))
		}
	}
	lse := best + math.Log(sum)
	st.LSE, st.LSET = float32(lse), float32(best*float64(invT)+math.Log(sumT))
	st.Entropy = float32(lse - mean/sum)
	for i := range st.TopIDs {
		st.TopIDs[i], st.TopLogits[i] = -1, float32(math.Inf(-1))
		if i < len(m.top) && i < len(row) {
			st.TopIDs[i], st.TopLogits[i] = m.top[i].id, m.top[i].logit
		}
	}
}
