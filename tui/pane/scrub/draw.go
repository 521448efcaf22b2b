package scrub

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"s1/engine/trace"
	"s1/tui/text"
	"s1/tui/theme"
)

// Sizes in cells and rows.
const (
	gutter    = 3
	tickEvery = 8  // cells between two ticks, about
	costFrom  = 50 // width from which the cost stands beside the title
)

// glyphs are the signs of the axis and of a verdict, each one cell wide.
type glyphs struct {
	left, tick, right, line, here   string
	rightly, wrongly, unknown, asks string
}

func (p *Pane) glyphs() glyphs {
	if p.Theme.ASCII {
		return glyphs{"+", "+", "+", "-", "^", "v", "x", "?", "."}
	}
	return glyphs{"├", "┼", "┤", "─", "▲", "✓", "✗", "?", "·"}
}

func (g glyphs) of(v trace.Verdict) (string, theme.Role) {
	switch v {
	case trace.VerdictRight:
		return g.rightly, theme.Strong
	case trace.VerdictWrong:
		return g.wrongly, theme.Fault
	}
	return g.unknown, theme.Dim
}

// The parts of the pane, as they stand from top to bottom, and the order in which they get a row when there are few: the
// sentence first, the list of stops last.
const (
	partTitle = iota
	partNumbers
	partAxis
	partAnswers
	partCursor
	partSentence
	partSummary
	partLabel
	parts
)

var order = [parts]int{partSentence, partAnswers, partCursor, partLabel, partTitle, partSummary, partAxis, partNumbers}

// Render returns height rows of width cells.
func (p *Pane) Render(width, height int) []string {
	out := make([]string, 0, max(height, 0))
	add := func(r *text.Row) {
		if len(out) < height {
			out = append(out, r.String())
		}
	}
	var has [parts]bool
	for _, part := range order[:min(max(height, 0), parts)] {
		has[part] = true
	}
	if len(p.Stops) == 0 && len(p.Guesses) == 0 {
		if has[partTitle] {
			add(p.title(width))
		}
		for _, l := range text.Wrap(text.Head(p.Empty, width*max(height, 1)), max(width-gutter-1, 1), p.Theme.ASCII) {
			add(p.line(width, theme.Dim, l))
		}
		return p.full(out, width, height)
	}
	for part := range parts {
		if has[part] {
			add(p.part(part, width))
		}
	}
	if height > parts+2 {
		add(text.NewRow(p.Theme, width))
		p.list(width, height-len(out), add)
	}
	return p.full(out, width, height)
}

func (p *Pane) full(out []string, width, height int) []string {
	for len(out) < height {
		out = append(out, text.Blank(width))
	}
	return out
}

func (p *Pane) line(width int, role theme.Role, s string) *text.Row {
	return text.NewRow(p.Theme, width).To(gutter).Add(role, s)
}

func (p *Pane) part(part, width int) *text.Row {
	switch part {
	case partTitle:
		return p.title(width)
	case partNumbers:
		return p.numbers(width)
	case partAxis:
		return p.axis(width)
	case partAnswers:
		return p.answers(width)
	case partCursor:
		return text.NewRow(p.Theme, width).To(p.col(p.At, width)).Add(theme.Accent, p.glyphs().here)
	case partSentence:
		return p.line(width, theme.Strong, p.sentence())
	case partSummary:
		s := Summary(p.Guesses)
		if p.Running && s != "" {
			s += ", so far"
		}
		return p.line(width, theme.Text, s)
	}
	return p.line(width, theme.Dim, Label)
}

func (p *Pane) title(width int) *text.Row {
	r := text.NewRow(p.Theme, width)
	role := theme.Dim
	if p.Focused {
		r.To(1).Add(theme.Accent, p.Theme.Glyphs.Pick)
		role = theme.Strong
	}
	r.To(gutter).Add(role, "had we stopped here")
	state := fmt.Sprintf("%d of %d stops", len(p.Guesses), max(len(p.Stops), len(p.Guesses)))
	cost := fmt.Sprintf("cost %d tokens", p.Cost)
	if p.Running {
		cost = fmt.Sprintf("cost so far %d tokens", p.Cost)
	}
	if p.CostLimit > 0 {
		cost += fmt.Sprintf(" of %d", p.CostLimit)
	}
	if width >= costFrom+len(state) {
		cost = state + "   " + cost
	}
	if r.Left() > len(cost)+3 {
		r.Right(theme.Dim, width-1, cost)
	}
	return r
}

// span returns the cells of the axis, its ends included.
func span(width int) int { return max(width-gutter-1, 1) }

// col returns the cell of a place on the axis.
func (p *Pane) col(at, width int) int {
	if p.Length <= 0 {
		return gutter
	}
	return gutter + int(int64(min(max(at, 0), p.Length))*int64(span(width)-1)/int64(p.Length))
}

// ticks returns the thinking tokens at which the axis has a number: a round step, so many that they do not touch.
func (p *Pane) ticks(width int) []int {
	room := max(span(width)/max(tickEvery, len(strconv.Itoa(p.Length))+3), 1)
	step := 1
	for unit := 1; ; unit *= 10 {
		done := false
		for _, f := range []int{1, 2, 4, 5} {
			if step = unit * f; p.Length/step <= room {
				done = true
				break
			}
		}
		if done {
			break
		}
	}
	var out []int
	for at := 0; at <= p.Length; at += step {
		out = append(out, at)
	}
	return out
}

func (p *Pane) numbers(width int) *text.Row {
	r := text.NewRow(p.Theme, width)
	for _, at := range p.ticks(width) {
		s := strconv.Itoa(at)
		if c := max(p.col(at, width)-len(s)/2, 0); c > r.Used() || r.Used() == 0 {
			r.To(c).Add(theme.Dim, s)
		}
	}
	return r
}

func (p *Pane) axis(width int) *text.Row {
	g := p.glyphs()
	cells := slices.Repeat([]string{g.line}, span(width))
	for _, at := range p.ticks(width) {
		cells[p.col(at, width)-gutter] = g.tick
	}
	cells[len(cells)-1], cells[0] = g.right, g.left
	return text.NewRow(p.Theme, width).To(gutter).Add(theme.Dim, strings.Join(cells, ""))
}

// answers places the answers along the axis. Every stop has a sign; its answer stands behind the sign where there is room
// for all of it.
func (p *Pane) answers(width int) *text.Row {
	g := p.glyphs()
	r := text.NewRow(p.Theme, width)
	stops := p.merged()
	for i, s := range stops {
		at, next := p.col(s.at, width), width
		if i+1 < len(stops) {
			next = p.col(stops[i+1].at, width)
		}
		if at < r.Used() || at == next {
			continue // the cell is taken: by one before, or for the one after
		}
		if s.guess == nil {
			r.To(at).Add(theme.Dim, g.asks)
			continue
		}
		sign, role := g.of(s.guess.Verdict)
		if s.at == p.At {
			role = theme.Selected
		}
		r.To(at).Add(role, sign)
		if says := s.guess.Answer; says != "" && text.Upto(says, next-at) <= next-at-2 {
			r.Add(role, says)
		}
	}
	return r
}

type stop struct {
	at    int
	guess *trace.Guess
}

// merged returns the stops asked for and the guesses, ascending, each place once.
func (p *Pane) merged() []stop {
	out := make([]stop, 0, len(p.Stops)+len(p.Guesses))
	for i := range p.Guesses {
		out = append(out, stop{p.Guesses[i].Spent, &p.Guesses[i]})
	}
	for _, at := range p.Stops {
		out = append(out, stop{at, nil})
	}
	slices.SortStableFunc(out, func(a, b stop) int { return a.at - b.at })
	return slices.CompactFunc(out, func(a, b stop) bool { return a.at == b.at })
}

// list shows the stops below each other, those around the cursor when there are too many.
func (p *Pane) list(width, rows int, add func(*text.Row)) {
	stops := p.merged()
	at, digits := 0, len(strconv.Itoa(max(p.Length, 0)))
	for i, s := range stops {
		if s.at <= p.At {
			at = i
		}
		digits = max(digits, len(strconv.Itoa(s.at)))
	}
	from := max(min(at-rows/2, len(stops)-rows), 0)
	g := p.glyphs()
	for i := from; i < min(from+rows, len(stops)); i++ {
		s := stops[i]
		r := text.NewRow(p.Theme, width)
		if s.at == p.At {
			r.To(1).Add(theme.Accent, p.Theme.Glyphs.Pick)
		}
		r.Right(theme.Dim, gutter+digits, strconv.Itoa(s.at)).To(gutter + digits + 2)
		if s.guess == nil {
			add(r.Add(theme.Dim, g.asks))
			continue
		}
		sign, role := g.of(s.guess.Verdict)
		r.Add(role, sign+" ").Add(role, strings.TrimPrefix(say(*s.guess), strconv.Itoa(s.at)+": "))
		add(r)
	}
}
