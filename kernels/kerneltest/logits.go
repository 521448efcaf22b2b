package kerneltest

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"s1/kernels"
)

// logits: vocabularies around multiples of 16 and TopM, ties, temperatures. run compares the statistics with an exact evaluation
// of the executor's own logits, so that a tie is a tie.
func logits(t *testing.T, impl New, tol Tolerance) {
	for i, vocab := range []int{1, 5, 16, 63, 64, 65, 100, 257, 1000, 4099} {
		for _, typ := range []kernels.DType{kernels.F32, kernels.F16, kernels.Q8_0, kernels.Q4_1, kernels.Q6_K} {
			cols := max(64, typ.Block())
			b := newBuilder(uint64(i), vocab)
			x := b.input("x", cols)
			out := b.outBuf("out", cols)
			w := RandomMatrix(b.r, "head", typ, vocab, cols)
			row := typ.RowBytes(cols)
			for r := 1; r < vocab; r++ { // every third row is its neighbour again: equal logits
				if r%3 == 0 {
					copy(w.Data[r*row:(r+1)*row], w.Data[(r-1)*row:])
				}
			}
			b.op(kernels.Select{X: x, Out: out}, kernels.Logits{X: out, W: b.mat(w)})
			q := newPair(t, impl, &b.p)
			scale := productScale(&w, 1)
			one := b.batch(1, 0)
			q.run(one, tol.of(typ), scale)
			some := b.batch(5, 0)
			some.Out, some.InvT = []int32{1, 2, 4}, []float32{0, 1 / 0.6, 20}
			q.run(some, tol.of(typ), scale)
			none := b.batch(3, 0)
			none.Out = nil
			q.run(none, tol.of(typ), scale)
			if t.Failed() {
				t.Fatalf("vocabulary %d, %v", vocab, typ)
			}
		}
	}

	t.Run("all equal", func(t *testing.T) {
		b := newBuilder(1, 200)
		x := b.input("x", 32)
		out := b.outBuf("out", 32)
		b.op(kernels.Select{X: x, Out: out}, kernels.Logits{X: out, W: b.f32("head", 200, 32, make([]float32, 200*32))})
		got := newPair(t, impl, &b.p).run(b.batch(1, 0), tol.Exact, 1)
		if slices.Max(got) != 0 {
			t.Errorf("a head of zeros gives %g", slices.Max(got))
		}
	})
	t.Run("one certain", func(t *testing.T) {
		b := newBuilder(1, 300)
		x := b.input("x", 32)
		out := b.outBuf("out", 32)
		for i := range b.p.Mats[0].Data {
			b.p.Mats[0].Data[i] = []byte{0, 0, 128, 63}[i%4] // all ones
		}
		head := make([]float32, 300*32)
		for i := range 32 {
			head[137*32+i] = 1000.0 / 32
		}
		b.op(kernels.Select{X: x, Out: out}, kernels.Logits{X: out, W: b.f32("head", 300, 32, head)})
		newPair(t, impl, &b.p).run(b.batch(2, 0), tol.Exact, 1000)
	})
}

// refusals: what a batch may not be, and a cancelled context.
func refusals(t *testing.T, impl New, tol Tolerance) {
	b := newBuilder(1, 40)
	q := newPair(t, impl, b.reveal(b.input("x", 8)))
	nan := float32(math.NaN())
	for name, spoil := range map[string]func(x *kernels.Batch){
		"no rows":                        func(x *kernels.Batch) { *x = kernels.Batch{} },
		"token beyond the vocabulary":    func(x *kernels.Batch) { x.Tokens[1] = 40 },
		"negative token":                 func(x *kernels.Batch) { x.Tokens[0] = -1 },
		"position beyond the context":    func(x *kernels.Batch) { x.Pos[0] = Pages * kernels.PageSize },
		"negative position":              func(x *kernels.Batch) { x.Pos[0] = -1 },
		"gap in the positions":           func(x *kernels.Batch) { x.Pos[2] = 3 },
		"position not in the page table": func(x *kernels.Batch) { x.Tables[0] = nil },
		"page beyond the pages":          func(x *kernels.Batch) { x.Tables[0][0] = 1 << 30 },
		"negative page":                  func(x *kernels.Batch) { x.Tables[0][0] = -1 },
		"sequence without a table":       func(x *kernels.Batch) { x.Seq[2] = 1 },
		"fewer positions than tokens":    func(x *kernels.Batch) { x.Pos = x.Pos[:2] },
		"out not a row":                  func(x *kernels.Batch) { x.Out[2] = 3 },
		"out not ascending":              func(x *kernels.Batch) { x.Out[0] = 1 },
		"temperatures of other rows":     func(x *kernels.Batch) { x.InvT = []float32{1} },
		"temperature not a number":       func(x *kernels.Batch) { x.InvT = []float32{1, nan, 1} },
		"two rows in one place": func(x *kernels.Batch) {
			x.Tables = append(x.Tables, x.Tables[0])
			x.Pos[2], x.Seq[2] = 1, 1
		},
		"a sequence in two runs": func(x *kernels.Batch) {
			x.Tables = append(x.Tables, []int32{1})
			x.Pos[1], x.Seq[1] = 0, 1
			x.Pos[2] = 1
		},
	} {
		x := b.batch(3, 0)
		spoil(x)
		if _, err := q.got.Step(context.Background(), x); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := q.got.Step(ctx, b.batch(3, 0)); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got %v, want %v", err, context.Canceled)
	}
	q.run(b.batch(3, 0), tol.Exact, 0) // and it still works
}
