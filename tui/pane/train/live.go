package train

import (
	"fmt"
	"strings"

	"s1/tui/text"
	"s1/tui/theme"
)

// Asked is a pinned question under one budget, and what each checkpoint said to it, the oldest first.
type Asked struct {
	Question string
	Cap      int
	Said     []Said
}

// Said is the answer of one checkpoint.
type Said struct {
	Step    int
	Answer  string
	Verdict string // right, wrong, or "" = not known
	Failed  string
}

// Live is the page of a run.
type Live struct {
	Name, State string
	Running     bool
	Failed      bool
	Step, Total int
	Facts       []string // epoch, tokens a second, time left, saved at: short, most wanted first
	Machine     []string // processor, memory, that there is no GPU
	Notes       []string // what is wrong with the numbers
	Cause       string   // why it ended before its end
	Asked       []Asked
	AskedCost   string // what they cost, in words
	Charts      []Chart
	Missing     []string // names of curves of which nothing was measured
	Filter      string
	Over        []string // names of the runs laid over this one
	Focus       int      // of Charts
	Zoomed      bool     // one chart has the page
	Raw         []string // the record of the newest step, when it is asked for
	ShowRaw     bool
	Empty       string

	pages, page int
}

// Sizes of the charts in cells.
const (
	chartRows  = 8  // at least, where there are two of them
	chartCells = 36 // at least, where there are two beside each other
	leastRows  = 4
)

// Pages is how many pages of charts there are and which is in view, from 0.
func (l *Live) Pages() (page, pages int) { return l.page, l.pages }

// live is the page of a run: how it stands, then its curves.
func (p *Pane) live(width, height int) []string {
	l := &p.Live
	if l.Name == "" {
		return p.wrapped(nil, width, 3, theme.Dim, l.Empty)
	}
	out := p.head(width, height)
	if l.ShowRaw {
		for _, s := range l.Raw {
			out = p.wrapped(out, width, 3, theme.Text, s)
		}
		return out
	}
	if l.Cause != "" {
		out = p.wrapped(out, width, 3, theme.Fault, l.Cause)
		out = out[:min(len(out), height)]
	}
	foot := p.answers(width, max((height-len(out))/3, 0))
	room := height - len(out) - len(foot)
	switch {
	case len(l.Charts) == 0 && l.Filter != "":
		out = p.wrapped(out, width, 3, theme.Dim, fmt.Sprintf("no curve is called %q", l.Filter))
	case len(l.Charts) == 0 && l.Running:
		out = p.wrapped(out, width, 3, theme.Dim, "the first step is on its way")
	case len(l.Charts) == 0 && len(out) < height:
		out = p.wrapped(out, width, 3, theme.Dim, "no step was done")
	case room >= leastRows:
		out = append(out, p.grid(width, room)...)
	}
	for len(out) < height-len(foot) {
		out = append(out, text.Blank(width))
	}
	return append(out, foot...)
}

// head says how the run stands, in at most a third of the page.
func (p *Pane) head(width, height int) []string {
	l, g := &p.Live, p.Theme.Glyphs
	role := theme.Dim
	switch {
	case l.Failed:
		role = theme.Fault
	case l.Running:
		role = theme.Strong
	}
	where := fmt.Sprintf("step %d", l.Step)
	if l.Total > 0 {
		where = fmt.Sprintf("step %d of %d", l.Step, l.Total)
	}
	r := p.row(width).Add(theme.Strong, text.Short(l.Name, max(width/3, 8), p.Theme)).Add(role, "  "+l.State+"  ").Add(theme.Strong, where)
	out := []string{r.String()}
	most := max(height/3, 2)
	flow := func(role theme.Role, words []string) {
		r, any := p.row(width), false
		for i, w := range words {
			if w == "" {
				continue
			}
			if any && text.Width(w)+3 > r.Left() {
				if len(out) == most-1 { // the last row says what has no room
					if more := fmt.Sprintf("  +%d", len(words)-i); text.Width(more) <= r.Left() {
						r.Add(theme.Dim, more)
					}
				}
				if len(out) < most {
					out = append(out, r.String())
				}
				r, any = p.row(width), false
			}
			if any {
				r.Add(theme.Dim, " "+g.Dot+" ")
			}
			r.Add(role, w)
			any = true
		}
		if any && len(out) < most {
			out = append(out, r.String())
		}
	}
	flow(theme.Text, l.Facts)
	flow(theme.Dim, l.Machine)
	flow(theme.Warn, l.Notes)
	var how []string
	if l.Filter != "" {
		how = append(how, "only "+l.Filter)
	}
	if len(l.Over) > 0 {
		how = append(how, "dotted: "+strings.Join(l.Over, ", "))
	}
	if len(l.Missing) > 0 && l.Filter == "" && len(l.Charts) > 0 {
		how = append(how, "not measured: "+strings.Join(l.Missing, ", "))
	}
	flow(theme.Dim, how)
	return out
}

// grid lays the charts of a page out, or the one that is zoomed.
func (p *Pane) grid(width, height int) []string {
	l := &p.Live
	l.Focus = min(max(l.Focus, 0), len(l.Charts)-1)
	cols := min(max(width/chartCells, 1), 3)
	rows := max(height/chartRows, 1)
	if l.Zoomed {
		cols, rows = 1, 1
	}
	cols = min(cols, len(l.Charts))
	rows = min(rows, (len(l.Charts)+cols-1)/cols)
	each := cols * rows
	l.pages = (len(l.Charts) + each - 1) / each
	l.page = l.Focus / each
	from := l.page * each
	cellW := width / cols
	if cellW < 2 {
		return nil
	}
	note := 0
	if l.pages > 1 && height > rows*leastRows {
		note = 1
	}
	cellH := (height - note) / rows
	var out []string
	for y := range rows {
		parts := make([][]string, cols)
		for x := range cols {
			i := from + y*cols + x
			if i < len(l.Charts) {
				parts[x] = p.chart(&l.Charts[i], i == l.Focus, cellW-1, cellH)
			}
		}
		for h := range cellH {
			line := ""
			for x := range cols {
				if parts[x] == nil {
					line += text.Blank(cellW)
				} else {
					line += parts[x][h] + " "
				}
			}
			out = append(out, line+text.Blank(width-cols*cellW))
		}
	}
	if note > 0 {
		out = append(out, p.row(width).Add(theme.Dim, fmt.Sprintf("page %d of %d", l.page+1, l.pages)).String())
	}
	return out
}
