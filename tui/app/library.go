package app

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"s1/engine/trace"
	"s1/tui/keys"
	"s1/tui/overlay"
)

// shelfPage is how many sessions are read at once; more follow as the cursor nears the end.
const shelfPage = 100

// shelf is the list of sessions.
type shelf struct {
	open     bool
	query    ShelfQuery
	rows     []ShelfRow
	next     string // of the page after, "" = that was all
	total    int
	more     bool
	note     string
	took     time.Duration
	seq      int // of the newest question to the library; older answers are dropped
	busy     bool
	preview  ShelfPreview
	selected map[string]bool
	binned   []ShelfPlace
	opening  ShelfRow // on its way
}

// openShelf shows the sessions.
func (m *Model) openShelf() tea.Cmd {
	m.shelf.open, m.focus = true, onLibrary
	if m.shelf.selected == nil {
		m.shelf.selected = map[string]bool{}
	}
	return m.find("")
}

func (m *Model) closeShelf() {
	m.shelf.open = false
	m.focus = onThought
	if m.now() == nil {
		m.focus = onPrompt
	}
}

// library is what is kept, as it can be searched; nil where nothing is.
func (m *Model) library() Shelf {
	s, _ := m.opt.Library.(Shelf)
	return s
}

// find asks for the page after next, "" = the first.
func (m *Model) find(next string) tea.Cmd {
	sh := &m.shelf
	sh.seq++
	sh.busy = true
	seq, q := sh.seq, sh.query
	q.Limit, q.After = shelfPage, next
	ctx, lib, n := m.ctx, m.library(), m.news
	return func() tea.Msg {
		began := time.Now()
		page, err := lib.Find(ctx, q)
		took := time.Since(began)
		n.post(func(m *Model) { m.foundSessions(seq, next, page, took, err) })
		return nil
	}
}

func (m *Model) foundSessions(seq int, next string, page ShelfPage, took time.Duration, err error) {
	sh := &m.shelf
	if seq != sh.seq {
		return
	}
	sh.busy = false
	if err != nil {
		m.warn("could not read the sessions: " + oneLine(err.Error()))
		return
	}
	if next == "" {
		sh.rows, m.libraryPane.Cursor, sh.took = nil, 0, took
	}
	sh.rows = append(sh.rows, page.Rows...)
	sh.next, sh.total, sh.more, sh.note = page.Next, page.Total, page.More, page.Note
	m.background(m.look())
}

// background runs a command that only posts news, outside Update's own return.
func (m *Model) background(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	if m.opt.Manual {
		cmd()
		return
	}
	go cmd()
}

// look asks for the preview of the session under the cursor, and for more sessions near the end of the list.
func (m *Model) look() tea.Cmd {
	sh := &m.shelf
	row, ok := m.row()
	if !ok {
		sh.preview = ShelfPreview{}
		return nil
	}
	ctx, lib, n := m.ctx, m.library(), m.news
	branch, text := row.Branch, sh.query.Text
	var more tea.Cmd
	if sh.next != "" && !sh.busy && m.libraryPane.Cursor > len(sh.rows)-shelfPage/4 {
		more = m.find(sh.next)
	}
	return func() tea.Msg {
		p, err := lib.Marked(ctx, row.ID, branch, text)
		n.post(func(m *Model) {
			if now, ok := m.row(); ok && now.ID == row.ID && err == nil {
				m.shelf.preview = p
			}
		})
		if more != nil {
			more()
		}
		return nil
	}
}

// row is the session under the cursor.
func (m *Model) row() (ShelfRow, bool) {
	c := m.libraryPane.Cursor
	if c < 0 || c >= len(m.shelf.rows) {
		return ShelfRow{}, false
	}
	return m.shelf.rows[c], true
}

func (m *Model) moveShelf(by int) tea.Cmd {
	m.libraryPane.Cursor = min(max(m.libraryPane.Cursor+by, 0), max(len(m.shelf.rows)-1, 0))
	return m.look()
}

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
		n.post(func(m *Model) {
			if err != nil {
				m.warn("could not keep " + what + ": " + oneLine(err.Error()))
				return
			}
			again := m.find("")
			m.background(func() tea.Msg {
				again()
				n.post(func(m *Model) { m.background(m.moveShelf(at - m.libraryPane.Cursor)) })
				return nil
			})
		})
		return nil
	}
}

func (m *Model) openSession(row ShelfRow) tea.Cmd {
	re, can := m.opt.Library.(Reopener)
	switch {
	case !can:
		m.warn("sessions can not be opened here")
	case m.broken != "":
		m.warn("there is no model: " + oneLine(m.broken))
	case m.thinker == nil:
		m.shelf.opening, m.opt.Session = row, row.ID
		m.say("it opens as soon as the model is there")
	case m.anyRunning():
		m.warn("it is still at work: esc stops it and keeps everything, then open another")
	default:
		m.shelf.opening = row
		return reopen(m.ctx, re, row.ID)
	}
	return nil
}

// toFound goes to the place in an opened session at which a search found its text, and takes the text over, so that the keys of a
// jump go from hit to hit.
func (m *Model) toFound() {
	row := m.shelf.opening
	m.shelf.opening = ShelfRow{}
	if row.ID == "" || row.Where == "" || m.branches[0].live.Run().ID != row.ID {
		return
	}
	for i, b := range m.branches {
		if b.info.ID == row.Branch {
			m.switchTo(i)
			if row.Token >= 0 && row.Token < len(b.tokens) {
				b.at = row.Token
			}
		}
	}
	m.found, m.interest = strings.Trim(m.shelf.query.Text, `"*`), hits
}

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
		Title: "export", Hint: fmt.Sprintf("%d sessions into a new file: .jsonl (import reads it back), .md, or .html with the colours of the tokens", len(ids)),
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
				m.say(fmt.Sprintf("%d sessions are in %s", len(ids), s))
			})
			return nil
		}
	})
}

func formatOf(path string) string {
	for _, f := range []string{"jsonl", "md", "html"} {
		if strings.HasSuffix(path, "."+f) {
			return f
		}
	}
	return ""
}
