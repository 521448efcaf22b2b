package kerneltest_test

import (
	"context"
	"testing"

	"s1/kernels"
	"s1/kernels/kerneltest"
	"s1/kernels/ref"
)

func newRef(p *kernels.Program) (kerneltest.Stepper, error) {
	return ref.New(p, ref.Options{Pages: kerneltest.Pages, Threads: 2})
}

// The oracle agrees with itself: what fails here is a case, not an executor.
func TestOraclePassesItsOwnTable(t *testing.T) {
	t.Parallel()
	kerneltest.Run(t, newRef, kerneltest.Fp32())
}

// The oracle's product and a sum in double agree.
func TestMatMulTableAcceptsAProductInFp32(t *testing.T) {
	t.Parallel()
	kerneltest.MatMul(t, kerneltest.Fp32(), func(w *kernels.Matrix, x []float32, n int, out []float32) error {
		row, size := make([]float32, w.Cols), w.Type.RowBytes(w.Cols)
		for j := range w.Rows {
			ref.Dequant(w.Type, w.Data[j*size:], row)
			for i := range n {
				var sum float32
				for k, v := range row {
					sum += v * x[i*w.Cols+k]
				}
				out[i*w.Rows+j] = sum
			}
		}
		return nil
	})
}

var _ kerneltest.Stepper = (*ref.Machine)(nil)

func TestRandomMatricesHaveUnitVariance(t *testing.T) {
	t.Parallel()
	for _, typ := range kerneltest.Types {
		p := kerneltest.Decoder(1, kerneltest.Shape{
			Type: typ, Layers: 1, Vocab: 64, Context: 64, Width: 256, FF: 256, Heads: 2, KVHeads: 1, HeadDim: 128,
		})
		m := p.Mats[0]
		for i := range p.Mats {
			if p.Mats[i].Name == "embedding" {
				m = p.Mats[i]
			}
		}
		x := make([]float32, m.Rows*m.Cols)
		ref.Dequant(m.Type, m.Data, x)
		var sum float64
		for _, v := range x {
			sum += float64(v) * float64(v)
		}
		if got := sum / float64(len(x)); got < 0.5 || got > 2 {
			t.Errorf("%v: variance %g, want about 1", typ, got)
		}
		ref, err := newRef(p)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ref.Step(context.Background(), &kernels.Batch{
			Tokens: []int32{1}, Pos: []int32{0}, Seq: []int32{0}, Tables: [][]int32{{0}},
		}); err != nil {
			t.Error(err)
		}
	}
}
