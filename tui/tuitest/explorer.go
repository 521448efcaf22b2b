package tuitest

import (
	"context"
	"fmt"
	"slices"

	"s1/engine/trace"
	"s1/tui/app"
)

// Explorer is a Fake that can also be asked about a trace. What it answers is scripted; nothing of it thinks.
type Explorer struct {
	*Fake
	Guesses []trace.Guess      // of a scrub and of a ticker, in this order
	Report  trace.TrialsReport // of an experiment
	Trials  []trace.Trials     // what was asked for
	Stops   []int              // of the newest scrub
	Ticks   []trace.Ticker     // what was asked for
	Opened  []trace.BranchID   // trials that became branches
	Fails   error              // what every experiment ends with, if not nil
}

// NewExplorer returns a scripted model that can be explored.
func NewExplorer(s Script) *Explorer { return &Explorer{Fake: NewFake(s)} }

// Explores says that all of its branches can be asked about.
func (x *Explorer) Explores(trace.BranchID) app.Explorer { return x }

// Piece names a token by its id.
func (x *Explorer) Piece(id int32) []byte { return fmt.Appendf(nil, "<%d>", id) }

// Scrub reports the scripted guesses that have a stop.
func (x *Explorer) Scrub(_ context.Context, _ trace.BranchID, stops []int, report func(trace.Guess)) error {
	x.Stops = slices.Clone(stops)
	for _, g := range x.Guesses {
		report(g)
	}
	return x.Fails
}

// Tick reports the scripted guesses.
func (x *Explorer) Tick(_ context.Context, _ trace.BranchID, t trace.Ticker, report func(trace.Guess)) error {
	x.Ticks = append(x.Ticks, t)
	for _, g := range x.Guesses {
		report(g)
	}
	return x.Fails
}

// Try reports the scripted result.
func (x *Explorer) Try(_ context.Context, t trace.Trials, report func(trace.TrialsReport)) error {
	x.Trials = append(x.Trials, t)
	report(x.Report)
	return x.Fails
}

// Expect does nothing: what is reported is scripted.
func (x *Explorer) Expect(string, string) {}

// Open makes a trial a branch: a fork of the newest one from its beginning, under the trial's name.
func (x *Explorer) Open(ctx context.Context, id trace.BranchID) (app.Live, error) {
	x.Opened = append(x.Opened, id)
	l := x.Last()
	live, err := x.Branch(ctx, l.Branch().ID, 0, l.Branch().Budget, l.Branch().Sampling)
	if err == nil {
		x.Last().branch.ID = id
	}
	return live, err
}
