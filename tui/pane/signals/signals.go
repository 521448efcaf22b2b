// Package signals shows what a thought gives away while it is thought, and afterwards: how sure the model was, how near it was
// to stopping, where it wished to and was not let, what closing it cost, and what it would have answered. It draws numbers it is
// given; it measures nothing.
package signals

import (
	"fmt"
	"math"
	"slices"

	"s1/engine/trace"
	"s1/tui/plot"
	"s1/tui/text"
	"s1/tui/theme"
)

// Sizes in cells.
const (
	indent = 3
	name   = 9
	value  = 18 // figures beside a curve
)

// Mark is a place in the thought.
type Mark struct {
	At   int // token
	Role theme.Role
}

// Pane shows the signals of one branch.
type Pane struct {
	Theme    *theme.Theme
	Empty    string // what would fill it
	Entropy  *plot.Series
	EndProb  *plot.Series
	Cursor   int    // token, -1 = none
	Marks    []Mark // ascending
	Turns    []int  // tokens of words with which the thought turns on itself, ascending
	Tail     bool   // show the last tokens, one a cell, instead of all of them
	Forced   bool
	Nats     float32 // what the forced close cost
	Repeats  string  // what the loop guard says
	Guesses  []trace.Guess
	Extra    int     // tokens that the model went through for the guesses
	Spent    int     // thinking tokens
	Cap      int     // most of them, 0 or less = no limit is known
	Share    float64 // what the guesses may take of Spent
	Ticking  bool
	Expected string // the right answer, "" = unknown
}

// Rows returns how many rows it wants.
func (p *Pane) Rows() int {
	n := 3
	if p.Forced || p.Repeats != "" {
		n++
	}
	if len(p.Guesses) > 0 || p.Ticking {
		n += 2
	}
	return n
}

// Render returns height rows of width cells; with too few, the answers stay longest, then the curves.
func (p *Pane) Render(width, height int) []string {
	out := make([]string, 0, max(height, 0))
	add := func(r *text.Row) {
		if len(out) < height {
			out = append(out, r.String())
		}
	}
	if p.Entropy == nil || p.Entropy.Len() == 0 {
		for _, l := range text.Wrap(text.Head(p.Empty, width*height), max(width-indent-1, 1), p.Theme.ASCII) {
			add(text.NewRow(p.Theme, width).To(indent).Add(theme.Dim, l))
		}
	} else {
		var rows []*text.Row
		top := Top(p.Entropy)
		rows = append(rows, p.curve(width, "entropy", p.Entropy, top, fmt.Sprintf("0 to %.2f nats", top)), p.curve(width, "P(end)", p.EndProb, 1, "0 to 1"), p.marks(width))
		if p.Forced || p.Repeats != "" {
			rows = append(rows, p.words(width))
		}
		if len(p.Guesses) > 0 || p.Ticking {
			ticker := []*text.Row{p.answers(width), p.cost(width)}
			switch {
			case height < len(ticker):
				rows = ticker[:1]
			case height < len(rows)+len(ticker):
				rows = append(rows[:max(height-len(ticker), 0)], ticker...)
			default:
				rows = append(rows, ticker...)
			}
		}
		for _, r := range rows {
			add(r)
		}
	}
	for len(out) < height {
		out = append(out, text.Blank(width))
	}
	return out
}

func (p *Pane) cells(width int) int {
	w := width - indent - name - 1
	if w > value+24 {
		w -= value
	}
	return max(w, 1)
}

// values are what a curve shows: everything, squeezed, or the last ones.
func (p *Pane) values(s *plot.Series, w int) []float32 {
	if p.Tail {
		return s.Tail(w)
	}
	return s.Squeeze(w)
}

func (p *Pane) curve(width int, what string, s *plot.Series, top float32, scale string) *text.Row {
	w := p.cells(width)
	r := text.NewRow(p.Theme, width).To(indent).Add(theme.Dim, what).To(indent + name)
	r.Add(theme.Text, plot.Spark(p.Theme.Glyphs, p.values(s, w), 0, top, w)).To(indent + name + w + 1)
	if r.Left() >= text.Width(scale) {
		r.Add(theme.Dim, scale)
	}
	return r
}

// cell is where a token stands under a curve of w cells, -1 = not in view.
func (p *Pane) cell(at, w int) int {
	n := p.Entropy.Len()
	switch {
	case n == 0 || at < 0 || at >= n:
		return -1
	case p.Tail:
		return at - max(0, n-w)
	case n <= w:
		return at
	}
	// Cell i shows the tokens from i*n/w on.
	i := at * w / n
	for i+1 < w && (i+1)*n/w <= at {
		i++
	}
	return i
}

// marks is a row of signs under the curves: what was fed in and wished for, and the cursor.
func (p *Pane) marks(width int) *text.Row {
	w := p.cells(width)
	signs := make([]theme.Role, w)
	rank := map[theme.Role]int{theme.Wish: 1, theme.Warn: 2, theme.Accent: 3}
	for _, m := range p.Marks {
		if c := p.cell(m.At, w); c >= 0 && c < w && rank[m.Role] > rank[signs[c]] {
			signs[c] = m.Role
		}
	}
	turns := make([]bool, w)
	for _, t := range p.Turns {
		if c := p.cell(t, w); c >= 0 && c < w {
			turns[c] = true
		}
	}
	at := p.cell(p.Cursor, w)
	r := text.NewRow(p.Theme, width).To(indent).Add(theme.Dim, "marks").To(indent + name)
	for c, role := range signs {
		switch {
		case c == at:
			r.To(indent+name+c).Add(theme.Accent, p.cursor())
		case role != theme.Text:
			r.To(indent+name+c).Add(role, p.Theme.Gutter(role))
		case turns[c]:
			r.To(indent+name+c).Add(theme.Text, p.turn())
		}
	}
	if r.To(indent+name+w+1).Left() <= 12 {
		return r
	}
	_, on := slices.BinarySearch(p.Turns, p.Cursor)
	switch {
	case at >= 0 && on:
		r.Add(theme.Dim, fmt.Sprintf("%s token %d", p.turn(), p.Cursor))
	case at >= 0:
		r.Add(theme.Dim, fmt.Sprintf("at token %d", p.Cursor))
	case len(p.Turns) > 0:
		r.Add(theme.Dim, p.turn()+" "+count(len(p.Turns), "reflection", "reflections"))
	}
	return r
}

// turn is the sign of a word with which the thought turns on itself.
func (p *Pane) turn() string {
	if p.Theme.ASCII {
		return "~"
	}
	return "≈"
}

func (p *Pane) cursor() string {
	if p.Theme.ASCII {
		return "^"
	}
	return "▲"
}

func (p *Pane) words(width int) *text.Row {
	r := text.NewRow(p.Theme, width).To(indent)
	if p.Forced {
		r.Add(theme.Warn, p.Theme.Glyphs.Forced).To(indent + name)
		cost := figure("%.1f", p.Nats) + " nats"
		if long := "the forced close cost " + cost; text.Width(long) <= r.Left() {
			cost = long
		} else {
			cost = "forced, " + cost
		}
		r.Add(theme.Text, cost)
	}
	if p.Repeats != "" {
		if p.Forced {
			r.Add(theme.Text, "; ")
		} else {
			r.Add(theme.Dim, "repeats").To(indent + name)
		}
		r.Add(theme.Warn, p.Repeats)
	}
	return r
}

func figure(form string, v float32) string {
	if v != v || math.IsInf(float64(v), 0) {
		return "unknown"
	}
	return fmt.Sprintf(form, v)
}

// leastTop is the least top of a scale of entropies in nats: what lies below it is noise.
const leastTop = 0.05

// Top is the top of the scale of a trace's entropies: the largest there is, so that a trace that is sure of itself is no flat line.
func Top(s *plot.Series) float32 {
	top := float32(leastTop)
	for _, v := range s.Squeeze(1) {
		if v > top && !math.IsInf(float64(v), 0) { // a gap is larger than nothing
			top = v
		}
	}
	return top
}
