package text

import (
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

// Ending returns the end of s, enough for that many cells and one more, for Tail.
func Ending(s string, cells int) string {
	from := len(s) - clusterMax*(max(cells, 0)+1)
	if from <= 0 {
		return s
	}
	for from < len(s) && !utf8.RuneStart(s[from]) {
		from++
	}
	return s[from:]
}

// Short returns the beginning of s, safe and at most w cells wide, the ellipsis included.
func Short(s string, w int, t *theme.Theme) string {
	s = Clean(Head(s, w), t.ASCII)
	if width(s) > w {
		return cut(s, w, t.Glyphs.Ellipsis)
	}
	return s
}

// Cells of a text in one line, but no more than most: beyond that nobody counts.
func Upto(s string, most int) int { return min(width(Clean(Head(s, most), false)), most) }

// Right writes s so that it ends before column col.
func (r *Row) Right(role theme.Role, col int, s string) *Row {
	return r.To(col-width(Clean(s, r.theme.ASCII))).Add(role, s)
}
