package app

import (
	"fmt"
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"s1/tui/overlay"
)

// inputRows asks for a file for the rows to train on: of the sessions selected in the open list, else of all that is kept.
func (m *Model) inputRows() {
	if m.library() == nil {
		m.warn("nothing is being saved in this run, so there are no rows to write")
		return
	}
	var ids []string
	of := "all sessions"
	if m.shelf.open && len(m.shelf.selected) > 0 {
		for id := range m.shelf.selected {
			ids = append(ids, id)
		}
		slices.Sort(ids)
		of = sessionsOf(len(ids))
	}
	in := overlay.Input{
		Title: "rows to train on", Hint: "the branches marked good of " + of + " into a new file, a JSON line each; the files key of a recipe takes it",
		Check: func(s string) string {
			if !strings.HasSuffix(s, ".jsonl") {
				return "the name ends in .jsonl"
			}
			return ""
		},
	}
	in.Editor.Set("rows.jsonl")
	m.input(in, func(s string) tea.Cmd {
		ctx, lib, n := m.ctx, m.library(), m.news
		return func() tea.Msg {
			made, err := lib.RowsTo(ctx, ids, s)
			n.post(func(m *Model) { m.rowsMade(s, made, err) })
			return nil
		}
	})
}

func (m *Model) rowsMade(path string, made RowsMade, err error) {
	switch {
	case err != nil:
		m.warn("could not write the rows: " + oneLine(err.Error()))
	case made.Written == 0:
		m.warn(m.keys.Text("no row was written: {worth} marks a branch good; ") + made.leftOut())
	case made.Written == 1:
		m.say("1 row is in " + path + "; " + made.leftOut())
	default:
		m.say(fmt.Sprintf("%d rows are in %s; %s", made.Written, path, made.leftOut()))
	}
}

// leftOut says what became of the branches that are no rows.
func (r RowsMade) leftOut() string {
	var parts []string
	for _, p := range []struct {
		n    int
		what string
	}{{r.Other, "not marked good"}, {r.Unanswered, "without an answer"}, {r.Repeated, "said before"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.what))
		}
	}
	if len(parts) == 0 {
		return "none left out"
	}
	return "left out: " + strings.Join(parts, ", ")
}
