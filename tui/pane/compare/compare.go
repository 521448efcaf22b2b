// Package compare shows two branches beside each other: what each spent, where they part, and what they answer.
// It is given both and the place where they part; it compares nothing itself.
package compare

import (
	"s1/tui/text"
	"s1/tui/theme"
)

const (
	gutter    = 3
	sideFrom  = 80 // width from which the two stand beside each other, not above each other
	answerMin = 2  // rows of an answer
	answerMax = 6
)

// Side is one of the two.
type Side struct {
	Label   string
	Facts   string // cap, how it closed, tokens spent
	Thought *text.Doc
	Answer  *text.Doc
	Waiting string // shown while there is no answer
	From    int    // first byte of the thought that differs, -1 = none
	To      int    // end of the token it belongs to
	FromAns int    // the same in the answer
	ToAns   int
	Current bool
	Growing bool

	scroll text.Scroll
	answer text.Scroll
}

// Pane shows two sides.
type Pane struct {
	Theme *theme.Theme
	Sides [2]Side
	Where string // where they part, in words
}

// Put replaces a side but keeps its place.
func (p *Pane) Put(i int, s Side) {
	s.scroll, s.answer = p.Sides[i].scroll, p.Sides[i].answer
	p.Sides[i] = s
}

// Jump brings the place where they part into view on both sides, and says whether there is one yet. A side that is
// still growing goes on following its end.
func (p *Pane) Jump() bool {
	if p.Sides[0].From < 0 && p.Sides[1].From < 0 {
		return p.Sides[0].FromAns >= 0 || p.Sides[1].FromAns >= 0
	}
	for i := range p.Sides {
		if s := &p.Sides[i]; s.From >= 0 && !s.Growing {
			s.scroll.Show(s.From)
		}
	}
	return true
}

// Each moves both thoughts together.
func (p *Pane) Each(move func(*text.Scroll)) {
	for i := range p.Sides {
		move(&p.Sides[i].scroll)
	}
}

// Settled says whether everything is wrapped.
func (p *Pane) Settled() bool { return p.Sides[0].scroll.Settled() && p.Sides[1].scroll.Settled() }

// Render returns height rows of width cells.
func (p *Pane) Render(width, height int) []string {
	var out []string
	out = append(out, text.NewRow(p.Theme, width).To(gutter).Add(theme.Dim, p.Where).String())
	if width >= sideFrom {
		w := (width - 1) / 2
		a, b := p.column(0, w, height-1), p.column(1, width-w-1, height-1)
		vert := text.NewRow(p.Theme, 1).Add(theme.Dim, p.Theme.Glyphs.Vert).String()
		for i := range a {
			out = append(out, a[i]+vert+b[i])
		}
	} else {
		h := max((height-1)/2, 0)
		out = append(out, p.column(0, width, h)...)
		out = append(out, p.column(1, width, height-1-h)...)
	}
	for len(out) < height {
		out = append(out, text.Blank(width))
	}
	return out[:max(height, 0)]
}

func (p *Pane) column(i, width, height int) []string {
	s := &p.Sides[i]
	w := max(width-gutter-1, 1)
	var out []string
	head := text.NewRow(p.Theme, width)
	if s.Current {
		head.To(1).Add(theme.Accent, p.Theme.Glyphs.Pick)
	}
	out = append(out, head.To(gutter).Add(theme.Strong, s.Label).To(gutter+3).Add(theme.Dim, s.Facts).String())
	answerRows := min(max(height/4, answerMin), answerMax)
	if height < 6 {
		answerRows = 1
	}
	rows := height - 1 - answerRows
	if rows >= 4 {
		rows-- // a blank row above the answer
	}
	if rows > 0 {
		out = append(out, p.lines(s.Thought, &s.scroll, width, w, rows, s.From, s.To, "")...)
	}
	for len(out) < height-answerRows {
		out = append(out, text.Blank(width))
	}
	out = append(out, p.lines(s.Answer, &s.answer, width, w, answerRows, s.FromAns, s.ToAns, s.Waiting)...)
	for len(out) < height {
		out = append(out, text.Blank(width))
	}
	return out[:max(height, 0)]
}

func (p *Pane) lines(d *text.Doc, s *text.Scroll, width, w, rows, from, to int, empty string) []string {
	if d == nil || d.Len() == 0 {
		return []string{text.NewRow(p.Theme, width).To(gutter).Add(theme.Dim, empty).String()}
	}
	s.Clamp(d)
	s.Place(d, w, rows)
	var out []string
	for _, l := range s.Lines() {
		role := theme.Text
		for _, m := range d.MarksIn(l) {
			if m.Role != theme.Pause {
				role = m.Role
			}
		}
		r := text.NewRow(p.Theme, width)
		if from >= l.Start && from < l.End {
			r.Add(theme.Strong, p.Theme.Glyphs.Differs)
		}
		r.To(1).Add(role, p.Theme.Gutter(role)).To(gutter)
		d.Draw(r, l, w, func(at int, role theme.Role) theme.Role {
			if at >= from && at < to {
				return theme.Differs
			}
			return role
		})
		out = append(out, r.String())
	}
	return out
}
