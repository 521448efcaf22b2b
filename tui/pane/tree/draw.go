package tree

import (
	"fmt"
	"strconv"
	"strings"

	"s1/tui/text"
	"s1/tui/theme"
)

// Sizes in cells.
const (
	gutter    = 3  // the cursor, what is shown where, a bookmark
	labelMax  = 4  //
	causeMin  = 4  // beside a note
	causeMax  = 12 //
	answerMax = 24
	noteMin   = 8 // a note in less says nothing
	titleFrom = 3 // rows from which there is a title
)

// glyphs are the branches of the tree and its signs, each one cell wide.
type glyphs struct {
	fork, more, end, line, lone, folded string
	current, bookmark                   string
}

func (p *Pane) glyphs() glyphs {
	if p.Theme.ASCII {
		return glyphs{fork: "+", more: "|", end: "`", line: "|", lone: "-", folded: ">", current: "@", bookmark: "*"}
	}
	return glyphs{fork: "┬", more: "├", end: "└", line: "│", lone: "─", folded: "▸", current: "●", bookmark: "★"}
}

// columns are the widths of the parts of a row, 0 = not shown. They depend on all rows, not on those in view, so that
// scrolling moves nothing sideways.
type columns struct {
	label, stem, cause, at, tokens, answer, verdict, note int
}

// Render returns height rows of width cells. The cursor stays in view.
func (p *Pane) Render(width, height int) []string {
	out := make([]string, 0, max(height, 0))
	rows := p.order()
	room := height
	if height >= titleFrom {
		room--
	}
	cursor := p.cursorRow(rows)
	p.follow(cursor, len(rows), room)
	if height >= titleFrom {
		out = append(out, p.title(width, len(rows), room))
	}
	if len(rows) == 0 {
		for _, l := range text.Wrap(text.Head(p.Empty, width*max(room, 1)), max(width-gutter-1, 1), p.Theme.ASCII) {
			if len(out) < height {
				out = append(out, text.NewRow(p.Theme, width).To(gutter).Add(theme.Dim, l).String())
			}
		}
	}
	c := p.measure(rows, width)
	for i := p.top; i < len(rows) && len(out) < height; i++ {
		out = append(out, p.row(rows, i, i == cursor, width, c))
	}
	for len(out) < height {
		out = append(out, text.Blank(width))
	}
	return out
}

// follow keeps the cursor in view, and the last row at the bottom when there are enough.
func (p *Pane) follow(at, rows, room int) {
	p.top = min(p.top, at)
	if room > 0 {
		p.top = max(p.top, at-room+1)
	}
	p.top = max(min(p.top, rows-room), 0)
}

func (p *Pane) title(width, rows, room int) string {
	r := text.NewRow(p.Theme, width)
	role := theme.Dim
	if p.Focused {
		r.To(1).Add(theme.Accent, p.Theme.Glyphs.Pick)
		role = theme.Strong
	}
	name := p.Title
	if name == "" {
		name = "tree"
	}
	r.To(gutter).Add(role, text.Head(name, width))
	if rows > room && room > 0 {
		r.Add(theme.Dim, fmt.Sprintf("  %d-%d of %d", p.top+1, min(p.top+room, rows), rows))
	}
	return r.String()
}

// measure shares the width out. What says least goes first: the note, the tokens, where it parts, the cause.
func (p *Pane) measure(rows []place, width int) columns {
	var c columns
	written, folded := false, false // what there is to note
	for _, r := range rows {
		n := &p.Nodes[r.node]
		c.label = max(c.label, text.Upto(n.Label, labelMax))
		c.stem = max(c.stem, r.depth+1)
		c.cause = max(c.cause, text.Upto(n.Cause, causeMax))
		if r.depth > 0 {
			c.at = max(c.at, digits(n.At))
		}
		c.tokens = max(c.tokens, digits(n.Tokens))
		says := n.Answer
		if says == "" {
			says = n.State
		}
		c.answer = max(c.answer, text.Upto(says, answerMax))
		c.verdict = max(c.verdict, text.Upto(string(n.Verdict), 8))
		written, folded = written || n.Note != "", folded || r.hidden > 0
	}
	c.stem = min(c.stem, max(width/6, 3))
	if written { // what somebody wrote there says more than figures, if there is room for it at all
		if n := c; n.fit(width-noteMin-1, true) {
			n.note = width - n.used() - 1
			return n
		}
	}
	c.fit(width, false)
	if left := width - c.used() - 1; folded && left >= noteMin {
		c.note = left
	}
	return c
}

// used is how many cells they take without the note.
func (c *columns) used() int {
	n := gutter + c.label + 1 + c.stem + 1
	for _, w := range []int{c.cause, c.at, c.tokens, c.answer, c.verdict} {
		if w > 0 {
			n += w + 2
		}
	}
	return n
}

// fit makes them fit into room cells, and says whether they do. With whole set, the cause and an end of the answer stay.
func (c *columns) fit(room int, whole bool) bool {
	if c.used() > room {
		c.tokens = 0
	}
	if c.used() > room {
		c.at = 0
	}
	if over := c.used() - room; over > 0 {
		c.answer = max(c.answer-over, min(c.answer, 6))
	}
	if over := c.used() - room; over > 0 && whole {
		c.cause = max(c.cause-over, min(c.cause, causeMin))
	} else if over > 0 {
		c.cause = 0
	}
	if over := c.used() - room; over > 0 && !whole {
		c.answer = max(c.answer-over, min(c.answer, 1))
	}
	return c.used() <= room
}

func (p *Pane) row(rows []place, i int, cursor bool, width int, c columns) string {
	place := rows[i]
	n, g := &p.Nodes[place.node], p.glyphs()
	r := text.NewRow(p.Theme, width)
	role := theme.Text
	if n.Current {
		role = theme.Strong
	}
	if p.Focused && cursor {
		role = theme.Selected
		r.Add(theme.Accent, p.Theme.Glyphs.Pick)
	}
	switch {
	case n.Current:
		r.To(1).Add(theme.Accent, g.current)
	case n.Compared:
		r.To(1).Add(theme.Strong, p.Theme.Glyphs.Differs)
	}
	if n.Marked {
		r.To(2).Add(theme.Accent, g.bookmark)
	}
	col := gutter
	part := func(w int, role theme.Role, s string) {
		if w > 0 {
			r.To(col).Add(role, text.Short(s, w, p.Theme))
			col += w
		}
	}
	right := func(w int, role theme.Role, s string) {
		if w > 0 {
			col += w + 2
			r.Right(role, col, text.Short(s, w, p.Theme))
		}
	}
	part(c.label, role, n.Label)
	col++
	part(c.stem, theme.Dim, p.stem(rows, i, c.stem, g))
	col++
	if c.cause > 0 {
		part(c.cause, role, n.Cause)
		col += 2
	}
	col -= 2
	at := ""
	if place.depth > 0 {
		at = strconv.Itoa(n.At)
	}
	right(c.at, theme.Dim, at)
	right(c.tokens, theme.Dim, strconv.Itoa(n.Tokens))
	if n.Answer != "" {
		right(c.answer, role, text.End(n.Answer, c.answer, p.Theme)) // an answer says most at its end
	} else {
		right(c.answer, theme.Dim, n.State)
	}
	if c.verdict > 0 {
		col += 2
		part(c.verdict, role, string(n.Verdict))
	}
	if c.note > 0 {
		note := n.Note
		if place.hidden > 0 {
			note = strings.TrimSpace(fmt.Sprintf("%d folded  %s", place.hidden, text.Head(note, c.note)))
		}
		r.To(col+2).Add(theme.Dim, text.Short(note, c.note, p.Theme))
	}
	return r.String()
}

// stem draws how a node hangs in the tree: one cell for each ancestor, from the outermost on. A stem that is too long for
// its column loses its beginning, so that a node always stands beside the one it grew from.
func (p *Pane) stem(rows []place, i, room int, g glyphs) string {
	r := rows[i]
	cells := make([]string, 0, room)
	own := ""
	switch {
	case r.hidden > 0:
		own = g.folded
	case r.open:
		own = g.fork
	case r.depth == 0:
		own = g.lone
	}
	if own != "" {
		cells = append(cells, own)
	}
	if r.depth > 0 {
		if r.last {
			cells = append(cells, g.end)
		} else {
			cells = append(cells, g.more)
		}
	}
	over := r.depth+1 > room
	for up := r.up; up >= 0 && rows[up].depth > 0 && len(cells) <= room; up = rows[up].up {
		if rows[up].last {
			cells = append(cells, " ")
		} else {
			cells = append(cells, g.line)
		}
	}
	cells = cells[:min(len(cells), room)]
	if over && len(cells) == room && room > 2 {
		cells[room-1] = p.Theme.Glyphs.Ellipsis
	}
	var b strings.Builder
	for j := len(cells) - 1; j >= 0; j-- {
		b.WriteString(cells[j])
	}
	return b.String()
}

func digits(n int) int {
	w := 1
	if n < 0 {
		w, n = 2, -n
	}
	for ; n >= 10; n /= 10 {
		w++
	}
	return w
}
