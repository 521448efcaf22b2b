package app

import (
	"context"
	"fmt"
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"s1/tui/keys"
	"s1/tui/overlay"
)

// actShelf does what a key of the list means.
func (m *Model) actShelf(a keys.Action) tea.Cmd {
	row, _ := m.row()
	switch a {
	case keys.ShelfClose:
		m.closeShelf()
	case keys.ShelfOpen:
		return m.openSession(row)
	case keys.ShelfSearch:
		m.inputFind()
	case keys.ShelfFilter:
		m.inputFilter()
	case keys.ShelfSelect:
		if sel := m.shelf.selected; sel[row.ID] {
			delete(sel, row.ID)
		} else {
			sel[row.ID] = true
		}
		return m.moveShelf(1)
	case keys.ShelfTag:
		m.inputTags(row)
	case keys.ShelfNote:
		m.inputSessionNote(row)
	case keys.ShelfExport:
		m.inputExport(row)
	case keys.ShelfDelete:
		at := ShelfPlace{Run: row.ID, Token: -1}
		m.shelf.binned = append(m.shelf.binned, at)
		m.say(m.keys.Text("deleted; {session-undo} brings it back"))
		return m.change("the deletion", func(ctx context.Context, s Shelf) error { return s.Bin(ctx, at) })
	case keys.ShelfUndo:
		n := len(m.shelf.binned) - 1
		at := m.shelf.binned[n]
		m.shelf.binned = m.shelf.binned[:n]
		m.say("brought back")
		return m.change("bringing it back", func(ctx context.Context, s Shelf) error { return s.Restore(ctx, at) })
	}
	return nil
}

// change does something to the library and reads the list again.
func (m *Model) change(what string, do func(context.Context, Shelf) error) tea.Cmd {
	ctx, lib, n := m.ctx, m.library(), m.news
	at := m.libraryPane.Cursor
	return func() tea.Msg {
		err := do(ctx, lib)
		n.postThen(func(m *Model) tea.Cmd {
			if err != nil {
				m.warn("could not keep " + what + ": " + oneLine(err.Error()))
				return nil
			}
			return m.findTo("", at)
		})
		return nil
	}
}

func (m *Model) inputTags(row ShelfRow) {
	in := overlay.Input{Title: "tags", Hint: "words apart by spaces; empty takes all away"}
	in.Editor.Set(strings.Join(row.Tags, " "))
	m.input(in, func(s string) tea.Cmd {
		tags := strings.Fields(s)
		return m.change("the tags", func(ctx context.Context, sh Shelf) error { return sh.SetTags(ctx, row.ID, tags) })
	})
}

func (m *Model) inputSessionNote(row ShelfRow) {
	in := overlay.Input{Title: "note", Hint: "is found by a search; empty takes it away"}
	in.Editor.Set(m.shelf.preview.Note)
	m.input(in, func(s string) tea.Cmd {
		return m.change("the note", func(ctx context.Context, sh Shelf) error {
			return sh.SetNote(ctx, ShelfPlace{Run: row.ID, Token: -1}, s)
		})
	})
}

// inputExport asks for a file; its name says in which form.
func (m *Model) inputExport(row ShelfRow) {
	ids := []string{row.ID}
	if len(m.shelf.selected) > 0 {
		ids = ids[:0]
		for id := range m.shelf.selected {
			ids = append(ids, id)
		}
		slices.Sort(ids)
	}
	in := overlay.Input{
		Title: "export", Hint: fmt.Sprintf("%s into a new file: .jsonl (import reads it back), .md, or .html with the colours of the tokens", sessionsOf(len(ids))),
		Check: func(s string) string {
			if formatOf(s) == "" {
				return "the name ends in .jsonl, .md or .html"
			}
			return ""
		},
	}
	in.Editor.Set("s1-" + ids[0] + ".html")
	m.input(in, func(s string) tea.Cmd {
		ctx, lib, n := m.ctx, m.library(), m.news
		return func() tea.Msg {
			err := lib.ExportTo(ctx, ids, formatOf(s), s)
			n.post(func(m *Model) {
				if err != nil {
					m.warn("could not export: " + oneLine(err.Error()))
					return
				}
				if len(ids) == 1 {
					m.say("1 session is in " + s)
					return
				}
				m.say(fmt.Sprintf("%d sessions are in %s", len(ids), s))
			})
			return nil
		}
	})
}

func sessionsOf(n int) string {
	if n == 1 {
		return "1 session"
	}
	return fmt.Sprintf("%d sessions", n)
}

func formatOf(path string) string {
	for _, f := range []string{"jsonl", "md", "html"} {
		if strings.HasSuffix(path, "."+f) {
			return f
		}
	}
	return ""
}
