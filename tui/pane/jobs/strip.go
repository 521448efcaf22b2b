package jobs

import (
	"s1/tui/plot"
	"s1/tui/text"
	"s1/tui/theme"
)

// Sizes of the line in cells.
const (
	kindFrom  = 60 // width from which the kind stands beside what went wrong elsewhere
	stripName = 30 // of a name, at most
	nameLeast = 3
)

// Strip is the line that tells of jobs while something else has the page.
type Strip struct {
	Theme  *theme.Theme
	Job    Job
	Wrong  string // how many others went wrong
	Others string // how many others there are beside those, by their state
	Key    string // opens the pane
}

// Render returns the line. At its right end stands the key. That a job went wrong, or how it ended, has its place before the name;
// of the rest what matters least gives way first.
func (s *Strip) Render(width int) string {
	j, t := &s.Job, s.Theme
	hint := " jobs"
	keyAt := width - margin - text.Width(s.Key) - text.Width(hint)
	r := text.NewRow(t, width).To(margin)
	state, wrong := "", text.Short(s.Wrong, stripName, t)
	if !j.Running || j.State != "running" {
		state = text.Short(j.State, stateCell, t)
	}
	if wrong == "" || width >= kindFrom {
		r.Add(theme.Dim, text.Short(j.Kind, max(min(idCells, width/4), 0), t)+" ")
	}
	room := keyAt - r.Used() - 1
	for _, must := range []string{state, wrong} {
		if must != "" {
			room -= 2 + text.Width(must)
		}
	}
	if room = min(room, width/4, stripName); room >= nameLeast {
		r.Add(theme.Text, text.Short(j.Name, room, t))
	}
	add := func(role theme.Role, s string) {
		if s != "" && r.Used()+2+text.Upto(s, width) < keyAt {
			r.Add(theme.Dim, "  ").Add(role, s)
		}
	}
	add(j.stateRole(), state)
	add(theme.Fault, wrong)
	if j.Share >= 0 && width >= nameFrom && j.Running {
		add(theme.Text, plot.Share(t.Glyphs, j.Share, barCells))
	}
	add(theme.Text, j.Progress)
	add(theme.Strong, j.Left)
	add(theme.Dim, s.Others)
	add(theme.Dim, j.Rate)
	if keyAt > r.Used() {
		r.To(keyAt).Add(theme.Key, s.Key).Add(theme.Dim, hint)
	}
	return r.String()
}
