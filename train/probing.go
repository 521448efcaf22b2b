package train

import (
	"context"
	"fmt"
	"slices"

	"s1/engine"
	"s1/train/metrics"
	"s1/train/probe"
)

// Bounds of a probe on the way: a model that does not stop yet would think to the end of its context, again and again.
const (
	probedSteps = 8   // of its longest problem
	probedDraft = 448 // thinking tokens: a draft of so many steps, its check, and what is done over after one Wait
	probedWait  = 160 // for each Wait more
	probedRest  = 128 // of the context: the problem and the answer
)

// probe lets the model think as it is now: right answers at each cap of the recipe, at the natural end, and after Waits.
func (r *run) probe(ctx context.Context) (*metrics.Probe, error) {
	c, t := r.rec.Probe, r.rec.Data.Tape
	waits := slices.Max(append([]int{1}, c.Waits...))
	o := probe.Options{
		N: c.N, Seed: r.rec.Train.Seed, Waits: waits, StepsMin: min(2, t.StepsMax), StepsMax: min(t.StepsMax, probedSteps), MaxValue: t.Largest(),
		Caps: slices.DeleteFunc(slices.Clone(c.Caps), func(n int) bool { return n < 0 }), Limit: probedDraft + probedWait*(waits-1),
	}
	if o.Limit > r.model.config.Context-probedRest {
		o.Limit = 0 // what the context holds
	}
	var found probe.Result
	err := r.think(ctx, func(ctx context.Context, m *engine.Model) (err error) {
		found, err = probe.Run(ctx, m, o)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("probe after step %d: %w", r.at.step, err)
	}
	p := probed(found, c.Caps, c.Waits)
	r.o.Say("probe after step %d, n %d: %s; %.0f tokens to its end", r.at.step, p.N, p, p.Tokens)
	return p, nil
}

// probed is a probe as a step keeps it, of the caps and Waits that were asked for.
func probed(r probe.Result, caps, waits []int) *metrics.Probe {
	at := func(list []probe.Point, n int) metrics.ProbeAt {
		i := slices.IndexFunc(list, func(p probe.Point) bool { return p.At == n })
		return metrics.ProbeAt{At: n, Right: list[i].Accuracy.Rate / 100}
	}
	share := func(r probe.Rate) *float64 {
		if r.N == 0 {
			return nil
		}
		return metrics.Number(r.Rate / 100)
	}
	g := r.Greedy
	natural, once := g.Waits[0], g.Waits[1]
	p := &metrics.Probe{
		N: r.N, CapA: g.Caps[0].Accuracy.Rate / 100, CapB: g.Caps[len(g.Caps)-1].Accuracy.Rate / 100, Wait: once.Accuracy.Rate / 100,
		Natural: share(natural.Accuracy), Tokens: natural.Tokens, Fixed: &once.Fixed, Broken: &once.Broken,
		DraftErrors: share(g.Audit.DraftErrors), Detection: share(g.Audit.Detection), FalseAlarms: share(g.Audit.FalseAlarms),
		Repair: share(g.Audit.Repair), Slips: share(g.Audit.Slips),
	}
	for _, n := range caps {
		if n < 0 {
			p.Caps = append(p.Caps, metrics.ProbeAt{At: n, Right: *p.Natural})
			continue
		}
		p.Caps = append(p.Caps, at(g.Caps, n))
	}
	for _, n := range waits {
		p.Waits = append(p.Waits, at(g.Waits, n))
	}
	return p
}
