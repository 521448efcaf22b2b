// Package cpu registers the backend "cpu": programs run by the C kernels of kernels/cpu. Importing it is enough.
// It knows how the scheduler's interface maps to that executor and nothing of models or tokens.
package cpu

import (
	"context"
	"fmt"

	"s1/engine/backend"
	"s1/kernels"
	"s1/kernels/cpu"
)

func init() { backend.Register(executor{}) }

type executor struct{}

func (executor) Name() string { return "cpu" }

func (executor) Available() error { return cpu.Available() }

// Load packs the weights. Afterwards the program's matrices are not read any more and their source may be dropped.
func (executor) Load(ctx context.Context, p *kernels.Program, o backend.Options) (backend.Model, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m, err := cpu.New(p, cpu.Options{Threads: o.Threads, Pages: o.Pages, Weights: o.Weights})
	if err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	return model{m}, nil
}

type model struct{ *cpu.Machine }

func (m model) Info() backend.Info {
	return backend.Info{
		Name:          "cpu " + m.ISA(),
		Threads:       m.Threads(),
		MaxRows:       cpu.MaxRows,
		WeightBytes:   m.WeightBytes(),
		BytesPerToken: m.BytesPerToken(),
		KVBytes:       m.KVBytes(),
	}
}
