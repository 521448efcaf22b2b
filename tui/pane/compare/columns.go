package compare

import (
	"fmt"
	"strings"

	"s1/tui/text"
	"s1/tui/theme"
)

// Sizes in cells and rows.
const (
	gutter     = 3
	besideFrom = 60 // width from which sides stand beside each other, not above each other
	columnMin  = 24 // of a side, to be legible
	stackMin   = 5  // rows of a side above another
	answerMin  = 2  // rows of an answer
	answerMax  = 6
	factsMax   = 3
)

// shape is how the rows of a column are divided.
type shape struct {
	facts, thought, answer int
	title                  bool // a row that says "answer"
}

func (p *Pane) columns(out []string, width, height int) []string {
	p.shared = p.common()
	first, n, stacked := p.fitting(width, height-1)
	out = append(out, p.where(width, first, n))
	out = p.beginning(out, width, height)
	w := width
	if !stacked {
		w = (width - n + 1) / n
	}
	h := height - len(out)
	if stacked {
		h /= n
	}
	sh := p.shape(first, n, w, h)
	top := p.step(first, n, w, max(sh.thought, 1))
	if stacked {
		for i := first; i < first+n; i++ {
			out = append(out, p.column(i, width, h, top, sh)...)
		}
		return out
	}
	vert := text.NewRow(p.Theme, 1).Add(theme.Dim, p.Theme.Glyphs.Vert).String()
	rows := make([]strings.Builder, h)
	for i := first; i < first+n; i++ {
		if i == first+n-1 {
			w = width - (n-1)*(w+1) // the last one takes what is left over
		}
		for y, s := range p.column(i, w, h, top, sh) {
			if i > first {
				rows[y].WriteString(vert)
			}
			rows[y].WriteString(s)
		}
	}
	for y := range rows {
		out = append(out, rows[y].String())
	}
	return out
}

// fitting returns which sides are shown: all, or as many as stay legible around the current one.
func (p *Pane) fitting(width, height int) (first, n int, stacked bool) {
	n = p.count()
	if stacked = width < besideFrom; stacked {
		n = min(n, max(height/stackMin, min(height/2, 2), 1)) // of two at least what they answer
	} else {
		n = min(n, max((width+1)/(columnMin+1), 1))
	}
	cur := 0
	for i := range p.count() {
		if p.Sides[i].Current {
			cur = i
		}
	}
	return max(min(cur-(n-1)/2, p.count()-n), 0), n, stacked
}

func (p *Pane) where(width, first, n int) string {
	r := text.NewRow(p.Theme, width).To(gutter)
	if n < p.count() {
		var away []string
		for i := range p.count() {
			if i < first || i >= first+n {
				away = append(away, text.Short(p.Sides[i].Label, 4, p.Theme))
			}
		}
		r.Add(theme.Strong, fmt.Sprintf("%d of %d fit, not shown: %s", n, p.count(), strings.Join(away, ", "))).Add(theme.Text, "   ")
	}
	r.Add(theme.Dim, text.Head(p.Where, width))
	if p.Same > 0 {
		r.Add(theme.Dim, fmt.Sprintf("   %d tokens the same", p.Same))
	}
	return r.String()
}

func (p *Pane) gutterRole(d *text.Doc, l text.Line) theme.Role {
	role := d.Fed(l)
	if role != theme.Text {
		return role
	}
	for _, m := range d.MarksIn(l) {
		if m.Role != theme.Pause {
			role = m.Role
		}
	}
	return role
}

// shape divides the rows of a column. All columns have the same, so that they stay aligned.
func (p *Pane) shape(first, n, width, height int) shape {
	sh := shape{answer: min(max(height/4, answerMin), answerMax)}
	if height < 6 {
		sh.answer = 1
	}
	most := 1
	if height >= 10 {
		most = 2
	}
	if height >= 18 {
		most = factsMax
	}
	for i := first; i < first+n; i++ {
		sh.facts = max(sh.facts, min(len(p.facts(i, width)), most))
	}
	sh.facts = max(sh.facts, 1)
	sh.thought = height - sh.facts - sh.answer
	if sh.title = sh.thought >= 4; sh.title {
		sh.thought--
	}
	sh.thought = max(sh.thought, 0)
	return sh
}

func (p *Pane) facts(i, width int) []string {
	w := max(width-gutter-p.labels()-2, 1)
	return text.Wrap(text.Head(p.Sides[i].Facts, factsMax*w), w, p.Theme.ASCII)
}

// labels returns the cells of the longest label.
func (p *Pane) labels() int {
	w := 1
	for i := range p.count() {
		w = max(w, text.Upto(p.Sides[i].Label, 4))
	}
	return w
}

func (p *Pane) column(i, width, height, top int, sh shape) []string {
	s := &p.Sides[i]
	w := max(width-gutter-1, 1)
	out := make([]string, 0, height)
	facts := p.facts(i, width)
	for k := range sh.facts {
		r := text.NewRow(p.Theme, width)
		if k == 0 {
			if s.Current {
				r.To(1).Add(theme.Accent, p.Theme.Glyphs.Pick)
			}
			r.To(gutter).Add(theme.Strong, text.Short(s.Label, 4, p.Theme))
		}
		if r.To(gutter + p.labels() + 2); k < len(facts) {
			r.Add(theme.Dim, facts[k])
			if k == sh.facts-1 && len(facts) > sh.facts {
				r.Add(theme.Dim, p.Theme.Glyphs.Ellipsis)
			}
		}
		out = append(out, r.String())
	}
	lines := s.lines.Lines()
	for y := top; y < top+sh.thought; y++ {
		if y < len(lines) {
			out = append(out, p.line(s.Thought, lines[y], width, w, s.From, s.To))
		} else {
			out = append(out, text.Blank(width))
		}
	}
	if sh.title {
		out = append(out, text.NewRow(p.Theme, width).To(gutter).Add(theme.Dim, "answer").String())
	}
	out = append(out, p.answer(s, width, w, sh.answer)...)
	for len(out) < height {
		out = append(out, text.Blank(width))
	}
	return out[:max(height, 0)]
}

func (p *Pane) answer(s *Side, width, w, rows int) []string {
	if s.Answer == nil || s.Answer.Len() == 0 {
		return []string{text.NewRow(p.Theme, width).To(gutter).Add(theme.Dim, text.Head(s.Waiting, width)).String()}
	}
	s.answer.Clamp(s.Answer)
	s.answer.Place(s.Answer, w, rows)
	var out []string
	for _, l := range s.answer.Lines() {
		out = append(out, p.line(s.Answer, l, width, w, s.FromAns, s.ToAns))
	}
	return out
}

// line draws one line, and marks the token at which the sides part.
func (p *Pane) line(d *text.Doc, l text.Line, width, w, from, to int) string {
	role := p.gutterRole(d, l)
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
	return r.String()
}
