package app

import (
	"fmt"

	"s1/engine/trace"
	"s1/tui/overlay"
	"s1/tui/text"

	tea "github.com/charmbracelet/bubbletea"
)

// propose asks for what an experiment needs to know, and says before it starts how many tokens it takes at most. plan makes the
// experiment of what is typed, or says why it cannot.
func (m *Model) propose(in overlay.Input, b *branch, plan func(string) (trace.Trials, string), start func(trace.Trials) tea.Cmd) {
	in.Check = func(s string) string { _, why := plan(s); return why }
	in.Cost = func(s string) string {
		t, why := plan(s)
		if why != "" {
			return ""
		}
		return m.bound(b, t)
	}
	m.input(in, func(s string) tea.Cmd {
		t, _ := plan(s)
		return start(t)
	})
}

// bound says how many tokens an experiment takes at most, and about how many if its samples are as long as the branch.
func (m *Model) bound(b *branch, t trace.Trials) string {
	most, about, bounded := 0, 0, true
	for _, arm := range t.Arms {
		n, ok := m.longest(b, arm)
		most, bounded = most+n*t.Samples, bounded && ok
		about += max(len(b.tokens)-arm.At, 1) * t.Samples
	}
	s := "nothing bounds its tokens"
	if bounded {
		s = "at most " + text.Count(most) + " tokens"
		about = min(about, most)
	}
	if n := len(t.Arms) * t.Samples; n > 1 {
		s = fmt.Sprintf("%s samples, %s", text.Count(n), s)
	}
	return s + ", about " + text.Count(about) + " going by this branch"
}

// longest is how many tokens one sample of an arm can have: what is left of its caps, and of the model's context, where there
// are such.
func (m *Model) longest(b *branch, arm trace.Arm) (tokens int, bounded bool) {
	bounded = arm.Budget.Cap >= 0 && arm.Budget.AnswerCap >= 0
	if bounded {
		tokens = max(arm.Budget.Cap-b.spentAt(arm.At), 0) + arm.Budget.AnswerCap
	}
	if m.info.Context > 0 {
		read := b.total
		if b.receipt != nil {
			read = b.receipt.PromptTokens
		}
		left := max(m.info.Context-read-arm.At, 0)
		if !bounded || left < tokens {
			tokens, bounded = left, true
		}
	}
	return tokens, bounded
}
