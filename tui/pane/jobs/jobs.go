// Package jobs is the pane of long runs that outlive the screen: how each stands, what it said last, its log; and the one line
// that tells of them while something else has the page. It shows what it is given: it reads no file and ends no process.
package jobs

import (
	"fmt"

	"s1/tui/plot"
	"s1/tui/text"
	"s1/tui/theme"
)

// Sizes in cells and rows.
const (
	margin    = 1
	indent    = 3
	idCells   = 12
	stateCell = 9  // the longest word is stopping
	barCells  = 14 // of a progress bar
	nameFrom  = 70 // width from which a name has a column
	barFrom   = 100
	airFrom   = 16 // rows from which there is air
	causeRows = 3
	tailLeast = 2 // rows of a log that are worth a heading
)

// Job is one line, in words.
type Job struct {
	ID, Kind, Name, State string
	Running, Fault        bool
	Share                 float64 // 0..1, -1 = not known
	Progress, Left, Rate  string
	Note, Cause, When     string
}

// Fact is a name and what it is.
type Fact struct{ Name, Value string }

// Pane is the list of the jobs and the log of one of them.
type Pane struct {
	Theme    *theme.Theme
	Jobs     []Job
	Cursor   int
	Counts   string // of the states
	Bad      string // what could not be read
	Empty    string // what would fill it
	Facts    []Fact // of the job under the cursor
	Doc      *text.Doc
	LogEmpty string
	LogBad   string
	Log      bool // the log has the page
	Scroll   text.Scroll

	top int
}

// Render returns height rows of width cells.
func (p *Pane) Render(width, height int) []string {
	if width <= 0 || height <= 0 {
		return nil
	}
	var out []string
	if len(p.Jobs) > 0 {
		p.Cursor = min(max(p.Cursor, 0), len(p.Jobs)-1)
	}
	if p.Log && len(p.Jobs) > 0 {
		out = p.log(width, height)
	} else {
		out = p.list(width, height)
	}
	for len(out) < height {
		out = append(out, text.Blank(width))
	}
	return out[:height]
}

// wrapped adds a text in at most so many rows.
func (p *Pane) wrapped(out []string, width, most int, role theme.Role, s string) []string {
	for i, l := range text.Wrap(text.Head(s, 8*width), max(width-indent-1, 1), p.Theme.ASCII) {
		if i < most {
			out = append(out, text.NewRow(p.Theme, width).To(indent).Add(role, l).String())
		}
	}
	return out
}

// list is the page of all jobs, and what there is to say of the one under the cursor.
func (p *Pane) list(width, height int) []string {
	r := text.NewRow(p.Theme, width).To(margin).Add(theme.Strong, "jobs").Add(theme.Dim, "  "+text.Head(p.Counts, width))
	out := []string{r.String()}
	air := func() {
		if height >= airFrom {
			out = append(out, text.Blank(width))
		}
	}
	if p.Bad != "" {
		out = p.wrapped(out, width, causeRows, theme.Fault, "! "+p.Bad)
	}
	if len(p.Jobs) == 0 {
		air()
		return p.wrapped(out, width, height, theme.Dim, p.Empty)
	}
	air()
	rows := min(len(p.Jobs), max((height-len(out))*2/5, 3))
	p.top = min(max(p.top, p.Cursor-rows+1), p.Cursor, len(p.Jobs)-rows)
	p.top = max(p.top, 0)
	for i := p.top; i < min(p.top+rows, len(p.Jobs)); i++ {
		out = append(out, p.line(width, i))
	}
	if hidden := len(p.Jobs) - rows; hidden > 0 {
		out = append(out, text.NewRow(p.Theme, width).To(indent).Add(theme.Dim, fmt.Sprintf("%d to %d of %d", p.top+1, p.top+rows, len(p.Jobs))).String())
	}
	air()
	out = p.about(out, width, height)
	air()
	if left := height - len(out); left > tailLeast {
		out = append(out, text.NewRow(p.Theme, width).To(margin).Add(theme.Strong, "log").String())
		out = p.tail(out, width, left-1)
	}
	return out
}

// stateRole is how the word of a state looks; the word itself says it too.
func (j *Job) stateRole() theme.Role {
	switch {
	case j.Fault:
		return theme.Fault
	case j.Running:
		return theme.Strong
	}
	return theme.Dim
}

// line is one job of the list. What a narrow screen has no room for stands below it, or goes.
func (p *Pane) line(width, i int) string {
	j, r, role := &p.Jobs[i], text.NewRow(p.Theme, width), theme.Text
	if i == p.Cursor {
		r.To(margin).Add(theme.Accent, p.Theme.Glyphs.Pick)
		role = theme.Selected
	}
	r.To(indent).Add(role, text.Short(j.ID, min(idCells, max(r.Left(), 0)), p.Theme)).To(indent + idCells + 1)
	if width >= nameFrom {
		n := width / 5
		at := r.Used()
		r.Add(theme.Text, text.Short(j.Name, n, p.Theme)).To(at + n + 1)
	}
	at := r.Used()
	r.Add(j.stateRole(), text.Short(j.State, min(stateCell, max(r.Left(), 0)), p.Theme)).To(at + stateCell + 1)
	if width >= barFrom {
		at = r.Used()
		if j.Share >= 0 {
			r.Add(theme.Text, plot.Share(p.Theme.Glyphs, j.Share, barCells))
		}
		r.To(at + barCells + 2)
	}
	more := []string{j.Progress, j.Left, j.Rate}
	if !j.Running {
		more = []string{j.Progress, j.When}
	}
	flow(p.Theme, r, theme.Dim, more)
	return r.String()
}

// flow adds words with dots between them, as many as fit whole.
func flow(t *theme.Theme, r *text.Row, role theme.Role, words []string) {
	any := false
	for _, w := range words {
		sep := ""
		if any {
			sep = " " + t.Glyphs.Dot + " "
		}
		if w == "" || text.Upto(sep+w, r.Left()+1) > r.Left() {
			continue
		}
		r.Add(theme.Dim, sep).Add(role, w)
		any = true
	}
}

// about is what there is to say of the job under the cursor: why it ended, what it says, its command and its folders.
func (p *Pane) about(out []string, width, height int) []string {
	j := &p.Jobs[p.Cursor]
	room := func() int { return max(height-len(out)-tailLeast-2, 0) }
	r := text.NewRow(p.Theme, width).To(margin).Add(theme.Strong, text.Short(j.Name, max(width/2, 8), p.Theme)).Add(theme.Dim, "  "+text.Head(j.Kind, width)+"  ").Add(j.stateRole(), text.Head(j.State, width))
	out = append(out, r.String())
	if j.Cause != "" {
		role := theme.Text
		if j.Fault {
			role = theme.Fault
		}
		out = p.wrapped(out, width, min(causeRows, max(room(), 1)), role, j.Cause)
	}
	if words := []string{j.Progress, j.Left, j.Rate, j.Note}; room() > 0 && j.Progress+j.Note != "" {
		r := text.NewRow(p.Theme, width).To(indent)
		if w := min(width-4*indent, 24); j.Share >= 0 && width >= nameFrom && w > 0 {
			r.Add(theme.Text, plot.Share(p.Theme.Glyphs, j.Share, w)).Add(theme.Dim, "  ")
		}
		flow(p.Theme, r, theme.Text, words)
		out = append(out, r.String())
	}
	for _, f := range p.Facts {
		if room() == 0 {
			break
		}
		const at = indent + 9
		r := text.NewRow(p.Theme, width).To(indent).Add(theme.Dim, text.Short(f.Name, at-indent-1, p.Theme)).To(at)
		out = append(out, r.Add(theme.Text, text.Short(f.Value, max(r.Left(), 0), p.Theme)).String())
	}
	return out
}

// log is the page of what the job prints.
func (p *Pane) log(width, height int) []string {
	j := &p.Jobs[p.Cursor]
	r := text.NewRow(p.Theme, width).To(margin).Add(theme.Strong, "log").Add(theme.Dim, " of "+text.Head(j.ID, width)+"  ").Add(j.stateRole(), text.Head(j.State, width)).Add(theme.Dim, "  ")
	words := []string{j.Progress, j.Left}
	if !p.Scroll.Following() {
		words = append([]string{"scrolled back"}, words...)
	}
	flow(p.Theme, r, theme.Dim, words)
	out := []string{r.String()}
	if height >= airFrom {
		out = append(out, text.Blank(width))
	}
	return p.tail(out, width, height-len(out))
}

// tail draws the log, its end where nobody has scrolled, in so many rows.
func (p *Pane) tail(out []string, width, rows int) []string {
	switch {
	case rows <= 0:
		return out
	case p.LogBad != "":
		return p.wrapped(out, width, rows, theme.Fault, "! "+p.LogBad)
	case p.Doc == nil || p.Doc.Len() == 0:
		return p.wrapped(out, width, rows, theme.Dim, p.LogEmpty)
	}
	w := max(width-indent-1, 1)
	p.Scroll.Clamp(p.Doc)
	p.Scroll.Place(p.Doc, w, rows)
	for _, l := range p.Scroll.Lines() {
		r := text.NewRow(p.Theme, width).To(indent)
		p.Doc.Draw(r, l, w, nil)
		out = append(out, r.String())
	}
	return out
}
