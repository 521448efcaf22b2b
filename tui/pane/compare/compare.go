// Package compare shows two to four branches of one question beside each other: what they share once, then each from where
// they part, what each spent and what it answers; or what changed from the first to the second, sentence by sentence.
//
//	sides -> shared beginning (once) -> one line index a side from there on -> the same rows of each, one scroll for all
//
// It is given the places at which the sides part. Sentences it aligns itself; tokens it does not compare.
package compare

import (
	"strings"

	"s1/tui/text"
	"s1/tui/theme"
)

// Most is how many sides can stand beside each other.
const Most = 4

// Side is one of them.
type Side struct {
	Label   string
	Facts   string // verdict, cap, how it closed, tokens spent
	Thought *text.Doc
	Answer  *text.Doc
	Waiting string // shown while there is no answer
	From    int    // first byte of the thought that differs, -1 = none
	To      int    // end of the token it belongs to
	FromAns int    // the same in the answer
	ToAns   int
	Current bool
	Growing bool

	lines  text.Part // of the thought, from where they part
	answer text.Scroll
}

// Pane shows the sides.
type Pane struct {
	Theme *theme.Theme
	Sides [Most]Side
	Count int    // how many there are, 2 to 4; 0 = two
	Where string // where they part, in words
	Same  int    // tokens that all of them share, 0 = not said
	Diff  bool   // show the first two as a diff by sentence

	ruler  *text.Doc   // a line for every row of the columns: what the one scroll for all of them runs over
	scroll text.Scroll //
	grew   bool        // a side was growing in the last frame
	top    place       // what stood on top in the last frame
	held   bool        // the rows are counted anew, and top is to be found again
	shared int         // bytes all sides have in common
	laid   layout      // what the rows of the last frame depended on
	before beginning
	diff   diffView
}

// place is a byte of a side.
type place struct{ side, at, row int }

// layout is all that decides which text stands in which row.
type layout struct{ width, shared, first, n int }

// Put replaces a side but keeps its place.
func (p *Pane) Put(i int, s Side) {
	s.lines, s.answer = p.Sides[i].lines, p.Sides[i].answer
	p.Sides[i] = s
}

func (p *Pane) count() int {
	if p.Count == 0 {
		return 2
	}
	return min(max(p.Count, 1), Most)
}

// Jump brings the place where they part into view, and says whether there is one yet. While a side is still growing its
// end stays in view.
func (p *Pane) Jump() bool {
	part, growing := false, false
	for i := range p.count() {
		s := &p.Sides[i]
		part = part || s.From >= 0 || s.FromAns >= 0
		growing = growing || s.Growing
	}
	if part && !growing {
		p.scroll.Pin(0)
	}
	return part
}

// Each moves all thoughts together.
func (p *Pane) Each(move func(*text.Scroll)) {
	if p.Diff {
		move(&p.diff.scroll)
		return
	}
	move(&p.scroll)
}

// Settled says whether everything is wrapped.
func (p *Pane) Settled() bool {
	if p.Diff {
		return p.diff.scroll.Settled()
	}
	for i := range p.count() {
		if !p.Sides[i].lines.Ready() {
			return false
		}
	}
	return true
}

// Render returns height rows of width cells.
func (p *Pane) Render(width, height int) []string {
	out := make([]string, 0, max(height, 0))
	if height > 0 {
		if p.Diff && p.count() > 1 {
			out = p.renderDiff(out, width, height)
		} else {
			out = p.columns(out, width, height)
		}
	}
	for len(out) < height {
		out = append(out, text.Blank(width))
	}
	return out[:max(height, 0)]
}

// common returns how many bytes of their thoughts all sides have in common.
func (p *Pane) common() int {
	from, shortest, answers := -1, -1, false
	for i := range p.count() {
		s := &p.Sides[i]
		n := 0
		if s.Thought != nil {
			n = s.Thought.Len()
		}
		if shortest < 0 || n < shortest {
			shortest = n
		}
		if s.From >= 0 && (from < 0 || s.From < from) {
			from = s.From
		}
		answers = answers || s.FromAns >= 0
	}
	switch {
	case from >= 0:
		return min(from, shortest)
	case answers:
		return shortest // the same up to the answer
	}
	return 0
}

// begin returns where the column of a side starts: where they part, without white space before its first sign, so that the
// tokens at which they part stand in the same row.
func (s *Side) begin(shared int) int {
	if s.Thought == nil || s.From <= shared || s.From-shared > blankMost || strings.TrimSpace(s.Thought.Slice(shared, s.From)) != "" {
		return shared
	}
	return s.From
}

const blankMost = 256 // bytes of white space that are left out
