package train

import (
	"fmt"

	"s1/tui/text"
	"s1/tui/theme"
)

// Sizes of the answers to pinned questions, in cells.
const (
	askedLabel = 9  // "cap 1024 "
	askedLeast = 8  // of an answer that has to be shortened
	askedHead  = 4  // rows from which they have a heading
	saidMost   = 24 // of one answer, where there are others before it
)

// answers are the pinned questions, a row for each budget: what the checkpoints said, step by step, the newest last. What has no
// room goes, the oldest first.
func (p *Pane) answers(width, most int) []string {
	l := &p.Live
	switch {
	case len(l.Asked) == 0 && (l.AskedCost == "" || !l.Running || most < 1): // what has ended asks nothing more
		return nil
	case len(l.Asked) == 0:
		return []string{p.row(width).Add(theme.Strong, "pinned").Add(theme.Dim, "  asked at the next checkpoint: "+text.Head(l.AskedCost, 4*width)).String()}
	}
	var out []string
	if most >= askedHead {
		out = append(out, p.row(width).Add(theme.Strong, "pinned").Add(theme.Dim, "  "+text.Head(l.AskedCost, 4*width)).String())
	}
	for _, a := range l.Asked {
		if len(out) >= most {
			break
		}
		out = append(out, p.asked(a, width))
	}
	return out
}

func (p *Pane) asked(a Asked, width int) string {
	limit := "no cap"
	if a.Cap >= 0 {
		limit = fmt.Sprintf("cap %d", a.Cap)
	}
	r := p.row(width).Add(theme.Dim, limit).To(margin + askedLabel)
	r.Add(theme.Text, text.Short(a.Question, max(width/3, 8), p.Theme)).Add(theme.Dim, " "+p.Theme.Glyphs.Prompt+" ")
	if len(a.Said) == 0 {
		return r.String()
	}
	dot := " " + p.Theme.Glyphs.Dot + " "
	room, first := r.Left(), len(a.Said)-1
	newest := p.said(a.Said[first], max(room, askedLeast), room)
	room -= newest.cells()
	parts := []said{newest}
	for first > 0 {
		next := p.said(a.Said[first-1], saidMost, 1<<10)
		if n := next.cells() + text.Width(dot); n <= room {
			room -= n
			parts = append([]said{next}, parts...)
			first--
			continue
		}
		break
	}
	for i, s := range parts {
		if i > 0 {
			r.Add(theme.Dim, dot)
		}
		r.Add(theme.Dim, s.step).Add(s.role, s.answer).Add(theme.Dim, s.verdict)
	}
	return r.String()
}

// said is one answer in the words of a row.
type said struct {
	step, answer, verdict string
	role                  theme.Role
}

func (s said) cells() int { return text.Width(s.step) + text.Width(s.answer) + text.Width(s.verdict) }

// said puts an answer into at most so many cells; within a whole of so many.
func (p *Pane) said(s Said, most, whole int) said {
	out := said{step: fmt.Sprintf("%d ", s.Step), answer: s.Answer, role: theme.Strong}
	if s.Verdict != "" {
		out.verdict = " " + text.Head(s.Verdict, 12)
	}
	switch {
	case s.Failed != "":
		out.answer, out.verdict, out.role = s.Failed, "", theme.Fault
	case s.Answer == "":
		out.answer, out.role = "no answer", theme.Dim
	}
	left := whole - text.Width(out.step) - text.Width(out.verdict)
	out.answer = text.Short(out.answer, max(min(most, left), 1), p.Theme)
	return out
}
