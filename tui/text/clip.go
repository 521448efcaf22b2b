package text

import (
	"strings"
	"unicode/utf8"

	"s1/tui/theme"
)

// What is shown of a text should cost what its place is wide, not what the text is long: a label may hold a megabyte.

// Head returns the beginning of s, enough for that many cells and one more. It is not made safe: Row.Add does that, and cuts
// it to the cell.
func Head(s string, cells int) string {
	n := clusterMax * (max(cells, 0) + 1) // no sign is longer than a cluster, and none is narrower than a cell
	if n >= len(s) {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// End returns the end of s, safe and at most w cells wide, the ellipsis included. It is what Tail is, in one pass.
func End(s string, w int, t *theme.Theme) string {
	if w <= 0 {
		return ""
	}
	if from := len(s) - clusterMax*(w+1); from > 0 { // nothing before this can be seen
		for from < len(s) && !utf8.RuneStart(s[from]) {
			from++
		}
		s = s[from:]
	}
	s = Clean(s, t.ASCII)
	total := width(s)
	if total <= w {
		return s
	}
	b := []byte(s)
	for len(b) > 0 && total > w-1 {
		u := decode(b, t.ASCII)
		b, total = b[u.n:], total-u.w
	}
	return t.Glyphs.Ellipsis + string(b)
}

// Short returns the beginning of s, safe and at most w cells wide, the ellipsis included.
func Short(s string, w int, t *theme.Theme) string {
	s = Clean(Head(s, w), t.ASCII)
	if width(s) > w {
		return cut(s, w, t.Glyphs.Ellipsis)
	}
	return s
}

// Upto returns the cells of a text in one line, but no more than most: beyond that nobody counts.
func Upto(s string, most int) int { return min(width(Clean(Head(s, most), false)), most) }

// Right writes s so that it ends before column col.
func (r *Row) Right(role theme.Role, col int, s string) *Row {
	return r.To(col-width(Clean(s, r.theme.ASCII))).Add(role, s)
}

// Ends returns s, safe and at most w cells wide: where it is longer, its beginning and its end with the ellipsis between. A
// message says at its beginning what was tried, and at its end why that failed.
func Ends(s string, w int, t *theme.Theme) string {
	if Upto(s, w+1) <= w {
		return Clean(s, t.ASCII)
	}
	head := w / 3
	return Short(s, head, t) + strings.TrimPrefix(End(s, w-head, t), t.Glyphs.Ellipsis)
}
