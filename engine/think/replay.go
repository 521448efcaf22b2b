package think

import (
	"fmt"

	"s1/engine/trace"
)

// CloseAt returns the index of the first token of the close of thinking: where a Wait that comes after the end has to
// branch (with Options.AtClose). ok is false when the thought never closed.
func (f *Format) CloseAt(tokens []trace.Token) (at int, ok bool) {
	if !f.Thinks() {
		return 0, false
	}
	if n := len(f.Open); like(forcedIDs(f.Open, n), tokens) {
		at = n
	}
	for i, t := range tokens {
		if t.Counted {
			at = i + 1
		}
	}
	return at, at < len(tokens)
}

// Replay gives the machine as it was after tokens, which start at index 0 of the branch, so that a branch can start at
// any token of another one, or of a saved session. What the tokens say was done is taken as done, whatever b says; b
// holds from the next token on. A pause, a command that had not taken effect, and the rest of a text of the user's own
// that was being injected are not in the tokens, and not in the result.
func Replay(f Format, b trace.Budget, o Options, tokens []trace.Token) (*Machine, error) {
	m, err := build(f, b, o)
	if err != nil {
		return nil, err
	}
	m.replaying = true
	m.beginLike(tokens)
	for i, t := range tokens {
		m.closeAsked = "" // what the loop guard asked for one token earlier did not happen, or has
		if err := m.observe(t); err != nil {
			return nil, fmt.Errorf("replay token %d (id %d): %w", i, t.ID, err)
		}
		m.settle()
	}
	if o.Closed != "" && m.closed != "" {
		m.closed = o.Closed
	}
	m.steps = 0
	m.atClose = o.AtClose && m.stage == thinking
	m.replaying = false
	m.plan()
	return m, nil
}

// beginLike opens as the tokens do: the cap may have changed between thinking and not thinking since.
func (m *Machine) beginLike(tokens []trace.Token) {
	m.begin()
	if m.stage != opening || m.rounds != nil || m.f.Skip == nil || like(m.queue, tokens) {
		return
	}
	was := m.b.Cap
	if m.skipped {
		m.b.Cap = -1
	} else {
		m.b.Cap = 0
	}
	m.begin()
	m.b.Cap = was
}

func like(q []feed, tokens []trace.Token) bool {
	for i := range min(len(q), len(tokens)) {
		if q[i].id != tokens[i].ID {
			return false
		}
	}
	return true
}

// observe takes over one token of the past.
func (m *Machine) observe(t trace.Token) error {
	m.settle()
	s := Signals{Logprob: t.Logprob, Entropy: t.Entropy, EndProb: t.EndProb, EndRank: t.EndRank}
	switch t.Origin {
	case trace.OriginForced:
		return m.observeForced(t, s)
	case trace.OriginInjected:
		return m.observeInjected(t, s)
	case trace.OriginSampled:
		return m.observeSampled(t, s)
	}
	return fmt.Errorf("origin %d is no token of a branch", t.Origin)
}

func (m *Machine) observeForced(t trace.Token, s Signals) error {
	if len(m.queue) == 0 {
		switch m.stage {
		case thinking:
			m.observeClose(t)
		case answering:
			m.retried = true
			m.queue = m.retryIDs()
		}
	}
	if len(m.queue) == 0 || m.queue[0].id != t.ID {
		return fmt.Errorf("the think format %s forces %v here", m.f.Name, m.queue)
	}
	m.fed(s)
	return nil
}

// observeClose infers which close begins with t.
func (m *Machine) observeClose(t trace.Token) {
	m.insert = nil
	ids, _ := m.forcedClose()
	wished := t.Wished && (m.b.Waits <= m.waitsDone || m.rounds != nil)
	if wished && len(m.f.Close) > 0 && t.ID == m.f.Close[0] || len(ids) == 0 || ids[0] != t.ID {
		m.close(trace.ClosedNatural, m.f.Close, len(m.f.Close))
		return
	}
	reason := trace.ClosedAnswerNow
	switch {
	case m.b.Cap >= 0 && m.counted >= m.b.Cap:
		reason = trace.ClosedCap
	case m.contextRoom() <= 0:
		reason = trace.ClosedContext
	}
	m.closeForced(reason)
	if m.rounds != nil {
		m.masked = false
	}
}

func (m *Machine) observeInjected(t trace.Token, s Signals) error {
	if t.Wished && m.stage == thinking {
		m.observeWait()
		m.insert = nil
		if len(m.wait) > 0 && m.wait[0] == t.ID {
			m.insert = injectedIDs(m.wait, true)
		}
	}
	if len(m.insert) == 0 || m.insert[0].id != t.ID {
		m.insert = injectedIDs([]int32{t.ID}, true)
	}
	m.insert[0].phase, m.insert[0].counted = t.Phase, t.Counted
	if m.stage != thinking && m.stage != answering {
		return fmt.Errorf("an injected token inside %v", m.queue)
	}
	m.fed(s)
	return nil
}

// observeWait takes over a suppressed end of thinking.
func (m *Machine) observeWait() {
	if m.rounds != nil {
		m.rounds.suppressed(m)
		return
	}
	m.quickEnd()
	m.waitsDone++
	m.guard.waited()
	m.keep = true
}

func (m *Machine) observeSampled(t trace.Token, s Signals) error {
	if len(m.queue) > 0 {
		return fmt.Errorf("a sampled token where the think format %s feeds %v", m.f.Name, m.queue)
	}
	m.insert = nil
	switch {
	case m.stage == answering:
		if t.Wished && m.used > 0 && m.rounds == nil {
			m.reentered, m.masked = true, true
		}
		m.accept(t.ID, trace.PhaseAnswer, false, false)
	case t.Phase == trace.PhaseAnswer: // s1-readme: no close between thought and answer
		m.closed = trace.ClosedCap
		if t.Wished {
			m.closed = trace.ClosedNatural
			m.sawEnd(s)
		}
		m.answer()
		m.accept(t.ID, trace.PhaseAnswer, false, false)
	case t.Counted:
		if t.Wished {
			m.observeWait()
		}
		if m.rounds != nil {
			m.rounds.n++
			m.rounds.total++
		}
		m.accept(t.ID, trace.PhaseThinking, true, false)
	default: // the model's own end
		m.sawEnd(s)
		m.accept(t.ID, trace.PhaseThinking, false, false)
		m.close(trace.ClosedNatural, m.f.Close[min(len(m.f.End), len(m.f.Close)):], len(m.f.Close))
	}
	return nil
}
