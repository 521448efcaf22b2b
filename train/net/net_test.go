package net_test

import (
	"testing"

	"s1/kernels"
	"s1/kernels/cpu"
	"s1/kernels/ref"
)

// executor is a trainer that whole-model tests run with.
type executor struct {
	name      string
	open      func(p *kernels.TrainProgram) (kernels.Trainer, error)
	available func() error // nil: always
}

// executors has a line for each. The first is the oracle.
var executors = []executor{
	{"ref", func(p *kernels.TrainProgram) (kernels.Trainer, error) { return ref.NewTrainer(p) }, nil},
	{"cpu", func(p *kernels.TrainProgram) (kernels.Trainer, error) { return cpu.NewTrainer(p, cpu.TrainOptions{Threads: 2}) }, cpu.Available},
}

// trainer opens an executor for a program; the test closes it.
func (e executor) trainer(t *testing.T, p *kernels.TrainProgram) kernels.Trainer {
	t.Helper()
	if e.available != nil {
		if err := e.available(); err != nil {
			t.Skipf("%s: %v", e.name, err)
		}
	}
	m, err := e.open(p)
	if err != nil {
		t.Fatalf("%s: %v", e.name, err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Errorf("%s: close: %v", e.name, err)
		}
	})
	return m
}
