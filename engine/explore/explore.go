package explore

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"s1/engine"
	"s1/engine/trace"
)

// Explorer asks about the branches of one model. Its methods may be called from any goroutine; their reports come one at a
// time from the goroutine that called, and never after the call has returned.
type Explorer struct {
	m *engine.Model

	mu     sync.Mutex
	trials []trace.BranchID // of the newest experiment, kept for Open
}

// New explores a model.
func New(m *engine.Model) *Explorer { return &Explorer{m: m} }

// Piece is the bytes of a token.
func (x *Explorer) Piece(id int32) []byte { return x.m.Piece(id) }

// Open makes a trial of the newest experiment a branch of its tree. It ends with ctx, if it still runs.
func (x *Explorer) Open(ctx context.Context, id trace.BranchID) (*engine.Live, error) {
	return x.m.Open(ctx, id)
}

// side is a side branch at work. It ends by drop, not with the context of who started it: it may be opened before.
type side struct {
	live *engine.Live
	progress
}

func startSide(ctx context.Context, m *engine.Model, from trace.BranchID, at int, b trace.Budget, s trace.Sampling, first ...trace.Command) (*side, error) {
	l, err := m.Side(context.WithoutCancel(ctx), from, at, b, s, first...)
	if err != nil {
		return nil, err
	}
	return &side{live: l, progress: progress{own: at}}, nil
}

func (s *side) id() trace.BranchID { return s.live.Branch().ID }

// await waits for the end of a side branch, or of ctx.
func (s *side) await(ctx context.Context) error {
	select {
	case <-s.live.Log().Done():
		s.read(s.live.Log())
		if s.err == nil && s.receipt.Outcome == "stopped" {
			return errStopped
		}
		return s.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// errStopped: its run was forgotten meanwhile.
var errStopped = errors.New("it was stopped")

// drop forgets side branches and waits until they have ended, which takes a step of the model at most.
func drop(m *engine.Model, sides ...*side) {
	for _, s := range sides {
		m.ForgetBranch(s.id())
	}
	for _, s := range sides {
		<-s.live.Log().Done()
	}
}

// closeAt closes the thought of a branch after its first at tokens and lets it answer: the budget's cap is reached there.
func closeAt(ctx context.Context, m *engine.Model, from *engine.Live, at int, b trace.Budget, s trace.Sampling) (*side, error) {
	id, own := from.Branch().ID, from.Branch().Budget.AnswerCap
	f, err := startSide(ctx, m, id, at, b, s)
	if err != nil && own >= 0 && own < b.AnswerCap { // room for its own answer is left where there may be none for ours
		b.AnswerCap = own
		f, err = startSide(ctx, m, id, at, b, s)
	}
	if err != nil {
		return nil, fmt.Errorf("close the thought of branch %s at token %d: %w", id, at, err)
	}
	return f, nil
}

func branch(m *engine.Model, id trace.BranchID) (*engine.Live, error) {
	l, ok := m.Live(id)
	if !ok {
		return nil, fmt.Errorf("there is no branch %q", id)
	}
	return l, nil
}
