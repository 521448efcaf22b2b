// Package scrub shows what a thought would have answered had it been stopped earlier: the stops along an axis of thinking
// tokens, a cursor on it, and what that place says in words.
//
// It draws the guesses it is given. It asks for none, judges none, and does not know how they were taken.
package scrub

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"

	"s1/engine/trace"
	"s1/tui/text"
	"s1/tui/theme"
)

// Pane shows the stops of one trace.
type Pane struct {
	Theme     *theme.Theme
	Focused   bool
	Guesses   []trace.Guess // ascending by Spent
	Stops     []int         // asked for, in thinking tokens, ascending
	Length    int           // thinking tokens of the trace
	At        int           // the cursor, in thinking tokens
	Expected  string        // the right answer, "" = unknown
	Running   bool          // stops are still being answered
	Cost      int           // tokens generated for the stops so far
	CostLimit int           // and at most, 0 = unknown
	Empty     string        // what would fill it, and which key does that
}

// Label is what must stand beside every picture of cut traces.
const Label = "a cut trace: the model did not know its budget"

// Guess returns the guess under the cursor.
func (p *Pane) Guess() (trace.Guess, bool) {
	i := sort.Search(len(p.Guesses), func(i int) bool { return p.Guesses[i].Spent >= p.At })
	if i < len(p.Guesses) && p.Guesses[i].Spent == p.At {
		return p.Guesses[i], true
	}
	return trace.Guess{}, false
}

// Next moves the cursor to the next stop, answered or only asked for, and says whether there was one.
func (p *Pane) Next() bool { return p.step(1) }

// Prev moves the cursor to the stop before.
func (p *Pane) Prev() bool { return p.step(-1) }

func (p *Pane) step(d int) bool {
	best, found := 0, false
	see := func(at int) {
		if (at-p.At)*d > 0 && (!found || (best-at)*d > 0) {
			best, found = at, true
		}
	}
	for _, at := range p.Stops {
		see(at)
	}
	for _, g := range p.Guesses {
		see(g.Spent)
	}
	if found {
		p.At = best
	}
	return found
}

// Move moves the cursor by thinking tokens, within the trace.
func (p *Pane) Move(d int) { p.At = min(max(p.At+d, 0), max(p.Length, 0)) }

// sentence says what the place under the cursor would have answered.
func (p *Pane) sentence() string {
	if g, ok := p.Guess(); ok {
		return say(g)
	}
	if slices.Contains(p.Stops, p.At) {
		if p.Running {
			return fmt.Sprintf("%d: not answered yet", p.At)
		}
		return fmt.Sprintf("%d: was not answered", p.At)
	}
	i := sort.Search(len(p.Guesses), func(i int) bool { return p.Guesses[i].Spent >= p.At })
	var near []string
	for _, j := range []int{i - 1, i} {
		if j >= 0 && j < len(p.Guesses) {
			near = append(near, say(p.Guesses[j]))
		}
	}
	if len(near) == 0 {
		return fmt.Sprintf("%d: no stop was answered yet", p.At)
	}
	return fmt.Sprintf("%d: not asked; beside it %s", p.At, strings.Join(near, " and "))
}

const sayMost = 60 // cells of an answer within a sentence

// say is one guess in words: 112: "84", p .71, wrong.
func say(g trace.Guess) string {
	s := fmt.Sprintf("%d: %s", g.Spent, quote(g.Answer))
	if g.Prob > 0 && g.Prob <= 1 {
		s += ", p " + strings.TrimPrefix(strconv.FormatFloat(float64(g.Prob), 'f', 2, 32), "0")
	}
	if g.Verdict != trace.VerdictNone {
		s += ", " + text.Head(string(g.Verdict), 8)
	}
	if g.Cut {
		s += ", cut at its limit"
	}
	return s
}

func quote(answer string) string {
	if answer == "" {
		return "no answer"
	}
	if len(answer) > sayMost {
		head := text.Head(answer, sayMost)
		n := 0
		for i := range head {
			if n++; n > sayMost {
				return `"` + head[:i] + `..."`
			}
		}
		answer = head
	}
	return `"` + answer + `"`
}

// Summary says from where on the answer was right, or the same, and how often it changed before.
func Summary(guesses []trace.Guess) string {
	n := len(guesses)
	if n == 0 {
		return ""
	}
	right, stable, changes := n, n-1, 0
	for right > 0 && guesses[right-1].Verdict == trace.VerdictRight {
		right--
	}
	for stable > 0 && guesses[stable-1].Answer == guesses[n-1].Answer {
		stable--
	}
	known := false
	for i, g := range guesses {
		known = known || g.Verdict != trace.VerdictNone
		if i > 0 && g.Answer != guesses[i-1].Answer {
			changes++
		}
	}
	var parts []string
	switch {
	case right < n:
		parts = append(parts, fmt.Sprintf("right from %d on", guesses[right].Spent))
	case known:
		parts = append(parts, "wrong at the last stop")
	}
	switch {
	case n == 1:
	case changes == 0:
		parts = append(parts, "the same at every stop")
	case stable == n-1 && right == n && known:
		parts = []string{"wrong and still changing at the last stop", times(changes)}
	case stable == n-1:
		parts = append(parts, fmt.Sprintf("still changing at the last stop, %s", times(changes)))
	case right < n && guesses[right].Spent == guesses[stable].Spent:
		parts = append(parts, "stable after "+times(changes))
	default:
		parts = append(parts, fmt.Sprintf("stable from %d on, after %s", guesses[stable].Spent, times(changes)))
	}
	return strings.Join(parts, ", ")
}

func times(changes int) string {
	if changes == 1 {
		return "1 change"
	}
	return fmt.Sprintf("%d changes", changes)
}

// Describe says all of it in lines, for a screen reader and a plain stream. The text is safe to print.
func Describe(guesses []trace.Guess) string {
	if len(guesses) == 0 {
		return "No stop was answered."
	}
	var b strings.Builder
	for _, g := range guesses {
		b.WriteString("stopped at " + text.Clean(say(g), false) + "\n")
	}
	b.WriteString(Summary(guesses) + "\n" + Label)
	return b.String()
}
