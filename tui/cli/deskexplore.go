package cli

import (
	"context"

	"s1/engine/trace"
	tuiapp "s1/tui/app"
)

// What the screen asks about a trace is the explorer's; a trial that becomes a branch is kept like any other.

func (d *desk) Piece(id int32) []byte { return d.model.Piece(id) }

func (d *desk) Scrub(ctx context.Context, from trace.BranchID, stops []int, report func(trace.Guess)) error {
	return d.explorer.Scrub(ctx, from, stops, report)
}

func (d *desk) Tick(ctx context.Context, of trace.BranchID, t trace.Ticker, report func(trace.Guess)) error {
	return d.explorer.Tick(ctx, of, t, report)
}

func (d *desk) Try(ctx context.Context, t trace.Trials, report func(trace.TrialsReport)) error {
	return d.explorer.Try(ctx, t, report)
}

func (d *desk) Expect(run, expected string) { d.model.Expect(run, expected) }

func (d *desk) Open(ctx context.Context, id trace.BranchID) (tuiapp.Live, error) {
	live, err := d.explorer.Open(ctx, id)
	if err != nil {
		return nil, err
	}
	d.follow(live)
	return live, nil
}

var _ tuiapp.Explorer = (*desk)(nil)
