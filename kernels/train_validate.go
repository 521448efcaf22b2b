package kernels

import (
	"fmt"
	"math"
)

// Validate checks that the program is well formed: every index in range, every shape and row count in agreement, and no op
// writes what it still reads, but where its comment allows it. An executor may rely on all of it.
func (p *TrainProgram) Validate() error {
	if p.Rows <= 0 || p.Context <= 0 || p.Vocab <= 0 {
		return fmt.Errorf("train program: rows %d, context %d, vocabulary %d must all be positive", p.Rows, p.Context, p.Vocab)
	}
	for i, b := range p.Bufs {
		if b.Width <= 0 || b.Width > math.MaxInt32/p.Rows {
			return fmt.Errorf("train program: buffer %d (%s) has %d rows of width %d, want 1 to %d elements", i, b.Name, p.Rows, b.Width, math.MaxInt32)
		}
	}
	for i, m := range p.Params {
		if m.Rows <= 0 || m.Cols <= 0 || m.Cols > math.MaxInt32/m.Rows {
			return fmt.Errorf("train program: parameter %d (%s) is %d x %d, want 1 to %d elements", i, m.Name, m.Rows, m.Cols, math.MaxInt32)
		}
	}
	if n := len(p.Forward); n == 0 {
		return fmt.Errorf("train program: forward is empty, it must end with TrainLoss")
	} else if _, ok := p.Forward[n-1].(TrainLoss); !ok {
		return fmt.Errorf("train program: forward ends with %T, want TrainLoss", p.Forward[n-1])
	}
	for pass, ops := range [][]TrainOp{p.Forward, p.Backward} {
		name := []string{"forward", "backward"}[pass]
		for i, op := range ops {
			c := trainChecker{p: p}
			if _, ok := op.(TrainLoss); ok && (pass == 1 || i != len(ops)-1) {
				c.fail("the loss must be the last op of forward, and only there")
			}
			if pass == 0 && isGrad(op) {
				c.fail("a gradient in forward, which also runs without gradients")
			}
			c.check(op)
			if c.err != nil {
				return fmt.Errorf("train program: %s op %d (%T): %w", name, i, op, c.err)
			}
		}
	}
	return nil
}

func isGrad(op TrainOp) bool {
	switch op.(type) {
	case TrainEmbedGrad, TrainNormGrad, TrainMatMulGradX, TrainMatMulGradW, TrainAttentionGrad, TrainSwiGLUGrad, TrainSelectGrad:
		return true
	}
	return false
}

// trainChecker keeps the first thing wrong with an op.
type trainChecker struct {
	p   *TrainProgram
	err error
}

func (c *trainChecker) fail(format string, a ...any) {
	if c.err == nil {
		c.err = fmt.Errorf(format, a...)
	}
}

// buf returns a buffer that must exist.
func (c *trainChecker) buf(role string, b Buf) TrainBuf {
	if b < 0 || int(b) >= len(c.p.Bufs) {
		c.fail("%s: no buffer %d of %d", role, b, len(c.p.Bufs))
		return TrainBuf{}
	}
	return c.p.Bufs[b]
}

func (c *trainChecker) width(role string, b Buf, want int) {
	if s := c.buf(role, b); s.Width != want {
		c.fail("%s (%s) has width %d, want %d", role, s.Name, s.Width, want)
	}
}

// rows checks that buffers have the same kind of rows: all of the batch, or the wanted ones.
func (c *trainChecker) rows(wanted bool, bufs ...Buf) {
	for _, b := range bufs {
		if s := c.buf("rows", b); s.Wanted != wanted {
			c.fail("buffer %s: Wanted is %t, want %t", s.Name, s.Wanted, wanted)
		}
	}
}

// distinct checks that out is none of the others.
func (c *trainChecker) distinct(role string, out Buf, others ...Buf) {
	for _, b := range others {
		if b == out {
			c.fail("%s (%s) is also another buffer of the op", role, c.buf(role, out).Name)
		}
	}
}

// param checks a parameter against the shape its op needs; rows or cols < 0 take any.
func (c *trainChecker) param(role string, m Param, rows, cols int) ParamSpec {
	if m < 0 || int(m) >= len(c.p.Params) {
		c.fail("%s: no parameter %d of %d", role, m, len(c.p.Params))
		return ParamSpec{}
	}
	x := c.p.Params[m]
	if (rows >= 0 && x.Rows != rows) || (cols >= 0 && x.Cols != cols) {
		c.fail("%s (%s) is %d x %d, want %d x %d", role, x.Name, x.Rows, x.Cols, rows, cols)
	}
	return x
}

// number checks a scale, an eps or the like.
func (c *trainChecker) number(role string, x float32, least float32) {
	if !(x >= least) || math.IsInf(float64(x), 0) {
		c.fail("%s is %g, want a finite number from %g", role, x, least)
	}
}

func (c *trainChecker) scale(x float32) { c.number("scale", x, -math.MaxFloat32) }

func (c *trainChecker) check(op TrainOp) {
	switch o := op.(type) {
	case TrainEmbed:
		c.embed(o.Table, o.Out)
	case TrainEmbedGrad:
		c.embed(o.Table, o.DOut)
	case TrainNorm:
		c.norm(o.X, o.Out, o.W, o.Eps, o.Heads)
		c.distinct("out", o.Out, o.X)
	case TrainNormGrad:
		c.norm(o.X, o.DOut, o.W, o.Eps, o.Heads)
		c.norm(o.X, o.DX, o.W, o.Eps, o.Heads)
		c.distinct("dx", o.DX, o.X)
		if o.Accumulate {
			c.distinct("accumulated dx", o.DX, o.DOut)
		}
	case TrainMatMul:
		c.product(o.X, o.Out, o.W, o.Bias, o.Scale)
		c.distinct("out", o.Out, o.X)
	case TrainMatMulGradX:
		c.product(o.DX, o.DOut, o.W, NoParam, o.Scale)
		c.distinct("dx", o.DX, o.DOut)
	case TrainMatMulGradW:
		if o.W == NoParam && o.Bias == NoParam {
			c.fail("neither a matrix nor a bias")
		}
		if x := c.buf("x", o.X); o.W == NoParam {
			c.rows(x.Wanted, o.DOut)
			c.param("bias", o.Bias, 1, c.buf("dout", o.DOut).Width)
		} else {
			c.product(o.X, o.DOut, o.W, o.Bias, o.Scale)
		}
	case TrainRoPE:
		c.rope(o)
	case TrainAttention:
		c.attention(o)
	case TrainAttentionGrad:
		c.attention(TrainAttention{o.Q, o.K, o.V, o.Out, o.LSE, o.Heads, o.KVHeads, o.HeadDim, o.Scale})
		c.attention(TrainAttention{o.DQ, o.DK, o.DV, o.DOut, o.LSE, o.Heads, o.KVHeads, o.HeadDim, o.Scale})
		read := []Buf{o.Q, o.K, o.V, o.Out, o.LSE, o.DOut}
		c.distinct("dq", o.DQ, append(read, o.DK, o.DV)...)
		c.distinct("dk", o.DK, append(read, o.DV)...)
		c.distinct("dv", o.DV, read...)
	case TrainSwiGLU:
		c.alike(o.Gate, o.Up, o.Out)
		c.distinct("out", o.Out, o.Gate, o.Up)
	case TrainSwiGLUGrad:
		c.alike(o.Gate, o.Up, o.DOut, o.DGate, o.DUp)
		c.distinct("dgate", o.DGate, o.Gate, o.Up)
		c.distinct("dup", o.DUp, o.Gate, o.Up, o.DOut, o.DGate)
	case TrainSelect:
		c.selection(o.X, o.Out)
	case TrainSelectGrad:
		c.selection(o.DX, o.DOut)
	case TrainDropout:
		c.alike(o.X, o.Out)
		if !(o.Rate >= 0 && o.Rate < 1) {
			c.fail("rate %g, want 0 to below 1", o.Rate)
		}
		if o.Accumulate {
			c.distinct("accumulated out", o.Out, o.X)
		}
	case TrainLoss:
		c.param("w", o.W, c.p.Vocab, c.buf("x", o.X).Width)
		c.rows(true, o.X)
		c.alike(o.X, o.DX)
		c.distinct("dx", o.DX, o.X)
		if o.Chunk <= 0 || c.p.Vocab > math.MaxInt32/min(o.Chunk, c.p.Rows) {
			c.fail("chunk %d of a vocabulary of %d, want at least 1 and at most %d logits", o.Chunk, c.p.Vocab, math.MaxInt32)
		}
	default:
		c.fail("unknown op")
	}
}

func (c *trainChecker) embed(table Param, out Buf) {
	c.width("out", out, c.param("table", table, c.p.Vocab, -1).Cols)
	c.rows(false, out)
}

func (c *trainChecker) norm(x, out Buf, w Param, eps float32, heads int) {
	s := c.buf("x", x)
	c.alike(x, out)
	if heads < 0 || s.Width%max(heads, 1) != 0 {
		c.fail("width %d does not divide into %d heads", s.Width, heads)
		return
	}
	c.param("w", w, 1, s.Width/max(heads, 1))
	c.number("eps", eps, 0)
}

func (c *trainChecker) product(x, out Buf, w Param, bias Param, scale float32) {
	s := c.buf("x", x)
	m := c.param("w", w, -1, s.Width)
	c.width("out", out, m.Rows)
	c.rows(s.Wanted, out)
	if bias != NoParam {
		c.param("bias", bias, 1, m.Rows)
	}
	c.scale(scale)
}

func (c *trainChecker) rope(o TrainRoPE) {
	if o.Heads <= 0 || o.Dim <= 0 || o.Dim%2 != 0 {
		c.fail("%d heads of size %d, want an even size", o.Heads, o.Dim)
		return
	}
	if len(o.Freqs) != o.Dim/2 {
		c.fail("%d frequencies for a head size of %d", len(o.Freqs), o.Dim)
	}
	c.width("x", o.X, o.Heads*o.Dim)
	c.rows(false, o.X)
	c.scale(o.Scale)
}

func (c *trainChecker) attention(o TrainAttention) {
	if o.Heads <= 0 || o.KVHeads <= 0 || o.HeadDim <= 0 || o.Heads%o.KVHeads != 0 {
		c.fail("%d heads over %d kv heads of size %d", o.Heads, o.KVHeads, o.HeadDim)
		return
	}
	q, kv := o.Heads*o.HeadDim, o.KVHeads*o.HeadDim
	c.width("q", o.Q, q)
	c.width("k", o.K, kv)
	c.width("v", o.V, kv)
	c.width("out", o.Out, q)
	c.width("lse", o.LSE, o.Heads)
	c.rows(false, o.Q, o.K, o.V, o.Out, o.LSE)
	c.distinct("out", o.Out, o.Q, o.K, o.V, o.LSE)
	c.distinct("lse", o.LSE, o.Q, o.K, o.V)
	c.scale(o.Scale)
}

// alike checks that buffers have one width and one kind of rows.
func (c *trainChecker) alike(first Buf, others ...Buf) {
	s := c.buf("first", first)
	for _, b := range others {
		c.width("buffer", b, s.Width)
		c.rows(s.Wanted, b)
	}
}

func (c *trainChecker) selection(all, wanted Buf) {
	c.width("wanted rows", wanted, c.buf("x", all).Width)
	c.rows(false, all)
	c.rows(true, wanted)
}
