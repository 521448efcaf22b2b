package remote

import (
	"context"
	"fmt"

	"s1/engine/think"
	"s1/engine/trace"
)

// What a measurement needs of a model that is not asked once, but thousands of times.

// Cuts says, for each cap (ascending), after how many of a branch's tokens a run under that cap would have closed its thought;
// -1 where the cap changes nothing of them. See think.Cuts.
func (m *Model) Cuts(id trace.BranchID, tokens []trace.Token, b trace.Budget, caps []int) ([]int, error) {
	m.mu.Lock()
	l := m.branches[id]
	m.mu.Unlock()
	if l == nil {
		return nil, fmt.Errorf("there is no branch %q", id)
	}
	known, err := withIDs(l.run.v, tokens)
	if err != nil {
		return nil, err
	}
	o := think.Options{Context: m.room(l.run), SoftLanding: b.SoftLanding}
	if b.CloseLoops {
		o.OnLoop = think.LoopClose
	}
	return think.Cuts(l.run.format, b, o, known, caps)
}

// room is how many tokens a branch of a run may have.
func (m *Model) room(r *run) int {
	n := m.probe.Context
	if n <= 0 {
		n = contextUnknown
	}
	return n - len(r.PromptIDs)
}

// Forget drops a run with all its branches: those that still run are stopped, and nothing can go on from any of them here.
// Their logs stay with whoever holds them.
func (m *Model) Forget(run string) {
	m.forget(func(l *Live) bool { return l.run.ID == run })
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.runs, run)
}

// ForgetBranch drops one branch.
func (m *Model) ForgetBranch(id trace.BranchID) {
	m.forget(func(l *Live) bool { return l.branch.ID == id })
}

func (m *Model) forget(which func(*Live) bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, l := range m.branches {
		if which(l) {
			delete(m.branches, id)
			if l.stop != nil {
				l.stop()
			}
		}
	}
}

// Kept is how many branches can be gone on from.
func (m *Model) Kept() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.branches)
}

// There asks whether the server is up and still has the model: what was probed may have been replaced since.
func (m *Model) There(ctx context.Context) error {
	p := &Probe{}
	c := quiet(m.c)
	c.at = m.at
	if err := p.find(ctx, c); err != nil {
		return err
	}
	if p.name != m.probe.name {
		return fmt.Errorf("%s serves %s now, and served %s before", m.at.Base, p.Name, m.probe.Name)
	}
	return nil
}
