package trials

import (
	"fmt"
	"strconv"

	"s1/engine/trace"
	"s1/tui/plot"
	"s1/tui/text"
	"s1/tui/theme"
)

// Sizes in cells and rows.
const (
	gutter    = 3
	bars      = 4  // answers of an arm that get a bar
	barMost   = 40 // cells of a bar
	nameMax   = 16
	answerMax = 20
	listMin   = 4 // rows of the list, its title included
	titleFrom = 2 // rows from which there is a title
)

// How much of an arm is shown, from all to a line.
const (
	whole   = iota // every bar in a row of its own
	compact        // two rows: the figures, then the answers
	line           // one row
)

func (p *Pane) sign(v trace.Verdict) (string, theme.Role) {
	ascii := p.Theme.ASCII
	switch {
	case v == trace.VerdictRight && ascii:
		return "v", theme.Strong // not a plus: an answer may be a number
	case v == trace.VerdictRight:
		return "✓", theme.Strong
	case v == trace.VerdictWrong && ascii:
		return "x", theme.Fault
	case v == trace.VerdictWrong:
		return "✗", theme.Fault
	}
	return " ", theme.Text
}

// Render returns height rows of width cells: the title, the arms, what they say together, and the samples.
func (p *Pane) Render(width, height int) []string {
	height = max(height, 0)
	out := make([]string, 0, height)
	add := func(rows ...string) {
		out = append(out, rows[:min(len(rows), height-len(out))]...)
	}
	if p.Report == nil || len(p.Report.Tallies) == 0 && len(p.Report.Trials) == 0 {
		if height >= titleFrom {
			add(p.head(width, ""))
		}
		for _, l := range text.Wrap(text.Head(p.Empty, width*max(height, 1)), max(width-gutter-1, 1), p.Theme.ASCII) {
			add(text.NewRow(p.Theme, width).To(gutter).Add(theme.Dim, l).String())
		}
		return p.full(out, width, height)
	}
	if height >= titleFrom {
		add(p.head(width, p.state()))
	}
	var together []string
	if figure, meaning := p.shift(); figure != "" {
		together = append(together, text.NewRow(p.Theme, width).To(gutter).Add(theme.Strong, figure).String())
		for _, l := range text.Wrap(meaning, max(width-gutter-1, 1), p.Theme.ASCII) {
			together = append(together, text.NewRow(p.Theme, width).To(gutter).Add(theme.Dim, l).String())
		}
	}
	room := height - len(out)
	list := 0
	if len(p.Report.Trials) > 0 && room >= 2*listMin {
		list = min(len(p.Report.Trials)+2, max(room/3, listMin)) // a blank row and a title
	}
	if len(together)+list+2*len(p.Report.Tallies) > room && len(together) > 1 {
		together = together[:1]
	}
	arms := max(room-list-len(together), min(room, 1))
	rows := p.arms(width, arms)
	add(rows...)
	add(together...)
	if list > 0 {
		add(text.Blank(width))
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

func (p *Pane) head(width int, state string) string {
	r := text.NewRow(p.Theme, width)
	role := theme.Dim
	if p.Focused {
		r.To(1).Add(theme.Accent, p.Theme.Glyphs.Pick)
		role = theme.Strong
	}
	r.To(gutter).Add(role, text.Short(p.title(), max(width-gutter-len(state)-4, 8), p.Theme)).Add(theme.Text, "   ")
	return r.Add(theme.Dim, state).String()
}

// arms draws the arms in the fullest form that fits. When not even a row for each does, those around the cursor stay.
func (p *Pane) arms(width, room int) []string {
	for level := whole; level <= line; level++ {
		var rows []string
		for i := range p.Report.Tallies {
			if level == whole && i > 0 && len(p.Report.Tallies) > 1 {
				rows = append(rows, text.Blank(width))
			}
			rows = append(rows, p.arm(i, level, width)...)
			if len(rows) > room && level < line {
				break
			}
		}
		if len(rows) <= room {
			return rows
		}
		if level == line && room > 0 {
			at := 0
			if t, ok := p.Trial(); ok {
				at = t.Arm
			}
			from := max(min(at-room/2, len(rows)-room), 0)
			rows = rows[from : from+room]
			if room > 1 {
				rows[room-1] = text.NewRow(p.Theme, width).To(gutter).Add(theme.Dim, fmt.Sprintf("%d of %d arms are shown, there is no room for more", room-1, len(p.Report.Tallies))).String()
			}
			return rows
		}
	}
	return nil
}

func (p *Pane) nameWidth() int {
	w := 0
	for i := range p.Report.Tallies {
		w = max(w, text.Upto(nameOf(p.Report.Tallies[i].Name), nameMax))
	}
	return w
}

func (p *Pane) arm(i, level, width int) []string {
	t := &p.Report.Tallies[i]
	name := p.nameWidth()
	col := min(gutter+name+2, max(width/3, gutter))
	r := text.NewRow(p.Theme, width)
	role := theme.Text
	if c, ok := p.Trial(); ok && c.Arm == i && p.Focused {
		r.To(1).Add(theme.Accent, p.Theme.Glyphs.Pick)
		role = theme.Strong
	}
	r.To(gutter).Add(role, text.Short(nameOf(t.Name), max(col-gutter-1, 1), p.Theme)).To(col)
	r.Add(theme.Dim, fmt.Sprintf("%d of %d", t.Done, p.of(i)))
	if t.Right.N > 0 {
		r.Add(theme.Text, "   right "+rate(t.Right))
	}
	if level == line {
		p.inline(r.Add(theme.Text, "   "), t, 1)
		return []string{r.String()}
	}
	rows := []string{r.Add(theme.Dim, "   "+text.Count(t.Tokens)+" tokens").String()}
	if level == compact {
		c := text.NewRow(p.Theme, width).To(col)
		p.inline(c, t, bars)
		rows = append(rows, c.String())
	} else {
		rows = append(rows, p.bars(t, i, col, width)...)
	}
	if s := mended(t); s != "" && i > 0 {
		rows = append(rows, text.NewRow(p.Theme, width).To(col).Add(theme.Text, s).String())
	}
	return rows
}

// inline writes the first answers of an arm with their counts into a row.
func (p *Pane) inline(r *text.Row, t *trace.Tally, most int) {
	for j := range t.Votes[:min(most, len(t.Votes))] {
		v := &t.Votes[j]
		sign, role := p.sign(v.Verdict)
		r.Add(role, sign+" "+text.Short(says(v.Answer), answerMax, p.Theme)).Add(theme.Dim, " "+strconv.Itoa(v.N)+"   ")
	}
	if more := len(t.Votes) - most; more > 0 {
		r.Add(theme.Dim, fmt.Sprintf("and %d more", more))
	}
}

func says(answer string) string {
	if answer == "" {
		return "no answer"
	}
	return answer
}

// bars draws the most frequent answers of an arm. A whole bar is all samples that were asked for, so that the bars grow
// while it runs and the bars of two arms can be compared.
func (p *Pane) bars(t *trace.Tally, arm, col, width int) []string {
	var rows []string
	of := max(p.of(arm), t.Done)
	wide := 0
	for a := range p.Report.Tallies {
		votes := p.Report.Tallies[a].Votes
		for j := range votes[:min(bars, len(votes))] {
			wide = max(wide, text.Upto(says(votes[j].Answer), answerMax))
		}
	}
	wide = min(wide, max(width/4, 4))
	digits := len(strconv.Itoa(of))
	room := min(max(width-col-2-wide-2-digits-2, 0), barMost)
	for j := range t.Votes[:min(bars, len(t.Votes))] {
		v := &t.Votes[j]
		sign, role := p.sign(v.Verdict)
		r := text.NewRow(p.Theme, width).To(col).Add(role, sign).To(col + 2)
		r.Right(role, col+2+wide, text.End(says(v.Answer), wide, p.Theme))
		r.To(col+4+wide).Right(theme.Text, col+4+wide+digits, strconv.Itoa(v.N)).To(col + 5 + wide + digits)
		full, _ := plot.Bar(p.Theme.Glyphs, v.N, of, room)
		rows = append(rows, r.Add(role, full).String())
	}
	if more := len(t.Votes) - bars; more > 0 {
		n := 0
		for _, v := range t.Votes[bars:] {
			n += v.N
		}
		rows = append(rows, text.NewRow(p.Theme, width).To(col+2).Add(theme.Dim, fmt.Sprintf("%d more answers, %d samples", more, n)).String())
	}
	return rows
}

// list shows the samples, the one under the cursor always in view.
func (p *Pane) list(width, rows int, add func(...string)) {
	if rows < 2 {
		return
	}
	all := p.Report.Trials
	at := min(max(p.Cursor, 0), len(all)-1)
	rows--
	p.top = max(min(p.top, at), at-rows+1)
	p.top = max(min(p.top, len(all)-rows), 0)
	last := min(p.top+rows, len(all))
	name := min(p.nameWidth(), max(width/4, 1))
	digits := len(strconv.Itoa(len(all)))
	cols := [...]int{gutter, gutter + name + 1, gutter + name + 3 + digits, 0, 0}
	answer := min(answerMax, max(width-cols[2]-20, 4))
	cols[3] = cols[2] + answer + 2
	cols[4] = cols[3] + 9
	add(text.NewRow(p.Theme, width).To(gutter).Add(theme.Dim, fmt.Sprintf("samples %d-%d of %d", p.top+1, last, len(all))).String())
	for i := p.top; i < last; i++ {
		t := &all[i]
		r := text.NewRow(p.Theme, width)
		role := theme.Text
		if i == at && p.Focused {
			r.To(1).Add(theme.Accent, p.Theme.Glyphs.Pick)
			role = theme.Selected
		}
		r.To(gutter).Add(role, text.Short(p.armName(t.Arm), name, p.Theme))
		r.Right(theme.Dim, cols[1]+digits, strconv.Itoa(t.N+1)).To(cols[2])
		word := string(t.Verdict)
		if word == "" {
			word = t.Outcome
		}
		switch {
		case !t.Done && p.Report.Ended && t.Outcome != "": // it was under way when the others had decided
			r.Add(theme.Dim, text.Short("not counted", answer, p.Theme))
			word = t.Outcome
		case t.Answer != "":
			r.Add(role, text.End(t.Answer, answer, p.Theme))
		case t.Done:
			r.Add(theme.Dim, text.Short("no answer", answer, p.Theme))
		case t.Branch == "":
			r.Add(theme.Dim, text.Short("waiting", answer, p.Theme))
		default:
			r.Add(theme.Dim, text.Short("running", answer, p.Theme))
		}
		r.To(cols[3]).Add(role, text.Short(word, 8, p.Theme))
		r.To(cols[4]).Add(theme.Dim, text.Count(t.Tokens)+" tokens")
		add(r.String())
	}
}
