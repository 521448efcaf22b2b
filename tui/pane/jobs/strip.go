package jobs

import (
	"s1/tui/plot"
	"s1/tui/text"
	"s1/tui/theme"
)

// Strip is the line that tells of jobs while something else has the page.
type Strip struct {
	Theme  *theme.Theme
	Job    Job
	Others string // how many more there are, by their state
	Alarm  bool   // one of those went wrong
	Key    string // opens the pane
}

// Render returns the line. At its right end stands the key; what matters least gives way first.
func (s *Strip) Render(width int) string {
	j, t := &s.Job, s.Theme
	hint := " jobs"
	keyAt := width - margin - text.Width(s.Key) - text.Width(hint)
	r := text.NewRow(t, width).To(margin)
	r.Add(theme.Dim, text.Short(j.Kind, max(min(idCells, width/4), 0), t)+" ").Add(theme.Text, text.Short(j.Name, max(min(width/4, 30), 0), t))
	add := func(role theme.Role, s string) {
		if s != "" && r.Used()+2+text.Upto(s, width) < keyAt {
			r.Add(theme.Dim, "  ").Add(role, s)
		}
	}
	if !j.Running || j.State != "running" {
		add(j.stateRole(), text.Short(j.State, stateCell, t))
	}
	if j.Share >= 0 && width >= nameFrom && j.Running {
		add(theme.Text, plot.Share(t.Glyphs, j.Share, barCells))
	}
	add(theme.Text, j.Progress)
	add(theme.Strong, j.Left)
	if s.Others != "" {
		role := theme.Dim
		if s.Alarm {
			role = theme.Fault
		}
		add(role, "+ "+s.Others)
	}
	add(theme.Dim, j.Rate)
	if keyAt > r.Used() {
		r.To(keyAt).Add(theme.Key, s.Key).Add(theme.Dim, hint)
	}
	return r.String()
}
