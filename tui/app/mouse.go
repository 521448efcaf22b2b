package app

import (
	tea "github.com/charmbracelet/bubbletea"

	"s1/tui/text"
)

// wheelLines is how far one notch of the wheel goes.
const wheelLines = 3

// mouse scrolls the pane under the wheel and focuses the one under a click. It does nothing else, and is off unless asked
// for: the terminal's own selection is worth more.
func (m *Model) mouse(e tea.MouseMsg) {
	if m.over != nil || e.Action != tea.MouseActionPress || m.w <= 0 || m.h <= 0 {
		return
	}
	l := m.layout()
	if l.tooSmall {
		return
	}
	by := 0
	switch e.Button {
	case tea.MouseButtonWheelUp:
		by = -wheelLines
	case tea.MouseButtonWheelDown:
		by = wheelLines
	case tea.MouseButtonLeft:
	default:
		return
	}
	in := func(r rect) bool { return e.X >= r.x && e.X < r.x+r.w && e.Y >= r.y && e.Y < r.y+r.h }
	answer := in(l.answer) && !(l.one && m.focus != onAnswer) // thoughts and answer may share their place
	switch {
	case by != 0 && m.jobs.open:
		if m.jobs.pane.Log && in(l.whole) {
			m.jobs.pane.Scroll.By(by)
		}
	case by != 0 && in(l.whole):
		m.comparePane.Each(func(s *text.Scroll) { s.By(by) })
	case by != 0 && answer:
		m.answerPane.Scroll.By(by)
	case by != 0 && in(l.thoughts):
		m.thoughtsPane.Scroll.By(by)
	case by != 0:
	case in(l.prompt):
		m.focus = onPrompt
	case answer:
		m.focus = onAnswer
	case in(l.thoughts):
		m.focus = onThought
	}
}
