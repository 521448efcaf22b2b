package app

import (
	"context"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"s1/tui/overlay"
	"s1/tui/text"
)

// curationPage is how many rows are read at once; more follow as the cursor nears the end.
const curationPage = 100

// curationRows is the rows behind a line of the funnel.
type curationRows struct {
	query  CurationQuery
	list   []CurationRow
	next   string
	total  int
	note   string
	busy   bool
	seq    int // of the newest question; older answers are dropped
	cursor int
	detail CurationRow
}

// row is the one under the cursor.
func (c *curation) row() (CurationRow, bool) {
	if c.rows == nil || c.rows.cursor < 0 || c.rows.cursor >= len(c.rows.list) {
		return CurationRow{}, false
	}
	return c.rows.list[c.rows.cursor], true
}

// showCurationRows opens the rows of the line under the cursor: of a rule those it decided, of a stage those it dropped, of
// what came in all, of what is left the kept ones.
func (m *Model) showCurationRows() tea.Cmd {
	c := &m.curation
	l, ok := c.pane.At()
	if !ok || c.state == nil {
		return nil
	}
	q := CurationQuery{Side: CurationAll}
	switch n := len(c.state.Stages); {
	case l.Stage >= n && n > 0:
		q.Stage, q.Side = c.state.Stages[n-1].Name, CurationKept
	case l.Stage >= 0 && l.Stage < n:
		s := c.state.Stages[l.Stage]
		q.Stage, q.Side = s.Name, CurationDropped
		if l.Rule >= 0 && l.Rule < len(s.Rules) {
			if q.Rule = s.Rules[l.Rule].Name; s.Rules[l.Rule].Keeps {
				q.Side = CurationKept
			}
		}
	}
	return m.askRows(q)
}

func (m *Model) askRows(q CurationQuery) tea.Cmd {
	m.curation.rows = &curationRows{query: q, total: -1}
	return m.readRows("")
}

// readRows asks for the page after next, "" = the first.
func (m *Model) readRows(next string) tea.Cmd {
	c, cu, n := &m.curation, m.opt.Curator, m.news
	v, folder := c.rows, c.folder
	v.seq++
	v.busy = true
	seq, q, ctx := v.seq, v.query, m.ctx
	q.Limit, q.After = curationPage, next
	return func() tea.Msg {
		page, err := cu.Rows(ctx, folder, q)
		n.postThen(func(m *Model) tea.Cmd {
			if m.curation.rows != v || v.seq != seq {
				return nil
			}
			v.busy = false
			if err != nil {
				v.note = oneLine(err.Error())
				return nil
			}
			if next == "" {
				v.list = nil
			}
			v.list = append(v.list, page.Rows...)
			v.next, v.total, v.note = page.Next, page.Total, page.Note
			v.cursor = min(v.cursor, max(len(v.list)-1, 0))
			return m.lookRow()
		})
		return nil
	}
}

// lookRow asks for all of the row under the cursor, and for more rows near the end of the list.
func (m *Model) lookRow() tea.Cmd {
	c, cu, n, ctx := &m.curation, m.opt.Curator, m.news, m.ctx
	v, folder := c.rows, c.folder
	row, ok := c.row()
	if !ok {
		return nil
	}
	var more tea.Cmd
	if v.next != "" && !v.busy && v.cursor > len(v.list)-curationPage/4 {
		more = m.readRows(v.next)
	}
	look := func() tea.Msg {
		d, err := cu.Row(ctx, folder, row.Address())
		n.post(func(m *Model) {
			now, ok := m.curation.row()
			if !ok || m.curation.rows != v || now.Address() != row.Address() {
				return
			}
			if err != nil {
				m.warn("could not read row " + row.ID + ": " + oneLine(err.Error()))
				return
			}
			v.detail = d
		})
		return nil
	}
	return tea.Batch(look, more)
}

func (m *Model) moveCuration(by int) tea.Cmd {
	c := &m.curation
	if c.rows == nil {
		m.fillCuration()
		c.pane.Cursor = min(max(c.pane.Cursor+by, 0), max(len(c.pane.Run.Lines())-1, 0))
		return nil
	}
	c.rows.cursor = min(max(c.rows.cursor+by, 0), max(len(c.rows.list)-1, 0))
	return m.lookRow()
}

// turnRows goes on from the dropped rows to the kept ones, to all.
func (m *Model) turnRows() tea.Cmd {
	q := m.curation.rows.query
	q.Rule = ""
	switch q.Side {
	case CurationDropped:
		q.Side = CurationKept
	case CurationKept:
		q.Side = CurationAll
	case CurationAll:
		q.Side = CurationDropped
	}
	return m.askRows(q)
}

func (m *Model) inputRowSearch() {
	q := CurationQuery{Stage: m.curation.stageAt(), Side: CurationAll}
	if v := m.curation.rows; v != nil {
		q = v.query
	}
	in := overlay.Input{Title: "search the rows", Hint: "a text in the id, the question or the reason; empty shows all"}
	in.Editor.Set(q.Text)
	m.input(in, func(s string) tea.Cmd {
		q.Text = strings.TrimSpace(s)
		return m.askRows(q)
	})
}

// inputWhy asks for an id and shows what became of that row.
func (m *Model) inputWhy() {
	in := overlay.Input{Title: "why was it dropped", Hint: "the id of a row: the first 16 hex digits of the SHA-256 of its question", Check: needText("an id")}
	if row, ok := m.curation.row(); ok {
		in.Editor.Set(row.ID)
	}
	m.input(in, func(s string) tea.Cmd {
		cu, folder, id := m.opt.Curator, m.curation.folder, strings.TrimSpace(s)
		var row CurationRow
		return m.curating("find row "+oneLine(text.Head(id, 40)), func(ctx context.Context) (err error) {
			row, err = cu.Row(ctx, folder, id)
			return err
		}, func(m *Model) tea.Cmd {
			if m.curation.folder == folder {
				m.curation.rows = &curationRows{query: CurationQuery{Side: CurationAll, Text: row.ID}, list: []CurationRow{row}, total: 1, detail: row}
			}
			return nil
		})
	})
}

func (m *Model) inputDecision(keep bool) {
	title := "drop by hand"
	if keep {
		title = "keep by hand"
	}
	in := overlay.Input{Title: title, Hint: "a note: why; it stands with the row as a rule of its own, and counts when the run goes on"}
	if row, _ := m.curation.row(); row.Hand {
		in.Editor.Set(m.curation.rows.detail.Note)
	}
	m.input(in, func(s string) tea.Cmd { return m.decide(CurationDecision{Keep: keep, Note: strings.TrimSpace(s)}) })
}

// decide tells the row's fate to the run and reads the rows and the counts again.
func (m *Model) decide(d CurationDecision) tea.Cmd {
	row, ok := m.curation.row()
	if !ok {
		return nil
	}
	cu, folder := m.opt.Curator, m.curation.folder
	return m.curating("decide about row "+row.ID, func(ctx context.Context) error { return cu.Decide(ctx, folder, row.ID, d) }, func(m *Model) tea.Cmd {
		switch {
		case d.Undo:
			m.say("taken back: the rules decide again")
		case d.Keep:
			m.say("kept by hand")
		default:
			m.say("dropped by hand")
		}
		if m.curation.folder != folder {
			return nil
		}
		again := m.watchCuration(folder)
		if m.curation.rows == nil {
			return again
		}
		return tea.Batch(again, m.readRows(""))
	})
}

// openTrace makes a session of the row under the cursor and opens it in the explorer.
func (m *Model) openRow() tea.Cmd {
	row, ok := m.curation.row()
	if !ok {
		return nil
	}
	cu, folder := m.opt.Curator, m.curation.folder
	var id string
	return m.curating("open the trace of row "+row.ID, func(ctx context.Context) (err error) {
		id, err = cu.Trace(ctx, folder, row.Address())
		return err
	}, func(m *Model) tea.Cmd { return m.openSession(ShelfRow{ID: id}) })
}
