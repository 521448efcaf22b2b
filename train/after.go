package train

import (
	"context"
	"fmt"
	"path/filepath"

	"s1/kernels"
	"s1/train/dataset"
	"s1/train/export"
	"s1/train/metrics"
)

// record opens the metrics, at the step the run goes on from.
func (r *run) record() (err error) {
	r.out, err = metrics.Open(r.o.Dir, int(r.at.step))
	return onDisk(err, r.o.Dir)
}

// afterStep does what the number of a step asks for, and writes the step down.
func (r *run) afterStep(ctx context.Context, m metrics.Step) error {
	done := func(every int64) bool { return every > 0 && (r.at.step%every == 0 || r.at.step == r.total) }
	over := false
	if done(r.rec.Eval.Every) && len(r.data.heldOut) > 0 {
		loss, err := r.heldOut(ctx)
		if err != nil {
			return err
		}
		m.HeldOut = metrics.Number(loss)
		if over, err = r.judge(ctx, loss); err != nil {
			return err
		}
	}
	if done(r.rec.Probe.Every) && r.data.tape != nil {
		p, err := r.probe(ctx)
		if err != nil && !r.interrupted(ctx, err) {
			return err
		}
		m.Probe = p
	}
	if (done(r.rec.Checkpoint.Every) || r.at.step == r.total || over) && r.at.nans == 0 {
		if err := r.pinned(ctx, &m); err != nil {
			return err
		}
	}
	r.pace.Step()
	m.ETASeconds = r.pace.ETASeconds(int(r.total - r.at.step))
	if err := r.out.Write(m); err != nil {
		return onDisk(err, r.o.Dir)
	}
	if r.o.Step != nil {
		r.o.Step(m)
	}
	if over {
		r.total = r.at.step
		return nil
	}
	if every := r.rec.Checkpoint.Every; every > 0 && r.at.step%every == 0 && r.at.step < r.total && r.at.nans == 0 {
		if err := r.out.Sync(); err != nil {
			return onDisk(err, r.o.Dir)
		}
		return r.save(ctx)
	}
	return nil
}

// heldOut is the loss on what is not trained on: the weighted mean over its tokens.
func (r *run) heldOut(ctx context.Context) (float64, error) {
	packed, err := dataset.Packer{MicroTokens: r.rec.MicroRows(r.model.config.Context)}.Pack(0, r.data.heldOut)
	if err != nil {
		return 0, fmt.Errorf("held-out rows: %w", err)
	}
	loss := 0.0
	for i := range packed.Batches {
		b := &packed.Batches[i]
		result, err := r.t.Run(ctx, b, false)
		if err != nil {
			return 0, fmt.Errorf("held-out loss: %w", err)
		}
		for j, nll := range result.NLL {
			loss += float64(nll) * float64(b.Weights[j]) * float64(b.Scale)
		}
	}
	return loss, nil
}

// judge keeps the best weights so far, and says whether the run has stopped getting better.
func (r *run) judge(ctx context.Context, loss float64) (over bool, err error) {
	b := &r.at.best
	if metrics.Number(loss) == nil || (b.Any && loss >= b.Loss) {
		b.Worse++
		if n := r.rec.Eval.EarlyStop; r.over() {
			r.o.Say("no better held-out loss in %d evaluations; the best was %.4f at step %d", n, b.Loss, b.Step)
			return true, nil
		}
		return false, nil
	}
	*b = best{Loss: loss, Step: r.at.step, Any: true}
	if !r.rec.Eval.KeepBest {
		return false, nil
	}
	return false, r.saveBest(ctx)
}

// over says whether the held-out loss has stopped getting better.
func (r *run) over() bool { return r.rec.Eval.EarlyStop > 0 && r.at.best.Worse >= r.rec.Eval.EarlyStop }

// finish keeps the last state and exports the model: the best one, where the recipe keeps it.
func (r *run) finish(ctx context.Context) error {
	if !r.saved {
		if err := r.save(ctx); err != nil {
			return err
		}
	}
	if r.rec.Eval.KeepBest && r.at.best.Any && r.at.best.Step != r.at.step {
		if err := r.loadBest(); err != nil {
			return err
		}
		r.chosen = fmt.Sprintf("The weights are those of step %d, with the best held-out loss, %.4f.", r.at.best.Step, r.at.best.Loss)
		r.o.Say("the result is that of step %d, with the best held-out loss, %.4f", r.at.best.Step, r.at.best.Loss)
	}
	if r.model.lora != nil {
		a := r.adapter(r.params())
		if err := export.Adapter(ctx, filepath.Join(r.o.Dir, adapterDir), r.model.config, a, r.card(), export.Options{Type: kernels.F32, Replace: true}); err != nil {
			return err
		}
	}
	return r.export(ctx, filepath.Join(r.o.Dir, modelDir), r.card())
}
