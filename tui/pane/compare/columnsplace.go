package compare

import (
	"sort"
	"strings"

	"s1/tui/text"
	"s1/tui/theme"
)

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
