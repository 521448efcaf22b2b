package text

import (
	"strings"
	"unicode/utf8"

	"s1/tui/theme"
)

// EditorMax bounds what is typed or pasted, in bytes.
const EditorMax = 1 << 20

// Editor is a line editor over grapheme clusters, for questions and for small inputs. It keeps what it is given,
// byte for byte; what it draws is safe.
type Editor struct {
	val string
	cur int  // byte offset of the cursor, on a cluster boundary
	all bool // the text was offered: what is typed takes its place, a key that moves the cursor takes it as it is
}

// Value returns the text.
func (e *Editor) Value() string { return e.val }

// Set replaces the text and puts the cursor at its end.
func (e *Editor) Set(s string) { e.val, e.cur, e.all = s, len(s), false }

// Offer sets a text that what is typed first replaces, and that a cursor key makes one to edit.
func (e *Editor) Offer(s string) {
	e.Set(s)
	e.all = s != ""
}

// Offered says whether the text would be replaced by what is typed.
func (e *Editor) Offered() bool { return e.all }

// Insert puts s at the cursor; what would pass EditorMax is left out.
func (e *Editor) Insert(s string) {
	s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	if e.all {
		e.Set("")
	}
	if room := EditorMax - len(e.val); len(s) > room {
		for room > 0 && !utf8.RuneStart(s[room]) {
			room--
		}
		s = s[:room]
	}
	e.val = e.val[:e.cur] + s + e.val[e.cur:]
	e.cur += len(s)
}

// Press handles an editing key and says whether it was one.
func (e *Editor) Press(key string) bool {
	offered := e.all
	e.all = false
	switch key {
	case "backspace", "ctrl+h", "delete", "ctrl+d", "ctrl+w", "alt+backspace", "alt+d":
		if offered {
			e.Set("")
			return true
		}
	}
	switch key {
	case "left", "ctrl+b":
		e.cur = e.before(e.cur)
	case "right", "ctrl+f":
		e.cur = e.after(e.cur)
	case "home", "ctrl+a":
		e.cur = e.lineStart()
	case "end", "ctrl+e":
		e.cur = e.lineEnd()
	case "ctrl+home":
		e.cur = 0
	case "ctrl+end":
		e.cur = len(e.val)
	case "ctrl+left", "alt+b", "alt+left":
		e.cur = e.wordBefore()
	case "ctrl+right", "alt+f", "alt+right":
		e.cur = e.wordAfter()
	case "backspace", "ctrl+h":
		e.delete(e.before(e.cur), e.cur)
	case "delete", "ctrl+d":
		e.delete(e.cur, e.after(e.cur))
	case "ctrl+w", "alt+backspace":
		e.delete(e.wordBefore(), e.cur)
	case "alt+d":
		e.delete(e.cur, e.wordAfter())
	case "ctrl+u":
		e.delete(e.lineStart(), e.cur)
	case "ctrl+k":
		e.delete(e.cur, e.lineEnd())
	default:
		e.all = offered
		return false
	}
	return true
}

func (e *Editor) delete(from, to int) {
	e.val = e.val[:from] + e.val[to:]
	e.cur = from
}

func (e *Editor) after(at int) int {
	if at >= len(e.val) {
		return len(e.val)
	}
	return at + decode([]byte(e.val[at:min(len(e.val), at+clusterWindow)]), false).n
}

func (e *Editor) before(at int) int {
	i := strings.LastIndexByte(e.val[:max(at-1, 0)], '\n') + 1
	i = max(i, at-4*clusterWindow) // a long line is read from nearby
	for i > 0 && !utf8.RuneStart(e.val[i]) {
		i--
	}
	prev := i
	for i < at {
		prev, i = i, e.after(i)
	}
	return min(prev, max(at-1, 0))
}

func (e *Editor) lineStart() int { return strings.LastIndexByte(e.val[:e.cur], '\n') + 1 }

func (e *Editor) lineEnd() int {
	if i := strings.IndexByte(e.val[e.cur:], '\n'); i >= 0 {
		return e.cur + i
	}
	return len(e.val)
}

func (e *Editor) wordBefore() int {
	head := strings.TrimRight(e.val[:e.cur], " \n\t")
	return strings.LastIndexAny(head, " \n\t") + 1
}

func (e *Editor) wordAfter() int {
	tail := strings.TrimLeft(e.val[e.cur:], " \n\t")
	at := len(e.val) - len(tail)
	if i := strings.IndexAny(tail, " \n\t"); i >= 0 {
		return at + i
	}
	return len(e.val)
}

// Up moves the cursor one line up, and says whether there was one.
func (e *Editor) Up() bool {
	start := e.lineStart()
	if start == 0 {
		return false
	}
	col := e.cur - start
	e.cur = start - 1
	up := e.lineStart()
	e.cur = e.snap(up, min(up+col, e.cur))
	return true
}

// Down moves the cursor one line down, and says whether there was one.
func (e *Editor) Down() bool {
	end := e.lineEnd()
	if end == len(e.val) {
		return false
	}
	col := e.cur - e.lineStart()
	e.cur = end + 1
	e.cur = e.snap(e.cur, min(e.cur+col, e.lineEnd()))
	return true
}

// snap returns the last cluster boundary at or before at, counted from a boundary.
func (e *Editor) snap(from, at int) int {
	for {
		next := e.after(from)
		if next > at || next == from {
			return from
		}
		from = next
	}
}

// Lines draws the text with its cursor in at most rows rows of width cells; the row of the cursor is among them.
// prefix stands before the first row, and as much space before the others.
func (e *Editor) Lines(t *theme.Theme, prefix string, width, rows int, focused bool) []string {
	indent := Width(prefix)
	room := max(width-indent, 1)
	d := NewDoc(t.ASCII)
	head := theme.Text
	if e.all && focused {
		head = theme.Cursor
	}
	d.Append(e.val[:e.cur], head)
	at := d.Len()
	under := e.after(e.cur)
	switch {
	case !focused:
		d.Append(e.val[e.cur:], theme.Text)
	case e.cur == len(e.val) || e.val[e.cur] == '\n':
		d.Append(" ", theme.Cursor)
		d.Append(e.val[e.cur:], theme.Text)
	default:
		d.Append(e.val[e.cur:under], theme.Cursor)
		d.Append(e.val[under:], theme.Text)
	}
	var lines []Line
	cursor := 0
	for i := 0; i < d.Len(); {
		end := d.wrap(i, room)
		if i <= at && at < end {
			cursor = len(lines)
			// The cursor after a full row would hang over the edge unseen.
			if focused && d.src[at] == ' ' && cells(d, Line{i, at}) >= room {
				lines = append(lines, Line{i, at})
				i, cursor = at, cursor+1
				end = d.wrap(i, room)
			}
		}
		lines = append(lines, Line{i, end})
		i = end
	}
	rows = max(rows, 1)
	from := min(max(0, cursor-rows+1), max(0, len(lines)-rows))
	if cursor < from {
		from = cursor
	}
	var out []string
	for i := from; i < min(len(lines), from+rows); i++ {
		r := NewRow(t, width)
		if i == 0 {
			r.Add(theme.Accent, prefix)
		}
		r.To(indent)
		d.Draw(r, lines[i], room, nil)
		out = append(out, r.String())
	}
	if len(out) == 0 {
		out = append(out, NewRow(t, width).Add(theme.Accent, prefix).String())
	}
	return out
}

func cells(d *Doc, l Line) int {
	n := 0
	for i := l.Start; i < l.End; {
		u := decode(d.src[i:l.End], d.ascii)
		w := u.w
		if u.kind == tab {
			w = tabStop - n%tabStop
		}
		n, i = n+w, i+u.n
	}
	return n
}
