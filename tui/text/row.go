package text

import (
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"

	"s1/tui/theme"
)

// Row is one line of the screen under construction. Whatever is added is made safe, and cut so that the row is
// never wider than its width.
type Row struct {
	theme *theme.Theme
	b     strings.Builder
	w     int
	max   int
}

// NewRow starts a row of the given width.
func NewRow(t *theme.Theme, width int) *Row { return &Row{theme: t, max: max(width, 0)} }

// Left returns how many cells are free.
func (r *Row) Left() int { return r.max - r.w }

// Used returns how many cells are taken.
func (r *Row) Used() int { return r.w }

// Add writes s in a role, cut with an ellipsis where the row ends.
func (r *Row) Add(role theme.Role, s string) *Row {
	s = Clean(s, r.theme.ASCII)
	w := width(s)
	if w > r.Left() {
		s = cut(s, r.Left(), r.theme.Glyphs.Ellipsis)
		w = width(s)
	}
	r.safe(role, s)
	r.w += w
	return r
}

// safe writes what is known to be harmless and to fit; the caller counts the cells.
func (r *Row) safe(role theme.Role, s string) {
	if s == "" {
		return
	}
	open, shut := r.theme.Around(role)
	r.b.WriteString(open)
	r.b.WriteString(s)
	r.b.WriteString(shut)
}

// To fills with spaces up to a column.
func (r *Row) To(col int) *Row {
	if n := min(col, r.max) - r.w; n > 0 {
		r.b.WriteString(spaces(n))
		r.w += n
	}
	return r
}

// String returns the row, filled up to its width.
func (r *Row) String() string {
	r.To(r.max)
	return r.b.String()
}

// Blank returns a row of spaces.
func Blank(width int) string { return spaces(max(width, 0)) }

const blanks = "                                                                                                                                "

func spaces(n int) string {
	if n <= len(blanks) {
		return blanks[:n]
	}
	return strings.Repeat(" ", n)
}

// Width returns the cells a text takes once it is made safe for one line.
func Width(s string) int { return width(Clean(s, false)) }

// Clean returns s safe for one line of a terminal: every control, hidden or broken character in visible form.
func Clean(s string, ascii bool) string {
	dirty := false
	for i := range len(s) {
		if s[i] < 0x20 || s[i] >= 0x7f {
			dirty = true
			break
		}
	}
	if !dirty {
		return s
	}
	var out strings.Builder
	b := []byte(s)
	for i := 0; i < len(b); {
		u := decode(b[i:], ascii)
		switch u.kind {
		case newline:
			if ascii {
				out.WriteString("$")
			} else {
				out.WriteString("⏎")
			}
		case tab:
			out.WriteByte(' ')
		case escaped:
			out.WriteString(visible(b[i:i+u.n], ascii))
		default:
			out.Write(b[i : i+u.n])
		}
		i += u.n
	}
	return out.String()
}

// Plain returns s safe for a stream of lines: as Clean, but newlines and tabs stay.
func Plain(s string, ascii bool) string {
	if !strings.ContainsAny(s, "\n\t") {
		return Clean(s, ascii)
	}
	var out strings.Builder
	start := 0
	for i := range len(s) {
		if s[i] == '\n' || s[i] == '\t' {
			out.WriteString(Clean(s[start:i], ascii))
			out.WriteByte(s[i])
			start = i + 1
		}
	}
	out.WriteString(Clean(s[start:], ascii))
	return out.String()
}

// cut shortens a safe text to w cells, the one-cell ellipsis included.
func cut(s string, w int, ellipsis string) string {
	if w <= 0 {
		return ""
	}
	b := []byte(s)
	for i, col := 0, 0; i < len(b); {
		u := decode(b[i:], false)
		if col+u.w > w-1 {
			return s[:i] + ellipsis
		}
		i, col = i+u.n, col+u.w
	}
	return s
}

// Tail returns the end of s, safe and at most w cells wide, the ellipsis included.
func Tail(s string, w int, t *theme.Theme) string {
	s = Clean(s, t.ASCII)
	if width(s) <= w {
		return s
	}
	far := max(0, len(s)-clusterMax*max(w, 1)) // nothing before this can be seen
	for far < len(s) && !utf8.RuneStart(s[far]) {
		far++
	}
	for b := []byte(s[far:]); len(b) > 0; b = b[decode(b, t.ASCII).n:] {
		if width(string(b)) <= w-1 {
			return t.Glyphs.Ellipsis + string(b)
		}
	}
	if w > 0 {
		return t.Glyphs.Ellipsis
	}
	return ""
}

// Over lays box over base at column x. Both may carry styles; base is width cells wide.
func Over(base, box string, x, width int) string {
	bw := ansi.StringWidth(box)
	if x+bw > width {
		box, bw = ansi.Truncate(box, width-x, ""), width-x
	}
	left, right, rest := ansi.Truncate(base, x, ""), ansi.Cut(base, x+bw, width), width-x-bw
	if ansi.StringWidth(right) > rest { // a wide sign lies half under the box
		right = ansi.Cut(base, x+bw+1, width)
	}
	return left + spaces(x-ansi.StringWidth(left)) + box + spaces(rest-ansi.StringWidth(right)) + right
}

// Wrap returns s as safe, unstyled lines of at most width cells.
func Wrap(s string, width int, ascii bool) []string {
	d := NewDoc(ascii)
	d.Append(s, theme.Text)
	t := &theme.Theme{ASCII: ascii}
	var lines []string
	for at := 0; at < d.Len(); {
		end := d.wrap(at, max(width, 1))
		r := NewRow(t, width)
		d.Draw(r, Line{at, end}, max(width, 1), nil)
		lines = append(lines, strings.TrimRight(r.b.String(), " "))
		at = end
	}
	return lines
}

// Cells returns the width of a row that may carry styles.
func Cells(row string) int { return ansi.StringWidth(row) }
