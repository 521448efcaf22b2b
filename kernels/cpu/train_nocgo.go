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
	BF16    bool
	Watch   func(op kernels.TrainOp, took time.Duration)
}

// HasBF16 is false: this build has no C.
func HasBF16() bool { return false }

// NewTrainer fails: this build has no C.
func NewTrainer(*kernels.TrainProgram, TrainOptions) (kernels.Trainer, error) { return nil, errNoCgo }

// TrainPeak knows none: this build has no C.
func TrainPeak(TrainOptions) float64 { return 0 }
