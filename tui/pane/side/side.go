// Package side is the margin of a wide screen: what a run cost, its signals as small curves, and the branches that grew
// from the question. It shows rows it is given; it counts nothing.
package side

import (
	"s1/tui/text"
	"s1/tui/theme"
)

const indent = 3

// Fact is a word with its value.
type Fact struct{ Name, Value string }

// Branch is one row of the list of branches.
type Branch struct {
	Label, Cause, State, Tokens, Answer string
	Verdict                             string // whether the answer is right, where that is known
	Current                             bool
}

// Pane is the margin.
type Pane struct {
	Theme    *theme.Theme
	Title    string // of the facts
	Facts    []Fact
	Branches []Branch
}

// Rows returns how many rows it wants.
func (p *Pane) Rows() int {
	n := 0
	if len(p.Facts) > 0 {
		n += len(p.Facts) + 2
	}
	if len(p.Branches) > 1 {
		n += len(p.Branches) + 1
	}
	return n
}

// Render returns height rows of width cells. When there is too little room the branches stay longest.
func (p *Pane) Render(width, height int) []string {
	var branches, facts []string
	row := func() *text.Row { return text.NewRow(p.Theme, width) }
	if len(p.Branches) > 1 {
		branches = append(branches, row().To(indent).Add(theme.Dim, "branches").String())
		for _, b := range p.Branches {
			r, role := row(), theme.Text
			if b.Current {
				r.To(1).Add(theme.Accent, p.Theme.Glyphs.Pick)
				role = theme.Strong
			}
			r.To(indent).Add(role, b.Label).To(indent+3).Add(theme.Text, b.Cause)
			r.To(indent+19-text.Width(b.Tokens)).Add(theme.Dim, b.Tokens).To(indent + 22)
			if b.Answer != "" {
				room := r.Left() - 1
				if b.Verdict != "" {
					room -= text.Width(b.Verdict) + 2
				}
				r.Add(role, text.Tail(b.Answer, room, p.Theme)) // an answer says most at its end
				if b.Verdict != "" {
					r.Add(role, "  "+b.Verdict)
				}
			} else {
				r.Add(theme.Dim, b.State)
			}
			branches = append(branches, r.String())
		}
	}
	if len(p.Facts) > 0 {
		facts = append(facts, row().To(indent).Add(theme.Dim, p.Title).String())
		for _, f := range p.Facts {
			facts = append(facts, row().To(indent).Add(theme.Dim, f.Name).To(indent+11).Add(theme.Text, f.Value).String())
		}
	}
	branches = branches[:min(len(branches), height)]
	var out []string
	if room := height - len(branches); room > 0 && len(facts) > 0 {
		gap := len(branches) > 0 && room > len(facts)
		out = append(out, facts[:min(len(facts), room)]...)
		if gap {
			out = append(out, text.Blank(width))
		}
	}
	out = append(out, branches...)
	for len(out) < height {
		out = append(out, text.Blank(width))
	}
	return out[:max(height, 0)]
}
