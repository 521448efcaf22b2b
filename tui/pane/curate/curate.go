// Package curate draws a curation: the funnel of its stages, what each dropped by which rule, the rows with their reasons,
// and how domains and lengths have changed. It shows what it is given: it reads no folder, counts nothing and starts nothing.
package curate

import (
	"fmt"
	"strings"

	"s1/tui/text"
	"s1/tui/theme"
)

// Sizes in cells and rows.
const (
	gutter     = 3   // cursor, mark, space
	besideFrom = 100 // width from which facts stand beside the funnel, and a row beside the list
	nameCells  = 22  // of a stage or a rule, at most
	countCells = 9   // 1,000,000
	previewMin = 5   // rows below which a preview below the list says nothing
	previewMax = 8 << 10
	pairFrom   = 50 // width from which a row and its test item stand side by side
)

// Unknown stands for a number that is not known yet.
const Unknown = -1

// State is how far a stage, or the run, has come.
type State string

// States, as they are shown.
const (
	Waiting State = "waiting"
	Running State = "running"
	Done    State = "done"
	Stopped State = "stopped"
	Failed  State = "failed"
)

// Run is one curation.
type Run struct {
	Title, Folder string
	State         State
	Facts         string // seed, where it runs, resumed: in words
	Fault         string // why it failed
	Stages        []Stage
	Domains       []Bin
	Lengths       []Bin // from short to long
	LengthUnit    string
	Tried         string // the threshold that is tried, in words; "" = none
}

// Stage is one step of it.
type Stage struct {
	Name, About string
	State       State
	In, Kept    int // rows, so far; Unknown
	Of          int // rows that will come in; Unknown
	Would       int // rows it would keep with what is tried; Unknown = nothing is tried
	Unasked     int // of those, rows that its model was not asked about yet
	Rules       []Rule
	Rate        float64     // rows a second, 0 = unknown
	Left        string      // time, in words
	Money       string      // spent, and of what: in a few words; "" = it asks no model
	Bill        [][2]string // the same in full: what, how much
	Thresholds  []Threshold
}

// Rule is why rows were dropped, or kept by hand.
type Rule struct {
	Name  string
	Count int
	Would int  // with what is tried; Unknown = nothing is tried
	Hand  bool // a decision of the user
	Keeps bool // it keeps rows and drops none
}

// Threshold is a number of the recipe that can be changed.
type Threshold struct{ Name, Value, Tried string }

// Bin is one class of a histogram, before and after.
type Bin struct {
	Name          string
	Before, After int
}

// Pane is the funnel, or, with Rows, what is behind a line of it.
type Pane struct {
	Theme   *theme.Theme
	Focused bool
	Run     *Run   // nil: none is open
	Empty   string // what would fill it and which key does that
	Cursor  int    // of Run.Lines
	Rows    *Rows  // nil: the funnel

	top int // first line shown
}

// Line is a line of the funnel: what came in (Stage < 0), a stage (Rule < 0), a rule of it, or what is left (Stage = len(Stages)).
type Line struct{ Stage, Rule int }

// Lines returns the lines of the funnel in order.
func (r *Run) Lines() []Line {
	if r == nil {
		return nil
	}
	out := []Line{{-1, -1}}
	for i, s := range r.Stages {
		out = append(out, Line{i, -1})
		for k := range s.Rules {
			out = append(out, Line{i, k})
		}
	}
	return append(out, Line{len(r.Stages), -1})
}

// At returns the line under the cursor, and whether there is one.
func (p *Pane) At() (Line, bool) {
	lines := p.Run.Lines()
	if len(lines) == 0 {
		return Line{}, false
	}
	return lines[min(max(p.Cursor, 0), len(lines)-1)], true
}

// Render returns height rows of width cells.
func (p *Pane) Render(width, height int) []string {
	if width <= 0 || height <= 0 {
		return nil
	}
	var out []string
	switch {
	case p.Rows != nil:
		out = p.rows(width, height)
	case p.Run == nil:
		out = p.empty(p.Empty, width)
	default:
		out = p.overview(width, height)
	}
	for len(out) < height {
		out = append(out, text.Blank(width))
	}
	return out[:height]
}

// overview is the heading, the funnel, and around it as many facts and histograms as fit.
func (p *Pane) overview(width, height int) []string {
	out := p.head(width)
	room := height - len(out)
	if room <= 0 {
		return out
	}
	if width >= besideFrom {
		left := width * 58 / 100
		funnel, facts := p.funnel(left, room), p.beside(width-left-2, room)
		vert := p.row(1).Add(theme.Dim, p.Theme.Glyphs.Vert).String()
		for i := range room {
			out = append(out, funnel[i]+vert+" "+facts[i])
		}
		return out
	}
	lines := len(p.Run.Lines())
	below := min(room-min(lines, max(room*3/5, min(room, 5))), room-1)
	if below < 3 {
		return append(out, p.funnel(width, room)...)
	}
	out = append(out, p.funnel(width, room-below)...)
	out = append(out, p.rule(width))
	return append(out, p.beside(width, below-1)...)
}

// head is the title, and under it what went wrong or is being tried.
func (p *Pane) head(width int) []string {
	r := put(p.row(width).To(1), theme.Strong, p.Run.Title)
	sep := " " + p.Theme.Glyphs.Dot + " "
	r.Add(theme.Dim, sep).Add(stateRole(p.Run.State), string(p.Run.State))
	for _, s := range []string{p.Run.Facts, p.Run.Folder} {
		if s != "" {
			put(r, theme.Dim, sep+s)
		}
	}
	out := []string{r.String()}
	switch {
	case p.Run.Fault != "":
		for _, l := range text.Wrap(text.Head(p.Run.Fault, 4*width), width-gutter, p.Theme.ASCII) {
			if len(out) < 4 {
				out = append(out, p.row(width).To(gutter).Add(theme.Fault, l).String())
			}
		}
	case p.Run.Tried != "":
		out = append(out, p.row(width).To(1).Add(theme.Accent, p.Theme.Glyphs.Injected).To(gutter).Add(theme.Accent, "tried: "+text.Head(p.Run.Tried, width)).String())
	default:
		out = append(out, text.Blank(width))
	}
	return out
}

func stateRole(s State) theme.Role {
	switch s {
	case Running:
		return theme.Strong
	case Failed:
		return theme.Fault
	case Stopped:
		return theme.Warn
	case Waiting, Done:
	}
	return theme.Dim
}

func (p *Pane) row(width int) *text.Row { return text.NewRow(p.Theme, width) }

func (p *Pane) rule(width int) string {
	return p.row(width).Add(theme.Dim, strings.Repeat(p.Theme.Glyphs.Rule, width)).String()
}

func (p *Pane) empty(say string, width int) []string {
	out := []string{text.Blank(width)}
	for _, l := range text.Wrap(text.Head(say, 8*width), width-2*gutter, p.Theme.ASCII) {
		out = append(out, p.row(width).To(gutter).Add(theme.Dim, l).String())
	}
	return out
}

// put adds a text that may be long: what it costs is what is seen of it.
func put(r *text.Row, role theme.Role, s string) *text.Row {
	return r.Add(role, text.Head(s, r.Left()))
}

// number writes 12345 as 12,345, and what is not known as -.
func number(n int) string {
	if n < 0 {
		return "-"
	}
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
