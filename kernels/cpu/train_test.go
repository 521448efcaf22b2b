//go:build cgo

package cpu

import (
	"testing"

	"s1/kernels"
	"s1/kernels/kerneltest"
)

func TestTrainOpsAgreeWithTheOracle(t *testing.T) {
	for isa := range bestISA() + 1 {
		if isa > isaAVX512 && isa < isaAMX { // these train as AVX-512 does
			continue
		}
		t.Run(isaName(isa), func(t *testing.T) {
			kerneltest.AgreeTrain(t, func(p *kernels.TrainProgram) (kernels.Trainer, error) {
				return NewTrainer(p, TrainOptions{Threads: 2, ISA: isaName(isa)})
			})
		})
	}
}

// Splitting a float for tiles of bf16 must cost nothing of its precision.
func TestProductsOnTilesAreNearerToTheExactOnesThanInFP32(t *testing.T) {
	if bestISA() < isaAMX {
		t.Skip("needs a CPU with AMX; TestProductsOnTilesAgreeWithPlainLoops emulates it")
	}
	const n = 512
	p := &kernels.TrainProgram{
		Bufs: []kernels.TrainBuf{{Name: "x", Width: n}, {Name: "y", Width: n}}, Params: []kernels.ParamSpec{{Name: "w", Rows: n, Cols: n}},
		Rows: n, Context: n, Vocab: 16,
	}
	off := map[string]float64{}
	for _, isa := range []string{"avx512", "amx"} {
		m, err := newTrainer(p, TrainOptions{Threads: 2, ISA: isa})
		if err != nil {
			t.Fatal(err)
		}
		x, y, w := m.bufs[0], m.bufs[1], m.slots[kernels.SlotWeight][0]
		random(x, 1)
		random(w, 2)
		s := step{t: m, b: &kernels.TrainBatch{}, n: cint(n), from: kernels.NoBuf, read: kernels.NoBuf}
		if err := s.run(t.Context(), kernels.TrainMatMul{X: 0, Out: 1, W: 0, Bias: kernels.NoParam, Scale: 1}); err != nil {
			t.Fatal(err)
		}
		for i := range n {
			for j := range n {
				want := 0.0
				for k := range n {
					want += float64(x[i*n+k]) * float64(w[j*n+k])
				}
				off[isa] += (float64(y[i*n+j]) - want) * (float64(y[i*n+j]) - want) / n / n
			}
		}
		m.Close()
	}
	t.Logf("mean square error: %.2g with fused multiply-add, %.2g on tiles", off["avx512"], off["amx"])
	if off["amx"] == 0 || off["amx"] > off["avx512"] {
		t.Errorf("mean square errors %v: tiles should be the nearer", off)
	}
}

// Equal seeds give equal weights on every machine that multiplies and adds in one: sums have the same lanes at every width.
// Where there are tiles, products of 256 and more are others (S1_ISA=avx512 leaves tiles alone).
func TestTrainBitsDoNotDependOnTheWidthOfVectors(t *testing.T) {
	needsWidths(t)
	for name, bf16 := range map[string]bool{"fp32": false, "bf16": true} {
		t.Run(name, func(t *testing.T) {
			kerneltest.SameBits(t, func(p *kernels.TrainProgram, threads int) (kernels.Trainer, error) {
				isa := isaAVX2
				if threads > 1 {
					isa = isaAVX512
				}
				return NewTrainer(p, TrainOptions{Threads: threads, ISA: isaName(isa), BF16: bf16})
			})
		})
	}
}

func TestTrainBitsDoNotDependOnThreads(t *testing.T) {
	for name, bf16 := range map[string]bool{"fp32": false, "bf16": true} {
		t.Run(name, func(t *testing.T) {
			kerneltest.SameBits(t, func(p *kernels.TrainProgram, threads int) (kernels.Trainer, error) {
				return NewTrainer(p, TrainOptions{Threads: threads, BF16: bf16})
			})
		})
	}
}
