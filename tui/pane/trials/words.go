package trials

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"s1/engine/trace"
	"s1/tui/text"
)

// rate is a share with its n and its interval: 9 of 21  43 % 24-63.
func rate(r trace.Rate) string {
	if r.N <= 0 {
		return "0 of 0"
	}
	return fmt.Sprintf("%d of %d  %s %% %s-%s", r.Hits, r.N, percent(r.Rate), percent(r.Low), percent(r.High))
}

func percent(f float64) string {
	if math.IsNaN(f) {
		return "?"
	}
	return strconv.Itoa(int(math.Round(100 * min(max(f, 0), 1))))
}

// share is a number within 0..1 as it is written on this screen: .42.
func share(f float64) string {
	if math.IsNaN(f) {
		return "?"
	}
	return strings.TrimPrefix(strconv.FormatFloat(min(max(f, 0), 1), 'f', 2, 64), "0")
}

// state says how far all of it is.
func (p *Pane) state() string {
	r := p.Report
	done, running := 0, 0
	for _, t := range r.Tallies {
		done, running = done+t.Done, running+t.Running
	}
	s := fmt.Sprintf("n %s of %s", text.Count(done), text.Count(max(len(r.Trials), done)))
	switch {
	case r.Decided != "":
		s = fmt.Sprintf("decided: %s   %s decided it, %s drawn", text.Short(r.Decided, wordMost, p.Theme), text.Count(done), text.Count(p.drawn()))
	case r.Ended:
		s = "ended   " + s
	case running > 0:
		s = fmt.Sprintf("%d running   %s", running, s)
	}
	s += "   " + text.Count(r.Tokens) + " tokens"
	for i := range r.Tallies {
		if t := &r.Tallies[i]; t.Right.N+t.Fixed.N+t.Broken.N > 0 {
			return s + "   intervals 95 %"
		}
	}
	return s
}

// drawn is how many samples have begun: those that were still under way when it was decided have cost tokens, too.
func (p *Pane) drawn() int {
	n := 0
	for i := range p.Report.Trials {
		if p.Report.Trials[i].Branch != "" {
			n++
		}
	}
	return n
}

const wordMost = 40 // cells of an answer within a sentence

// shift says how far the answers of the two arms lie apart, and what that is worth.
func (p *Pane) shift() (figure, meaning string) {
	r := p.Report
	if r.Shift == nil || len(r.Tallies) != 2 {
		return "", ""
	}
	a, b := &r.Tallies[0], &r.Tallies[1]
	if a.Done == 0 || b.Done == 0 {
		return "shift  not known yet", "Both arms need answers first."
	}
	figure = fmt.Sprintf("shift %s  %s-%s (95 %%, n %d and %d)", share(r.Shift.Rate), share(r.Shift.Low), share(r.Shift.High), a.Done, b.Done)
	meaning = fmt.Sprintf("How far apart the answers of %s and %s are: 0 the same, 1 none in common. "+
		"Two equal arms differ by chance too", text.Short(nameOf(a.Name), wordMost, p.Theme), text.Short(nameOf(b.Name), wordMost, p.Theme))
	if min(a.Done, b.Done) < few {
		meaning += fmt.Sprintf(", with %d samples by much: take it as a hint.", min(a.Done, b.Done))
	} else {
		meaning += ", and the figure is never below 0: see how wide the interval is. It does not say why they differ."
	}
	return figure, meaning
}

const few = 30 // samples of an arm below which a shift is only a hint

// mended says what an arm did to the samples of the first one.
func mended(t *trace.Tally) string {
	if t.Fixed.N+t.Broken.N == 0 {
		return ""
	}
	return "fixed " + rate(t.Fixed) + "   broken " + rate(t.Broken)
}

// Describe says all of it in lines, for a plain stream and a screen reader. The lines are safe to print.
func (p *Pane) Describe() []string {
	if p.Report == nil {
		return []string{"No experiment."}
	}
	r := p.Report
	out := []string{p.title() + ": " + strings.ReplaceAll(p.state(), "   ", ", ")}
	for i := range r.Tallies {
		t := &r.Tallies[i]
		line := fmt.Sprintf("%s: %d of %d done", text.Short(nameOf(t.Name), wordMost, p.Theme), t.Done, p.of(i))
		if t.Right.N > 0 {
			line += ", right " + rate(t.Right)
		}
		line += fmt.Sprintf(", %s tokens", text.Count(t.Tokens))
		out = append(out, line)
		for _, v := range t.Votes {
			says := "no answer"
			if v.Answer != "" {
				says = `"` + text.Short(v.Answer, wordMost, p.Theme) + `"`
			}
			if v.Verdict != trace.VerdictNone {
				says += " (" + text.Short(string(v.Verdict), 8, p.Theme) + ")"
			}
			out = append(out, fmt.Sprintf("  %s %d times", says, v.N))
		}
		if s := mended(t); i > 0 && s != "" {
			out = append(out, "  against "+p.armName(0)+": "+strings.ReplaceAll(s, "   ", ", "))
		}
	}
	if figure, meaning := p.shift(); figure != "" {
		out = append(out, figure, meaning)
	}
	for i, l := range out {
		out[i] = text.Clean(strings.ReplaceAll(l, "  ", " "), p.Theme.ASCII)
	}
	return out
}

func (p *Pane) title() string {
	if p.Title != "" {
		return text.Short(p.Title, wordMost, p.Theme)
	}
	return [...]string{"wait lab", "votes", "anchors"}[min(p.Kind, Anchors)]
}
