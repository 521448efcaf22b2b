package ask

import (
	"context"
	"slices"

	"s1/curate/llm"
)

// ready asks the models once whether they are there, before the first row of a run is asked for: those of this stage, and of later
// ones those that have never answered, since they will be needed for certain. What is kept of the others may be enough.
func (p *Plan) ready(ctx context.Context, now []*llm.Client) error {
	p.mu.Lock()
	first := !p.asked
	p.asked = true
	p.mu.Unlock()
	for _, c := range p.clients {
		if !slices.Contains(now, c) && (!first || c.Answered()) {
			continue
		}
		if err := c.Ready(ctx); err != nil {
			return err
		}
	}
	return nil
}

// waiting tells the stage that runs what is waited for.
func (p *Plan) waiting(what string) {
	p.mu.Lock()
	tell := p.waits
	p.mu.Unlock()
	if tell != nil {
		tell(what)
	}
}

// tellsOf sets whom waiting tells.
func (p *Plan) tellsOf(tell func(string)) {
	p.mu.Lock()
	p.waits = tell
	p.mu.Unlock()
}
