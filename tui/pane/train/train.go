// Package train is the pane of fine-tuning: what to train and with what, the tokens as they will be trained, the memory that
// takes, and the curves of a run. It shows what it is given: it reads no file, starts nothing, and knows no trainer.
//
//	choose -> data -> memory -> (launch) -> watch        runs: those there are
package train

import (
	"s1/tui/plot"
	"s1/tui/text"
	"s1/tui/theme"
)

// View is one page of the pane.
type View uint8

const (
	Choose View = iota
	Data
	Memory
	Watch
	Runs
	Views
)

var names = [Views]string{"choose", "data", "memory", "watch", "runs"}

// String names a view for people.
func (v View) String() string { return names[min(v, Views-1)] }

// margin is the cells left of everything.
const margin = 1

// Fact is a name and what it is.
type Fact struct{ Name, Value string }

// Field is one thing to choose.
type Field struct {
	Name, Value string
	Hint        string   // where it is empty
	Wrong       []string // why it cannot be
}

// Command is a command under its name, word by word.
type Command struct {
	Name  string
	Words []string
}

// Chosen is the first page.
type Chosen struct {
	Fields  []Field
	Cursor  int
	Wrong   []string // what is of no field
	Command []string // word by word
	Starts  []Command
	Notes   []string
	Facts   []Fact
	Busy    bool // it is being looked at

	turn int // how often the page was turned over
}

// Turn turns the page over, to what has no room below the fields, and back.
func (c *Chosen) Turn(by int) { c.turn = max(c.turn+by, 0) }

// Class is a size with a name.
type Class struct {
	Name  string
	Bytes int64
}

// Room is the page of memory.
type Room struct {
	Classes    []Class
	Need, Free int64 // Free -1 = not known
	Devices    []string
	Verdict    string
	Fits       bool
	Remedies   []Class
	Empty      string
}

// Run is one line of the list.
type Run struct {
	Name, State, Where, Started string
	Running, Watched            bool
}

// List is the page of runs.
type List struct {
	Runs   []Run
	Cursor int
	Empty  string

	top int
}

// Pane is the whole of it.
type Pane struct {
	Theme  *theme.Theme
	View   View
	Form   plot.Form // of curves
	Chosen Chosen
	Rows   Tokens
	Room   Room
	Live   Live
	List   List
}

// Render returns height rows of width cells.
func (p *Pane) Render(width, height int) []string {
	if width <= 0 || height <= 0 {
		return nil
	}
	out := []string{p.tabs(width)}
	room := height - 1
	if height >= 10 {
		out = append(out, text.Blank(width))
		room--
	}
	var body []string
	switch p.View {
	case Choose:
		body = p.chosen(width, room)
	case Data:
		body = p.tokens(width, room)
	case Memory:
		body = p.room(width)
	case Watch:
		body = p.live(width, room)
	default:
		body = p.list(width, room)
	}
	out = append(out, body[:min(len(body), max(room, 0))]...)
	for len(out) < height {
		out = append(out, text.Blank(width))
	}
	return out[:height]
}

func (p *Pane) row(width int) *text.Row { return text.NewRow(p.Theme, width).To(margin) }

// tabs is the line of pages; the one in view is marked by a sign too.
func (p *Pane) tabs(width int) string {
	r := text.NewRow(p.Theme, width).To(margin)
	for v := range Views {
		name := v.String()
		if width < 50 && v != p.View {
			name = name[:1]
		}
		if v == p.View {
			r.Add(theme.Accent, p.Theme.Glyphs.Pick).Add(theme.Strong, name)
		} else {
			r.Add(theme.Dim, " "+name)
		}
		r.Add(theme.Dim, "  ")
	}
	return r.String()
}

// wrapped adds a text in a role, with a hanging indent.
func (p *Pane) wrapped(out []string, width, indent int, role theme.Role, s string) []string {
	for _, l := range text.Wrap(text.Head(s, 40*max(width, 1)), max(width-indent-1, 1), p.Theme.ASCII) {
		out = append(out, text.NewRow(p.Theme, width).To(indent).Add(role, l).String())
	}
	return out
}

// list is the page of runs.
func (p *Pane) list(width, height int) []string {
	l := &p.List
	if len(l.Runs) == 0 {
		return p.wrapped(nil, width, 3, theme.Dim, l.Empty)
	}
	l.Cursor = min(max(l.Cursor, 0), len(l.Runs)-1)
	l.top = min(max(l.top, l.Cursor-height+1), l.Cursor)
	var out []string
	for i := l.top; i < len(l.Runs) && len(out) < height; i++ {
		x, r, role := l.Runs[i], text.NewRow(p.Theme, width), theme.Text
		if i == l.Cursor {
			r.To(margin).Add(theme.Accent, p.Theme.Glyphs.Pick)
			role = theme.Selected
		}
		name := max(width*2/5, 12)
		r.To(3).Add(role, text.Short(x.Name, min(name, r.Left()), p.Theme)).To(4 + name)
		state := theme.Dim
		if x.Running {
			state = theme.Strong
		}
		r.Add(state, text.Short(x.State, 12, p.Theme)).To(4 + name + 13)
		if x.Watched {
			r.Add(theme.Accent, "watched ")
		}
		r.Add(theme.Dim, x.Started+"  "+text.Head(x.Where, width))
		out = append(out, r.String())
	}
	return out
}
