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
	rank  int // what goes first when there is no room: the highest
}

// Render returns height rows of width cells, of which the first is used.
func (p *Pane) Render(width, height int) []string {
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
	fields := []field{
		{p.State, 10, false, state, 0},
		{p.Branch, 7, false, theme.Dim, 5},
		{p.Speed, 11, true, theme.Text, 2},
		{p.Share, 15, true, theme.Dim, 4},
		{p.Pace, 9, false, theme.Dim, 3},
		{p.Saved, 9, false, saved, 1},
	}
	const gap, brand = 2, 6
	used := func() int {
		n := brand
		for _, f := range fields {
			if f.text != "" {
				n += max(f.cells, text.Width(f.text)) + gap
			}
		}
		return n
	}
	// The name of the model stays as long as what the machine does not need to be steered can go instead.
	named := min(text.Width(p.Model), 10) + gap
	for worst := 5; worst > 0; worst-- {
		want := used()
		if worst >= 3 {
			want += named
		}
		if want <= width {
			break
		}
		for i := range fields {
			if fields[i].rank == worst {
				fields[i].text = ""
			}
		}
	}
	name := p.Model
	if p.Backend != "" && text.Width(name)+text.Width(p.Backend)+3 <= width-used()-gap {
		name += " " + p.Theme.Glyphs.Dot + " " + p.Backend
	}
	r := text.NewRow(p.Theme, width).To(1).Add(theme.Strong, "s1").To(brand)
	if room := width - used() - gap; room >= min(text.Width(name), 8) {
		clip := text.NewRow(p.Theme, room).Add(theme.Dim, name)
		r.Add(theme.Dim, fit(name, clip.Used(), p.Theme))
	}
	tail := used() - brand
	r.To(width - tail)
	for _, f := range fields {
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
	out := []string{r.String()}
	for len(out) < height {
		out = append(out, text.Blank(width))
	}
	return out[:max(height, 0)]
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
