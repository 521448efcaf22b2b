package ref

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"s1/kernels"
)

// Every op against its definition, written down a second time in double and without a program around it. Whole models are held to
// transformers in engine/arch.

func machine(t *testing.T, p kernels.Program) *Machine {
	t.Helper()
	p.Layers, p.KVHeads, p.HeadDim = max(p.Layers, 1), max(p.KVHeads, 1), max(p.HeadDim, 2)
	p.Vocab, p.Context = max(p.Vocab, 1), 1000
	m, err := New(&p, Options{Threads: 2, Pages: 8})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func matrix(rows, cols int, x ...float32) kernels.Matrix {
	m := kernels.Matrix{Type: kernels.F32, Rows: rows, Cols: cols}
	for _, v := range x {
		b := math.Float32bits(v)
		m.Data = append(m.Data, byte(b), byte(b>>8), byte(b>>16), byte(b>>24))
	}
	return m
}

func near(t *testing.T, what string, got, want []float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d numbers, want %d", what, len(got), len(want))
	}
	for i := range want {
		if !(math.Abs(float64(got[i]-want[i])) <= 1e-6*(1+math.Abs(float64(want[i])))) {
			t.Errorf("%s: number %d is %g, want %g", what, i, got[i], want[i])
		}
	}
}

func step(t *testing.T, m *Machine, b *kernels.Batch) kernels.Result {
	t.Helper()
	r, err := m.Step(context.Background(), b)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func sequence(tokens ...int32) *kernels.Batch {
	b := &kernels.Batch{Tokens: tokens, Tables: [][]int32{{0, 1, 2, 3}}}
	for i := range tokens {
		b.Pos, b.Seq = append(b.Pos, int32(i)), append(b.Seq, 0)
	}
	return b
}

func TestRowwiseOpsFollowTheirDefinitions(t *testing.T) {
	t.Parallel()
	m := machine(t, kernels.Program{
		Vocab: 2,
		Bufs: []kernels.BufSpec{
			{Name: "x", Width: 4},
			{Name: "normed", Width: 4},
			{Name: "by head", Width: 4},
			{Name: "product", Width: 2},
			{Name: "gated", Width: 4},
			{Name: "half", Width: 4},
			{Name: "neighbours", Width: 4},
			{Name: "sum", Width: 2},
			{Name: "chosen", Width: 4, OutRows: true},
		},
		Mats: []kernels.Matrix{
			matrix(2, 4, 0, 0, 0, 0, 1, 2, 3, 4),
			matrix(1, 4, 1, 2, 1, 2),
			matrix(1, 2, 1, 10),
			matrix(2, 4, 1, 0, 0, 1, 0.5, 0.5, 0.5, 0.5),
			matrix(1, 2, 100, 200),
			matrix(1, 2, 1, 0.5),
		},
		Ops: []kernels.Op{
			kernels.Embed{Table: 0, Out: 0},
			kernels.RMSNorm{X: 0, Out: 1, W: 1, Eps: 0.5},
			kernels.RMSNorm{X: 0, Out: 2, W: 2, Eps: 0.5, Heads: 2},
			kernels.MatMul{X: 0, Out: 3, W: 3, Bias: 4},
			kernels.SwiGLU{Gate: 0, Up: 1, Out: 4},
			kernels.Embed{Table: 0, Out: 5},
			kernels.RoPE{X: 5, Heads: 1, Dim: 4, Freqs: 5, Scale: 2},
			kernels.Embed{Table: 0, Out: 6},
			kernels.RoPE{X: 6, Heads: 1, Dim: 4, Freqs: 5, Scale: 1, Interleaved: true},
			kernels.MatMul{X: 0, Out: 7, W: 3, Bias: kernels.None},
			kernels.MatMul{X: 0, Out: 7, W: 3, Bias: 4, Accumulate: true},
			kernels.Select{X: 0, Out: 8},
		},
	})
	b := sequence(0, 1)
	b.Out = []int32{1}
	step(t, m, b)
	row := func(i kernels.Buf) []float32 { w := m.p.Bufs[i].Width; return m.Buffer(i)[w : 2*w] }

	all, low, high := math.Sqrt(30.0/4+0.5), math.Sqrt(5.0/2+0.5), math.Sqrt(25.0/2+0.5)
	f := func(x ...float64) (y []float32) {
		for _, v := range x {
			y = append(y, float32(v))
		}
		return y
	}
	near(t, "embed", row(0), f(1, 2, 3, 4))
	near(t, "rmsnorm", row(1), f(1/all, 4/all, 3/all, 8/all))
	near(t, "rmsnorm by head", row(2), f(1/low, 20/low, 3/high, 40/high))
	near(t, "matmul", row(3), f(105, 205))
	silu := func(x float64) float64 { return x / (1 + math.Exp(-x)) }
	near(t, "swiglu", row(4), f(silu(1)/all, silu(2)*4/all, silu(3)*3/all, silu(4)*8/all))
	s1, c1, s2, c2 := math.Sin(1), math.Cos(1), math.Sin(0.5), math.Cos(0.5)
	near(t, "rope of halves", row(5), f(2*(c1-3*s1), 2*(2*c2-4*s2), 2*(s1+3*c1), 2*(2*s2+4*c2)))
	near(t, "rope of neighbours", row(6), f(c1-2*s1, s1+2*c1, 3*c2-4*s2, 3*s2+4*c2))
	near(t, "accumulated", row(7), f(110, 210))
	near(t, "selected", m.Buffer(8), f(1, 2, 3, 4))
	near(t, "rmsnorm of zeros", m.Buffer(1)[:4], f(0, 0, 0, 0))
}

func TestAttentionIsTheWeightedMeanOfItsPast(t *testing.T) {
	t.Parallel()
	const n, dim, kv, heads, vocab = 150, 6, 2, 4, 20
	r := rand.New(rand.NewPCG(1, 1))
	table := func(width int) kernels.Matrix {
		x := make([]float32, vocab*width)
		for i := range x {
			x[i] = float32(r.NormFloat64())
		}
		return matrix(vocab, width, x...)
	}
	q, k, v := table(heads*dim), table(kv*dim), table(kv*dim)
	m := machine(t, kernels.Program{
		Vocab: vocab, KVHeads: kv, HeadDim: dim,
		Bufs: []kernels.BufSpec{{Name: "q", Width: heads * dim}, {Name: "k", Width: kv * dim}, {Name: "v", Width: kv * dim}, {Name: "out", Width: heads * dim}},
		Mats: []kernels.Matrix{q, k, v},
		Ops: []kernels.Op{
			kernels.Embed{Table: 0, Out: 0},
			kernels.Embed{Table: 1, Out: 1},
			kernels.Embed{Table: 2, Out: 2},
			kernels.KVWrite{K: 1, V: 2},
			kernels.Attention{Q: 0, Out: 3, Heads: heads, KVHeads: kv, HeadDim: dim, Scale: 0.3},
		},
	})
	tokens := make([]int32, n)
	for i := range tokens {
		tokens[i] = int32(r.IntN(vocab))
	}
	step(t, m, sequence(tokens...))

	at := func(m *kernels.Matrix, token int32, head, j int) float64 {
		y := make([]float32, 1)
		Dequant(kernels.F32, m.Data[4*(int(token)*m.Cols+head*dim+j):], y)
		return float64(y[0])
	}
	want := make([]float32, 0, n*heads*dim)
	for i := range n {
		for h := range heads {
			p, sum := make([]float64, i+1), 0.0
			for s := range p {
				for j := range dim {
					p[s] += at(&q, tokens[i], h, j) * at(&k, tokens[s], h/2, j) * 0.3
				}
				p[s] = math.Exp(p[s])
				sum += p[s]
			}
			for j := range dim {
				var x float64
				for s := range p {
					x += p[s] / sum * at(&v, tokens[s], h/2, j)
				}
				want = append(want, float32(x))
			}
		}
	}
	near(t, "attention", m.Buffer(3), want)
}

func TestStatsOfKnownLogits(t *testing.T) {
	t.Parallel()
	// p = 1/2, 1/4, 1/4
	x := []float32{0, float32(math.Log(2)), 0}
	s := Stats(x, 2)
	for _, c := range []struct {
		name      string
		got, want float64
	}{
		{"LSE", float64(s.LSE), math.Log(4)},
		{"LSET", float64(s.LSET), math.Log(4 + 1 + 1)},
		{"Entropy", float64(s.Entropy), 1.5 * math.Log(2)},
	} {
		if math.Abs(c.got-c.want) > 1e-6 {
			t.Errorf("%s is %g, want %g", c.name, c.got, c.want)
		}
	}
	if got, want := s.TopIDs[:4], []int32{1, 0, 2, -1}; !slices.Equal(got, want) {
		t.Errorf("likeliest %v, want %v", got, want)
	}
}

func TestStatsOfInfinitiesStayFinite(t *testing.T) {
	t.Parallel()
	masked := float32(math.Inf(-1))
	s := Stats([]float32{masked, 3, masked}, 1)
	if s.LSE != 3 || s.Entropy != 0 || s.TopIDs[0] != 1 {
		t.Errorf("got LSE %g, entropy %g, likeliest %d, want 3, 0, 1", s.LSE, s.Entropy, s.TopIDs[0])
	}
}
