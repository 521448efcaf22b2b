package recipe

import "math"

// WarmupSteps is the number of steps in which the rate rises: the share of all, rounded up.
func (o Optimizer) WarmupSteps(total int64) int64 {
	return int64(math.Ceil(float64(total) * o.Warmup))
}

// Factor is the share of the peak rate at a step, which counts from 0, of so many. It is what transformers does, step for
// step: linear from 0 (the very first step has rate 0), then towards MinShare, which step total would reach.
func (o Optimizer) Factor(step, total int64) float64 {
	warm := o.WarmupSteps(total)
	if step < warm {
		return float64(max(step, 0)) / float64(warm)
	}
	if o.Schedule == "constant" {
		return 1
	}
	p := min(float64(step-warm)/float64(max(total-warm, 1)), 1)
	left := 1 - p
	if o.Schedule == "cosine" {
		left = (1 + math.Cos(math.Pi*p)) / 2
	}
	return o.MinShare + (1-o.MinShare)*left
}

// LR is the learning rate of AdamW at a step, which counts from 0, of so many.
func (r Recipe) LR(step, total int64) float64 {
	return r.Optimizer.LR * r.Optimizer.Factor(step, total)
}

// MuonLR is the learning rate of Muon.
func (r Recipe) MuonLR(step, total int64) float64 {
	return r.Optimizer.MuonLR * r.Optimizer.Factor(step, total)
}
