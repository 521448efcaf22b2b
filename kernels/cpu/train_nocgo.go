//go:build !cgo

package cpu

import "s1/kernels"

// TrainOptions are the choices of a Trainer.
type TrainOptions struct {
	Threads int
	ISA     string
}

// NewTrainer fails: this build has no C.
func NewTrainer(*kernels.TrainProgram, TrainOptions) (kernels.Trainer, error) { return nil, errNoCgo }
