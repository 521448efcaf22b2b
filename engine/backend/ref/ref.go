// Package ref registers the backend "ref": programs run by kernels/ref, in plain Go and fp32. It is the oracle of the others and
// what runs where no C compiler was; importing it is enough.
//
// It knows nothing of models; weights stay as they are stored, so Options.Weights changes nothing.
package ref

import (
	"context"
	"fmt"

	"s1/engine/backend"
	"s1/kernels"
	"s1/kernels/ref"
)

// maxRows bounds a batch: a prefill is chunked so that a cancel is seen and buffers stay small.
const maxRows = 256

func init() { backend.Register(Backend{}) }

// Backend is the reference executor.
type Backend struct{}

// Name is "ref".
func (Backend) Name() string { return "ref" }

// Available is always nil: it needs nothing.
func (Backend) Available() error { return nil }

// Load makes a model of the program, whose matrices it reads where they are.
func (Backend) Load(ctx context.Context, p *kernels.Program, o backend.Options) (backend.Model, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m, err := ref.New(p, ref.Options{Threads: o.Threads, Pages: o.Pages})
	if err != nil {
		return nil, err
	}
	return &model{Machine: m, info: info(p, m.Threads())}, nil
}

type model struct {
	*ref.Machine
	info backend.Info
}

// Step refuses more rows than it promised to take, like every backend.
func (m *model) Step(ctx context.Context, b *kernels.Batch) (kernels.Result, error) {
	if n := len(b.Tokens); n > maxRows {
		return kernels.Result{}, fmt.Errorf("batch: %d rows, at most %d", n, maxRows)
	}
	return m.Machine.Step(ctx, b)
}

func (m *model) Info() backend.Info { return m.info }

func (m *model) Close() error {
	m.Machine = nil // the pages go with it
	return nil
}

func info(p *kernels.Program, threads int) backend.Info {
	i := backend.Info{
		Name: "ref", Threads: threads, MaxRows: maxRows,
		KVBytes: int64(p.Layers) * int64(p.KVHeads) * int64(p.HeadDim) * 2 * 4,
	}
	for _, m := range p.Mats {
		i.WeightBytes += int64(len(m.Data))
	}
	// A decoded token reads every matrix an op names, and one row of an embedding table.
	for _, op := range p.Ops {
		switch o := op.(type) {
		case kernels.Embed:
			t := p.Mats[o.Table]
			i.BytesPerToken += int64(t.Type.RowBytes(t.Cols))
		case kernels.RMSNorm:
			i.BytesPerToken += int64(len(p.Mats[o.W].Data))
		case kernels.MatMul:
			i.BytesPerToken += int64(len(p.Mats[o.W].Data))
		case kernels.Logits:
			i.BytesPerToken += int64(len(p.Mats[o.W].Data))
		}
	}
	return i
}
