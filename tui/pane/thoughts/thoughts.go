// Package thoughts is the page of the screen: the question, and the thought as it streams, with the gutter that says
// where each line came from and notes in the margin. It knows a text and how to show it; it does not know who thinks.
package thoughts

import (
	"fmt"

	"s1/tui/text"
	"s1/tui/theme"
)

// Sizes in cells and rows.
const (
	gutter    = 3  // " ▌ "
	notes     = 24 // the margin
	notesFrom = 62 // width from which there is a margin
	measure   = 96 // longest line for comfortable reading
	faults    = 6  // most rows of an error
)

// Pane shows one thought.
type Pane struct {
	Theme    *theme.Theme
	Question string
	Doc      *text.Doc
	Empty    string        // what would fill it, and which key does that
	Below    func(int) int // tokens from a byte on
	Fault    string        // an error that happened here
	End      string        // the key that goes to the end
	Scroll   text.Scroll   //

	View text.View // what is shown over the text: a cursor, colours, what was searched
}

// Render returns height rows of width cells.
func (p *Pane) Render(width, height int) []string {
	out := make([]string, 0, height)
	add := func(r *text.Row) {
		if len(out) < height {
			out = append(out, r.String())
		}
	}
	if p.Question != "" && height >= 5 {
		rows := 1
		if height >= 12 {
			rows = 2
		}
		lines := text.Wrap(text.Head(p.Question, (rows+1)*measure), max(min(width-gutter-1, measure), 1), p.Theme.ASCII)
		for i, l := range lines[:min(rows, len(lines))] {
			r := text.NewRow(p.Theme, width).To(gutter).Add(theme.Strong, l)
			if i == rows-1 && len(lines) > rows {
				r.Add(theme.Dim, p.Theme.Glyphs.Ellipsis)
			}
			add(r)
		}
		if height >= 8 {
			add(text.NewRow(p.Theme, width))
		}
	}
	var fault []string
	if p.Fault != "" {
		fault = text.Wrap(text.Head(p.Fault, faults*width), max(width-gutter-1, 1), p.Theme.ASCII)
		fault = fault[:min(len(fault), max(height-len(out)-1, 1), faults)]
	}
	rows := max(height-len(out)-len(fault), 0)
	if p.Doc == nil || p.Doc.Len() == 0 {
		if p.Fault == "" {
			for _, l := range text.Wrap(text.Head(p.Empty, width*height), max(min(width-gutter-1, measure), 1), p.Theme.ASCII) {
				add(text.NewRow(p.Theme, width).To(gutter).Add(theme.Dim, l))
			}
		}
	} else {
		p.stream(width, rows, add)
	}
	for _, l := range fault {
		add(text.NewRow(p.Theme, width).Add(theme.Fault, " !").To(gutter).Add(theme.Fault, l))
	}
	for len(out) < height {
		out = append(out, text.Blank(width))
	}
	return out
}

func (p *Pane) stream(width, rows int, add func(*text.Row)) {
	margin := 0
	if width >= notesFrom {
		margin = notes
	}
	w := max(min(width-gutter-margin-1, measure), 1)
	p.Scroll.Clamp(p.Doc)
	was, all := p.Scroll.Following(), rows
	rows = p.place(w, all)
	if p.Scroll.Following() != was {
		rows = p.place(w, all) // the cursor ended following, or took it up: the last row is now used otherwise
	}
	lines := p.Scroll.Lines()
	over := p.View.Over(p.Doc)
	for _, l := range lines {
		role, note := strongest(p.Doc.MarksIn(l), p.Doc.Fed(l))
		r := text.NewRow(p.Theme, width)
		if p.View.In(p.Doc, l) {
			r.Add(theme.Accent, p.Theme.Glyphs.Pick)
		}
		r.To(1).Add(role, p.Theme.Gutter(role)).To(gutter)
		p.Doc.Draw(r, l, w, over)
		if note != "" && margin > 0 {
			r.To(gutter+w+1).Add(theme.Dim, note)
		}
		add(r)
	}
	if p.Scroll.Following() {
		return
	}
	for range rows - len(lines) {
		add(text.NewRow(p.Theme, width))
	}
	r := text.NewRow(p.Theme, width).To(gutter)
	if n := p.below(); n > 0 {
		r.Add(theme.Accent, fmt.Sprintf("%s %d new below, press %s", p.Theme.Glyphs.Down, n, p.End))
	} else {
		r.Add(theme.Dim, "scrolled, "+p.End+" follows again")
	}
	add(r)
}

// place points the view at the text and at the cursor. It returns the rows for text: one less where the last one says that the
// end is not followed.
func (p *Pane) place(width, rows int) int {
	if !p.Scroll.Following() && rows > 1 {
		rows--
	}
	p.Scroll.Place(p.Doc, width, rows)
	if p.View.Cursor {
		p.Scroll.Keep(p.View.From, p.View.To)
	}
	return rows
}

func (p *Pane) below() int {
	if p.Below == nil {
		return 0
	}
	return p.Below(p.Scroll.End())
}

// strongest returns what a line with several marks, and with text that was fed in, shows: what you did before what was forced
// before what the model wished. The note stands where a text begins, the glyph on all of its lines.
func strongest(marks []text.Mark, fed theme.Role) (theme.Role, string) {
	role, note, best := fed, "", 0
	if fed != theme.Text {
		best = rankOf(fed) - 1 // a mark of its kind has a note
	}
	for _, m := range marks {
		if rank := rankOf(m.Role); rank > best {
			role, note, best = m.Role, m.Note, rank
		}
	}
	return role, note
}

func rankOf(r theme.Role) int {
	switch r {
	case theme.Accent:
		return 4
	case theme.Warn:
		return 3
	case theme.Wish:
		return 2
	default:
		return 1
	}
}
