package app

import (
	"fmt"
	"slices"

	"s1/engine/trace"
	"s1/tui/pane/compare"
)

func (m *Model) toggleDiff() {
	if !m.comparing {
		m.toggleCompare()
		m.comparePane.Diff = false
	}
	m.comparePane.Diff = !m.comparePane.Diff
}

func (m *Model) toggleCompare() {
	m.comparing = !m.comparing
	m.jump, m.more = m.comparing, nil
	if m.comparing && (m.other < 0 || m.other >= len(m.branches) || m.other == m.cur || m.branches[m.other].binned) {
		was := m.cur
		m.switchBy(-1)
		m.cur, m.other = was, m.cur
		if m.other == was {
			m.comparing = false
			m.warn("there is nothing else to compare it with")
		}
	}
}

// sides are the branches of the comparison, older ones left, whichever is in view.
func (m *Model) sides() []int {
	list := append([]int{m.cur, m.other}, m.more...)
	slices.Sort(list)
	return list
}

func (m *Model) fillCompare() {
	list := m.sides()
	first := m.branches[list[0]]
	at, differ, running := len(first.tokens), false, first.running()
	for _, k := range list[1:] {
		if i, parted := parts(first, m.branches[k]); parted && i <= at {
			at, differ = i, true
		}
		running = running || m.branches[k].running()
	}
	p := &m.comparePane
	p.Count, p.Same = len(list), 0
	switch {
	case differ:
		p.Where, p.Same = fmt.Sprintf("they part at token %d", at), at
	case !running:
		p.Where = "the same, token for token"
	default:
		p.Where = "the same so far"
	}
	for k, i := range list {
		p.Put(k, m.sideOf(i, at, differ))
	}
}

// sideOf is a branch as a side of the comparison, which part before token at.
func (m *Model) sideOf(i, at int, differ bool) compare.Side {
	br := m.branches[i]
	s := compare.Side{
		Label: br.label, Thought: br.thought, Answer: br.answer, From: -1, To: -1, FromAns: -1, ToAns: -1,
		Waiting: "no answer yet", Current: i == m.cur, Growing: br.running(),
	}
	if !br.running() {
		s.Waiting = "no answer"
	}
	word, _, _ := m.stateWord(br)
	limit := "no cap"
	if br.budget.Cap >= 0 {
		limit = fmt.Sprintf("cap %d", br.budget.Cap)
	}
	switch cause := br.info.Cause; {
	case br.info.At == 0 || cause == trace.CauseStart || cause == trace.CauseCap || cause == "":
	default:
		limit = fmt.Sprintf("%s at %d, %s", m.causeOf(br), br.info.At, limit) // which of two that are alike in all else
	}
	dot := " " + m.theme.Glyphs.Dot + " "
	s.Facts = fmt.Sprintf("%s%s%s%s%d + %d tokens", limit, dot, word, dot, br.spent, br.answered)
	if br.verdict != trace.VerdictNone {
		s.Facts = string(br.verdict) + dot + s.Facts
	}
	if !differ {
		return s
	}
	phase, from, to := br.span(at)
	if ink, end := br.doc(phase).Ink(max(from, 0)); from >= 0 && ink < end {
		from = ink // the token may begin with white space, which nobody sees
		if to = min(to, end); to <= from {
			to = end
		}
	}
	if phase == trace.PhaseAnswer {
		s.FromAns, s.ToAns = from, to
	} else {
		s.From, s.To = from, to
	}
	return s
}
