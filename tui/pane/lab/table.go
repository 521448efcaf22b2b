package lab

import (
	"fmt"

	"s1/tui/text"
	"s1/tui/theme"
)

// columns are the cells at which the columns of the table end; mark and name are where they begin.
type columns struct{ mark, name, tokens, right, interval, n, bar int }

// table is exactly height rows: a heading, and the arms around the cursor. Where not all of them fit, the heading says which one
// it is of how many, and a bar at the right which part is in view.
func (p *Pane) table(width, height int) []string {
	if height <= 0 {
		return nil
	}
	points, marks := p.Report.Points, p.marks()
	shown := height
	if height > 1 {
		shown--
	}
	at := min(max(p.Point, 0), len(points)-1)
	p.first = max(min(p.first, at, len(points)-shown), at-shown+1, 0)
	what, folded := "arm", shown < len(points)
	if folded {
		what = fmt.Sprintf("arm %d of %d", at+1, len(points))
	}
	name := text.Width(what)
	for i := range points {
		name = max(name, text.Upto(points[i].Name, nameMost))
	}
	name = min(name, max(width-gutter-2-32, 6))
	cols := columns{mark: gutter, name: gutter + 2}
	cols.tokens = cols.name + name + 9
	cols.right = cols.tokens + 7
	cols.interval = cols.right + 12
	cols.n = cols.interval + 7
	cols.bar = min(cols.n+2, width-1)
	line := func(mark, what, tokens, right, interval, n string, role theme.Role, picked bool) *text.Row {
		r := p.row(width)
		if picked {
			r.To(1).Add(theme.Accent, p.Theme.Glyphs.Pick)
		}
		r.To(cols.mark).Add(theme.Strong, mark).To(cols.name).Add(role, text.Short(what, name, p.Theme))
		r.Right(role, cols.tokens, tokens).Right(role, cols.right, right).Right(theme.Dim, cols.interval, interval)
		if cols.n < cols.bar {
			r.Right(theme.Dim, cols.n, n)
		}
		return r
	}
	var out []string
	if height > 1 {
		out = append(out, line("", what, "thought", "right", "95 %", "n", theme.Dim, false).String())
	}
	from, to := thumb(p.first, shown, len(points))
	for i := range min(shown, len(points)) {
		q := &points[p.first+i]
		role := theme.Text
		if p.first+i == at && p.Focused {
			role = theme.Strong
		}
		r := line(marks[q.Series], q.Name, fmt.Sprintf("%.1f", q.Tokens), fmt.Sprintf("%.1f", q.Percent), fmt.Sprintf("%.1f-%.1f", q.Low, q.High), text.Count(q.N), role, p.first+i == at)
		switch {
		case !folded:
		case i >= from && i < to:
			r.To(cols.bar).Add(theme.Text, p.Theme.Glyphs.Solid)
		default:
			r.To(cols.bar).Add(theme.Dim, p.Theme.Glyphs.Vert)
		}
		out = append(out, r.String())
	}
	for len(out) < height {
		out = append(out, text.Blank(width))
	}
	return out
}

// thumb is which of the shown rows of a bar say that rows first to first+shown of all are in view: at least one, at an end only
// where that end is in view.
func thumb(first, shown, all int) (from, to int) {
	if shown <= 0 || all <= shown {
		return 0, max(shown, 0)
	}
	size := max(shown*shown/all, 1)
	from = first * (shown - size) / (all - shown)
	if from == 0 && first > 0 && shown-size > 1 {
		from = 1
	}
	return from, from + size
}
