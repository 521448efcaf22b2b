//go:build !cgo

package cpu

import (
	"time"

	"s1/kernels"
)

// TrainOptions are the choices of a Trainer.
type TrainOptions struct {
	Threads int
	ISA     string
	Watch   func(op kernels.TrainOp, took time.Duration)
}

// NewTrainer fails: this build has no C.
func NewTrainer(*kernels.TrainProgram, TrainOptions) (kernels.Trainer, error) { return nil, errNoCgo }

// TrainPeak knows none: this build has no C.
func TrainPeak(int) float64 { return 0 }
