package think

import (
	"fmt"

	"s1/engine/trace"
)

// The two published procedures. They differ from each other and from the exact rule; both are kept as they are,
// over ids instead of text (so nothing is tokenised again at a join).
//
// s1-readme (README of simplescaling/s1): one total, from which each round takes its tokens and the end it drew;
// the Wait texts are not counted; no close is ever written, the model is expected to go on with it in its answer.
//
// s1-harness (its lm-evaluation-harness, vllm_causallms.py): every round gets the full maximum again; afterwards all
// ids, Wait texts included, are cut to it. The rounds beyond the cut run as shadow tokens, because how the last one
// ends decides which close is written.
//
// Both end the thought at their context limit as at a length limit; there the sources run into an error.
const (
	PresetReadme  = "s1-readme"
	PresetHarness = "s1-harness"
)

// autoAnswer is what the harness leaves for the answer when the maximum is "auto" (here: no cap).
const autoAnswer = 100

// rounds is the state of a preset. It is a value: copying it copies its state.
type rounds struct {
	harness bool
	max     int // the total (readme: what is left of it), or the maximum of each round (harness)
	n       int // tokens sampled in this round
	total   int // ids gathered over all rounds, Wait texts included, shadow included
	unseen  int // ends suppressed beyond the cut
	drop    int // shadow tokens to rewind
}

func newRounds(m *Machine) (*rounds, error) {
	r := &rounds{max: m.b.Cap}
	switch m.b.Preset {
	case "":
		return nil, nil
	case PresetReadme:
		if r.max < 0 {
			r.max = m.o.Context - len(m.f.Open) - m.reserve
		}
	case PresetHarness:
		r.harness = true
		if r.max < 0 {
			r.max = m.o.Context - len(m.f.Open) - len(m.f.Forced) - autoAnswer
		}
		m.keep = m.b.Waits > 0 // min_tokens = 1 from the first round on, but only when ends are suppressed
	default:
		return nil, fmt.Errorf("budget: unknown preset %q; there are %s and %s", m.b.Preset, PresetReadme, PresetHarness)
	}
	if len(m.f.End) != 1 { // both stop on single ids only; the harness asserts it
		return nil, fmt.Errorf("budget: preset %s needs an end of thinking of one token; think format %s has %d", m.b.Preset, m.f.Name, len(m.f.End))
	}
	if r.max <= 0 {
		return nil, fmt.Errorf("budget: preset %s has %d thinking tokens (cap %d, context %d); it needs at least 1", m.b.Preset, r.max, m.b.Cap, m.o.Context)
	}
	return r, nil
}

// shadow says whether the next id lies beyond the cut.
func (r *rounds) shadow() bool { return r.harness && r.total >= r.max }

func (r *rounds) plan(m *Machine) bool {
	if len(m.insert) > 0 {
		q := &m.insert[0]
		q.shadow = r.shadow()
		q.counted = r.harness && !q.shadow
		m.planFeed(*q)
		return true
	}
	if full := m.used >= m.o.Context-r.closeRoom(m); r.left() <= 0 || full {
		reason := trace.ClosedCap
		if full && r.left() > 0 {
			reason = trace.ClosedContext
		}
		r.length(m, reason)
		return false
	}
	m.next = Action{Kind: Sample, Phase: trace.PhaseThinking, Draw: m.draw, Mask: m.endMask(), Shadow: r.shadow()}
	return true
}

// closeRoom is kept free behind the thought. Shadow tokens may fill the whole context: they go away again.
func (r *rounds) closeRoom(m *Machine) int {
	if r.shadow() {
		return 0
	}
	return m.closeLen() + 1
}

func (r *rounds) left() int { return r.max - r.n }

// took takes a sampled id of a round.
func (r *rounds) took(m *Machine, id int32, s Signals) Verdict {
	if !m.end.completes(id) && !m.f.eos(id) {
		r.n++
		shadow := r.shadow()
		r.total++
		return m.accept(id, trace.PhaseThinking, !shadow, shadow)
	}
	m.draw++
	if m.waitsDone < m.b.Waits && (r.harness || r.left() > 1) {
		r.suppressed(m)
		m.wished = true
		m.insert = injectedIDs(m.wait, true)
		return Verdict{}
	}
	if !r.harness {
		m.sawEnd(s)
		m.closed, m.keep, m.wished = trace.ClosedNatural, false, true
		m.answer()
		return Verdict{}
	}
	if r.total > r.max { // the close has the form of a natural end, but the thought is cut
		m.close(trace.ClosedCap, m.f.Close, len(m.f.Close))
		m.price = true
		r.cut(m)
		return Verdict{}
	}
	m.sawEnd(s)
	m.wished = true
	m.close(trace.ClosedNatural, m.f.Close, len(m.f.Close))
	return Verdict{}
}

// suppressed starts the next round.
func (r *rounds) suppressed(m *Machine) {
	if !r.harness {
		r.max -= r.n + 1 // the end that was drawn is among the tokens of its round
	}
	if r.shadow() {
		r.unseen++
	}
	r.n = 0
	m.waitsDone++
	m.guard.waited()
	m.keep = true
}

// length ends the thought because a round has reached its limit.
func (r *rounds) length(m *Machine, reason trace.Closed) {
	if !r.harness {
		m.closed, m.keep = reason, false
		m.answer()
		return
	}
	m.closeForced(reason)
	m.masked = false // the harness masks nothing
	r.cut(m)
}

// cut drops what was gathered beyond the maximum, the Waits there included.
func (r *rounds) cut(m *Machine) {
	r.drop = max(0, r.total-r.max)
	m.waitsDone -= r.unseen
	r.unseen = 0
}
