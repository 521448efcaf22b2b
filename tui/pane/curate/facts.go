package curate

import (
	"fmt"
	"strings"

	"s1/tui/plot"
	"s1/tui/text"
	"s1/tui/theme"
)

// beside returns exactly height rows: the facts of the stage under the cursor, then the histograms.
func (p *Pane) beside(width, height int) []string {
	out := p.stageFacts(width)
	type hist struct {
		title string
		bins  []Bin
	}
	unit := ""
	if p.Run.LengthUnit != "" {
		unit = ", " + p.Run.LengthUnit
	}
	hists := []hist{{"domains, before and after", p.Run.Domains}, {"lengths" + unit + ", before and after", p.Run.Lengths}}
	for i, h := range hists {
		left := height - len(out)
		if len(h.bins) == 0 || left < 4 {
			continue
		}
		if len(out) > 0 {
			out = append(out, text.Blank(width))
			left--
		}
		most := left - 1
		if i == 0 && len(p.Run.Lengths) > 0 {
			most = min(most, max(3, left/2-1))
		}
		out = append(out, put(p.row(width), theme.Dim, h.title).String())
		out = append(out, p.histogram(h.bins, width, most)...)
	}
	for len(out) < height {
		out = append(out, text.Blank(width))
	}
	return out[:max(height, 0)]
}

// stageFacts says what is known of the stage under the cursor.
func (p *Pane) stageFacts(width int) (out []string) {
	l, ok := p.At()
	if !ok || l.Stage < 0 || l.Stage >= len(p.Run.Stages) {
		return nil
	}
	s := p.Run.Stages[l.Stage]
	fact := func(role theme.Role, name, value string) {
		out = append(out, put(put(p.row(width), theme.Dim, name).To(min(12, width/3)), role, value).String())
	}
	out = append(out, put(p.row(width), theme.Strong, s.Name).Add(theme.Dim, " "+p.Theme.Glyphs.Dot+" ").Add(stateRole(s.State), string(s.State)).String())
	if s.About != "" {
		for i, l := range text.Wrap(text.Head(s.About, 2*width), width, p.Theme.ASCII) {
			if i < 2 {
				out = append(out, p.row(width).Add(theme.Dim, l).String())
			}
		}
	}
	in := number(s.In)
	if s.State == Running && s.Of > s.In {
		in += " of " + number(s.Of)
	}
	fact(theme.Text, "rows", in+fmt.Sprintf(" in, %s dropped, %s kept", number(dropped(s)), number(s.Kept)))
	if s.State == Running && s.Rate > 0 {
		pace := rate(s.Rate)
		if s.Left != "" {
			pace += ", " + s.Left + " left"
		}
		fact(theme.Text, "pace", pace)
	}
	for _, b := range s.Bill {
		fact(theme.Text, text.Head(b[0], width), b[1])
	}
	for _, t := range s.Thresholds {
		if t.Tried != "" && t.Tried != t.Value {
			fact(theme.Accent, t.Name, text.Head(t.Value, width)+", tried "+t.Tried)
			continue
		}
		fact(theme.Text, t.Name, t.Value)
	}
	return out
}

// histogram draws two bars a class in at most rows rows; each series is measured by its own largest class.
func (p *Pane) histogram(bins []Bin, width, rows int) (out []string) {
	shown := bins
	if len(bins) > rows {
		shown = bins[:max(rows-1, 0)]
	}
	names, before, after := 3, 1, 1
	for _, b := range bins {
		before, after = max(before, b.Before), max(after, b.After)
	}
	for _, b := range shown {
		names = max(names, text.Upto(b.Name, 16))
	}
	names = min(names, max(width/4, 3))
	half := (width - names - 1) / 2
	for _, b := range shown {
		r := p.row(width).Add(theme.Text, text.Short(b.Name, names, p.Theme)).To(names + 1)
		p.bar(r, theme.Dim, b.Before, before, names+1+half)
		p.bar(r, theme.Accent, b.After, after, width)
		out = append(out, r.String())
	}
	if n := len(bins) - len(shown); n > 0 && rows > 0 {
		rest := Bin{}
		for _, b := range bins[len(shown):] {
			rest.Before, rest.After = rest.Before+b.Before, rest.After+b.After
		}
		out = append(out, p.row(width).Add(theme.Dim, fmt.Sprintf("%d more: %s before, %s after", n, number(rest.Before), number(rest.After))).String())
	}
	return out
}

// bar writes a number and its bar, up to column end.
func (p *Pane) bar(r *text.Row, role theme.Role, n, most, end int) {
	at := r.Used() + 7
	r.Right(theme.Text, min(at, end), number(n)).To(min(at+1, end))
	if cells := end - r.Used() - 1; cells > 1 {
		r.Add(role, strings.TrimRight(plot.Share(p.Theme.Glyphs, float64(n)/float64(most), cells), " "))
	}
	r.To(end)
}
