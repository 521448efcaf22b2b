package app

import (
	"context"

	"s1/engine/trace"
)

// Thinker is all the screen knows of the engine.
type Thinker interface {
	// Info describes the model.
	Info() trace.ModelInfo
	// Ask starts a new run with its first branch. A question the model was not made for is a *trace.Unsuitable.
	Ask(ctx context.Context, a trace.Ask) (Live, error)
	// Branch goes on from token at of branch from (0 = right after the prompt) as a new branch, under the given
	// budget and with first applied before its first token. The original is never changed.
	Branch(ctx context.Context, from trace.BranchID, at int, b trace.Budget, s trace.Sampling, first ...trace.Command) (Live, error)
}

// Live is a branch that runs, or has run. The log of a branch that grew from another begins with the tokens it inherited
// (Index < Branch().At), so it is the whole path. The branch ends, as by CommandStop, with the context it was asked with.
type Live interface {
	Branch() trace.Branch
	Run() trace.Run // the question it belongs to, as the model got it, and the right answer where that is known
	Log() *trace.Log
	Send(c trace.Command)
}

// Library keeps runs. Saving happens outside the screen; this is for its state and for reopening.
type Library interface {
	// Saved says whether everything so far is on disk; when it is not, reason says why.
	Saved() (ok bool, reason string)
	Recent(ctx context.Context, n int) ([]Kept, error)
}

// Kept is one line of the library.
type Kept struct {
	ID, Created, Model, Prompt, Answer string
	Branches, Tokens                   int
	Closed                             trace.Closed
}

// Reopener is a Library that can bring a kept run back: its question, and its branches with complete logs, the first
// one first. The Thinker must be able to branch from them. A Library that is no Reopener only lists.
type Reopener interface {
	Reopen(ctx context.Context, id string) (question string, branches []Live, err error)
}

// Annotated is a kept branch that comes back with what was noted on it.
type Annotated interface {
	Annotations() (note string, bookmarks []int)
	Worth() string // Good, Bad or ""
}

// What a person says a branch is worth training on.
const (
	Good = "good"
	Bad  = "bad"
)

// Explorable is a Thinker that can also be asked about traces. On one screen there may be traces of several models.
type Explorable interface {
	// Explores finds the model that thought a branch, "" = the one that will be asked next; nil = it cannot be asked about it.
	Explores(of trace.BranchID) Explorer
}

// Explorer is a model that can be asked about its traces. What it makes on the way is not kept and is not in the tree, until Open.
// The reports come one at a time, never after the call has returned; ctx cancels.
type Explorer interface {
	// Piece is the bytes of a token.
	Piece(id int32) []byte
	// Scrub closes a trace that has ended, or is paused, at each of the stops (thinking tokens, ascending) and reports the
	// answers as they come.
	Scrub(ctx context.Context, from trace.BranchID, stops []int, report func(trace.Guess)) error
	// Tick guesses the answer of a running branch until it answers.
	Tick(ctx context.Context, of trace.BranchID, t trace.Ticker, report func(trace.Guess)) error
	// Try carries out an experiment.
	Try(ctx context.Context, t trace.Trials, report func(trace.TrialsReport)) error
	// Expect says what the right answer of a run is; experiments are judged by it.
	Expect(run, expected string)
	// Open makes a trial of the newest experiment a branch of its tree, kept like any other.
	Open(ctx context.Context, id trace.BranchID) (Live, error)
}
