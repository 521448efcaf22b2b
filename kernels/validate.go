package kernels

import (
	"fmt"
	"math"
)

// Validate checks that the program is well formed: every index in range, every shape and row count in agreement, every matrix
// as long as its shape says. An executor may rely on all of it and needs no checks of its own while it runs.
func (p *Program) Validate() error {
	if p.Layers <= 0 || p.KVHeads <= 0 || p.HeadDim <= 0 || p.Vocab <= 0 || p.Context <= 0 {
		return fmt.Errorf("program: layers %d, kv heads %d, head size %d, vocabulary %d, context %d must all be positive",
			p.Layers, p.KVHeads, p.HeadDim, p.Vocab, p.Context)
	}
	for i, b := range p.Bufs {
		if b.Width <= 0 {
			return fmt.Errorf("program: buffer %d (%s) has width %d", i, b.Name, b.Width)
		}
	}
	for i := range p.Mats {
		if err := p.Mats[i].validate(); err != nil {
			return fmt.Errorf("program: matrix %d: %w", i, err)
		}
	}
	for i, op := range p.Ops {
		c := checker{p: p}
		c.check(op, i == len(p.Ops)-1)
		if c.err != nil {
			return fmt.Errorf("program: op %d (%T): %w", i, op, c.err)
		}
	}
	return nil
}

func (m *Matrix) validate() error {
	if m.Type >= numDTypes {
		return fmt.Errorf("%s: unknown type %v", m.Name, m.Type)
	}
	if m.Rows <= 0 || m.Cols <= 0 || m.Cols%m.Type.Block() != 0 {
		return fmt.Errorf("%s: %d x %d %v: rows must be positive and columns a multiple of %d", m.Name, m.Rows, m.Cols, m.Type, m.Type.Block())
	}
	if row := m.Type.RowBytes(m.Cols); m.Rows > math.MaxInt/row || len(m.Data) != m.Rows*row {
		return fmt.Errorf("%s: %d x %d %v needs %d bytes a row, has %d in all", m.Name, m.Rows, m.Cols, m.Type, row, len(m.Data))
	}
	return nil
}

// checker keeps the first thing wrong with an op.
type checker struct {
	p   *Program
	err error
}

func (c *checker) fail(format string, a ...any) {
	if c.err == nil {
		c.err = fmt.Errorf(format, a...)
	}
}

// buf returns a buffer that must exist.
func (c *checker) buf(role string, b Buf) BufSpec {
	if b < 0 || int(b) >= len(c.p.Bufs) {
		c.fail("%s: no buffer %d of %d", role, b, len(c.p.Bufs))
		return BufSpec{}
	}
	return c.p.Bufs[b]
}

func (c *checker) width(role string, b Buf, want int) {
	if s := c.buf(role, b); s.Width != want {
		c.fail("%s (%s) has width %d, want %d", role, s.Name, s.Width, want)
	}
}

// rows checks that buffers have the same kind of rows: all of the batch, or those of Batch.Out.
func (c *checker) rows(out bool, bufs ...Buf) {
	for _, b := range bufs {
		if s := c.buf("rows", b); s.OutRows != out {
			c.fail("buffer %s: OutRows is %t, want %t", s.Name, s.OutRows, out)
		}
	}
}

// mat checks a matrix against the shape its op needs; rows or cols < 0 take any.
func (c *checker) mat(role string, m Mat, rows, cols int, f32 bool) Matrix {
	if m < 0 || int(m) >= len(c.p.Mats) {
		c.fail("%s: no matrix %d of %d", role, m, len(c.p.Mats))
		return Matrix{}
	}
	x := c.p.Mats[m]
	if (rows >= 0 && x.Rows != rows) || (cols >= 0 && x.Cols != cols) {
		c.fail("%s (%s) is %d x %d, want %d x %d", role, x.Name, x.Rows, x.Cols, rows, cols)
	}
	if f32 && x.Type != F32 {
		c.fail("%s (%s) is %v, want F32", role, x.Name, x.Type)
	}
	return x
}

func (c *checker) layer(l int) {
	if l < 0 || l >= c.p.Layers {
		c.fail("layer %d of %d", l, c.p.Layers)
	}
}

func (c *checker) heads(h int) {
	if h <= 0 {
		c.fail("%d heads", h)
	}
}

func (c *checker) check(op Op, last bool) {
	switch o := op.(type) {
	case Embed:
		c.width("out", o.Out, c.mat("table", o.Table, c.p.Vocab, -1, false).Cols)
		c.rows(false, o.Out)
	case RMSNorm:
		x := c.buf("x", o.X)
		c.width("out", o.Out, x.Width)
		c.rows(x.OutRows, o.Out)
		seg := max(o.Heads, 1)
		if o.Heads < 0 || x.Width%seg != 0 {
			c.fail("width %d does not divide into %d heads", x.Width, o.Heads)
			return
		}
		c.mat("w", o.W, 1, x.Width/seg, true)
		if !(o.Eps >= 0) || math.IsInf(float64(o.Eps), 0) {
			c.fail("eps %g", o.Eps)
		}
	case MatMul:
		x := c.buf("x", o.X)
		w := c.mat("w", o.W, -1, x.Width, false)
		c.width("out", o.Out, w.Rows)
		c.rows(x.OutRows, o.Out)
		if o.Bias != None {
			c.mat("bias", o.Bias, 1, w.Rows, true)
		}
		if o.X == o.Out {
			c.fail("out is x")
		}
	case RoPE:
		c.heads(o.Heads)
		if o.Dim <= 0 || o.Dim%2 != 0 {
			c.fail("head size %d is not even", o.Dim)
		}
		c.width("x", o.X, o.Heads*o.Dim)
		c.rows(false, o.X)
		c.mat("freqs", o.Freqs, 1, o.Dim/2, true)
	case KVWrite:
		c.layer(o.Layer)
		c.width("k", o.K, c.p.KVHeads*c.p.HeadDim)
		c.width("v", o.V, c.p.KVHeads*c.p.HeadDim)
		c.rows(false, o.K, o.V)
	case Attention:
		c.layer(o.Layer)
		c.heads(o.Heads)
		if o.KVHeads != c.p.KVHeads || o.HeadDim != c.p.HeadDim {
			c.fail("%d kv heads of %d, the program has %d of %d", o.KVHeads, o.HeadDim, c.p.KVHeads, c.p.HeadDim)
		} else if o.Heads%o.KVHeads != 0 {
			c.fail("%d heads over %d kv heads", o.Heads, o.KVHeads)
		}
		c.width("q", o.Q, o.Heads*o.HeadDim)
		c.width("out", o.Out, o.Heads*o.HeadDim)
		c.rows(false, o.Q, o.Out)
	case SwiGLU:
		g := c.buf("gate", o.Gate)
		c.width("up", o.Up, g.Width)
		c.width("out", o.Out, g.Width)
		c.rows(g.OutRows, o.Up, o.Out)
	case Select:
		c.width("out", o.Out, c.buf("x", o.X).Width)
		c.rows(false, o.X)
		c.rows(true, o.Out)
	case Logits:
		c.mat("w", o.W, c.p.Vocab, c.buf("x", o.X).Width, false)
		c.rows(true, o.X)
		if !last {
			c.fail("logits must be the last op")
		}
	default:
		c.fail("unknown op")
	}
}

// Validate checks a batch against the program that will run it and the number of key/value pages there are.
func (b *Batch) Validate(p *Program, pages int) error {
	n := len(b.Tokens)
	if n == 0 || len(b.Pos) != n || len(b.Seq) != n {
		return fmt.Errorf("batch: %d tokens, %d positions, %d sequence numbers: want the same number, at least one", n, len(b.Pos), len(b.Seq))
	}
	seen := make([]bool, len(b.Tables)) // sequences that had their run of rows
	type slot struct{ page, at int32 }
	written := make(map[slot]int, n)
	for i := range n {
		t, pos, s := b.Tokens[i], b.Pos[i], b.Seq[i]
		switch {
		case t < 0 || int(t) >= p.Vocab:
			return fmt.Errorf("batch: row %d: token %d is outside the vocabulary of %d", i, t, p.Vocab)
		case pos < 0 || int(pos) >= p.Context:
			return fmt.Errorf("batch: row %d: position %d is outside the context of %d", i, pos, p.Context)
		case s < 0 || int(s) >= len(b.Tables):
			return fmt.Errorf("batch: row %d: sequence %d of %d", i, s, len(b.Tables))
		}
		if i > 0 && b.Seq[i-1] == s {
			if pos != b.Pos[i-1]+1 {
				return fmt.Errorf("batch: row %d: position %d follows %d in sequence %d", i, pos, b.Pos[i-1], s)
			}
		} else if seen[s] {
			return fmt.Errorf("batch: row %d: the rows of sequence %d are not together", i, s)
		} else {
			seen[s] = true
		}
		table := b.Tables[s]
		if int(pos)/PageSize >= len(table) {
			return fmt.Errorf("batch: row %d: position %d needs %d pages, sequence %d has %d", i, pos, int(pos)/PageSize+1, s, len(table))
		}
		w := slot{table[pos/PageSize], pos % PageSize}
		if j, twice := written[w]; twice {
			return fmt.Errorf("batch: rows %d and %d write the same place, position %d of page %d", j, i, w.at, w.page)
		}
		written[w] = i
	}
	for s, table := range b.Tables {
		for _, id := range table {
			if id < 0 || int(id) >= pages {
				return fmt.Errorf("batch: sequence %d: page %d of %d", s, id, pages)
			}
		}
	}
	for i, r := range b.Out {
		if r < 0 || int(r) >= n || (i > 0 && r <= b.Out[i-1]) {
			return fmt.Errorf("batch: out %v: entry %d must be a row below %d, above the one before", b.Out, i, n)
		}
	}
	if b.InvT != nil && len(b.InvT) != len(b.Out) {
		return fmt.Errorf("batch: %d inverse temperatures for %d rows of logits", len(b.InvT), len(b.Out))
	}
	for i, v := range b.InvT {
		if !(v >= 0) || math.IsInf(float64(v), 0) {
			return fmt.Errorf("batch: inverse temperature %d is %g", i, v)
		}
	}
	return nil
}
