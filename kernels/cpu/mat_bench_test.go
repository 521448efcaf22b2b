//go:build cgo

package cpu

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"s1/kernels"
)

// One thread. Budgets on a 3.1 GHz Zen 3 core: from memory (128 MB and more, n 1) 15 GB/s; n 8 at most 2.7 times n 1 for Q8_0,
// 2.8 for 4 bits; from cache, n 512: 58 GMAC/s for 8 bits, 80 for 4, 44 for floats.
func BenchmarkMatmul(b *testing.B) {
	for _, shape := range []struct {
		name       string
		rows, cols int
		batches    []int
	}{{"memory", 16384, 8192, []int{1, 4, 8}}, {"cache", 2048, 2048, []int{1, 8, 512}}} {
		for _, t := range []kernels.DType{kernels.Q8_0, kernels.Q4_0, kernels.Q4_1, kernels.Q5_0, kernels.Q4_K, kernels.Q6_K, kernels.F16} {
			p, err := planMatrix(t, "exact", shape.rows, shape.cols)
			if err != nil {
				b.Fatal(err)
			}
			p.pack(randomMatrix(rand.New(rand.NewPCG(1, 1)), t, shape.rows, shape.cols), 0, p.strips())
			for _, n := range shape.batches {
				b.Run(fmt.Sprintf("%s/%v/n=%d", shape.name, t, n), func(b *testing.B) {
					x, out := make([]float32, n*shape.cols), make([]float32, n*shape.rows)
					for i := range x {
						x[i] = float32(i%31) - 15
					}
					name, err := InstructionSet()
					if err != nil {
						b.Fatal(err)
					}
					isa, err := isaByName(name)
					if err != nil {
						b.Fatal(err)
					}
					a := packActivations(isa, p.layout(), x, shape.cols, n, shape.cols)
					defer a.free()
					b.SetBytes(int64(p.bytes()))
					for b.Loop() {
						p.matmul(isa, a, nil, out, shape.rows, false, 0, p.strips())
					}
					macs := float64(n) * float64(shape.rows) * float64(shape.cols)
					b.ReportMetric(macs*float64(b.N)/b.Elapsed().Seconds()/1e9, "GMAC/s")
				})
			}
			p.free()
		}
	}
}
