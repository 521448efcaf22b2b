//go:build cgo

package cpu

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"s1/kernels"
)

// BenchmarkTrainProducts: the three products of a linear layer. Budget: 75 % of two threads' FMA peak at the shapes of a small model.
func BenchmarkTrainProducts(b *testing.B) {
	for _, shape := range []struct{ n, rows, cols int }{{1024, 128, 128}, {1024, 352, 128}, {1024, 128, 352}, {2032, 320, 320}, {2032, 864, 320}, {2048, 576, 576}, {2048, 1536, 576}} {
		p := &kernels.TrainProgram{
			Bufs:   []kernels.TrainBuf{{Name: "x", Width: shape.cols}, {Name: "y", Width: shape.rows}},
			Params: []kernels.ParamSpec{{Name: "w", Rows: shape.rows, Cols: shape.cols}},
			Rows:   shape.n, Context: shape.n, Vocab: 16,
		}
		t, err := newTrainer(p, TrainOptions{})
		if err != nil {
			b.Fatal(err)
		}
		random(t.bufs[0], 1)
		random(t.bufs[1], 2)
		random(t.slots[0][0], 3)
		s := step{t: t, b: &kernels.TrainBatch{}, n: cint(shape.n), grads: true, from: kernels.NoBuf, read: kernels.NoBuf}
		for name, op := range map[string]kernels.TrainOp{
			"forward": kernels.TrainMatMul{X: 0, Out: 1, W: 0, Bias: kernels.NoParam, Scale: 1},
			"dx":      kernels.TrainMatMulGradX{DOut: 1, DX: 0, W: 0, Scale: 1e-3},
			"dw":      kernels.TrainMatMulGradW{X: 0, DOut: 1, W: 0, Bias: kernels.NoParam, Scale: 1e-6},
		} {
			b.Run(fmt.Sprintf("%dx%dx%d/%s", shape.n, shape.rows, shape.cols, name), func(b *testing.B) {
				for b.Loop() {
					if err := s.run(b.Context(), op); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(2*float64(shape.n*shape.rows*shape.cols)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
			})
		}
		t.Close()
	}
}

func random(x []float32, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 0))
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
}
