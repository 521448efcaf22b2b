package app

import (
	"fmt"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"s1/engine/trace"
	"s1/tui/overlay"
)

func (m *Model) inputFind() {
	in := overlay.Input{Title: "search the sessions", Hint: "words of questions, thoughts, answers and notes; a trailing * finds beginnings, \"a phrase\" stays together; empty shows all"}
	in.Editor.Set(m.shelf.query.Text)
	m.input(in, func(s string) tea.Cmd {
		m.shelf.query.Text = strings.TrimSpace(s)
		return m.find("")
	})
}

// filterWords are what a filter can name.
const filterWords = "model: verdict: tag: closed: since:"

func (m *Model) inputFilter() {
	in := overlay.Input{
		Title: "filter the sessions",
		Hint:  filterWords + " each with a value, apart by spaces: model:mini verdict:wrong since:7d; empty shows all",
		Check: func(s string) string {
			_, why := parseFilter(s)
			return why
		},
	}
	in.Editor.Set(filterText(m.shelf.query))
	m.input(in, func(s string) tea.Cmd {
		q, _ := parseFilter(s)
		q.Text = m.shelf.query.Text
		m.shelf.query = q
		return m.find("")
	})
}

func parseFilter(s string) (q ShelfQuery, why string) {
	for _, f := range strings.Fields(s) {
		name, value, ok := strings.Cut(f, ":")
		if !ok || value == "" {
			return q, fmt.Sprintf("%q: a filter is one of %s with a value", f, filterWords)
		}
		switch name {
		case "model":
			q.Model = value
		case "verdict":
			if q.Verdict = trace.Verdict(value); q.Verdict != trace.VerdictRight && q.Verdict != trace.VerdictWrong {
				return q, fmt.Sprintf("verdict:%s: right or wrong", value)
			}
		case "tag":
			q.Tag = value
		case "closed":
			q.Closed = value
		case "since":
			q.Since = value
		default:
			return q, fmt.Sprintf("%q: a filter is one of %s with a value", f, filterWords)
		}
	}
	return q, ""
}

func filterText(q ShelfQuery) string {
	var words []string
	for _, f := range [][2]string{{"model", q.Model}, {"verdict", string(q.Verdict)}, {"tag", q.Tag}, {"closed", q.Closed}, {"since", q.Since}} {
		if f[1] != "" {
			words = append(words, f[0]+":"+f[1])
		}
	}
	return strings.Join(words, " ")
}
