package train

import (
	"context"

	"s1/kernels"
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
	if !r.rec.Train.GradientCheckpointing {
		rec := r.rec
		rec.Train.GradientCheckpointing = true
		if p, err := r.model.program(rec); err == nil {
			plan.RecomputedRowBytes = net.BytesPerRow(p)
		}
	}
	return plan
}
