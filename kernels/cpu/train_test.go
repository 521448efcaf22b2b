//go:build cgo

package cpu

import (
	"testing"

	"s1/kernels"
	"s1/kernels/kerneltest"
)

func TestTrainOpsAgreeWithTheOracle(t *testing.T) {
	for isa := range bestISA() + 1 {
		if isa > 2 { // the ones above AVX-512 train as it does
			break
		}
		t.Run(isaName(isa), func(t *testing.T) {
			kerneltest.AgreeTrain(t, func(p *kernels.TrainProgram) (kernels.Trainer, error) {
				return NewTrainer(p, TrainOptions{Threads: 2, ISA: isaName(isa)})
			})
		})
	}
}

// Equal seeds give equal weights on every machine that multiplies and adds in one: sums have the same lanes at every width.
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
