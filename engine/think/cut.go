package think

import (
	"slices"
	"unicode/utf8"

	"s1/engine/trace"
)

// Cuts says, for each cap (ascending), after how many of the tokens of a trace a run of the same seed under that cap closes
// its thought, and so where it parts from the trace; -1 where the cap changes nothing of what is there. Mostly that is right
// after as many thinking tokens as the cap, but a soft landing, a character that would be cut, or a Wait text that does not
// fit any more end some a little earlier. b is the budget of the trace; its cap and preset do not matter.
//
// The machine itself decides: it is taken along the trace, and for each cap a copy goes the last steps under it.
func Cuts(f Format, b trace.Budget, o Options, tokens []trace.Token, caps []int) ([]int, error) {
	b.Cap, b.Preset = -1, ""
	m, err := build(f, b, o)
	if err != nil {
		return nil, err
	}
	m.replaying = true
	m.beginLike(tokens)
	cuts := make([]int, len(caps))
	window := m.cutWindow(tokens)
	next := 0 // of caps
	for i := 0; next < len(caps); i++ {
		m.settle()
		for next < len(caps) && (i == len(tokens) || m.counted >= caps[next]-window || !m.inThought()) {
			if cuts[next] = 0; caps[next] > 0 {
				cuts[next] = m.cut(caps[next], tokens, i)
			}
			next++
		}
		if i == len(tokens) {
			break
		}
		if tokens[i].Origin != trace.OriginForced && m.whole() {
			m.closeAsked = ""
		}
		if err := m.observe(tokens[i:]); err != nil {
			return nil, err
		}
	}
	return cuts, nil
}

// cutWindow is within how many thinking tokens before it a cap can show.
func (m *Machine) cutWindow(tokens []trace.Token) int {
	longest, n := len(m.wait), 0 // texts that go in at once
	for _, t := range tokens {
		if n++; t.Origin != trace.OriginInjected {
			n = 0
		}
		longest = max(longest, n)
	}
	return max(m.o.SoftLanding, utf8.UTFMax, longest) + 1
}

// cut goes on along tokens[i:] under a cap, and gives the index at which the cap closes the thought.
func (m *Machine) cut(atMost int, tokens []trace.Token, i int) int {
	c := m.Clone()
	c.b.Cap = atMost
	c.plan()
	before := i - c.used
	for {
		at := before + c.used
		switch {
		case c.stage == closing && c.closed == trace.ClosedCap:
			return before + c.closeFrom
		case c.stage == closing && c.closed == trace.ClosedContext && at < len(tokens) && tokens[at].Origin != trace.OriginForced:
			return before + c.closeFrom // the answer is to have more room than it had
		case at >= len(tokens) || !c.inThought() || !c.along(tokens[at]):
			return -1
		}
	}
}

// along takes over the next token of a trace, or what led to it, as far as it can come here; false where it cannot.
func (m *Machine) along(t trace.Token) bool {
	s := Signals{Logprob: t.Logprob, Entropy: t.Entropy, EndProb: t.EndProb, EndRank: t.EndRank}
	switch {
	case m.next.Kind == Feed && m.next.ID == t.ID && m.next.Origin == t.Origin:
		m.Fed(s)
		return true
	case m.next.Kind == Sample && t.Wished && m.draw == 0: // an end was drawn here, and refused unless the close follows
		m.expectEnd(t.Origin != trace.OriginForced)
		id, ok := m.anyEnd()
		if ok {
			m.Took(id, s)
		}
		return ok
	case m.next.Kind == Sample && t.Origin == trace.OriginSampled:
		if !t.Counted {
			m.expectEnd(false)
		}
		return m.Took(t.ID, s).Accepted || !m.inThought()
	case t.Origin == trace.OriginInjected && len(m.queue) == 0: // a text of the user's own
		m.insert = nil
		if m.observeInjected(t, s) != nil {
			return false
		}
		m.plan()
		return true
	}
	return false
}

// expectEnd makes the next end be suppressed, or not: what the trace says was done, whatever was asked since.
func (m *Machine) expectEnd(suppressed bool) {
	if suppressed {
		m.b.Waits = max(m.b.Waits, m.waitsDone+1)
	} else {
		m.b.Waits = m.waitsDone
	}
}

// anyEnd is an id whose draw ends a thought here.
func (m *Machine) anyEnd() (int32, bool) {
	for _, id := range m.f.EOS {
		if !slices.Contains(m.next.Mask, id) {
			return id, true
		}
	}
	return m.end.last()
}
