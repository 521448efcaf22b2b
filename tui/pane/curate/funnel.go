package curate

import (
	"fmt"
	"strings"

	"s1/tui/plot"
	"s1/tui/text"
	"s1/tui/theme"
)

// funnel returns exactly height rows with the cursor's line among them.
func (p *Pane) funnel(width, height int) []string {
	lines := p.Run.Lines()
	cursor := min(max(p.Cursor, 0), len(lines)-1)
	p.top = min(max(p.top, cursor-height+1, 0), cursor, max(0, len(lines)-height))
	names := 0
	for _, l := range lines {
		names = max(names, text.Upto(p.label(l), nameCells))
	}
	names = min(names, max(width-gutter-countCells-2, 4))
	ends := p.ends(width)
	var out []string
	for i := p.top; i < len(lines) && len(out) < height; i++ {
		out = append(out, p.line(lines[i], i == cursor, width, names, ends))
	}
	for len(out) < height {
		out = append(out, text.Blank(width))
	}
	return out
}

// total is the rows that came in, which every bar is measured by.
func (p *Pane) total() int {
	if len(p.Run.Stages) == 0 {
		return Unknown
	}
	return p.Run.Stages[0].In
}

// selected is what the last stage kept, Unknown until it is done.
func (p *Pane) selected() (n, would int) {
	k := len(p.Run.Stages)
	if k == 0 {
		return Unknown, Unknown
	}
	last := p.Run.Stages[k-1]
	if last.State == Waiting {
		return Unknown, last.Would
	}
	return last.Kept, last.Would
}

func (p *Pane) label(l Line) string {
	switch {
	case l.Stage < 0:
		return "in"
	case l.Stage >= len(p.Run.Stages):
		return "selected"
	case l.Rule >= 0:
		return "  " + p.Run.Stages[l.Stage].Rules[l.Rule].Name
	}
	return p.Run.Stages[l.Stage].Name
}

// drawn is what a line of the funnel says.
type drawn struct {
	n, would   int
	role, bar  theme.Role
	hand       bool
	more, tail string // after the bar: with what is tried, and how it goes
}

// say finds the words and the number of a line: of what came in and what is left, else of what was dropped.
func (p *Pane) say(l Line, width int) drawn {
	d, unasked := drawn{would: Unknown, role: theme.Text, bar: theme.Warn}, 0
	switch {
	case l.Stage < 0:
		d.n, d.bar = p.total(), theme.Text
	case l.Stage >= len(p.Run.Stages):
		d.n, d.would = p.selected()
		d.bar = theme.Accent
	case l.Rule >= 0:
		k := p.Run.Stages[l.Stage].Rules[l.Rule]
		d.n, d.would, d.hand, d.role = k.Count, k.Would, k.Hand, theme.Dim
		if k.Hand {
			d.tail = "yours"
		}
		if k.Keeps {
			d.tail, d.bar = strings.TrimPrefix(d.tail+", kept", ", "), theme.Accent
		}
	default:
		s := p.Run.Stages[l.Stage]
		if d.n = dropped(s); s.State == Waiting {
			d.n = Unknown
		}
		if s.Would >= 0 && s.In >= 0 {
			d.would, unasked = s.In-s.Would, s.Unasked
		}
		d.tail = p.progress(s, width)
	}
	if d.would >= 0 && d.would != d.n {
		d.more = "would be " + number(d.would)
	}
	if unasked > 0 {
		d.more = strings.TrimPrefix(d.more+", "+number(unasked)+" not asked", ", ")
	}
	return d
}

// ends is the room that the words after the bars need; all bars then have the same scale.
func (p *Pane) ends(width int) int {
	most := 0
	for _, l := range p.Run.Lines() {
		d := p.say(l, width)
		n := text.Upto(d.tail, width)
		if d.more != "" {
			n += text.Upto(d.more, width) + 2
		}
		most = max(most, n)
	}
	return most
}

// line is a name, how many rows, a bar, and a few words.
func (p *Pane) line(l Line, current bool, width, names, ends int) string {
	r, d := p.row(width), p.say(l, width)
	if current {
		d.role = theme.Strong
		pick := theme.Dim
		if p.Focused {
			pick, d.role = theme.Selected, theme.Selected
		}
		r.Add(pick, p.Theme.Glyphs.Pick)
	}
	if d.hand {
		r.To(1).Add(theme.Accent, p.Theme.Glyphs.Injected)
	}
	r.To(gutter).Add(d.role, text.Short(p.label(l), names, p.Theme))
	count := gutter + names + 1 + countCells
	r.Right(d.role, count, number(d.n)).To(count + 2)
	if cells := min(width-count-2-ends-2, width/2); cells >= barMin {
		if total := p.total(); total > 0 && d.n > 0 {
			r.Add(d.bar, strings.TrimRight(plot.Share(p.Theme.Glyphs, float64(d.n)/float64(total), cells), " "))
		}
		r.To(count + 2 + cells + 2)
	}
	if d.more != "" {
		r.Add(theme.Accent, d.more).To(r.Used() + 2)
	}
	return put(r, theme.Dim, d.tail).String()
}

// barMin is the width below which a bar says nothing.
const barMin = 4

func dropped(s Stage) int {
	if s.In < 0 || s.Kept < 0 {
		return Unknown
	}
	return max(s.In-s.Kept, 0)
}

// progress says in a few words how a stage goes.
func (p *Pane) progress(s Stage, width int) string {
	var words []string
	switch {
	case s.State == Running && s.Rate > 0:
		if s.Of > s.In && width >= 60 {
			words = append(words, number(s.In)+" of "+number(s.Of))
		} else {
			words = append(words, "running")
		}
		words = append(words, rate(s.Rate))
		if s.Left != "" && width >= 60 {
			words = append(words, text.Head(s.Left, 20)+" left")
		}
		if s.Money != "" && width >= 80 {
			words = append(words, text.Head(s.Money, 40))
		}
		return strings.Join(words, "  ")
	case s.State == Done && s.Kept >= 0 && width >= 50:
		return number(s.Kept) + " go on"
	}
	if s.State == Done {
		return ""
	}
	return string(s.State)
}

func rate(perSecond float64) string {
	if perSecond >= 10 {
		return number(int(perSecond+.5)) + "/s"
	}
	return fmt.Sprintf("%.1f/s", perSecond)
}
