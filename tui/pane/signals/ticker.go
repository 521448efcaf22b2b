package signals

import (
	"fmt"
	"math"
	"slices"
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
	now := p.word(last) + "  p " + strings.TrimPrefix(figure("%.2f", guess.Prob), "0")
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

// cost is how steady the guesses are, when the next is due, and what they take of the thought: as much of it as there is room
// for, no part of it half. What they take stays longest, because it is a promise.
func (p *Pane) cost(width int) *text.Row {
	r := text.NewRow(p.Theme, width).To(indent + name)
	if len(p.Guesses) == 0 {
		return r
	}
	list := folds(p.Guesses)
	guesses, flips, stayed := count(len(p.Guesses), "guess", "guesses"), count(len(list)-1, "flip", "flips"), fmt.Sprintf("stayed %d", list[len(list)-1].n)
	next, extra, short := p.next(), "", ""
	if p.Spent > 0 {
		extra, short = p.extra(), "extra "+p.share()
	}
	over := ""
	if p.over() {
		over = fmt.Sprintf("over %.0f %%", 100*p.Share)
	}
	for _, form := range [][]string{ // what gives way first is missing first
		{guesses, flips, stayed, next, extra},
		{guesses, flips, next, extra},
		{guesses, next, extra},
		{guesses, extra},
		{guesses, short, over},
		{short, over},
		{short},
		{strings.TrimPrefix(short, "extra ")},
	} {
		s := strings.Join(slices.DeleteFunc(form, func(part string) bool { return part == "" }), ", ")
		if text.Width(s) <= r.Left() {
			return r.Add(theme.Dim, s)
		}
	}
	return r
}

// next is when there is another guess.
func (p *Pane) next() string {
	g := &p.Guesses[len(p.Guesses)-1]
	switch at := g.Spent + g.Every; {
	case !p.Ticking || g.Every < 1:
		return ""
	case p.Cap > 0 && at > p.Cap:
		return "no other before the cap"
	case p.over():
		return fmt.Sprintf("the next at %d", at)
	}
	return fmt.Sprintf("every %d tokens", g.Every)
}

// extra is what the guesses take of the thought. The first one comes before there is any of it to speak of.
func (p *Pane) extra() string {
	s := fmt.Sprintf("extra %d of %d tokens (%s", p.Extra, p.Spent, p.share())
	if p.over() {
		s += fmt.Sprintf(", the first alone is over %.0f %%", 100*p.Share)
	}
	return s + ")"
}

// share is rounded up, so that one that is over the budget never looks as if it were not.
func (p *Pane) share() string {
	percent := 100*float64(p.Extra)/float64(p.Spent) - 1e-9
	if percent > 9.9 {
		return fmt.Sprintf("%.0f %%", math.Ceil(percent))
	}
	return fmt.Sprintf("%.1f %%", math.Ceil(10*percent)/10)
}

func (p *Pane) over() bool { return p.Share > 0 && float64(p.Extra) > p.Share*float64(p.Spent) }

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
