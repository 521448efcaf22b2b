// Package library is the list of what was kept: one row a run, newest first, and the run under the cursor to read beside
// it. It shows what it is given: it searches, sorts and changes nothing, and knows no database.
package library

import (
	"fmt"

	"s1/tui/text"
	"s1/tui/theme"
)

// Sizes in cells and rows.
const (
	gutter     = 3   // cursor, selection mark, space
	besideFrom = 100 // width from which the preview stands beside the list, not below it
	twoLines   = 60  // width below which a row is the question and the answer only
	headRows   = 2   // the search line and the status line
	previewMin = 5   // rows below which a preview below the list says nothing
)

// Row is one run of the list.
type Row struct {
	ID, When, Model, Question, Answer string
	Verdict                           string // right, wrong, or "" where no answer is expected
	Closed                            string
	Running                           bool // on this screen: it is not closed yet, but nothing interrupted it
	Tags                              []string
	Snippet                           string   // what was found, around the words looked for
	Hits                              [][2]int // byte ranges of Snippet
	Where                             string   // question, thought at token 61, answer, note
}

// Part is a piece of the preview with a heading.
type Part struct {
	Title string
	Text  string
	Hits  [][2]int // byte ranges of Text that were looked for
	Quiet bool     // facts: said softly
}

// Pane is the library. Rows are a page; the caller asks for more when the cursor nears the end.
type Pane struct {
	Theme     *theme.Theme
	Focused   bool
	Rows      []Row
	Cursor    int
	Selected  map[string]bool // ids marked for export
	Query     string          // what is looked for, as typed
	Filters   string          // in words, "" = none
	Preview   []Part          // of the run under the cursor
	Total     int             // runs found in all; at least len(Rows)
	More      bool            // there are more than Total
	Millis    int             // what the search took; -1 = not measured
	Note      string          // what is not complete, or went wrong
	Searching bool            // an answer is on its way

	top int // first row shown
}

// Render returns height rows of width cells.
func (p *Pane) Render(width, height int) []string {
	if width <= 0 || height <= 0 {
		return nil
	}
	out := []string{p.search(width), p.status(width)}
	room := height - headRows
	switch {
	case room <= 0:
	case len(p.Rows) == 0:
		out = append(out, p.empty(width)...)
	case width >= besideFrom:
		list := width * 55 / 100
		left, right := p.list(list, room), p.preview(width-list-2, room)
		vert := text.NewRow(p.Theme, 1).Add(theme.Dim, p.Theme.Glyphs.Vert).String()
		for i := range room {
			out = append(out, left[i]+vert+" "+right[i])
		}
	case room >= 2*previewMin:
		below := max(previewMin, room*2/5)
		rows := min(room-below-1, p.tall()*len(p.Rows))
		out = append(out, p.list(width, rows)...)
		out = append(out, p.rule(width))
		out = append(out, p.preview(width, room-rows-1)...)
	default:
		out = append(out, p.list(width, room)...)
	}
	for len(out) < height {
		out = append(out, text.Blank(width))
	}
	return out[:height]
}

func (p *Pane) row(width int) *text.Row { return text.NewRow(p.Theme, width) }

func (p *Pane) rule(width int) string {
	r := p.row(width)
	for range width {
		r.Add(theme.Dim, p.Theme.Glyphs.Rule)
	}
	return r.String()
}

// search is the line with the words looked for; its end is shown when it is long.
func (p *Pane) search(width int) string {
	r := p.row(width).To(1)
	role := theme.Dim
	if p.Focused {
		role = theme.Accent
	}
	r.Add(role, p.Theme.Glyphs.Prompt).To(gutter)
	if p.Query == "" {
		return r.Add(theme.Dim, "all runs").String()
	}
	return r.Add(theme.Strong, text.Tail(p.Query, r.Left()-1, p.Theme)).String()
}

// status says in one line how much was found and what limits it.
func (p *Pane) status(width int) string {
	r := p.row(width).To(gutter)
	sep := func() {
		if r.Used() > gutter {
			r.Add(theme.Dim, " "+p.Theme.Glyphs.Dot+" ")
		}
	}
	switch {
	case p.Searching:
		r.Add(theme.Dim, "searching")
	case len(p.Rows) > 0 || p.Query != "" || p.Filters != "":
		what, n := "run", max(p.Total, len(p.Rows))
		if p.Query != "" {
			what = "hit"
		}
		r.Add(theme.Text, count(n, what, p.More))
		if p.Millis >= 0 && p.Query != "" {
			r.Add(theme.Dim, fmt.Sprintf(" in %d ms", p.Millis))
		}
	}
	if n := len(p.Selected); n > 0 {
		sep()
		r.Add(theme.Accent, fmt.Sprintf("%d marked", n))
	}
	if p.Filters != "" {
		sep()
		r.Add(theme.Text, p.Filters)
	}
	if p.Note != "" {
		sep()
		r.Add(theme.Warn, p.Note)
	}
	return r.String()
}

func count(n int, what string, more bool) string {
	s := text.Count(n)
	if more {
		s += "+"
	}
	if n != 1 || more {
		what += "s"
	}
	return s + " " + what
}

// empty says what would fill the list and how.
func (p *Pane) empty(width int) []string {
	say := "nothing kept yet: ask a question and it is kept here"
	if p.Query != "" || p.Filters != "" {
		say = "nothing found: fewer words, a * for beginnings (multi*), or no filter"
	}
	if p.Searching {
		return nil
	}
	out := []string{text.Blank(width)}
	for _, l := range text.Wrap(say, width-2*gutter, p.Theme.ASCII) {
		out = append(out, p.row(width).To(gutter).Add(theme.Dim, l).String())
	}
	return out
}
