// Package status is the top line: the model, what it is doing as a word, how fast, and whether it is kept.
package status

import (
	"strings"

	"s1/tui/text"
	"s1/tui/theme"
)

// Pane is the top line.
type Pane struct {
	Theme   *theme.Theme
	Model   string
	Backend string
	State   string // a word
	Busy    bool   // the state is going on now
	Alarm   bool   // the state is a failure
	Speed   string // "412 tok/s"
	Share   string // "96 % of limit"
	Pace    string // "pace 30"
	Branch  string // "A of 2"
	Saved   string // a word
	Unsaved bool   // the word says that something is not on disk
}

type field struct {
	text  string
	cells int // fixed width, so that a changing number moves nothing
	right bool
	role  theme.Role
}

// Sizes in cells.
const (
	gap   = 2  // between fields
	lead  = 1  // before the first
	brand = 6  // "s1" with the air around it
	named = 10 // of the model's name, where it has to be fought for
	least = 8  // of it, or it is left out
)

// Render returns height rows of width cells, of which the first is used.
func (p *Pane) Render(width, height int) []string {
	out := make([]string, 0, max(height, 0))
	if height > 0 {
		out = append(out, p.line(width))
	}
	for len(out) < height {
		out = append(out, text.Blank(width))
	}
	return out
}

// line is the heading. What it has no room for gives way in the order of this one list, the last of it with the most
// reluctance; the state and, where there is more than one, the branch in view are what a key acts on, and stay.
func (p *Pane) line(width int) string {
	state := theme.Text
	switch {
	case p.Alarm:
		state = theme.Fault
	case p.Busy:
		state = theme.Strong
	}
	saved := theme.Dim
	if p.Unsaved {
		saved = theme.Warn
	}
	const (
		atState = iota
		atBranch
		atSpeed
		atShare
		atPace
		atSaved
	)
	l := line{lead: brand, name: min(text.Width(p.Model), named) + gap, fields: []field{
		atState:  {p.State, 10, false, state},
		atBranch: {p.Branch, 7, false, theme.Dim},
		atSpeed:  {p.Speed, 11, true, theme.Text},
		atShare:  {p.Share, 15, true, theme.Dim},
		atPace:   {p.Pace, 9, false, theme.Dim},
		atSaved:  {p.Saved, 9, false, saved},
	}}
	for _, gives := range []func(){
		func() { l.drop(atShare) },
		func() { l.drop(atPace) },
		func() { l.name = 0 },
		func() { l.drop(atSpeed) },
		l.tighten, // nothing that is left changes often
		func() { l.drop(atSaved) },
		func() { l.lead = lead }, // "s1"
	} {
		if l.cells() <= width {
			break
		}
		gives()
	}
	return p.draw(&l, width)
}

// line is what is left of the heading.
type line struct {
	lead   int // cells before the first field
	name   int // cells that are kept for the model's name, with its gap
	fields []field
	tight  bool
}

func (l *line) drop(i int) { l.fields[i].text = "" }

// tighten gives up the widths that keep things in their place.
func (l *line) tighten() {
	l.tight = true
	for i := range l.fields {
		l.fields[i].cells = 0
	}
}

// cells is how many it takes.
func (l *line) cells() int { return l.lead + l.name + l.tail() }

// tail is how many the fields take.
func (l *line) tail() int {
	n := 0
	for _, f := range l.fields {
		if f.text != "" {
			n += max(f.cells, text.Width(f.text)) + gap
		}
	}
	if l.tight {
		n -= gap // after the last
	}
	return n
}

func (p *Pane) draw(l *line, width int) string {
	r := text.NewRow(p.Theme, width).To(lead)
	if l.lead >= brand {
		r.Add(theme.Strong, "s1").To(brand)
	}
	room := width - l.lead - l.tail() - gap
	name := p.Model
	if p.Backend != "" && text.Width(name)+text.Width(p.Backend)+3 <= room {
		name += " " + p.Theme.Glyphs.Dot + " " + p.Backend
	}
	if room >= min(text.Width(name), least) && l.lead >= brand {
		clip := text.NewRow(p.Theme, room).Add(theme.Dim, name)
		r.Add(theme.Dim, fit(name, clip.Used(), p.Theme))
	}
	r.To(max(width-l.tail(), lead))
	for _, f := range l.fields {
		if f.text == "" {
			continue
		}
		w := text.Width(f.text)
		if f.right && w < f.cells {
			r.Add(theme.Text, strings.Repeat(" ", f.cells-w))
		}
		start := r.Used()
		r.Add(f.role, f.text)
		if !f.right {
			r.To(start + f.cells)
		}
		r.To(r.Used() + gap)
	}
	return r.String()
}

func fit(s string, cells int, t *theme.Theme) string {
	if text.Width(s) <= cells {
		return s
	}
	for _, l := range text.Wrap(s, max(cells-1, 1), t.ASCII) {
		return l + t.Glyphs.Ellipsis
	}
	return ""
}
