package scrub_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"s1/engine/trace"
	"s1/tui/pane/scrub"
	"s1/tui/theme"
	"s1/tui/tuitest"
)

// guesses are those of the sketch: wrong until 136, right from there on.
func guesses() []trace.Guess {
	var out []trace.Guess
	for i, a := range []string{"", "185", "185", "168", "84", "84", "84", "79", "79", "79", "79", "79"} {
		v := trace.VerdictWrong
		if a == "79" {
			v = trace.VerdictRight
		}
		out = append(out, trace.Guess{At: i * 20, Spent: i * 20, Answer: a, Prob: .71, Verdict: v, Tokens: 4, Cut: i == 2})
	}
	return out
}

func pane(o theme.Options) *scrub.Pane {
	stops := []int{}
	for i := range 13 {
		stops = append(stops, i*20)
	}
	return &scrub.Pane{
		Theme: theme.New(o), Focused: true, Guesses: guesses(), Stops: stops, Length: 240, At: 120,
		Running: true, Cost: 212, CostLimit: 352, Expected: "79",
	}
}

func plain(p *scrub.Pane, w, h int) string { return ansi.Strip(strings.Join(p.Render(w, h), "\n")) }

func TestFrames(t *testing.T) {
	t.Parallel()
	for _, o := range tuitest.Profiles() {
		tuitest.GoldenSizes(t, "scrubber", o, pane(o).Render)
	}
}

func TestTheCursorSaysWhatTheThoughtWouldHaveAnswered(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		at   int
		run  bool
		want string
	}{
		{"on a stop", 120, true, `120: "84", p .71, wrong`},
		{"on the right one", 140, true, `140: "79", p .71, right`},
		{"without an answer", 0, true, `0: no answer, p .71, wrong`},
		{"cut", 40, true, `40: "185", p .71, wrong, cut at its limit`},
		{"between two", 130, true, `130: not asked; beside it 120: "84", p .71, wrong and 140: "79"`},
		{"asked for", 240, true, "240: not answered yet"},
		{"in vain", 240, false, "240: was not answered"},
	} {
		p := pane(theme.Options{})
		p.At, p.Running = c.at, c.run
		if got := plain(p, 120, 8); !strings.Contains(got, c.want) {
			t.Errorf("%s: %q is missing in\n%s", c.name, c.want, got)
		}
	}
	one := pane(theme.Options{})
	if got := plain(one, 80, 1); !strings.Contains(got, `120: "84"`) {
		t.Errorf("one row says %q, not what the cursor says", got)
	}
	if got := plain(one, 80, 4); !strings.Contains(got, scrub.Label) {
		t.Errorf("four rows do not say that it is a cut trace:\n%s", got)
	}
}

func TestSummary(t *testing.T) {
	t.Parallel()
	g := func(spent int, answer string, v trace.Verdict) trace.Guess {
		return trace.Guess{Spent: spent, Answer: answer, Verdict: v}
	}
	r, w, n := trace.VerdictRight, trace.VerdictWrong, trace.VerdictNone
	for _, c := range []struct {
		name string
		in   []trace.Guess
		want string
	}{
		{"nothing", nil, ""},
		{"one", []trace.Guess{g(8, "1", r)}, "right from 8 on"},
		{"the sketch", guesses(), "right from 140 on, stable after 4 changes"},
		{"right from the start", []trace.Guess{g(8, "1", r), g(16, "1", r)}, "right from 8 on, the same at every stop"},
		{"lost again", []trace.Guess{g(8, "1", r), g(16, "2", w)}, "wrong and still changing at the last stop, 1 change"},
		{"nothing expected", []trace.Guess{g(8, "1", n), g(16, "2", n), g(24, "2", n)}, "stable from 16 on, after 1 change"},
		{"right, and only at the end", []trace.Guess{g(8, "1", w), g(16, "2", r)}, "right from 16 on, still changing at the last stop, 1 change"},
	} {
		if got := scrub.Summary(c.in); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestNextAndPrevVisitEveryStopOnce(t *testing.T) {
	t.Parallel()
	p := pane(theme.Options{})
	p.Guesses = append(p.Guesses, trace.Guess{Spent: 250})
	p.At = -1
	var seen []int
	for p.Next() {
		seen = append(seen, p.At)
	}
	for i := len(seen) - 2; i >= 0; i-- {
		if !p.Prev() || p.At != seen[i] {
			t.Fatalf("back at %d, want %d", p.At, seen[i])
		}
	}
	if len(seen) != 14 || p.Prev() {
		t.Errorf("stops %v, want 14", seen)
	}
}

// Every answer that is drawn stands at its place on the axis, whole, and none is drawn over another.
func TestAnswersStandAtTheirPlacesOrNotAtAll(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		p := &scrub.Pane{Theme: theme.New(theme.Options{}), Length: 1 + r.IntN(3000), At: -1}
		at := 0
		for range 1 + r.IntN(40) {
			at += r.IntN(60)
			p.Guesses = append(p.Guesses, trace.Guess{Spent: at, Answer: strings.Repeat("7", 1+r.IntN(6)), Verdict: trace.VerdictRight})
		}
		p.Length = max(p.Length, at)
		w := 20 + r.IntN(120)
		row := []rune(strings.Split(plain(p, w, 8), "\n")[3])
		for _, part := range strings.Fields(string(row)) {
			for _, s := range strings.Split(part, "✓")[1:] {
				if strings.Trim(s, "7") != "" || len(s) > 6 {
					t.Fatalf("seed %d: %q is no answer in %q", seed, s, string(row))
				}
			}
		}
		last := 3 + p.Guesses[len(p.Guesses)-1].Spent*(w-5)/p.Length
		if row[last] != '✓' {
			t.Fatalf("seed %d: the last stop at cell %d is not in %q", seed, last, string(row))
		}
	}
}

func TestDescribeSaysEveryStopAndWhatACutTraceIs(t *testing.T) {
	t.Parallel()
	got := scrub.Describe(guesses())
	for _, want := range []string{"stopped at 60: \"168\", p .71, wrong\n", "right from 140 on", scrub.Label} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
	if n := strings.Count(got, "\n"); n != 13 {
		t.Errorf("%d line breaks, want one behind each of 12 stops and the summary", n)
	}
	if got := scrub.Describe(nil); got != "No stop was answered." {
		t.Errorf("nothing is described as %q", got)
	}
}

func TestEverySizeAndHostileText(t *testing.T) {
	t.Parallel()
	for profile, o := range tuitest.Profiles() {
		if profile == "no colour" {
			continue // the same text as in colour
		}
		tuitest.CheckSizes(t, profile, o, pane(o).Render)
		tuitest.CheckSizes(t, profile+" empty", o, (&scrub.Pane{Theme: theme.New(o), Empty: "s asks at sixteen stops."}).Render)
		for name, evil := range tuitest.Hostile() {
			p := pane(o)
			p.Empty, p.Expected = evil, evil
			for i := range p.Guesses {
				p.Guesses[i].Answer, p.Guesses[i].Verdict = evil, trace.Verdict(evil)
			}
			for _, w := range tuitest.HostileWidths() {
				tuitest.CheckRows(t, name, p.Render(w, 20), w, 20, o)
			}
			tuitest.CheckRows(t, name, (&scrub.Pane{Theme: theme.New(o), Empty: evil}).Render(40, 9), 40, 9, o)
			for _, l := range strings.Split(scrub.Describe(p.Guesses), "\n") {
				tuitest.CheckRows(t, name, []string{l}, ansi.StringWidth(l), 1, o)
			}
		}
		for _, odd := range []scrub.Pane{
			{Length: -5, At: -9, Stops: []int{-3, 1 << 40}},
			{Length: math.MaxInt32, At: math.MaxInt32, Stops: []int{1, 2, math.MaxInt32}},
			{Length: 3, At: 99, Guesses: []trace.Guess{{Spent: 50, Prob: float32(math.NaN())}, {Spent: 7}}},
		} {
			odd.Theme = theme.New(o)
			tuitest.CheckSizes(t, profile+" odd", o, odd.Render)
		}
	}
}
