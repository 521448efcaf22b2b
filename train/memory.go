package train

import (
	"context"

	"s1/engine/arch"
	"s1/kernels"
	"s1/train/dataset"
	"s1/train/estimate"
	"s1/train/net"
	"s1/train/recipe"
)

// Memory says what a run would take, before anything of it is taken: it opens the model and reads the data, and computes nothing.
func Memory(ctx context.Context, rec recipe.Recipe, o Options) (estimate.Plan, error) {
	if o.Say == nil {
		o.Say = func(string, ...any) {}
	}
	r := &run{rec: rec, o: o}
	defer r.close()
	err := rec.Ready()
	if err == nil {
		err = Pinnable(rec)
	}
	if err == nil {
		r.model, err = openModel(ctx, rec, o.Resolve)
	}
	if err == nil {
		r.data, err = openData(ctx, rec, r.model, o.Say)
	}
	if err == nil {
		r.p, err = r.model.program(rec)
	}
	if err != nil {
		return estimate.Plan{}, err
	}
	return r.plan(), nil
}

// plan is this run for the estimate.
func (r *run) plan() estimate.Plan {
	plan := estimate.Plan{
		Program: r.p, Threads: r.rec.Train.Threads, LeastRows: r.data.longest, CanLoRA: !r.rec.Model.Scratch() && r.model.lora == nil,
		Rule: func(p kernels.Param) kernels.Rule { return r.rule(r.p.Params[p]) },
	}
	plan.Other = r.examples() + r.guest()
	if !r.rec.Train.GradientCheckpointing {
		rec := r.rec
		rec.Train.GradientCheckpointing = true
		if p, err := r.model.program(rec); err == nil {
			plan.RecomputedRowBytes = net.BytesPerRow(p)
		}
	}
	return plan
}

// Sizes in bytes.
const (
	tokenBytes   = 12 // of a document in memory: its id, its loss weight, what is to be learnt in its place
	promptTokens = 1024
)

// examples is what the documents take, which are in memory as long as the run is.
func (r *run) examples() (n int64) {
	rows, ok := r.data.source.(*dataset.Rows)
	if !ok {
		return 0
	}
	for _, list := range [][]dataset.Example{rows.Train(), rows.HeldOut()} {
		for _, e := range list {
			n += int64(len(e.IDs)) * tokenBytes
		}
	}
	return n
}

// guest is what the copy of the model takes that thinks on the way: for pinned questions, probes and drafts of its own. Its weights
// are whole, in fp32 and without adapters; beside them are the keys and values of what it thinks.
func (r *run) guest() int64 {
	p := r.rec.Pinned
	if len(p.Questions) == 0 && r.rec.Probe.Every == 0 && r.rec.OnPolicy.At == 0 {
		return 0
	}
	c, n := r.model.config, int64(0)
	for _, t := range arch.Tensors(c) {
		n += int64(t.Rows) * int64(t.Cols) * floatBytes
	}
	positions := c.Context
	if r.rec.Data.Kind != recipe.Tape {
		most := p.Limit
		for _, limit := range p.Caps {
			most = max(most, limit)
		}
		positions = min(positions, promptTokens+most+p.AnswerCap)
	}
	return n + int64(positions)*int64(c.Layers)*2*int64(c.KVHeads*c.HeadDim)*floatBytes
}

const floatBytes = 4
