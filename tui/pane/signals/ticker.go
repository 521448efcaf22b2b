package signals

import (
	"fmt"
	"strings"

	"s1/engine/trace"
	"s1/tui/text"
	"s1/tui/theme"
)

const answerCells = 16 // of one answer in the strip

// fold is a run of equal guesses.
type fold struct{ last, n int } // the index of its last guess, and how many there are

func folds(list []trace.Guess) []fold {
	var out []fold
	for i := range list {
		if n := len(out); n > 0 && list[i].Answer == list[i-1].Answer {
			out[n-1].n++
			out[n-1].last = i
			continue
		}
		out = append(out, fold{i, 1})
	}
	return out
}

// word is a run as it stands in the strip.
func (p *Pane) word(f fold) string {
	s := strings.Join(strings.Fields(text.Head(p.Guesses[f.last].Answer, answerCells)), " ")
	if s = text.Short(s, answerCells, p.Theme); s == "" {
		s = "none"
	}
	if f.n > 1 {
		s += fmt.Sprintf(" x%d", f.n)
	}
	return s
}

// answers is the strip of guesses, the newest at the right, as many as fit.
func (p *Pane) answers(width int) *text.Row {
	r := text.NewRow(p.Theme, width).To(indent).Add(theme.Dim, "answer").To(indent + name)
	list := folds(p.Guesses)
	if len(list) == 0 {
		return r.Add(theme.Dim, "the first guess is on its way")
	}
	last := list[len(list)-1]
	guess := p.Guesses[last.last]
	now := p.word(last) + "  p " + figure("%.2f", guess.Prob)
	if v := guess.Verdict; v != trace.VerdictNone {
		now += "  " + text.Short(string(v), answerCells, p.Theme)
	}
	gap := " " + p.Theme.Glyphs.Dot + " "
	room := r.Left() - text.Width(now) - 2 // and the ellipsis before them
	var before []string                    // newest first
	i := len(list) - 2
	for ; i >= 0; i-- {
		w := p.word(list[i]) + gap
		if room -= text.Width(w); room < 0 {
			break
		}
		before = append(before, w)
	}
	if i >= 0 && r.Left() > text.Width(now)+2 {
		r.Add(theme.Dim, p.Theme.Glyphs.Ellipsis+" ")
	}
	for k := len(before) - 1; k >= 0; k-- {
		r.Add(theme.Dim, before[k])
	}
	return r.Add(theme.Strong, now)
}

// cost is how steady the guesses are and what they cost: as much of it as there is room for, no part of it half.
func (p *Pane) cost(width int) *text.Row {
	r := text.NewRow(p.Theme, width).To(indent + name)
	if len(p.Guesses) == 0 {
		return r
	}
	list := folds(p.Guesses)
	parts := []string{count(len(p.Guesses), "guess", "guesses"), count(len(list)-1, "flip", "flips"), fmt.Sprintf("stayed %d", list[len(list)-1].n)}
	if every := p.Guesses[len(p.Guesses)-1].Every; p.Ticking && every > 0 {
		parts = append(parts, fmt.Sprintf("every %d tokens", every))
	}
	if p.Spent > 0 {
		parts = append(parts, fmt.Sprintf("extra %d of %d tokens (%.0f %%)", p.Extra, p.Spent, 100*float64(p.Extra)/float64(p.Spent)))
	}
	for i, s := range parts {
		if i > 0 {
			s = ", " + s
		}
		if i > 0 && len(s) > r.Left() {
			break
		}
		r.Add(theme.Dim, s)
	}
	return r
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
