package app

import (
	"context"
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"
)

// What the lab asks before a sweep starts: whether the form can be taken, what the servers are, what all of it will cost.

// wrong says what can not be taken of the form.
func (m *Model) wrong() string {
	m.labPane.Fields = m.laboratory().Setup(m.bench.values)
	for i, f := range m.labPane.Fields {
		if f.Wrong != "" {
			m.labPane.Field = i
			return f.Name + ": " + f.Wrong
		}
	}
	return ""
}

func (m *Model) reckon() tea.Cmd {
	b := &m.bench
	if b.fault = m.wrong(); b.fault != "" {
		return nil
	}
	b.forecast = ""
	return m.consult("answering four of the questions to say what all of them will cost", "the forecast was stopped", func(ctx context.Context, l Laboratory, values map[string]string) (func(*bench), error) {
		said, err := l.Forecast(ctx, values)
		return func(b *bench) { b.forecast = said }, err
	})
}

func copied(values map[string]string) map[string]string {
	out := make(map[string]string, len(values))
	for k, v := range values {
		out[k] = v
	}
	return out
}

// lookAtServers asks the servers that the form names what they are. They are asked again when the field is left again.
func (m *Model) lookAtServers() tea.Cmd {
	b := &m.bench
	if b.reckon != nil {
		b.reckon()
	}
	b.servers, b.busy = nil, ""
	if !slices.ContainsFunc(m.labPane.Fields, func(f LabField) bool { return f.Name == "model" && f.Wrong == "" && strings.Contains(f.Value, "://") }) {
		return nil
	}
	return m.consult("asking the servers what they can do", "the servers were not asked", func(ctx context.Context, l Laboratory, values map[string]string) (func(*bench), error) {
		list, err := l.Servers(ctx, values)
		return func(b *bench) { b.servers = list }, err
	})
}

// consult has the laboratory work on the form until esc, one thing at a time. What it finds goes to the bench.
func (m *Model) consult(busy, stopped string, do func(context.Context, Laboratory, map[string]string) (func(*bench), error)) tea.Cmd {
	b := &m.bench
	ctx, cancel := context.WithCancel(m.ctx)
	b.turn++
	b.reckon, b.busy = cancel, busy
	turn, l, values, n := b.turn, m.laboratory(), copied(b.values), m.news
	return func() tea.Msg {
		defer cancel()
		found, err := do(ctx, l, values)
		ended := ctx.Err() != nil // by the user; this function itself ends the context too
		n.post(func(m *Model) {
			b := &m.bench
			if turn != b.turn {
				return // something else has been asked for since
			}
			b.reckon, b.busy = nil, ""
			switch {
			case ended && err != nil:
				m.say(stopped)
			case err != nil:
				b.fault = err.Error()
			default:
				found(b)
			}
		})
		return nil
	}
}
