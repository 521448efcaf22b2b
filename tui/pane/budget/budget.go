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

// line puts every number in a field of fixed width: what changes while it runs moves nothing.
func (p *Pane) line(r *text.Row, width int) {
	spent := fmt.Sprintf("%*d, no cap", 5, p.Spent)
	if p.Cap >= 0 {
		spent = fmt.Sprintf("%*d of %d", digits(p.Cap), p.Spent, p.Cap)
	}
	waits := fmt.Sprintf("waits %d of %d", p.WaitsDone, max(p.WaitsAsked, p.WaitsDone))
	if p.WaitsAsked == 0 && p.WaitsDone == 0 {
		waits = "waits 0"
	}
	answer := fmt.Sprintf("answer %4d", p.Answer)
	if p.AnswerCap >= 0 {
		answer = fmt.Sprintf("answer %*d of %d", digits(p.AnswerCap), p.Answer, p.AnswerCap)
	}
	if width >= 50 {
		r.Add(theme.Dim, "budget").To(10)
	}
	waitCells, answerCells := 12, text.Width(answer)
	words := text.Width(spent)
	if width >= 50 {
		words += 3 + waitCells
	}
	if width >= 60 {
		words += 3 + answerCells
	}
	cells := min(width-r.Used()-words-3, 60)
	if p.Cap >= 0 && cells >= 6 {
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
	r.Add(theme.Text, spent)
	if width >= 50 {
		r.Add(theme.Text, "   ")
		at := r.Used()
		r.Add(theme.Text, waits).To(at + waitCells)
	}
	if width >= 60 {
		r.Add(theme.Dim, "   "+answer)
	}
}

func digits(n int) int { return len(fmt.Sprint(n)) }
