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

func TestTrainBitsDoNotDependOnThreads(t *testing.T) {
	for name, bf16 := range map[string]bool{"fp32": false, "bf16": true} {
		t.Run(name, func(t *testing.T) {
			kerneltest.SameBits(t, func(p *kernels.TrainProgram, threads int) (kernels.Trainer, error) {
				return NewTrainer(p, TrainOptions{Threads: threads, BF16: bf16})
			})
		})
	}
}
