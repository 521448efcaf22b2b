package kerneltest_test

import (
	"testing"

	"s1/kernels"
	"s1/kernels/kerneltest"
	"s1/kernels/ref"
)

func newRefTrainer(p *kernels.TrainProgram) (kernels.Trainer, error) { return ref.NewTrainer(p) }

// The oracle agrees with itself: what fails here is a case, not an executor.
func TestOraclePassesItsOwnTableOfTraining(t *testing.T) {
	t.Parallel()
	kerneltest.AgreeTrain(t, newRefTrainer)
	kerneltest.SameBits(t, func(p *kernels.TrainProgram, _ int) (kernels.Trainer, error) { return newRefTrainer(p) })
}

var _ kernels.Trainer = (*ref.Trainer)(nil)
