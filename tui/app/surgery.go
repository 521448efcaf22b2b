package app

import (
	"fmt"

	tea "github.com/charmbracelet/bubbletea"

	"s1/engine/trace"
	"s1/tui/overlay"
)

// forkTemperature is what a fork of a greedy branch is sampled with: greedy again would only repeat it.
const forkTemperature = 1

// fork goes on from before the token under the cursor with other draws.
func (m *Model) fork() tea.Cmd {
	b := m.now()
	s := m.sampling
	s.Seed += uint64(len(m.branches))
	note := ""
	if s.Temperature == 0 {
		s.Temperature = forkTemperature
		note = ", sampled at temperature 1 (greedy would repeat it)"
	}
	m.say(fmt.Sprintf("forked at token %d%s", b.at, note))
	return m.growAs(b.at, b.budget, s, "fork", false)
}

// takeCandidate puts the chosen candidate in place of the token under the cursor.
func (m *Model) takeCandidate() tea.Cmd {
	b := m.now()
	k := b.token(b.at)
	if k == nil || m.pick < 0 || m.pick >= len(k.Top) {
		m.warn(m.keys.Text("choose a candidate first: in the token pane ({show-token}, then {focus}) with up and down"))
		return nil
	}
	id := k.Top[m.pick].ID
	if id == k.ID {
		m.warn(m.keys.Text("that is the token which stands there; up and down choose another, {fork} draws anew"))
		return nil
	}
	return m.grow(b.at, b.budget, "take that candidate", false, trace.Command{Kind: trace.CommandTake, N: int(id)})
}

// inputEdit asks what should stand in place of the token under the cursor.
func (m *Model) inputEdit() {
	b := m.now()
	in := overlay.Input{
		Title: "write instead",
		Hint:  fmt.Sprintf("takes the place of token %d, exactly as typed; what came after it is thought anew as a new branch, the old one stays", b.at),
		Check: notEmpty,
	}
	_, from, to := b.span(b.at)
	in.Editor.Set(b.doc(b.tokens[b.at].phase).Slice(from, to))
	at := b.at
	m.input(in, func(s string) tea.Cmd { return m.rewrite(at, s) })
}

// rewrite goes on from before token at with a text in its place.
func (m *Model) rewrite(at int, s string) tea.Cmd {
	return m.grow(at, m.now().budget, "go on from there", false, trace.Command{Kind: trace.CommandEdit, Text: s})
}

func notEmpty(s string) string {
	if s == "" {
		return "type what should stand there"
	}
	return ""
}
