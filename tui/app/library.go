package app

import (
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"
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
func (m *Model) find(next string) tea.Cmd { return m.findTo(next, 0) }

// findTo asks for as many pages as row at needs, where the cursor then stands when they are the first ones.
func (m *Model) findTo(next string, at int) tea.Cmd {
	sh := &m.shelf
	sh.seq++
	sh.busy = true
	seq, q := sh.seq, sh.query
	q.Limit, q.After = (at/shelfPage+1)*shelfPage, next
	ctx, lib, n := m.ctx, m.library(), m.news
	return func() tea.Msg {
		began := time.Now()
		page, err := lib.Find(ctx, q)
		took := time.Since(began)
		n.postThen(func(m *Model) tea.Cmd { return m.foundSessions(seq, next, at, page, took, err) })
		return nil
	}
}

func (m *Model) foundSessions(seq int, next string, at int, page ShelfPage, took time.Duration, err error) tea.Cmd {
	sh := &m.shelf
	if seq != sh.seq {
		return nil
	}
	sh.busy = false
	if err != nil {
		m.warn("could not read the sessions: " + oneLine(err.Error()))
		return nil
	}
	if next == "" {
		sh.rows, sh.took = nil, took
		m.libraryPane.Cursor = min(at, max(len(page.Rows)-1, 0))
	}
	sh.rows = append(sh.rows, page.Rows...)
	sh.next, sh.total, sh.more, sh.note = page.Next, page.Total, page.More, page.Note
	return m.look()
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
