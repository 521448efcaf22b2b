package train

import (
	"bytes"
	"fmt"

	"s1/tui/text"
	"s1/tui/theme"
)

// Tokens is the page of the data: one row, token by token.
type Tokens struct {
	Index, Of int
	Endless   bool // rows are generated
	Name      string
	Pieces    [][]byte
	Weights   []float32 // 0 = masked
	CutFrom   int       // tokens it had before it was cut, else 0
	Counts    []string
	Long      []string // rows that do not fit
	Empty     string
	Top       int // first line in view

	lines []span
	width int // the lines are of
}

// span is a line of tokens.
type span struct{ from, to int }

// Lines is how many lines the row has at the width it was drawn in.
func (t *Tokens) Lines() int { return len(t.lines) }

// Fresh forgets the lines: another row is shown.
func (t *Tokens) Fresh() { t.lines, t.width, t.Top = nil, 0, 0 }

// sign is what stands before a token: one for trained, one for masked. It tells them apart without colour.
func (p *Pane) sign(w float32) (string, theme.Role) {
	switch {
	case w > 0 && p.Theme.ASCII:
		return ">", theme.Accent
	case w > 0:
		return "▸", theme.Accent
	case p.Theme.ASCII:
		return ".", theme.Dim
	}
	return "·", theme.Dim
}

// shown is a token on the screen: its sign, its weight where that is not 1, and what it says.
func (p *Pane) shown(i, width int) (string, theme.Role) {
	t := &p.Rows
	w := float32(0)
	if i < len(t.Weights) {
		w = t.Weights[i]
	}
	s, role := p.sign(w)
	if w > 0 && w != 1 {
		times := "×"
		if p.Theme.ASCII {
			times = "x"
		}
		s, role = fmt.Sprintf("%s%s%g ", s, times, w), theme.Warn
	}
	return s + text.Short(string(t.Pieces[i]), max(width-text.Width(s), 1), p.Theme), role
}

// lay breaks the row into lines: at a newline inside a token, and where the width ends.
func (p *Pane) lay(width int) {
	t := &p.Rows
	if t.width == width && t.lines != nil {
		return
	}
	t.lines, t.width = nil, width
	from, used := 0, 0
	for i, piece := range t.Pieces {
		s, _ := p.shown(i, width)
		n := text.Width(s)
		if used+n > width && i > from {
			t.lines = append(t.lines, span{from, i})
			from, used = i, 0
		}
		used += n
		if bytes.HasSuffix(piece, []byte("\n")) {
			t.lines = append(t.lines, span{from, i + 1})
			from, used = i+1, 0
		}
	}
	if from < len(t.Pieces) {
		t.lines = append(t.lines, span{from, len(t.Pieces)})
	}
	if t.CutFrom > 0 {
		t.lines = append(t.lines, cutLine)
	}
}

// cutLine is the line that says what was cut off.
var cutLine = span{-1, -1}

func (p *Pane) tokens(width, height int) []string {
	t := &p.Rows
	if len(t.Pieces) == 0 && len(t.Counts) == 0 {
		return p.wrapped(nil, width, 3, theme.Dim, t.Empty)
	}
	trained := 0
	for _, w := range t.Weights {
		if w > 0 {
			trained++
		}
	}
	of := fmt.Sprintf("row %d of %d", t.Index+1, t.Of)
	if t.Endless {
		of = fmt.Sprintf("row %d, generated", t.Index+1)
	}
	var out []string
	r := p.row(width).To(3).Add(theme.Strong, of)
	r.Add(theme.Dim, fmt.Sprintf("  %d tokens, ", len(t.Pieces))).Add(theme.Accent, fmt.Sprintf("%d trained", trained)).Add(theme.Dim, fmt.Sprintf(", %d masked  ", len(t.Pieces)-trained))
	out = append(out, r.Add(theme.Dim, text.End(t.Name, max(r.Left(), 0), p.Theme)).String())
	a, _ := p.sign(1)
	b, _ := p.sign(0)
	out = append(out, p.row(width).To(3).Add(theme.Accent, a).Add(theme.Dim, " trained  "+b+" masked").String())
	var tail []string
	for _, c := range t.Counts {
		tail = p.wrapped(tail, width, 3, theme.Text, c)
	}
	for i, l := range t.Long {
		if i == 3 {
			tail = append(tail, p.row(width).To(3).Add(theme.Warn, fmt.Sprintf("and %d more rows that do not fit", len(t.Long)-i)).String())
			break
		}
		tail = p.wrapped(tail, width, 3, theme.Warn, l)
	}
	tail = tail[:min(len(tail), max(height/3, 1))]
	room := max(height-len(out)-len(tail), 1)
	inner := max(width-5, 1)
	p.lay(inner)
	t.Top = min(max(t.Top, 0), max(len(t.lines)-room, 0))
	for i := t.Top; i < len(t.lines) && len(out) < height-len(tail); i++ {
		if t.lines[i] == cutLine {
			out = append(out, p.row(width).To(3).Add(theme.Warn, fmt.Sprintf("cut here: %d tokens are lost", t.CutFrom-len(t.Pieces))).String())
			continue
		}
		r := text.NewRow(p.Theme, width).To(4)
		for k := t.lines[i].from; k < t.lines[i].to; k++ {
			s, role := p.shown(k, inner)
			r.Add(role, s)
		}
		out = append(out, r.String())
	}
	for len(out) < height-len(tail) {
		out = append(out, text.Blank(width))
	}
	return append(out, tail...)
}
