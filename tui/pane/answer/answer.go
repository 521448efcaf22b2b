// Package answer shows the answer of one branch. It does not know how the answer came about.
package answer

import (
	"s1/tui/text"
	"s1/tui/theme"
)

const indent = 3

// Pane shows one answer.
type Pane struct {
	Theme   *theme.Theme
	Doc     *text.Doc
	Empty   string // what would fill it
	Verdict string // the state in a word or two, beside the title
	Focused bool
	View    text.View // what is shown over the text
	Scroll  text.Scroll
}

// Render returns height rows of width cells: a title from three rows on, then the text.
func (p *Pane) Render(width, height int) []string {
	out := make([]string, 0, height)
	rows := height
	if height >= 3 {
		r := text.NewRow(p.Theme, width)
		role := theme.Dim
		if p.Focused {
			r.To(1).Add(theme.Accent, p.Theme.Glyphs.Pick)
			role = theme.Strong
		}
		r.To(indent).Add(role, "answer")
		if p.Verdict != "" {
			r.To(indent+9).Add(theme.Dim, p.Verdict)
		}
		out = append(out, r.String())
		rows--
	}
	w := max(width-indent-1, 1)
	if p.Doc == nil || p.Doc.Len() == 0 {
		for _, l := range text.Wrap(p.Empty, w, p.Theme.ASCII) {
			if len(out) < height {
				out = append(out, text.NewRow(p.Theme, width).To(indent).Add(theme.Dim, l).String())
			}
		}
	} else {
		p.Scroll.Clamp(p.Doc)
		p.Scroll.Place(p.Doc, w, rows)
		if p.View.Cursor {
			p.Scroll.Keep(p.View.From, p.View.To)
		}
		over := p.View.Over(p.Doc)
		for _, l := range p.Scroll.Lines() {
			r := text.NewRow(p.Theme, width)
			if p.View.In(p.Doc, l) {
				r.Add(theme.Accent, p.Theme.Glyphs.Pick)
			}
			role := p.Doc.Fed(l)
			if m := p.Doc.MarksIn(l); role == theme.Text && len(m) > 0 {
				role = m[0].Role
			}
			r.To(1).Add(role, p.Theme.Gutter(role))
			r.To(indent)
			p.Doc.Draw(r, l, w, over)
			if len(out) < height {
				out = append(out, r.String())
			}
		}
	}
	for len(out) < height {
		out = append(out, text.Blank(width))
	}
	return out
}
