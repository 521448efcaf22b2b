package lab

import (
	"fmt"
	"math"
	"strings"
	"time"

	"s1/tui/plot"
	"s1/tui/text"
	"s1/tui/theme"
)

const (
	gutter     = 3
	besideFrom = 100 // width from which the table stands beside the curve
	plotLeast  = 7   // rows of a curve above its table
	tableLeast = 4   // rows of a table below its curve
	nameMost   = 22  // cells of an arm's name
	nameField  = 11  // and of a field's
	answerMost = 24
	bytesMost  = 1 << 12 // of a question or an answer that are looked at: a line shows less
)

// Render returns height rows of width cells.
func (p *Pane) Render(width, height int) []string {
	if width <= 0 || height <= 0 {
		return nil
	}
	var out []string
	switch {
	case p.View == Setup || p.Report == nil:
		out = p.setup(width, height)
	case p.View == Curve:
		out = p.curve(width, height)
	default:
		out = p.list(width, height)
	}
	for len(out) < height {
		out = append(out, text.Blank(width))
	}
	return out[:height]
}

func (p *Pane) row(width int) *text.Row { return text.NewRow(p.Theme, width) }

// said wraps a text below the gutter, most lines at most.
func (p *Pane) said(role theme.Role, s string, width, most int) (rows []string) {
	if s == "" || most <= 0 {
		return nil
	}
	for _, l := range text.Wrap(text.Head(s, width*most), max(width-gutter-1, 1), p.Theme.ASCII) {
		if len(rows) < most {
			rows = append(rows, p.row(width).To(gutter).Add(role, l).String())
		}
	}
	return rows
}

// setup is the form: what is measured, what it will cost.
func (p *Pane) setup(width, height int) []string {
	head := p.row(width).To(gutter).Add(theme.Strong, "lab").Add(theme.Dim, "   accuracy against thinking tokens")
	out := []string{head.String()}
	below := p.stand(width, min(max(height/4, 2), mostServers))
	servers := len(below)
	below = append(below, p.said(theme.Fault, p.Fault, width, 3)...)
	if p.Busy != "" {
		below = append(below, p.said(theme.Text, p.Busy, width, 2)...)
	}
	below = append(below, p.said(theme.Text, p.Forecast, width, 3)...)
	if len(below) == servers {
		below = append(below, p.said(theme.Dim, p.Keys, width, 2)...)
	}
	room := height - 1 - len(below)
	if room > len(p.Fields)+1 {
		out = append(out, text.Blank(width))
		below = append([]string{text.Blank(width)}, below...)
		room -= 2
	}
	at := min(max(p.Field, 0), max(len(p.Fields)-1, 0))
	room = max(min(room, len(p.Fields)), 0)
	top := max(min(at-room/2, len(p.Fields)-room), 0)
	for i := top; i < top+room; i++ {
		f := &p.Fields[i]
		r := p.row(width)
		role := theme.Text
		if i == at && p.Focused {
			r.To(1).Add(theme.Accent, p.Theme.Glyphs.Pick)
			role = theme.Strong
		}
		r.To(gutter).Add(theme.Dim, f.Name).To(gutter + nameField)
		value := f.Value
		if value == "" {
			value = p.Theme.Glyphs.Dot
		}
		if value = text.Head(value, width); f.Wrong != "" { // why not is worth more than all of what
			value = text.Short(oneLine(value), max(r.Left()/2, 12), p.Theme)
		}
		r.Add(role, value)
		switch {
		case f.Wrong != "":
			r.Add(theme.Fault, "   "+f.Wrong)
		case i == at && r.Left() > 12:
			r.Add(theme.Dim, "   "+f.Hint)
		}
		out = append(out, r.String())
	}
	return append(out, below...)
}

// curve is the plot with its table, and how far it has come.
func (p *Pane) curve(width, height int) []string {
	out := []string{p.head(width)}
	foot := p.foot(width, height)
	room := height - 1 - len(foot)
	n := p.points()
	switch {
	case n == 0:
		out = append(out, p.said(theme.Dim, "the first question is on its way", width, room)...)
	case width >= besideFrom && room >= tableLeast:
		right := min(max(width*2/5, 56), 80)
		left := width - right - 1
		plotted, listed := p.plot(left, room), p.table(right, room)
		for i := range room {
			l := text.Blank(left)
			if i < len(plotted) {
				l = plotted[i]
			}
			out = append(out, l+" "+listed[i])
		}
	case room >= plotLeast+tableLeast:
		rows := min(n+1, room-plotLeast, max(room*2/3, tableLeast))
		out = append(out, p.plot(width, room-rows)...)
		out = append(out, p.table(width, rows)...)
	default:
		out = append(out, p.table(width, max(room, 0))...)
	}
	for len(out) < height-len(foot) {
		out = append(out, text.Blank(width))
	}
	return append(out, foot...)
}

func (p *Pane) head(width int) string {
	r, o := p.row(width).To(gutter), p.Report
	dot := " " + p.Theme.Glyphs.Dot + " "
	r.Add(theme.Strong, text.Short(o.Model, max(width/4, 8), p.Theme)).Add(theme.Dim, dot)
	r.Add(theme.Dim, text.Short(o.Data, max(width/3, 8), p.Theme))
	r.Add(theme.Dim, fmt.Sprintf("%sn %s of %s%sseed %d", dot, text.Count(o.Done), text.Count(o.Items), dot, o.Seed))
	return r.String()
}

func (p *Pane) plot(width, height int) []string {
	c := plot.Curve{Theme: p.Theme, Form: p.form(), XName: "thinking tokens"}
	if width < 70 {
		c.XName = "tokens"
	}
	marks := p.marks()
	at := map[string]int{}
	for i := range p.Report.Points {
		q := &p.Report.Points[i]
		k, ok := at[q.Series]
		if !ok {
			k = len(c.Lines)
			at[q.Series] = k
			c.Lines = append(c.Lines, plot.CurveLine{Mark: marks[q.Series]})
		}
		c.Lines[k].Points = append(c.Lines[k].Points, plot.CurvePoint{X: q.Tokens, Y: q.Percent, Low: q.Low, High: q.High, Picked: i == p.Point})
	}
	return c.Render(width, height)
}

// foot is the chosen point in full, the metrics, and how far the sweep is.
func (p *Pane) foot(width, height int) (rows []string) {
	o := p.Report
	if height >= 8 && p.Point >= 0 && p.Point < len(o.Points) {
		q := &o.Points[p.Point]
		r := p.row(width).To(gutter).Add(theme.Strong, text.Short(q.Name, nameMost, p.Theme)).Add(theme.Text, "   ")
		r.Add(theme.Text, fmt.Sprintf("right %d  wrong %d", q.Right, q.Wrong))
		if q.Kept != "" {
			r.Add(p.badge(q.Kept), "  budget "+q.Kept)
		}
		for _, k := range []struct {
			name string
			n    int
		}{{"empty", q.Empty}, {"cut", q.Cut}, {"unparsed", q.Unparsed}, {"error", q.Failed}} {
			if k.n > 0 { // room for what there is
				r.Add(theme.Text, fmt.Sprintf("  %s %d", k.name, k.n))
			}
		}
		if q.Coverage != "" {
			r.Add(theme.Dim, "   coverage "+q.Coverage)
		}
		if q.Difference != "" {
			r.Add(theme.Dim, "   "+q.Difference)
		}
		rows = append(rows, r.String())
	}
	if height >= 20 {
		for _, m := range o.Metrics[:min(len(o.Metrics), max((height-16)/5, 0))] {
			rows = append(rows, p.row(width).To(gutter).Add(theme.Dim, text.Short(m.Method, nameMost, p.Theme)).To(gutter+14).
				Add(theme.Text, fmt.Sprintf("Control %s   Scaling %s   Performance %s", m.Control, m.Scaling, m.Performance)).String())
		}
	}
	if height >= 16 && len(o.Servers) > 0 {
		rows = append(rows, p.health(width))
	}
	if o.Note != "" && o.State != "done" && height >= 20 {
		rows = append(rows, p.said(theme.Warn, oneLine(o.Note), width, 1)...)
	}
	if o.Licence != "" && height >= 24 {
		rows = append(rows, p.row(width).To(gutter).Add(theme.Dim, "questions under "+o.Licence).String())
	}
	if len(rows) > 0 && height >= 24 {
		rows = append([]string{text.Blank(width)}, rows...)
	}
	return append(rows, p.progress(width))
}

// progress is the last line: the state in a word, a bar, how long it will take.
func (p *Pane) progress(width int) string {
	o := p.Report
	r := p.row(width).To(gutter)
	if o.Fault != "" {
		return r.Add(theme.Fault, o.State+": "+oneLine(o.Fault)).String()
	}
	role := theme.Text
	if o.State != "running" {
		role = theme.Strong
	}
	r.Add(role, o.State).Add(theme.Text, fmt.Sprintf("  %3.0f %%  ", share(o.Done, o.Items)))
	full, empty := plot.Bar(p.Theme.Glyphs, o.Done, o.Items, min(max(width/5, 6), 30))
	r.Add(theme.Accent, full).Add(theme.Dim, empty)
	if o.State == "running" && o.Left > 0 {
		r.Add(theme.Text, "   "+lasts(o.Left)+" left")
	}
	if o.State == "running" && o.TokensPerSecond > 0 {
		r.Add(theme.Dim, fmt.Sprintf("   %s tokens/s", text.Count(int(math.Round(o.TokensPerSecond)))))
	}
	if o.Saved != "" {
		r.Add(theme.Dim, "   "+o.Saved)
	}
	if o.Folder != "" {
		r.Add(theme.Dim, "   in "+o.Folder)
	}
	return r.String()
}

func share(n, of int) float64 {
	if of <= 0 {
		return 0
	}
	return math.Floor(100 * float64(n) / float64(of))
}

// lasts is a duration as people say it.
func lasts(d time.Duration) string {
	s := int(d.Round(time.Second).Seconds())
	switch {
	case s < 60:
		return fmt.Sprintf("%d s", s)
	case s < 3600:
		return fmt.Sprintf("%d min %02d s", s/60, s%60)
	}
	return fmt.Sprintf("%d h %02d min", s/3600, s/60%60)
}

func oneLine(s string) string {
	return strings.Join(strings.Fields(s[:min(len(s), bytesMost)]), " ")
}
