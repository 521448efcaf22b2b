package train

import (
	"fmt"
	"strings"

	"s1/tui/text"
	"s1/tui/theme"
)

// fieldCells is where the value of a field begins.
const fieldCells = 11

// chosen is the page on which a run is put together. What matters most stands first: what is chosen, what is wrong with it, and
// the command that would be started.
func (p *Pane) chosen(width, height int) []string {
	c := &p.Chosen
	c.Cursor = min(max(c.Cursor, 0), max(len(c.Fields)-1, 0))
	var out, rest []string
	wrong := len(c.Wrong) > 0
	for i, f := range c.Fields {
		r, role := text.NewRow(p.Theme, width), theme.Text
		if i == c.Cursor {
			r.To(margin).Add(theme.Accent, p.Theme.Glyphs.Pick)
			role = theme.Selected
		}
		r.To(3).Add(theme.Dim, f.Name).To(fieldCells)
		if f.Value == "" {
			r.Add(theme.Dim, f.Hint)
		} else {
			r.Add(role, text.End(f.Value, r.Left(), p.Theme))
		}
		out = append(out, r.String())
		for _, w := range f.Wrong {
			wrong = true
			out = p.wrapped(out, width, fieldCells, theme.Fault, "! "+w)
		}
	}
	for _, w := range c.Wrong {
		out = p.wrapped(out, width, 3, theme.Fault, "! "+w)
	}
	if c.Busy {
		return append(out, p.row(width).To(3).Add(theme.Dim, "looking at it"+p.Theme.Glyphs.Ellipsis).String())
	}
	gap := func() {
		if height > 10 {
			rest = append(rest, text.Blank(width))
		}
	}
	if len(c.Command) > 0 && !wrong {
		gap()
		for _, x := range append([]Command{{"the command", c.Command}}, c.Starts...) {
			rest = p.wrapped(rest, width, 3, theme.Dim, x.Name)
			rest = append(rest, p.command(x.Words, width)...)
		}
	}
	for _, n := range c.Notes {
		rest = p.wrapped(rest, width, 3, theme.Warn, n)
	}
	if len(c.Facts) > 0 {
		gap()
		rest = p.facts(rest, width, c.Facts)
	}
	return append(out, c.leaf(p, rest, width, height-len(out))...)
}

// leaf is as much of what stands below the fields as there are rows; the last row says how much more there is.
func (c *Chosen) leaf(p *Pane, rest []string, width, rows int) []string {
	if len(rest) <= rows || rows < 2 {
		c.turn = 0
		return rest
	}
	each := rows - 1
	c.turn = min(c.turn, (len(rest)-1)/each)
	from := c.turn * each
	to := min(from+each, len(rest))
	out := append([]string{}, rest[from:to]...)
	for len(out) < each {
		out = append(out, text.Blank(width))
	}
	word := fmt.Sprintf("lines %d to %d of %d", from+1, to, len(rest))
	return append(out, p.row(width).To(3).Add(theme.Dim, word+": pgdn and pgup turn the page").String())
}

// command is the command on lines of its own, as a shell takes it when it is copied: a backslash ends what goes on.
func (p *Pane) command(words []string, width int) []string {
	const indent = 3
	var out []string
	line := ""
	flush := func(more bool) {
		s := line
		if more {
			s += ` \`
		}
		out = append(out, text.NewRow(p.Theme, width).To(indent).Add(theme.Strong, s).String())
		line = "  "
	}
	for _, w := range words {
		w = text.Clean(text.Head(w, 4*width), p.Theme.ASCII)
		switch {
		case line == "":
			line = w
		case text.Width(line)+1+text.Width(w) > max(width-indent-3, 8):
			flush(true)
			line += w
		default:
			line += " " + w
		}
	}
	if line != "" {
		flush(false)
	}
	return out
}

// facts adds names and values, the values in one column.
func (p *Pane) facts(out []string, width int, list []Fact) []string {
	name := 0
	for _, f := range list {
		name = max(name, text.Upto(f.Name, width/3))
	}
	at := max(fieldCells, 3+name+2)
	for _, f := range list {
		for i, l := range text.Wrap(text.Head(f.Value, 40*max(width, 1)), max(width-at-1, 1), p.Theme.ASCII) {
			r := text.NewRow(p.Theme, width)
			if i == 0 {
				r.To(3).Add(theme.Dim, text.Short(f.Name, name, p.Theme))
			}
			out = append(out, r.To(at).Add(theme.Text, l).String())
		}
	}
	return out
}

// room is the page of memory: what each class of tensors takes, against what is free.
func (p *Pane) room(width int) []string {
	m := &p.Room
	if len(m.Classes) == 0 {
		return p.wrapped(nil, width, 3, theme.Dim, m.Empty)
	}
	var out []string
	role, word := theme.Strong, "fits: "
	if !m.Fits {
		role, word = theme.Fault, "does not fit: "
	}
	out = p.wrapped(out, width, 3, role, word+m.Verdict)
	most := max(m.Need, m.Free, 1)
	line := func(name string, bytes int64, role theme.Role) {
		r := text.NewRow(p.Theme, width).To(3).Add(theme.Dim, text.Short(name, 14, p.Theme))
		r.Right(role, 27, size(bytes))
		if w := min(width-30, 60); w > 4 {
			r.To(29).Add(role, bar(p.Theme, float64(bytes)/float64(most), w))
		}
		out = append(out, r.String())
	}
	for _, c := range m.Classes {
		line(c.Name, c.Bytes, theme.Text)
	}
	line("all", m.Need, role)
	if m.Free >= 0 {
		line("free", m.Free, theme.Dim)
	} else {
		out = append(out, p.row(width).To(3).Add(theme.Dim, "what is free is not known here").String())
	}
	for _, d := range m.Devices {
		out = p.wrapped(out, width, 3, theme.Dim, d)
	}
	if len(m.Remedies) > 0 {
		out = append(out, p.row(width).To(3).Add(theme.Strong, "what would help, the cheapest first").String())
	}
	for _, c := range m.Remedies {
		fits := " still too much: "
		if m.Free >= 0 && c.Bytes <= m.Free {
			fits = " would fit: "
		}
		out = p.wrapped(out, width, 5, theme.Text, strings.TrimSpace(size(c.Bytes))+fits+c.Name)
	}
	return out
}
