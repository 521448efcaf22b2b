package train

import (
	"context"
	"fmt"
	"time"

	"s1/kernels"
	"s1/train/checkpoint"
	"s1/train/dataset"
	"s1/train/metrics"
	"s1/train/net"
)

// sums are what the micro-batches of a step add up to. They are saved with a stop inside a step.
type sums struct {
	Loss    float64   `json:"loss"`    // weighted, over the step's sum of weights: adds up to the token mean
	Entropy float64   `json:"entropy"` // of every target, nats
	Right   int       `json:"right"`   // targets that were the likeliest token
	Targets int       `json:"targets"`
	Rows    int       `json:"rows"`
	Sample  []float64 `json:"sample"` // for each example its weighted loss, and
	Weight  []float64 `json:"weight"` // the sum of its weights
	Seconds float64   `json:"seconds"`
}

func (s *sums) add(b *kernels.TrainBatch, owners []int32, examples int, r kernels.TrainResult) {
	if len(s.Sample) < examples {
		s.Sample, s.Weight = make([]float64, examples), make([]float64, examples)
	}
	for i, nll := range r.NLL {
		w := float64(b.Weights[i])
		s.Loss += w * float64(nll) * float64(b.Scale)
		s.Entropy += float64(r.Entropy[i])
		s.Sample[owners[i]] += w * float64(nll)
		s.Weight[owners[i]] += w
		if r.Argmax[i] == b.Targets[i] {
			s.Right++
		}
	}
	s.Targets += len(r.NLL)
	s.Rows += len(b.Tokens)
}

// sample is the mean over examples of each one's own mean.
func (s *sums) sample() float64 {
	total, n := 0.0, 0
	for i, w := range s.Weight {
		if w > 0 {
			total += s.Sample[i] / w
			n++
		}
	}
	return total / float64(max(n, 1))
}

// steps trains to the end, or until it is asked to stop.
func (r *run) steps(ctx context.Context) error {
	for r.at.step < r.total {
		if err := r.step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// step does one optimiser step, from wherever in it the run is.
func (r *run) step(ctx context.Context) error {
	if r.due() {
		if err := r.ownDrafts(ctx); r.interrupted(ctx, err) {
			return r.stop(ctx)
		} else if err != nil {
			return err
		}
	}
	examples, next, err := r.batch().Take(ctx, r.data.source, r.at.cursor)
	if err != nil {
		return err
	}
	packer := dataset.Packer{MicroTokens: r.rec.MicroRows(r.model.config.Context), Seed: r.rec.Train.Seed}
	packed, err := packer.Pack(r.at.step, examples)
	if err != nil {
		return err
	}
	for r.at.micro < len(packed.Batches) {
		began := time.Now()
		b := &packed.Batches[r.at.micro]
		result, err := r.t.Run(ctx, b, true)
		if err != nil {
			return fmt.Errorf("step %d, micro-batch %d: %w", r.at.step+1, r.at.micro+1, err)
		}
		r.at.sums.add(b, packed.Owners[r.at.micro], len(examples), result)
		r.at.sums.Seconds += time.Since(began).Seconds()
		r.at.micro++
		if r.o.Stop != nil && r.o.Stop.Requested() {
			return r.stop(ctx)
		}
	}
	return r.update(ctx, packed, next)
}

// update ends a step: the weights move unless the numbers forbid it, and the step is written down.
func (r *run) update(ctx context.Context, packed dataset.Packed, next int64) error {
	began := time.Now()
	norm := r.t.GradNorm()
	s := &r.at.sums
	skipped := r.at.guard.Check(s.Loss, norm)
	switch skipped {
	case "":
		r.t.Update(r.updates(norm))
		r.at.nans = 0
	case metrics.SkippedNaN:
		if r.at.nans++; r.at.nans >= hopeless {
			return r.diverged()
		}
	}
	r.t.ZeroGrads()
	flops := 0.0
	for i := range packed.Batches {
		flops += net.FLOPs(r.p, &packed.Batches[i], true)
	}
	s.Seconds += time.Since(began).Seconds()
	targets := float64(max(s.Targets, 1))
	m := metrics.Step{
		Step: int(r.at.step) + 1, Loss: metrics.Number(s.Loss), SampleLoss: metrics.Number(s.sample()), LR: r.rec.LR(r.at.step, r.total),
		GradNorm: metrics.Number(norm), TokensPerSecond: float64(s.Rows) / s.Seconds, TrainedShare: packed.TrainedShare(),
		PaddingWaste: packed.Waste(), PeakMemoryBytes: metrics.PeakMemory(), Entropy: metrics.Number(s.Entropy / targets),
		TokenAccuracy: metrics.Number(float64(s.Right) / targets), Skipped: skipped, GEMMShare: metrics.GEMMShare(flops, s.Seconds, r.peak),
	}
	if n := r.data.source.Epoch(); n > 0 {
		m.Epoch = float64(next) / float64(n)
	}
	r.at.step++
	r.at.tokens += int64(s.Targets)
	r.at.micro, r.at.cursor, r.at.sums = 0, next, sums{}
	r.saved = false
	return r.afterStep(ctx, m)
}

// diverged ends a run whose numbers are none any more. What was saved before they were lost stays.
func (r *run) diverged() error {
	rate := fmt.Sprintf("optimizer.lr %g", r.rec.Optimizer.LR)
	if r.rec.Optimizer.Kind == "muon" {
		rate += fmt.Sprintf(" and optimizer.muon_lr %g", r.rec.Optimizer.MuonLR)
	}
	return fmt.Errorf("the run has diverged: loss or gradients were no numbers in %d steps in a row, up to step %d with %s; %s: begin again in another folder with a lower learning rate",
		r.at.nans, r.at.step+1, rate, checkpoint.Intact(r.root()))
}

// hopeless is how many steps in a row may be no numbers.
const hopeless = 10
