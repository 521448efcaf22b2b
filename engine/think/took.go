package think

import (
	"bytes"
	"slices"

	"s1/engine/trace"
)

// Took reports an id drawn after a Sample action. An id of the mask is refused again.
func (m *Machine) Took(id int32, s Signals) Verdict {
	if m.paused && m.steps == 0 || m.next.Kind != Sample {
		return Verdict{}
	}
	m.atClose = false
	var v Verdict
	switch {
	case slices.Contains(m.next.Mask, id):
		m.draw++
	case m.stage == thinking && m.rounds != nil:
		v = m.rounds.took(m, id, s)
	case m.stage == thinking:
		v = m.tookThought(id, s)
	default:
		v = m.tookAnswer(id)
	}
	m.plan()
	return v
}

func (m *Machine) tookThought(id int32, s Signals) Verdict {
	if done := m.end.completes(id); done || m.f.eos(id) {
		return m.tookEnd(id, done, s)
	}
	// A character that cannot be complete under the limit is not begun: the thought closes up to three tokens early
	// rather than inside it, and never late.
	room, limit := m.room()
	after := m.text.with(m.f.vocab.Piece(id))
	if after.missing() > room-1 {
		m.draw++
		m.closeForced(limit)
		return Verdict{}
	}
	return m.accept(id, trace.PhaseThinking, true, false)
}

// tookEnd decides about an end of thinking: the format's own, or an end of turn, which is the same wish.
func (m *Machine) tookEnd(id int32, own bool, s Signals) Verdict {
	if m.b.Waits > m.waitsDone && !m.quickEnd() {
		m.draw++
		m.wished = true
		m.suppress(m.nextWait())
		return Verdict{}
	}
	m.sawEnd(s)
	if !own { // an end of turn is not the close: it does not appear, the close is fed
		m.draw++
		m.wished = true
		m.close(trace.ClosedNatural, m.f.Close, len(m.f.Close))
		return Verdict{}
	}
	v := m.accept(id, trace.PhaseThinking, false, false)
	m.closeOwn()
	return v
}

// nextWait is the text for the next suppressed end: those of the user first, then the budget's.
func (m *Machine) nextWait() []int32 {
	if len(m.texts) == 0 {
		return m.wait
	}
	w := m.texts[0]
	m.texts = m.texts[1:]
	return w
}

// suppress refuses the end at this position and queues the text that goes in instead. A text that leaves no room for
// a single token after it is not injected: the limit closes the thought.
func (m *Machine) suppress(wait []int32) {
	if room, limit := m.room(); len(wait) > 0 && len(wait) >= room {
		m.notice(false, "the Wait text has %d tokens and %d are left before the limit (%s): the thought closes instead", len(wait), room, limit)
		m.closeForced(limit)
		return
	}
	m.waiting, m.keep = true, true
	m.guard.waited()
	m.insert = append(injectedIDs(wait, true), m.insert...)
}

func injectedIDs(ids []int32, now bool) []feed {
	q := make([]feed, len(ids))
	for i, id := range ids {
		q[i] = feed{id: id, origin: trace.OriginInjected, phase: trace.PhaseThinking, counted: true, now: now}
	}
	return q
}

func (m *Machine) tookAnswer(id int32) Verdict {
	if m.f.eos(id) {
		if !m.said && m.mayRetry() {
			m.draw++
			m.retry()
			return Verdict{}
		}
		outcome := "answered"
		if !m.said {
			outcome = "empty"
		}
		m.finish(outcome)
		return Verdict{}
	}
	if m.rounds == nil && m.f.Thinks() && (m.end.completes(id) || m.start.completes(id)) {
		m.draw++
		m.reentered, m.masked, m.wished = true, true, true
		m.notice(false, "the model tried to think again after its thought had closed; that is not allowed to it")
		return Verdict{}
	}
	return m.accept(id, trace.PhaseAnswer, false, false)
}

// mayRetry: an empty answer after a thought gets one more chance.
func (m *Machine) mayRetry() bool {
	return m.rounds == nil && m.f.Thinks() && !m.retried && len(m.f.Retry) > 0 && m.used+len(m.f.Newline)+len(m.f.Retry) < m.o.Context
}

func (m *Machine) retry() {
	m.retried = true
	m.queue = m.retryIDs()
	m.notice(false, "the answer was empty: asked once more with %q", FinalAnswer)
}

func (m *Machine) retryIDs() []feed {
	ids := m.f.Retry
	if m.text.last != '\n' {
		ids = slices.Concat(m.f.Newline, ids)
	}
	return forcedIDs(ids, 0)
}

// accept appends a sampled id.
func (m *Machine) accept(id int32, p trace.Phase, counted, shadow bool) Verdict {
	v := Verdict{Accepted: true, Phase: p, Counted: counted, Wished: m.wished, Shadow: shadow}
	m.add(id, trace.OriginSampled, p, counted, shadow)
	m.keep = false
	if m.closeAsked != "" || len(m.insert) > 0 {
		m.grace++
	}
	return v
}

// add accounts for a token that goes in, whoever chose it.
func (m *Machine) add(id int32, o trace.Origin, p trace.Phase, counted, shadow bool) {
	piece := m.f.vocab.Piece(id)
	m.used++
	m.text.write(piece)
	m.draw, m.wished = 0, false
	if m.waiting {
		m.waiting = false
		m.waitsDone++
	}
	if m.steps > 0 && !shadow {
		m.steps--
	}
	if shadow {
		return
	}
	switch o {
	case trace.OriginForced:
		m.forced++
	case trace.OriginInjected:
		m.injected++
	}
	if counted {
		m.counted++
	}
	if p == trace.PhaseAnswer && o != trace.OriginForced {
		m.answered++
		m.said = m.said || len(bytes.TrimSpace(piece)) > 0
	}
	if o == trace.OriginInjected {
		m.end.reset() // a tag that the user writes is prose
		m.start.reset()
	} else {
		m.end.push(id)
		m.start.push(id)
	}
	if o != trace.OriginForced && (counted || p == trace.PhaseAnswer) {
		m.watch(id, piece, o)
	}
}

// Fed reports the true signals of the id that a Feed action appended.
func (m *Machine) Fed(s Signals) {
	if m.paused && m.steps == 0 || m.next.Kind != Feed {
		return
	}
	m.atClose = false
	m.fed(s)
	m.plan()
}

func (m *Machine) fed(s Signals) {
	from := &m.insert
	if len(m.queue) > 0 {
		from = &m.queue
	}
	q := (*from)[0]
	*from = (*from)[1:]
	if q.origin == trace.OriginInjected {
		q.phase, q.counted = m.injectedPhase(q)
		m.grace = 0
	} else {
		if m.stage == closing || m.skipped && q.id == m.f.EndID() {
			m.sawEnd(s)
		}
		if m.price {
			m.nats -= float64(s.Logprob)
		}
	}
	m.add(q.id, q.origin, q.phase, q.counted, q.shadow)
	if q.ends && m.stage == thinking {
		m.closeTaken(s)
	}
	if len(m.queue) == 0 {
		m.price = false
	}
	if m.rounds != nil && q.origin == trace.OriginInjected {
		m.rounds.total++
	}
}

// injectedPhase: a user's text belongs to the phase in which it goes in.
func (m *Machine) injectedPhase(q feed) (trace.Phase, bool) {
	if m.stage == answering {
		return trace.PhaseAnswer, false
	}
	return q.phase, q.counted
}

// Rewound reports that the shadow tokens of a Rewind action are gone.
func (m *Machine) Rewound() {
	if m.next.Kind != Rewind {
		return
	}
	m.used -= m.rounds.drop
	m.rounds.drop = 0
	m.plan()
}

// sawEnd keeps what the model thought of ending where its thought closed.
func (m *Machine) sawEnd(s Signals) {
	if m.endSeen {
		return
	}
	m.endSeen, m.endProb, m.endRank = true, s.EndProb, s.EndRank
}
