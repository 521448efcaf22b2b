package app

import (
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"s1/engine/trace"
)

// interrupt stops what runs; pressed again it quits.
func (m *Model) interrupt() tea.Cmd {
	if m.quitArmed {
		return m.quit()
	}
	m.quitArmed = true
	stopped := 0
	for _, b := range m.branches {
		if b.running() {
			b.live.Send(trace.Command{Kind: trace.CommandStop})
			stopped++
		}
	}
	if stopped > 0 {
		m.say(m.keys.Text("stopped, everything is kept; {quit} again quits"))
	} else {
		m.say(m.keys.Text("{quit} again quits"))
	}
	return nil
}

// quit leaves; what still runs is told to stop, so that it is kept as stopped.
func (m *Model) quit() tea.Cmd {
	for _, b := range m.branches {
		if b.running() {
			b.live.Send(trace.Command{Kind: trace.CommandStop})
		}
	}
	return tea.Quit
}

func (m *Model) submit() tea.Cmd {
	q := m.promptPane.Editor.Value()
	if strings.TrimSpace(q) == "" {
		q = m.examples.offer()
	}
	m.promptPane.Keep(q)
	if m.thinker == nil {
		m.queued = q
		m.say("it will be asked as soon as the model is there")
		return nil
	}
	return m.ask(q)
}

func (m *Model) ask(q string) tea.Cmd {
	m.busy, m.fault = true, ""
	return m.startAsk(trace.Ask{
		System: m.opt.System, Prompt: q, ThinkFormat: m.opt.ThinkFormat, Budget: m.opt.Budget, Sampling: m.sampling, Pace: m.pace,
	})
}
