package compare

import (
	"fmt"
	"sort"
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

// beginning remembers the last lines of what all share, so that a frame at rest wraps nothing.
type beginning struct {
	doc              *text.Doc
	end, width, rows int
	lines            []text.Line
}

// beginning draws the last lines of what all sides share, once and dim.
func (p *Pane) beginning(out []string, width, height int) []string {
	doc := p.Sides[0].Thought
	rows := 0
	switch {
	case p.shared == 0 || doc == nil || height < 12:
	case height < 20:
		rows = 2
	default:
		rows = 3
	}
	if rows == 0 {
		return out
	}
	w := max(width-gutter-1, 1)
	if want := (beginning{doc: doc, end: p.shared, width: w, rows: rows}); p.before.doc != doc || p.before.end != want.end || p.before.width != w || p.before.rows != rows {
		want.lines = doc.Before(p.shared, w, rows)
		p.before = want
	}
	for _, l := range p.before.lines {
		r := text.NewRow(p.Theme, width)
		role := p.gutterRole(doc, l)
		r.To(1).Add(role, p.Theme.Gutter(role)).To(gutter)
		doc.Draw(r, l, w, func(int, theme.Role) theme.Role { return theme.Dim })
		out = append(out, r.String())
	}
	rule := strings.Repeat(p.Theme.Glyphs.Rule, max(width-gutter-1, 0))
	return append(out, text.NewRow(p.Theme, width).To(gutter).Add(theme.Dim, rule).String())
}

func (p *Pane) gutterRole(d *text.Doc, l text.Line) theme.Role {
	role := theme.Text
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

// step wraps what there is to wrap and returns the row, counted from where they part, that stands on top of every column.
func (p *Pane) step(first, n, width, rows int) int {
	ready, longest, grow := true, 0, 0
	w := max(width-gutter-1, 1)
	laid := layout{w, p.shared, first, n}
	p.held = p.held || laid != p.laid && p.laid.width > 0 && !p.scroll.Following()
	p.laid = laid
	for i := first; i < first+n; i++ {
		s := &p.Sides[i]
		s.lines.Set(s.Thought, s.begin(p.shared), w)
		ready = s.lines.Sync(text.SliceBytes/n) && ready
		longest = max(longest, len(s.lines.Lines()))
		if s.Growing {
			grow = max(grow, len(s.lines.Lines()))
		}
	}
	for i := range p.count() {
		if i < first || i >= first+n {
			p.Sides[i].lines.Set(nil, 0, w) // not shown: nothing to wait for
		}
	}
	if p.grew && grow == 0 && p.scroll.Following() {
		p.scroll.Pin(p.top.row) // the last one has ended: what is in view stays in view
	}
	p.grew = grow > 0
	if p.held && p.find(ready) {
		p.held = false
	}
	follow := p.scroll.Following()
	want := longest
	if follow && grow > 0 {
		want = grow
	}
	p.measure(want)
	if ready && !p.held {
		p.scroll.Clamp(p.ruler)
	}
	p.scroll.Place(p.ruler, 1, rows)
	top := 0
	if l := p.scroll.Lines(); len(l) > 0 && (ready || !follow) {
		top = l[0].Start
	}
	p.remember(first, n, top)
	return top
}

// measure makes the ruler as long as the columns.
func (p *Pane) measure(rows int) {
	if p.ruler == nil || p.ruler.Len() > rows {
		p.ruler = text.NewDoc(true)
	}
	p.ruler.Append(strings.Repeat("\n", rows-p.ruler.Len()), theme.Text)
}

// remember keeps which text stands on top: of the side with the most lines, for a row beyond the end of a side names no text.
func (p *Pane) remember(first, n, top int) {
	if p.held {
		return
	}
	p.top = place{side: first, row: top}
	most := -1
	for i := first; i < first+n; i++ {
		if l := p.Sides[i].lines.Lines(); len(l) > most && top < len(l) {
			most = len(l)
			p.top = place{side: i, at: l[top].Start, row: top}
		}
	}
}

// find looks for the text that stood on top before the rows were counted anew.
func (p *Pane) find(ready bool) bool {
	lines := p.Sides[p.top.side].lines.Lines()
	row := sort.Search(len(lines), func(i int) bool { return lines[i].End > p.top.at })
	if row == len(lines) && !ready {
		return false
	}
	p.scroll.Pin(min(row, max(len(lines)-1, 0)))
	return true
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
