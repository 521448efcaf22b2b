package kerneltest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"s1/kernels"
	"s1/kernels/ref"
)

// Types are all types a matrix may have.
var Types = []kernels.DType{
	kernels.F32, kernels.F16, kernels.BF16, kernels.Q8_0, kernels.Q4_0, kernels.Q4_1,
	kernels.Q5_0, kernels.Q5_1, kernels.Q4_K, kernels.Q5_K, kernels.Q6_K,
}

// batchSizes are rows of a batch around the widths kernels are unrolled for.
var batchSizes = []int{1, 2, 3, 4, 5, 7, 8, 11, 12, 13, 33}

// shapes are ragged (rows, cols) for a type: rows around 16, cols a multiple of the block.
func shapes(t kernels.DType) [][2]int {
	switch t.Block() {
	case 1:
		return [][2]int{{1, 32}, {3, 5}, {16, 33}, {17, 100}, {50, 192}, {129, 64}}
	case 32:
		return [][2]int{{1, 32}, {3, 64}, {16, 96}, {17, 160}, {50, 576}, {129, 32}}
	default:
		return [][2]int{{1, 256}, {3, 512}, {16, 256}, {17, 768}, {50, 1024}, {129, 256}}
	}
}

// tolerance of a product with a matrix of this type.
func (tol Tolerance) of(t kernels.DType) float64 {
	if t == kernels.F32 {
		return tol.Exact
	}
	return tol.Weights
}

// extreme sets all quants to their largest magnitude with equal scales: where 16-bit intermediate sums saturate if they can.
func extreme(m kernels.Matrix, fill byte) kernels.Matrix {
	size := m.Type.BlockBytes()
	for b := m.Data; len(b) > 0; b = b[size:] {
		for i := range size {
			b[i] = fill
		}
		switch m.Type {
		case kernels.F32, kernels.F16, kernels.BF16:
			copy(b, map[kernels.DType][]byte{kernels.F32: {0, 0, 128, 63}, kernels.F16: {0, 60}, kernels.BF16: {128, 63}}[m.Type]) // 1
		case kernels.Q6_K:
			putHalf(b[208:], 1.0/1024)
		case kernels.Q4_1, kernels.Q5_1, kernels.Q4_K, kernels.Q5_K:
			putHalf(b, 1.0/128)
			putHalf(b[2:], 1.0/16)
		default:
			putHalf(b, 1.0/128)
		}
	}
	return m
}

func matMul(t *testing.T, impl New, tol Tolerance) {
	for _, typ := range Types {
		t.Run(typ.String(), func(t *testing.T) {
			for i, s := range shapes(typ) {
				rows, cols := s[0], s[1]
				for _, form := range []string{"plain", "bias", "accumulate"} {
					if form != "plain" && i%2 == 0 {
						continue // half the shapes will do
					}
					b := newBuilder(uint64(i), max(rows, 40))
					w := b.random("w", typ, rows, cols)
					p, scale := matMulProgram(b, w, form)
					q := newPair(t, impl, p)
					for _, n := range batchSizes {
						q.run(b.batch(n, 0), tol.of(typ), scale)
						if t.Failed() {
							t.Fatalf("%v %d x %d, %s, %d rows in the batch", typ, rows, cols, form, n)
						}
					}
				}
			}
			for _, fill := range []byte{0x7f, 0x80, 0xff, 0x00} {
				b := newBuilder(99, 40)
				m := extreme(RandomMatrix(b.r, "w", typ, 20, 256), fill)
				p, scale := matMulProgram(b, b.mat(m), "plain")
				ones := p.Mats[p.Ops[0].(kernels.Embed).Table]
				for j := 0; j < len(ones.Data); j += 4 { // every activation +1 or, in odd rows, -1
					v := float32(1 - 2*(j/4/ones.Cols%2))
					copy(ones.Data[j:], f32Bytes([]float32{v}))
				}
				newPair(t, impl, p).run(b.batch(12, 0), tol.of(typ), scale)
				if t.Failed() {
					t.Fatalf("%v with every byte of its quants %#x", typ, fill)
				}
			}
		})
	}
}

// matMulProgram is x -> x W^T in one of the forms of the op, and the scale of its errors.
func matMulProgram(b *builder, w kernels.Mat, form string) (*kernels.Program, float64) {
	m := b.p.Mats[w]
	x := b.input("x", m.Cols)
	op := kernels.MatMul{X: x, W: w, Bias: kernels.None}
	if form == "accumulate" {
		op.Out, op.Accumulate = b.input("sum", m.Rows), true
	} else {
		op.Out = b.buf("out", m.Rows)
	}
	if form == "bias" {
		op.Bias = b.random("bias", kernels.F32, 1, m.Rows)
	}
	b.op(op)
	return b.reveal(op.Out), productScale(&m, 1) + 1
}

// productScale is the rms over W's rows of |w| times the rms of the activations.
func productScale(m *kernels.Matrix, x float64) float64 {
	w := make([]float32, m.Rows*m.Cols)
	ref.Dequant(m.Type, m.Data, w)
	return max(rms(w)*math.Sqrt(float64(m.Cols))*x, 1e-3)
}

// MatMul holds a bare matrix product to the oracle: f computes out (n, w.Rows) = x (n, w.Cols) * w^T.
func MatMul(t *testing.T, tol Tolerance, f func(w *kernels.Matrix, x []float32, n int, out []float32) error) {
	t.Helper()
	for _, typ := range Types {
		t.Run(typ.String(), func(t *testing.T) {
			for i, s := range shapes(typ) {
				r := rand.New(rand.NewPCG(uint64(i), 2))
				w := RandomMatrix(r, "w", typ, s[0], s[1])
				for _, n := range batchSizes {
					if err := matMulCase(r, &w, n, tol.of(typ), f); err != nil {
						t.Fatalf("%v %d x %d, %d rows: %v", typ, w.Rows, w.Cols, n, err)
					}
				}
			}
			for _, fill := range []byte{0x7f, 0x80, 0xff, 0x00} {
				r := rand.New(rand.NewPCG(99, 2))
				w := extreme(RandomMatrix(r, "w", typ, 20, 256), fill)
				if err := matMulCase(nil, &w, 12, tol.of(typ), f); err != nil {
					t.Fatalf("%v with every byte of its quants %#x: %v", typ, fill, err)
				}
			}
		})
	}
}

// matMulCase compares one product; without r the activations are rows of +1 and -1.
func matMulCase(r *rand.Rand, w *kernels.Matrix, n int, tol float64, f func(w *kernels.Matrix, x []float32, n int, out []float32) error) error {
	x := make([]float32, n*w.Cols)
	for i := range x {
		x[i] = float32(1 - 2*(i/w.Cols%2))
		if r != nil {
			x[i] = float32(r.NormFloat64())
		}
	}
	out := make([]float32, n*w.Rows)
	for i := range out {
		out[i] = float32(math.NaN()) // must be written, not added to
	}
	if err := f(w, x, n, out); err != nil {
		return err
	}
	scale := productScale(w, 1)
	row := make([]float32, w.Cols)
	size := w.Type.RowBytes(w.Cols)
	for j := range w.Rows {
		ref.Dequant(w.Type, w.Data[j*size:(j+1)*size], row)
		for i := range n {
			var want float64
			for k, v := range row {
				want += float64(v) * float64(x[i*w.Cols+k])
			}
			if got := float64(out[i*w.Rows+j]); !(math.Abs(got-want) <= tol*scale) {
				return fmt.Errorf("row %d, column %d is %g, want %g: off by %.3g of the scale %.3g, allowed %.3g",
					i, j, got, want, math.Abs(got-want)/scale, scale, tol)
			}
		}
	}
	return nil
}
