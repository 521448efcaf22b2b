package app

import (
	"sort"

	"s1/engine/trace"
	"s1/tui/keys"
	"s1/tui/text"
)

// firstAnswer is the index of the first token of the answer: those before it stand in the thought, the others in the answer.
func (b *branch) firstAnswer() int {
	return sort.Search(len(b.tokens), func(i int) bool { return b.tokens[i].phase == trace.PhaseAnswer })
}

// tokenAt is the token that holds a byte of the text of a phase, -1 where the phase has none.
func (b *branch) tokenAt(phase trace.Phase, at int) int {
	from, to := 0, b.firstAnswer()
	if phase == trace.PhaseAnswer {
		from, to = to, len(b.tokens)
	}
	i := from + sort.Search(to-from, func(i int) bool { return int(b.tokens[from+i].at) > at })
	return max(i-1, from-1)
}

// walk moves the cursor. The first key brings it to the end of what is in view, every other one moves it.
func (m *Model) walk(a keys.Action) {
	b := m.now()
	if b.at < 0 {
		b.at = m.nearest(b)
		if a == keys.TokenBack || a == keys.TokenNext {
			m.seen(b)
			return
		}
	}
	switch a {
	case keys.TokenBack:
		m.stepToken(b, -1)
	case keys.TokenNext:
		m.stepToken(b, 1)
	case keys.WordBack:
		m.stepText(b, text.Word, true)
	case keys.WordNext:
		m.stepText(b, text.Word, false)
	case keys.SentenceBack:
		m.stepText(b, text.Sentence, true)
	case keys.SentenceNext:
		m.stepText(b, text.Sentence, false)
	case keys.StepBack:
		m.stepText(b, text.Step, true)
	case keys.StepNext:
		m.stepText(b, text.Step, false)
	}
	m.seen(b)
}

// nearest is the token at the end of what is in view.
func (m *Model) nearest(b *branch) int {
	phase, end := trace.PhaseThinking, m.thoughtsPane.Scroll.End()
	if m.focus == onAnswer {
		phase, end = trace.PhaseAnswer, m.answerPane.Scroll.End()
	}
	i := b.tokenAt(phase, max(end-1, 0))
	return min(max(i, 0), len(b.tokens)-1)
}

func (m *Model) stepToken(b *branch, by int) {
	b.at = min(max(b.at+by, 0), len(b.tokens)-1)
}

// stepText moves to the next boundary of the text, across from the thought to the answer and back.
func (m *Model) stepText(b *branch, kind text.Boundary, back bool) {
	k := b.tokens[b.at]
	doc := b.doc(k.phase)
	first := b.firstAnswer()
	if back {
		at := doc.PrevBoundary(kind, int(k.at))
		switch {
		case at < int(k.at):
			b.at = b.tokenAt(k.phase, at)
		case k.phase == trace.PhaseAnswer && first > 0:
			b.at = first - 1
		default:
			b.at = 0
		}
		return
	}
	// A token may begin with the space before a word, or hold several: what counts begins behind it.
	_, _, end := b.span(b.at)
	at := doc.NextBoundary(kind, end-1)
	switch {
	case at < doc.Len():
		b.at = max(b.tokenAt(k.phase, at), b.at)
	case k.phase == trace.PhaseThinking && first < len(b.tokens):
		b.at = first
	default:
		b.at = len(b.tokens) - 1
	}
}

// seen gives the focus to the text in which the cursor stands.
func (m *Model) seen(b *branch) {
	if b.at < 0 || m.focus == onToken || m.focus == onTree {
		return
	}
	m.focus = onThought
	if b.tokens[b.at].phase == trace.PhaseAnswer {
		m.focus = onAnswer
	}
}

// place shows the cursor, the colours and what was searched over the two texts.
func (m *Model) place(b *branch) {
	th, an := &m.thoughtsPane, &m.answerPane
	th.View, an.View = text.View{}, text.View{}
	if b == nil {
		return
	}
	th.View.Shade, an.View.Shade = m.shadeOf(b, trace.PhaseThinking), m.shadeOf(b, trace.PhaseAnswer)
	if m.found != "" {
		th.View.Hits, an.View.Hits = b.thought.All(m.found), b.answer.All(m.found)
		th.View.Long, an.View.Long = len(m.found), len(m.found)
	}
	if b.at < 0 || b.at >= len(b.tokens) {
		return
	}
	phase, from, to := b.span(b.at)
	if phase == trace.PhaseAnswer {
		an.View.Cursor, an.View.From, an.View.To = true, from, to
		return
	}
	th.View.Cursor, th.View.From, th.View.To = true, from, to
}
