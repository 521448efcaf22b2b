package kerneltest

import (
	"math"
	"testing"

	"s1/kernels"
)

func embed(t *testing.T, impl New, tol Tolerance) {
	for _, typ := range Types {
		t.Run(typ.String(), func(t *testing.T) {
			for i, s := range shapes(typ) {
				b := newBuilder(uint64(i), max(s[0], s[1]))
				out := b.buf("x", s[1])
				b.op(kernels.Embed{Table: b.random("table", typ, b.p.Vocab, s[1]), Out: out})
				batch := b.batch(7, 0)
				batch.Tokens[0], batch.Tokens[1] = 0, int32(b.p.Vocab-1)
				newPair(t, impl, b.reveal(out)).run(batch, tol.of(typ), 0)
			}
		})
	}
}

func rmsNorm(t *testing.T, impl New, tol Tolerance) {
	for i, c := range []struct {
		width, heads int
		inPlace      bool
		size         float32 // of the inputs
	}{
		{1, 0, false, 1},
		{7, 0, true, 1},
		{64, 0, false, 1e-3}, // eps matters
		{100, 0, false, 1e3},
		{576, 0, true, 1},
		{192, 3, true, 1},
		{896, 7, false, 1e-3},
		{160, 2, true, 30},
		{80, 1, false, 1},
	} {
		b := newBuilder(uint64(i), max(c.width, 40))
		x := b.input("x", c.width)
		scaleF32(&b.p.Mats[0], c.size)
		out := x
		if !c.inPlace {
			out = b.buf("out", c.width)
		}
		b.op(kernels.RMSNorm{X: x, Out: out, W: b.around1("w", c.width/max(c.heads, 1)), Eps: 1e-5, Heads: c.heads})
		q := newPair(t, impl, b.reveal(out))
		for _, n := range []int{1, 2, 13} {
			q.run(b.batch(n, 0), tol.Exact, 0)
		}
		if t.Failed() {
			t.Fatalf("case %+v", c)
		}
	}
}

func rope(t *testing.T, impl New, tol Tolerance) {
	for i, c := range []struct {
		heads, dim  int
		interleaved bool
		scale       float32
		theta       float64
	}{
		{1, 2, false, 1, 1e4},
		{1, 64, false, 1, 1e4},
		{3, 64, true, 1, 1e5},
		{2, 80, false, 1.0693147, 1e6}, // YaRN's attention factor
		{2, 96, true, 1, 1e4},
		{7, 128, false, 1, 1e6},
		{5, 128, true, 1.2, 5e5},
	} {
		b := newBuilder(uint64(i), max(c.heads*c.dim, 40))
		x := b.input("x", c.heads*c.dim)
		b.op(kernels.RoPE{X: x, Heads: c.heads, Dim: c.dim, Scale: c.scale, Interleaved: c.interleaved, Freqs: b.frequencies(c.dim, c.theta)})
		q := newPair(t, impl, b.reveal(x))
		for _, at := range [][2]int{{1, 0}, {5, 0}, {3, 62}, {2, 4097}, {1, Pages*kernels.PageSize - 1}} {
			// The angle is a product of fp32 numbers: at position 10,000 its own rounding is 5e-4 radians.
			q.run(b.batch(at[0], at[1]), max(tol.Exact, 1e-7*float64(at[1])), 0)
		}
		if t.Failed() {
			t.Fatalf("case %+v", c)
		}
	}
}

// frequencies are the plain ones of a rotary embedding.
func (b *builder) frequencies(dim int, theta float64) kernels.Mat {
	f := make([]float32, dim/2)
	for i := range f {
		f[i] = float32(math.Pow(theta, -2*float64(i)/float64(dim)))
	}
	return b.f32("freqs", 1, dim/2, f)
}

func swiGLU(t *testing.T, impl New, tol Tolerance) {
	for i, width := range []int{1, 5, 16, 64, 100, 1536} {
		for _, inPlace := range []bool{false, true} {
			b := newBuilder(uint64(i), max(width, 40))
			gate, up := b.input("gate", width), b.input("up", width)
			for j, x := range []float32{-200, 200, 0, -20, 88.8, -88.8} { // where exp over- and underflows
				copy(b.p.Mats[0].Data[4*width*j:], f32Bytes([]float32{x}))
			}
			out := gate
			if !inPlace {
				out = b.buf("out", width)
			}
			b.op(kernels.SwiGLU{Gate: gate, Up: up, Out: out})
			batch := b.batch(13, 0)
			copy(batch.Tokens, []int32{0, 1, 2, 3, 4, 5})
			newPair(t, impl, b.reveal(out)).run(batch, tol.Exact, 0)
			if t.Failed() {
				t.Fatalf("width %d, in place %t", width, inPlace)
			}
		}
	}
}

// selectRows: the ops after Select run on the chosen rows only, and there may be none.
func selectRows(t *testing.T, impl New, tol Tolerance) {
	b := newBuilder(1, 96)
	x := b.input("x", 96)
	some, normed, product := b.outBuf("some", 96), b.outBuf("normed", 96), b.outBuf("product", 50)
	b.op(kernels.Select{X: x, Out: some},
		kernels.RMSNorm{X: some, Out: normed, W: b.around1("w", 96), Eps: 1e-6},
		kernels.MatMul{X: normed, W: b.random("m", kernels.Q8_0, 50, 96), Out: product, Bias: kernels.None},
		kernels.SwiGLU{Gate: product, Up: product, Out: product})
	q := newPair(t, impl, b.reveal(product))
	for _, rows := range [][]int32{{0}, {6}, {0, 6}, {2, 3, 5}, {}, {0, 1, 2, 3, 4, 5, 6}} {
		batch := b.batch(7, 0)
		batch.Out = rows
		q.run(batch, tol.Weights, 90) // products are near 10 with outliers of 30, and x*silu(x) is as steep as 2x there
	}
}

func scaleF32(m *kernels.Matrix, by float32) {
	for i := 0; i < len(m.Data); i += 4 {
		x := math.Float32frombits(uint32(m.Data[i]) | uint32(m.Data[i+1])<<8 | uint32(m.Data[i+2])<<16 | uint32(m.Data[i+3])<<24)
		copy(m.Data[i:], f32Bytes([]float32{x * by}))
	}
}
