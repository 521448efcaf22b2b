//go:build cgo

package cpu

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"s1/kernels"
	"s1/kernels/ref"
)

// blockTypes are the types of weights with every layout they can get.
var blockTypes = []struct {
	t       kernels.DType
	weights string
}{
	{kernels.F32, "exact"},
	{kernels.F16, "exact"},
	{kernels.BF16, "exact"},
	{kernels.F32, "q8"},
	{kernels.F16, "auto"},
	{kernels.BF16, "auto"},
	{kernels.Q8_0, "auto"},
	{kernels.Q4_0, "auto"},
	{kernels.Q4_1, "auto"},
	{kernels.Q5_0, "auto"},
	{kernels.Q5_1, "auto"},
	{kernels.Q4_K, "auto"},
	{kernels.Q5_K, "auto"},
	{kernels.Q6_K, "auto"},
}

// randomMatrix is a matrix of random quants, its scales near 1/100; every bit pattern of quants and sub-scales occurs.
func randomMatrix(r *rand.Rand, t kernels.DType, rows, cols int) []byte {
	raw := make([]byte, rows*t.RowBytes(cols))
	for i := range raw {
		raw[i] = byte(r.Uint32())
	}
	half := func(b []byte) { // 2^-7 .. 2^-6, either sign
		binary.LittleEndian.PutUint16(b, uint16(r.Uint32())&0x83ff|8<<10)
	}
	switch n := t.BlockBytes(); t {
	case kernels.F32:
		for i := 0; i < len(raw); i += 4 {
			binary.LittleEndian.PutUint32(raw[i:], math.Float32bits(float32(r.NormFloat64())))
		}
	case kernels.F16:
		for i := 0; i < len(raw); i += 2 { // 2^-4 .. 2^1 and subnormals
			e := []uint16{0, 11, 12, 13, 14, 15}[r.IntN(6)]
			binary.LittleEndian.PutUint16(raw[i:], uint16(r.Uint32())&0x83ff|e<<10)
		}
	case kernels.BF16:
		for i := 0; i < len(raw); i += 2 {
			binary.LittleEndian.PutUint16(raw[i:], uint16(math.Float32bits(float32(r.NormFloat64()))>>16))
		}
	case kernels.Q6_K:
		for i := 0; i < len(raw); i += n {
			half(raw[i+208:])
		}
	default:
		for i := 0; i < len(raw); i += n {
			half(raw[i:])
			if t == kernels.Q4_1 || t == kernels.Q5_1 || t == kernels.Q4_K || t == kernels.Q5_K {
				half(raw[i+2:])
			}
		}
	}
	return raw
}

// packMatrix plans and packs, in two parts when there are several strips.
func packMatrix(tb testing.TB, t kernels.DType, weights string, rows, cols int, raw []byte) *packed {
	tb.Helper()
	p, err := planMatrix(t, weights, rows, cols)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(p.free)
	p.pack(raw, p.strips()/2, p.strips())
	p.pack(raw, 0, p.strips()/2)
	return p
}

func TestPackedRowsKeepTheirValues(t *testing.T) {
	t.Parallel()
	for _, bt := range blockTypes {
		t.Run(fmt.Sprint(bt.t, " ", bt.weights), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(1, uint64(bt.t)))
			const rows, cols = 37, 512
			raw := randomMatrix(r, bt.t, rows, cols)
			p := packMatrix(t, bt.t, bt.weights, rows, cols, raw)
			got, want := make([]float32, cols), make([]float32, cols)
			quantised := bt.t <= kernels.BF16 && bt.weights != "exact"
			for row := range rows {
				p.row(row, got)
				ref.Dequant(bt.t, raw[row*bt.t.RowBytes(cols):], want)
				for c := range want {
					tolerance := 0.0
					if quantised { // half a step, and d rounded to fp16
						tolerance = maxAbs(want[c/32*32:][:32]) / 127 * (0.5 + 127.0/2048)
					}
					if d := math.Abs(float64(got[c] - want[c])); !(d <= tolerance) {
						t.Fatalf("row %d column %d: got %g, want %g within %g", row, c, got[c], want[c], tolerance)
					}
				}
			}
		})
	}
}

func maxAbs(x []float32) float64 {
	m := 0.0
	for _, v := range x {
		m = max(m, math.Abs(float64(v)))
	}
	return m
}

// shapes of the product tests: rows and columns ragged where the layout allows.
var shapes = []struct{ rows, cols int }{{1, 32}, {16, 96}, {37, 544}, {33, 1280}}

var batches = []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 33, 64, 200}

// quantisedActivations is x as a kernel sees it, per 32 columns: int16 times max/32512, or int8 times max/127 and the same of
// what that left over; or bf16, or itself.
func quantisedActivations(kind int, x []float32) []float32 {
	y := make([]float32, len(x))
	for i, v := range x {
		switch kind {
		case actF32:
			y[i] = v
		case actBF16:
			b := math.Float32bits(v)
			y[i] = math.Float32frombits((b + 0x7fff + b>>16&1) &^ 0xffff)
		case actI16:
			d, q := rounded(v, x[i/32*32:][:32], 32512)
			y[i] = d * q
		default:
			block := x[i/32*32:][:32]
			var left [32]float32
			for k, u := range block {
				d, q := rounded(u, block, 127)
				left[k] = float32(float64(u) - float64(d)*float64(q)) // rounded once, as by fma
			}
			d0, q0 := rounded(v, block, 127)
			d1, q1 := rounded(left[i%32], left[:], 127)
			y[i] = d0*q0 + d1*q1
		}
	}
	return y
}

// rounded is v as a scale, the block's largest value over most, and a whole number of it.
func rounded(v float32, block []float32, most float32) (d, q float32) {
	top := float32(maxAbs(block))
	return top / most, float32(math.RoundToEven(float64(v * (most / top))))
}

// Every layout under every instruction set of this machine equals the plain product of the dequantised weights and the
// activations as the kernel is meant to see them. What is left is fp32 rounding: one per block of 32 columns and operation,
// so 1e-6 of sum|w||x| (4 roundings x 40 blocks x 2^-24 at worst, in random walk far less).
func TestMatmulEqualsThePlainProduct(t *testing.T) {
	t.Parallel()
	for _, bt := range blockTypes {
		for isa := 0; isa <= bestISA(); isa++ {
			t.Run(fmt.Sprint(bt.t, " ", bt.weights, " ", isaName(isa)), func(t *testing.T) {
				t.Parallel()
				for _, s := range shapes {
					cols := (s.cols + bt.t.Block() - 1) / bt.t.Block() * bt.t.Block()
					if bt.weights == "exact" {
						cols++ // odd: pairs of bf16 end half full
					}
					testProduct(t, bt.t, bt.weights, isa, s.rows, cols)
				}
			})
		}
	}
}

func testProduct(t *testing.T, typ kernels.DType, weights string, isa, rows, cols int) {
	r := rand.New(rand.NewPCG(2, uint64(rows)))
	p := packMatrix(t, typ, weights, rows, cols, randomMatrix(r, typ, rows, cols))
	w := make([][]float32, rows)
	for i := range w {
		w[i] = make([]float32, cols)
		p.row(i, w[i])
	}
	bias := make([]float32, rows)
	for i := range bias {
		bias[i] = r.Float32()
	}
	for _, n := range batches {
		if underRace && n != 1 && n != 7 {
			continue
		}
		ldx, ldo := cols+3, rows+5
		x, start := make([]float32, n*ldx), make([]float32, n*ldo)
		for i := range x {
			x[i] = float32(r.NormFloat64())
		}
		for i := range start {
			start[i] = r.Float32()
		}
		accumulate, b := n%2 == 0, bias
		if n%3 == 0 {
			b = nil
		}
		a := packActivations(isa, p.layout(), x, ldx, n, cols)
		out, cut := append([]float32(nil), start...), r.IntN(p.strips()+1)
		p.matmul(isa, a, b, out, ldo, accumulate, cut, p.strips())
		p.matmul(isa, a, b, out, ldo, accumulate, 0, cut)
		a.free()
		for j := range n {
			seen := quantisedActivations(actKind(isa, p.layout()), x[j*ldx:][:cols])
			for i := range ldo {
				got := float64(out[j*ldo+i])
				if i >= rows {
					if got != float64(start[j*ldo+i]) {
						t.Fatalf("%d x %d, n %d: wrote beyond row %d", rows, cols, n, rows)
					}
					continue
				}
				want, size := 0.0, 1.0
				for k, v := range w[i] {
					want += float64(v) * float64(seen[k])
					size += math.Abs(float64(v) * float64(seen[k]))
				}
				if b != nil {
					want += float64(b[i])
				}
				if accumulate {
					want += float64(start[j*ldo+i])
				}
				if !(math.Abs(got-want) <= 1e-6*size) {
					t.Fatalf("%d x %d, n %d, vector %d row %d: got %g, want %g within %g", rows, cols, n, j, i, got, want, 1e-6*size)
				}
			}
		}
	}
}

// A vector's product must not depend on who shares its batch: forks, chunks of a prompt and drafts rest on it.
// Nor may the instruction set where the arithmetic is integer on activations of one kind: VNNI has them in two planes of bytes where
// the others have int16.
func TestProductIsTheSameInEveryBatchAndInstructionSet(t *testing.T) {
	t.Parallel()
	for _, bt := range blockTypes {
		t.Run(fmt.Sprint(bt.t, " ", bt.weights), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(3, uint64(bt.t)))
			const rows, cols, n = 37, 512, 29
			p := packMatrix(t, bt.t, bt.weights, rows, cols, randomMatrix(r, bt.t, rows, cols))
			x := make([]float32, n*cols)
			for i := range x {
				x[i] = float32(r.NormFloat64())
			}
			product := func(isa, j0, j1 int) []float32 {
				a := packActivations(isa, p.layout(), x[j0*cols:], cols, j1-j0, cols)
				defer a.free()
				out := make([]float32, (j1-j0)*rows)
				p.matmul(isa, a, nil, out, rows, false, 0, p.strips())
				return out
			}
			first := map[int][]float32{} // by the kind of activations
			for isa := 0; isa <= bestISA(); isa++ {
				whole, kind := product(isa, 0, n), actKind(isa, p.layout())
				if first[kind] == nil {
					first[kind] = whole
				}
				for j0, width := 0, 1; j0 < n; j0, width = j0+width, width+1 {
					j1 := min(n, j0+width)
					for i, v := range product(isa, j0, j1) {
						if w := whole[j0*rows+i]; v != w {
							t.Fatalf("%s, vectors %d to %d alone: %g, in the batch of %d: %g", isaName(isa), j0, j1, v, n, w)
						}
					}
				}
				for i, v := range whole {
					if kind < actF32 && v != first[kind][i] {
						t.Fatalf("%s: %g, the first with such activations: %g", isaName(isa), v, first[kind][i])
					}
				}
			}
		})
	}
}

func TestActivationsThatAreNoNumbersMakeNaN(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(4, 4))
	p := packMatrix(t, kernels.Q8_0, "auto", 16, 64, randomMatrix(r, kernels.Q8_0, 16, 64))
	for isa := 0; isa <= bestISA(); isa++ {
		for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(-1))} {
			x, out := make([]float32, 2*64), make([]float32, 2*16)
			x[40] = bad
			a := packActivations(isa, p.layout(), x, 64, 2, 64)
			p.matmul(isa, a, nil, out, 16, false, 0, 1)
			a.free()
			for i, v := range out {
				if isNaN := v != v; isNaN != (i < 16) {
					t.Errorf("%s, %g among the activations of vector 0: vector %d got %g", isaName(isa), bad, i/16, v)
				}
			}
		}
	}
}

func TestPlanRefusesWhatCannotBe(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		t          kernels.DType
		weights    string
		rows, cols int
		fine       bool
	}{
		{kernels.Q8_0, "auto", 1, 32, true},
		{kernels.Q8_0, "auto", 1, 33, false},
		{kernels.Q4_K, "auto", 1, 128, false},
		{kernels.F16, "auto", 3, 33, true},
		{kernels.F16, "best", 3, 32, false},
		{kernels.F32, "exact", 0, 4, false},
		{kernels.F32, "exact", 4, -1, false},
		{200, "auto", 4, 32, false},
	} {
		p, err := planMatrix(c.t, c.weights, c.rows, c.cols)
		if (err == nil) != c.fine {
			t.Errorf("planMatrix(%d, %q, %d, %d): %v", uint8(c.t), c.weights, c.rows, c.cols, err)
		}
		if err == nil {
			p.free()
		}
	}
}

func TestInstructionSetsHaveNames(t *testing.T) {
	t.Parallel()
	for isa := 0; isa <= bestISA(); isa++ {
		if got, err := isaByName(isaName(isa)); err != nil || got != isa {
			t.Errorf("isaByName(%q) = %d, %v", isaName(isa), got, err)
		}
	}
	for _, name := range []string{"", "neon", "avx9"} {
		if _, err := isaByName(name); err == nil {
			t.Errorf("isaByName(%q): no error", name)
		}
	}
}
