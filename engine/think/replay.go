package think

import (
	"fmt"
	"slices"
	"unicode/utf8"

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
// that was being injected are not in the tokens, and not in the result; nor, inside the close of an s1-harness run that
// was cut, how the rounds beyond the cut ended.
func Replay(f Format, b trace.Budget, o Options, tokens []trace.Token) (*Machine, error) {
	m, err := build(f, b, o)
	if err != nil {
		return nil, err
	}
	m.replaying = true
	m.beginLike(tokens)
	for i, t := range tokens {
		if t.Origin != trace.OriginForced && m.whole() {
			m.closeAsked = "" // what the loop guard would have done here was not done
		}
		if err := m.observe(tokens[i:]); err != nil {
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

// beginLike opens as the tokens do: the cap may have changed between thinking and not thinking since, also to a preset's.
func (m *Machine) beginLike(tokens []trace.Token) {
	m.begin()
	if m.stage != opening || m.f.Skip == nil || like(m.queue, tokens) {
		return
	}
	was, rounds := m.b.Cap, m.rounds
	m.rounds = nil
	if m.skipped {
		m.b.Cap = -1
	} else {
		m.b.Cap = 0
	}
	m.begin()
	m.b.Cap, m.rounds = was, rounds
}

func like(q []feed, tokens []trace.Token) bool {
	for i := range min(len(q), len(tokens)) {
		if q[i].id != tokens[i].ID || q[i].origin != tokens[i].Origin {
			return false
		}
	}
	return true
}

// observe takes over tokens[0], one of the past; those after it only help to tell two closes apart.
func (m *Machine) observe(tokens []trace.Token) error {
	t := tokens[0]
	m.settle()
	if t.Wished && m.stage == answering && m.rounds == nil {
		m.reentered, m.masked = true, true
	}
	s := Signals{Logprob: t.Logprob, Entropy: t.Entropy, EndProb: t.EndProb, EndRank: t.EndRank}
	switch t.Origin {
	case trace.OriginForced:
		return m.observeForced(tokens, s)
	case trace.OriginInjected:
		return m.observeInjected(t, s)
	case trace.OriginSampled:
		return m.observeSampled(t, s)
	}
	return fmt.Errorf("origin %d is no token of a branch", t.Origin)
}

func (m *Machine) observeForced(tokens []trace.Token, s Signals) error {
	t := tokens[0]
	if len(m.queue) == 0 {
		switch m.stage {
		case thinking:
			m.observeClose(tokens)
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

// observeClose infers which close begins with tokens[0].
func (m *Machine) observeClose(tokens []trace.Token) {
	m.insert = nil
	if m.rounds != nil { // whether a newline was missing was decided by text that has been cut away
		m.text.last = '\n'
		if withNewline := slices.Concat(m.f.Newline, m.f.Forced); like(forcedIDs(withNewline, 0), tokens) {
			m.text.last = 0
		}
	}
	room, limit := m.room()
	if m.closedNaturally(tokens, room) {
		m.close(trace.ClosedNatural, m.f.Close, len(m.f.Close))
		if m.rounds != nil && !tokens[0].Wished { // the harness's cut after a natural last round
			m.closed, m.price = trace.ClosedCap, true
		}
		return
	}
	// A limit closes where it is reached, or a little before: no room for a Wait text or a character, a soft landing.
	reason := trace.ClosedAnswerNow
	if room < utf8.UTFMax || tokens[0].Wished || m.landing() {
		reason = limit
	}
	switch {
	case m.rounds != nil:
		reason = trace.ClosedCap
	case m.closeAsked != "":
		reason = m.closeAsked
	}
	m.closeForced(reason)
	if m.rounds != nil {
		m.masked = false
	}
}

// closedNaturally says whether the ids fed from tokens[0] on are the close of a thought that ended by itself.
func (m *Machine) closedNaturally(tokens []trace.Token, room int) bool {
	ids, _ := m.forcedClose()
	natural := like(forcedIDs(m.f.Close, 0), tokens)
	if forced := like(forcedIDs(ids, 0), tokens); forced != natural {
		return natural
	}
	if m.o.Closed != "" {
		return m.o.Closed == trace.ClosedNatural
	}
	noRoom := m.b.Waits > m.waitsDone && len(m.wait) >= room // a Wait was due and did not fit: the limit closed
	return tokens[0].Wished && (m.rounds != nil || !noRoom)
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
	// A Wait text is prose, also where a preset does not count it; an end that the user chose is the format's own id.
	m.insert[0].ends = m.stage == thinking && m.rounds == nil && !t.Counted && t.Phase == trace.PhaseThinking && len(m.f.End) == 1 && t.ID == m.f.End[0]
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
		m.closeOwn()
	}
	return nil
}
