package think

import (
	"slices"

	"s1/engine/trace"
)

// close ends the thought with ids, the first delim of which belong to it.
func (m *Machine) close(reason trace.Closed, ids []int32, delim int) {
	m.stage, m.closed, m.closeAsked, m.keep = closing, reason, "", false
	m.closeFrom, m.waiting = m.used, false
	m.queue = forcedIDs(ids, delim)
	if n := len(m.insert); n > 0 {
		m.notice(false, "the thought closed before %d tokens of an injected text could go in", n)
		m.insert = nil
	}
}

// closeOwn goes on from the end that the model has drawn: what is left of the close follows it.
func (m *Machine) closeOwn() {
	rest := m.f.Close[min(len(m.f.End), len(m.f.Close)):]
	m.close(trace.ClosedNatural, rest, len(rest))
	m.closeFrom--
}

// closeForced ends the thought against the model's will, or at least without asking.
func (m *Machine) closeForced(reason trace.Closed) {
	ids, delim := m.forcedClose()
	m.close(reason, ids, delim)
	m.price, m.masked = true, true
	if m.text.missing() > 0 {
		m.notice(false, "the limit (%s) fell inside a character; it stays incomplete", reason)
	} else if what := m.text.open(); what != "" {
		m.notice(false, "the cut (%s) leaves %s open", reason, what)
	}
}

// forcedClose is what a forced close feeds here. A close that the model has begun by itself is finished, not doubled.
func (m *Machine) forcedClose() (ids []int32, delim int) {
	if n := m.end.n; n > 0 {
		return m.f.Forced[n:], len(m.f.Close) - n
	}
	if m.text.last == '\n' {
		return m.f.Forced, len(m.f.Close)
	}
	return slices.Concat(m.f.Newline, m.f.Forced), len(m.f.Newline) + len(m.f.Close)
}

// answer begins the answer.
func (m *Machine) answer() {
	m.stage, m.price = answering, false
	m.end.reset()
	m.start.reset()
	m.guard = newGuard()
}

// planAnswer decides inside the answer; false means that the branch has ended.
func (m *Machine) planAnswer() bool {
	if m.b.AnswerCap >= 0 && m.answered >= m.b.AnswerCap || m.used >= m.o.Context {
		m.finish("cut")
		return false
	}
	if m.closeAsked == trace.ClosedLoop && m.whole() {
		m.finish("cut")
		return false
	}
	if len(m.insert) > 0 && (m.insert[0].now || m.whole()) {
		q := m.insert[0]
		q.phase, q.counted = m.injectedPhase(q)
		m.planFeed(q)
		return true
	}
	m.next = Action{Kind: Sample, Phase: trace.PhaseAnswer, Draw: m.draw, Mask: m.tagMask()}
	return true
}

// tagMask is what may not be drawn in an answer that must not think again. An end of turn always may.
func (m *Machine) tagMask() []int32 {
	if !m.masked {
		return nil
	}
	var mask []int32
	for _, t := range []*matcher{&m.end, &m.start} {
		if id, ok := t.last(); ok && !m.f.eos(id) && !slices.Contains(mask, id) {
			mask = append(mask, id)
		}
	}
	return mask
}
