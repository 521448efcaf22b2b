package scaling

import (
	"context"

	"s1/engine"
	"s1/engine/trace"
)

// Thinker is what answers questions: a model of this machine, or one of a server.
type Thinker interface {
	Ask(ctx context.Context, q trace.Ask) (Thought, error)
	Forget(run string) // with every branch of it
}

// Forker is a Thinker whose thoughts can be gone on from at any token as if they had never been interrupted. Where it is one,
// arms share traces; where it is not, every arm is a run of its own.
type Forker interface {
	Thinker
	Branch(ctx context.Context, from trace.BranchID, at int, b trace.Budget, s trace.Sampling) (Thought, error) // may be forked again
	Side(ctx context.Context, from trace.BranchID, at int, b trace.Budget, s trace.Sampling) (Thought, error)   // may not
	Cuts(id trace.BranchID, tokens []trace.Token, b trace.Budget, caps []int) ([]int, error)
	ForgetBranch(id trace.BranchID)
}

// Thought is a branch that runs, or has run.
type Thought interface {
	Branch() trace.Branch
	Run() trace.Run
	Log() *trace.Log
}

// local is a model of this machine.
type local struct{ *engine.Model }

// Ask implements Thinker.
func (m local) Ask(ctx context.Context, q trace.Ask) (Thought, error) {
	return begun(m.Model.Ask(ctx, q))
}

// Branch implements Forker.
func (m local) Branch(ctx context.Context, from trace.BranchID, at int, b trace.Budget, s trace.Sampling) (Thought, error) {
	return begun(m.Model.Branch(ctx, from, at, b, s))
}

// Side implements Forker.
func (m local) Side(ctx context.Context, from trace.BranchID, at int, b trace.Budget, s trace.Sampling) (Thought, error) {
	return begun(m.Model.Side(ctx, from, at, b, s))
}

// begun keeps an error from coming with a thought that is not nil and yet none.
func begun[T Thought](l T, err error) (Thought, error) {
	if err != nil {
		return nil, err
	}
	return l, nil
}
