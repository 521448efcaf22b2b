package train

import (
	"context"

	"s1/train/metrics"
)

// record opens the metrics, at the step the run goes on from.
func (r *run) record() (err error) {
	r.out, err = metrics.Open(r.o.Dir, int(r.at.step))
	return err
}

// afterStep writes a step down and does what its number asks for.
func (r *run) afterStep(ctx context.Context, m metrics.Step) error {
	if err := r.out.Write(m); err != nil {
		return err
	}
	if r.o.Step != nil {
		r.o.Step(m)
	}
	if every := r.rec.Checkpoint.Every; every > 0 && r.at.step%every == 0 && r.at.step < r.total {
		if err := r.out.Sync(); err != nil {
			return err
		}
		return r.save(ctx)
	}
	return nil
}

// finish keeps the last state and exports the model.
func (r *run) finish(ctx context.Context) error {
	return r.save(ctx)
}

func (r *run) readDrafts(context.Context, string) error { return nil }
