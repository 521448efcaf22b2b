package probe

import (
	"context"

	"s1/engine"
)

// QuickResult is the probe of a training that runs: accuracies in percent, greedy. Its intervals are wide; n says how wide.
type QuickResult struct {
	N           int     `json:"n"`
	CapLow      int     `json:"cap_low"`
	CapHigh     int     `json:"cap_high"`
	AtCapLow    float64 `json:"at_cap_low"`
	AtCapHigh   float64 `json:"at_cap_high"`
	Natural     float64 `json:"natural"`
	AfterWait   float64 `json:"after_wait"`
	Tokens      float64 `json:"tokens"` // of the natural thought, mean
	Fixed       int     `json:"fixed"`
	Broken      int     `json:"broken"`
	DraftErrors float64 `json:"draft_errors"`
	Detection   float64 `json:"detection"`
	FalseAlarms float64 `json:"false_alarms"`
	Repair      float64 `json:"repair"`
	Slips       float64 `json:"slips"`
}

// quickLimit holds the longest draft, check and redone draft of eight steps.
const quickLimit = 448

// Quick measures accuracy at two caps (of o.Caps, or 16 and 32), at the natural end and after one Wait, on o.N problems, or 200.
// A thought that does not end is cut at o.Limit, or quickLimit.
func Quick(ctx context.Context, m *engine.Model, o Options) (QuickResult, error) {
	if o.N == 0 {
		o.N = 200
	}
	if o.Limit == 0 {
		o.Limit = quickLimit
	}
	if len(o.Caps) < 2 {
		o.Caps = []int{16, 32}
	}
	o.Caps = o.Caps[:2]
	o.Waits, o.Sampled, o.Again, o.Votes, o.Shown = 1, false, 0, 0, false
	r, err := Run(ctx, m, o)
	if err != nil {
		return QuickResult{}, err
	}
	c, a := r.Greedy, r.Greedy.Audit
	low, high := c.Caps[0], c.Caps[len(c.Caps)-1]
	return QuickResult{
		N: r.N, CapLow: low.At, CapHigh: high.At, AtCapLow: low.Accuracy.Rate, AtCapHigh: high.Accuracy.Rate,
		Natural: c.Waits[0].Accuracy.Rate, AfterWait: c.Waits[1].Accuracy.Rate, Tokens: c.Waits[0].Tokens,
		Fixed: c.Waits[1].Fixed, Broken: c.Waits[1].Broken, DraftErrors: a.DraftErrors.Rate, Detection: a.Detection.Rate,
		FalseAlarms: a.FalseAlarms.Rate, Repair: a.Repair.Rate, Slips: a.Slips.Rate,
	}, nil
}
