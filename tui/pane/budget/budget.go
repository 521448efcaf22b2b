// Package budget is the line that says what of the budget is spent: a bar, and the numbers in words.
package budget

import (
	"fmt"

	"s1/tui/plot"
	"s1/tui/text"
	"s1/tui/theme"
)

// Pane is the budget line.
type Pane struct {
	Theme      *theme.Theme
	Asked      bool // there is a branch
	Spent      int  // thinking tokens
	Cap        int  // -1 none
	WaitsDone  int
	WaitsAsked int
	Answer     int // answer tokens
	AnswerCap  int // -1 none
	Closed     bool
}

// Render returns height rows of width cells, of which the first is used.
func (p *Pane) Render(width, height int) []string {
	r := text.NewRow(p.Theme, width).To(1)
	if p.Asked {
		p.line(r, width)
	} else if p.Cap >= 0 {
		r.Add(theme.Dim, fmt.Sprintf("budget   at most %d thinking tokens", p.Cap))
	} else {
		r.Add(theme.Dim, "budget   no cap")
	}
	out := []string{r.String()}
	for len(out) < height {
		out = append(out, text.Blank(width))
	}
	return out[:max(height, 0)]
}

func (p *Pane) line(r *text.Row, width int) {
	numbers := fmt.Sprintf("%*d thinking, no cap", digits(9999), p.Spent)
	if p.Cap >= 0 {
		numbers = fmt.Sprintf("%*d of %d", digits(p.Cap), p.Spent, p.Cap)
	}
	waits := ""
	if p.WaitsAsked > 0 || p.WaitsDone > 0 {
		waits = fmt.Sprintf("   waits %d of %d", p.WaitsDone, max(p.WaitsAsked, p.WaitsDone))
	}
	tail := ""
	if p.AnswerCap >= 0 {
		tail = fmt.Sprintf("   answer %*d of %d", digits(p.AnswerCap), p.Answer, p.AnswerCap)
	} else if p.Closed || p.Answer > 0 {
		tail = fmt.Sprintf("   answer %3d", p.Answer)
	}
	if width < 60 {
		tail = ""
	}
	if width >= 50 {
		r.Add(theme.Dim, "budget").To(10)
	}
	words := text.Width(numbers) + text.Width(waits) + text.Width(tail)
	if p.Cap >= 0 {
		if cells := min(width-r.Used()-words-3, 60); cells >= 6 {
			role := theme.Accent
			if p.Spent >= p.Cap {
				role = theme.Warn
			}
			full, empty := plot.Bar(p.Theme.Glyphs, p.Spent, p.Cap, cells)
			if p.Cap == 0 {
				full, empty = plot.Bar(p.Theme.Glyphs, 1, 1, cells)
			}
			r.Add(role, full).Add(theme.Dim, empty).To(r.Used() + 2)
		}
	}
	r.Add(theme.Text, numbers).Add(theme.Text, waits).Add(theme.Dim, tail)
}

func digits(n int) int { return len(fmt.Sprint(n)) }
