package cli

import (
	"context"

	"s1/engine/trace"
	tuiapp "s1/tui/app"
)

// explorer is a model of this machine on the desk. What the screen asks about a trace goes to it; a trial that becomes a branch is
// kept like any other.
type explorer struct {
	local
	d *desk
}

func (e explorer) Scrub(ctx context.Context, from trace.BranchID, stops []int, report func(trace.Guess)) error {
	return e.x.Scrub(ctx, from, stops, report)
}

func (e explorer) Tick(ctx context.Context, of trace.BranchID, t trace.Ticker, report func(trace.Guess)) error {
	return e.x.Tick(ctx, of, t, report)
}

func (e explorer) Try(ctx context.Context, t trace.Trials, report func(trace.TrialsReport)) error {
	return e.x.Try(ctx, t, report)
}

func (e explorer) Open(ctx context.Context, id trace.BranchID) (tuiapp.Live, error) {
	live, err := e.x.Open(ctx, id)
	if err != nil {
		return nil, err
	}
	e.d.at(live, e.local)
	e.d.follow(live)
	return live, nil
}

// Explores finds the model that thought a branch. A server keeps no states to go back to.
func (d *desk) Explores(of trace.BranchID) tuiapp.Explorer {
	if m, ok := d.host(of).(local); ok {
		return explorer{m, d}
	}
	return nil
}

var _ tuiapp.Explorable = (*desk)(nil)
