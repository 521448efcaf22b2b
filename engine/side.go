package engine

import (
	"context"
	"fmt"

	"s1/engine/think"
	"s1/engine/trace"
)

// A side branch is an experiment: it runs in the same batch as the others, but makes way for them where rows or memory are
// short. It has a name of its own kind (run~7), so that the visible branches stay numbered without gaps, nobody records it,
// nothing can go on from it, and its keys and values are given back when it ends.

// Side is Branch for a side branch. It runs as fast as it goes.
func (m *Model) Side(ctx context.Context, from trace.BranchID, at int, b trace.Budget, s trace.Sampling, first ...trace.Command) (*Live, error) {
	parent, st, err := m.goOn(from, at, b, s, first)
	if err != nil {
		return nil, err
	}
	st.side = true
	return m.start(ctx, parent.run, st)
}

// Live is a visible branch.
func (m *Model) Live(id trace.BranchID) (*Live, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	l, ok := m.branches[id]
	return l, ok
}

// ForgetBranch stops a side branch and drops it. Its log stays with whoever holds it, and ends if it has not yet. One that was
// opened stays as it is, under its visible name.
func (m *Model) ForgetBranch(id trace.BranchID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	l := m.sides[id]
	delete(m.sides, id)
	if _, visible := m.opened[id]; visible {
		delete(m.opened, id)
		return
	}
	if l != nil {
		l.live.Forget()
	}
}

// StopSide ends a side branch, which stays to be opened. One that has been opened goes on: false.
func (m *Model) StopSide(id trace.BranchID) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	l := m.sides[id]
	if _, visible := m.opened[id]; visible || l == nil {
		return false
	}
	l.live.Send(trace.Command{Kind: trace.CommandStop})
	return true
}

// Open makes a side branch one like any other, under the next visible name: to show, to keep, and to go on from. Its log is
// the whole path, as any other's. If it still runs, it now ends with ctx too. Opened twice, it is the same branch.
func (m *Model) Open(ctx context.Context, id trace.BranchID) (*Live, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if visible, ok := m.opened[id]; ok {
		return m.branches[visible], nil
	}
	side := m.sides[id]
	if side == nil {
		return nil, fmt.Errorf("there is no experiment %q any more", id)
	}
	r := side.run
	b := side.branch
	b.ID, r.next = m.nextID(r)
	l := &Live{branch: b, live: side.live.Open(ctx, b), run: r, format: side.format}
	m.branches[b.ID], m.opened[id] = l, b.ID
	return l, nil
}

// Sides is how many side branches there are.
func (m *Model) Sides() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.sides) - len(m.opened)
}

// Used is the number of key/value pages in use.
func (m *Model) Used(ctx context.Context) (pages int, err error) { return m.sched.Used(ctx) }

// Piece is the exact bytes of a token, nil for an unknown id.
func (m *Model) Piece(id int32) []byte { return m.parts.Vocabulary.Piece(id) }

// Cuts says, for each cap (ascending), after how many of a branch's tokens so far a run of the same seed under that cap would
// have closed its thought; -1 where the cap changes nothing of them. b is the budget in force. See think.Cuts.
func (m *Model) Cuts(id trace.BranchID, tokens []trace.Token, b trace.Budget, caps []int) ([]int, error) {
	l, ok := m.Live(id)
	if !ok {
		return nil, fmt.Errorf("there is no branch %q", id)
	}
	o := think.Options{Context: m.parts.Context - len(l.run.PromptIDs), SoftLanding: b.SoftLanding}
	if b.CloseLoops {
		o.OnLoop = think.LoopClose
	}
	return think.Cuts(l.format, b, o, tokens, caps)
}

// CloseAt is the index of the first token of the close of thinking in a path of this branch's run; false where the thought
// has not closed.
func (l *Live) CloseAt(path []trace.Token) (at int, ok bool) { return l.format.CloseAt(path) }

// CloseMost is the most tokens that a forced close feeds in a branch of this run, beside the answer that is drawn.
func (l *Live) CloseMost() int { return l.format.CloseMost() }
