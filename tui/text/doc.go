// Package text measures, wraps and paints text that nobody vouches for.
//
// It knows grapheme widths, wrapping, scrolling and editing, and that no byte of a text may act on the terminal:
// controls are shown as ␛ ␀, broken and hidden characters as their number, bidirectional controls too.
// It does not know what a text means, nor where on the screen it stands.
//
//	Doc (append-only bytes, roles, marks) -> Layout (line index for one width, incremental)
//	    -> Scroll (what is visible, anchored on a byte) -> Draw (safe, painted, never wider than asked)
package text

import (
	"slices"
	"sort"
	"strings"
	"unicode/utf8"

	"s1/tui/theme"
)

// Doc is append-only text in which byte ranges have a role, and positions may have a mark in the gutter.
type Doc struct {
	src    []byte
	spans  []span // ascending, adjacent, equal neighbours merged
	marks  []Mark // ascending by At
	breaks []int  // offsets at which a line must start, ascending
	ascii  bool
	last   search // what was searched last
}

type span struct {
	end  int // exclusive
	role theme.Role
}

// Mark stands in the gutter of the line that holds byte At, with a note in the margin.
type Mark struct {
	At   int
	Role theme.Role
	Note string
}

// NewDoc returns an empty text. ascii chooses visible forms from ASCII only.
func NewDoc(ascii bool) *Doc { return &Doc{ascii: ascii} }

// Append adds s in a role.
func (d *Doc) Append(s string, r theme.Role) {
	if s == "" {
		return
	}
	d.src = append(d.src, s...)
	if k := len(d.spans); k > 0 && d.spans[k-1].role == r {
		d.spans[k-1].end = len(d.src)
		return
	}
	d.spans = append(d.spans, span{len(d.src), r})
}

// Break makes the next byte start a line, without adding anything to the text.
func (d *Doc) Break() {
	at := len(d.src)
	if at == 0 || len(d.breaks) > 0 && d.breaks[len(d.breaks)-1] == at {
		return
	}
	d.breaks = append(d.breaks, at)
}

// Mark adds a mark. Marks are added in the order of their positions, a step back by whitespace aside.
func (d *Doc) Mark(m Mark) {
	i := sort.Search(len(d.marks), func(i int) bool { return d.marks[i].At > m.At })
	d.marks = append(d.marks, Mark{})
	copy(d.marks[i+1:], d.marks[i:])
	d.marks[i] = m
}

// Len returns the number of bytes.
func (d *Doc) Len() int { return len(d.src) }

// Marks returns how many marks there are.
func (d *Doc) Marks() int { return len(d.marks) }

// String returns the text exactly as it was appended.
func (d *Doc) String() string { return string(d.src) }

// LastInk returns the position of the last byte that is not white space, 0 when there is none.
func (d *Doc) LastInk() int {
	for i := len(d.src) - 1; i > 0; i-- {
		if !strings.ContainsRune(" \n\t\r", rune(d.src[i])) {
			return i
		}
	}
	return 0
}

// MarksIn returns the marks of a line. The last line also has the marks that wait for the next byte.
func (d *Doc) MarksIn(l Line) []Mark {
	end := l.End
	if end == len(d.src) {
		end++
	}
	i := sort.Search(len(d.marks), func(i int) bool { return d.marks[i].At >= l.Start })
	j := i
	for j < len(d.marks) && d.marks[j].At < end {
		j++
	}
	return d.marks[i:j]
}

// Fed returns what a line shows of the text that the model did not draw: Accent where some of it is yours, else Warn where
// some was forced, else Text. White space shows nothing.
func (d *Doc) Fed(l Line) theme.Role {
	fed := theme.Text
	for s := sort.Search(len(d.spans), func(i int) bool { return d.spans[i].end > l.Start }); s < len(d.spans); s++ {
		from := l.Start
		if s > 0 {
			from = max(from, d.spans[s-1].end)
		}
		if from >= l.End {
			break
		}
		role := d.spans[s].role
		if role != theme.Accent && role != theme.Warn || fed == theme.Accent {
			continue
		}
		if at, _ := d.Ink(from); at < min(d.spans[s].end, l.End) {
			fed = role
		}
	}
	return fed
}

func (d *Doc) nextBreak(after int) int {
	i := sort.SearchInts(d.breaks, after+1)
	if i < len(d.breaks) {
		return d.breaks[i]
	}
	return len(d.src)
}

// Line is a range of bytes that is shown in one row. The newline and the spaces at its end belong to it.
type Line struct{ Start, End int }

// wrap returns the end of the line that starts at byte start, for a width of at least one cell.
// It depends on nothing before start: that is what makes wrapping incremental.
func (d *Doc) wrap(start, width int) int {
	stop := d.nextBreak(start)
	col, cut := 0, -1 // cut = the last place at which the line may end
	for i := start; i < stop; {
		u := decode(d.src[i:stop], d.ascii)
		switch u.kind {
		case newline:
			return i + u.n
		case space, tab:
			w := 1
			if u.kind == tab {
				w = tabStop - col%tabStop
			}
			col = min(col+w, width) // what hangs over the edge belongs to this line and is not drawn
			i += u.n
			cut = i
			continue
		}
		w := u.w
		if w > width {
			w = 1
		}
		wide := u.kind == plain && u.w > 1
		if wide && i > start {
			cut = i
		}
		if col+w > width {
			if cut > start {
				return cut
			}
			return i
		}
		col += w
		i += u.n
		if wide {
			cut = i
		}
	}
	return stop
}

// Draw writes a line for at most width cells into row, each range in its role's style; over, if not nil, may change a role.
func (d *Doc) Draw(row *Row, l Line, width int, over func(at int, r theme.Role) theme.Role) {
	s := sort.Search(len(d.spans), func(i int) bool { return d.spans[i].end > l.Start })
	var run strings.Builder
	role, col := theme.Text, 0
	flush := func() {
		row.safe(role, run.String())
		run.Reset()
	}
	room := min(width, row.Left())
	for i := l.Start; i < l.End && col < room; {
		for s < len(d.spans) && d.spans[s].end <= i {
			s++
		}
		r := theme.Text
		if s < len(d.spans) {
			r = d.spans[s].role
		}
		if over != nil {
			r = over(i, r)
		}
		if r != role {
			flush()
			role = r
		}
		u := decode(d.src[i:l.End], d.ascii)
		w := u.w
		switch u.kind {
		case newline:
			i = l.End
			continue
		case space:
			run.WriteByte(' ')
		case tab:
			w = min(tabStop-col%tabStop, room-col)
			run.WriteString("    "[:w])
		default:
			switch {
			case w <= width && col+w > room:
				i = l.End
				continue
			case w > width:
				w = 1
				run.WriteByte('?')
			case u.kind == escaped:
				run.WriteString(visible(d.src[i:i+u.n], d.ascii))
			default:
				run.Write(d.src[i : i+u.n])
			}
		}
		col += w
		i += u.n
	}
	flush()
	row.w += col
}

// Prefix returns a copy of the first n bytes with their roles, marks and breaks.
func (d *Doc) Prefix(n int) *Doc {
	c := NewDoc(d.ascii)
	n = min(n, len(d.src))
	c.src = append(c.src, d.src[:n]...)
	for _, s := range d.spans {
		c.spans = append(c.spans, span{min(s.end, n), s.role})
		if s.end >= n {
			break
		}
	}
	if n == 0 {
		c.spans = nil
	}
	for _, m := range d.marks {
		if m.At < n {
			c.marks = append(c.marks, m)
		}
	}
	for _, b := range d.breaks {
		if b < n {
			c.breaks = append(c.breaks, b)
		}
	}
	return c
}

// Ink returns the first run of visible bytes at or after at: where a token that begins with white space is seen.
func (d *Doc) Ink(at int) (from, to int) {
	const white = " \n\t\r"
	for from = at; from < len(d.src) && strings.IndexByte(white, d.src[from]) >= 0; from++ {
	}
	for to = from; to < len(d.src) && strings.IndexByte(white, d.src[to]) < 0; to++ {
	}
	return from, to
}

// MarksAt returns the marks at one byte.
func (d *Doc) MarksAt(at int) []Mark {
	i := sort.Search(len(d.marks), func(i int) bool { return d.marks[i].At >= at })
	j := i
	for j < len(d.marks) && d.marks[j].At == at {
		j++
	}
	return d.marks[i:j]
}

// Unmark removes the marks of a role at or after a byte.
func (d *Doc) Unmark(r theme.Role, from int) {
	d.marks = slices.DeleteFunc(d.marks, func(m Mark) bool { return m.Role == r && m.At >= from })
}

// Last returns the last n bytes, from the beginning of a character on.
func (d *Doc) Last(n int) string {
	from := max(0, len(d.src)-n)
	for from < len(d.src) && !utf8.RuneStart(d.src[from]) {
		from++
	}
	return string(d.src[from:])
}
