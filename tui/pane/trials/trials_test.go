package trials_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"s1/engine/trace"
	"s1/tui/pane/trials"
	"s1/tui/theme"
	"s1/tui/tuitest"
)

// lab is a Wait lab of four arms, half done.
func lab() *trace.TrialsReport {
	r := &trace.TrialsReport{Tokens: 5120}
	for arm, name := range []string{"", "Wait", "Hmm", "Alternatively"} {
		t := trace.Tally{
			Name: name, Done: 14, Running: 7, Tokens: 1280,
			Votes: []trace.Votes{{Answer: "79", N: 6 - arm, Verdict: trace.VerdictRight}, {Answer: "84", N: 4 + arm, Verdict: trace.VerdictWrong}, {Answer: "158", N: 2, Verdict: trace.VerdictWrong}, {Answer: "", N: 1, Verdict: trace.VerdictWrong}, {Answer: "7", N: 1, Verdict: trace.VerdictWrong}},
			Right: trace.Rate{Hits: 6 - arm, N: 14, Rate: float64(6-arm) / 14, Low: .21, High: .67},
		}
		if arm > 0 {
			t.Fixed = trace.Rate{Hits: 3, N: 8, Rate: 3. / 8, Low: .14, High: .69}
			t.Broken = trace.Rate{Hits: 1, N: 6, Rate: 1. / 6, Low: .03, High: .56}
		}
		r.Tallies = append(r.Tallies, t)
		for n := range 21 {
			s := trace.Trial{Arm: arm, N: n, Tokens: 40 + n, Spent: 100 + n}
			switch {
			case n < 14:
				s.Done, s.Branch, s.Answer, s.Outcome, s.Verdict = true, "x", fmt.Sprint(79+n%3), "answered", trace.VerdictRight
			case n < 18:
				s.Branch = "y"
			}
			r.Trials = append(r.Trials, s)
		}
	}
	return r
}

func votes() *trace.TrialsReport {
	r := lab()
	r.Tallies, r.Trials, r.Decided, r.Ended = r.Tallies[:1], r.Trials[:21], "79", true
	r.Tallies[0].Running = 0
	for n := 14; n < 18; n++ { // they were under way when it was decided
		r.Trials[n].Outcome, r.Trials[n].Answer, r.Trials[n].Verdict = "stopped", "7", trace.VerdictWrong
	}
	r.Trials[15].Outcome = "answered"
	return r
}

func anchors() *trace.TrialsReport {
	r := lab()
	r.Tallies, r.Trials = r.Tallies[:2], r.Trials[:42]
	r.Tallies[0].Name, r.Tallies[1].Name = "with it", "without it"
	r.Shift = &trace.Rate{Hits: 0, N: 14, Rate: .42, Low: .18, High: .66}
	return r
}

var kinds = map[string]func(theme.Options) *trials.Pane{
	"lab": func(o theme.Options) *trials.Pane {
		return &trials.Pane{Theme: theme.New(o), Focused: true, Report: lab(), Samples: 21, Cursor: 30}
	},
	"votes": func(o theme.Options) *trials.Pane {
		return &trials.Pane{Theme: theme.New(o), Kind: trials.Vote, Report: votes(), Cursor: 2}
	},
	"anchors": func(o theme.Options) *trials.Pane {
		return &trials.Pane{Theme: theme.New(o), Kind: trials.Anchors, Report: anchors(), Cursor: 20}
	},
}

func plain(p *trials.Pane, w, h int) string { return ansi.Strip(strings.Join(p.Render(w, h), "\n")) }

func TestFrames(t *testing.T) {
	t.Parallel()
	for kind, of := range kinds {
		for _, o := range tuitest.Profiles() {
			tuitest.GoldenSizes(t, kind, o, of(o).Render)
		}
	}
}

func TestEveryArmSaysItsNumbersWithTheirIntervals(t *testing.T) {
	t.Parallel()
	frame := plain(kinds["lab"](theme.Options{}), 120, 50)
	for _, want := range []string{
		"n 56 of 84", "5,120 tokens", "14 of 21", "right 5 of 14  36 % 21-67",
		"fixed 3 of 8  38 % 14-69   broken 1 of 6  17 % 3-56", "1,280 tokens", "1 more answers, 1 samples", "no answer",
	} {
		if !strings.Contains(frame, want) {
			t.Errorf("%q is missing in\n%s", want, frame)
		}
	}
	if frame := plain(kinds["votes"](theme.Options{}), 80, 24); !strings.Contains(frame, "decided: 79   14 decided it, 18 drawn") {
		t.Errorf("the decision is missing in\n%s", frame)
	}
	frame = plain(kinds["anchors"](theme.Options{}), 120, 50)
	for _, want := range []string{"shift .42  .18-.66 (95 %, n 14 and 14)", "Two equal arms differ by", "take it as a hint"} {
		if !strings.Contains(frame, want) {
			t.Errorf("%q is missing in\n%s", want, frame)
		}
	}
}

func TestEveryArmKeepsARowAndItsNWhenThereIsLittleRoom(t *testing.T) {
	t.Parallel()
	for h := 5; h <= 50; h++ {
		frame := plain(kinds["lab"](theme.Options{}), 80, h)
		for _, want := range []string{"nothing", "Wait", "Hmm", "Alternatively"} {
			if !strings.Contains(frame, want) {
				t.Errorf("%d rows: %q is missing in\n%s", h, want, frame)
			}
		}
		if n := strings.Count(frame, "14 of 21"); n != 4 {
			t.Errorf("%d rows: n is said %d times for 4 arms\n%s", h, n, frame)
		}
	}
	if frame := plain(kinds["lab"](theme.Options{}), 80, 4); !strings.Contains(frame, "2 of 4 arms are shown") || !strings.Contains(frame, "Wait") {
		t.Errorf("four rows do not say which arms are away, or hide that of the cursor:\n%s", frame)
	}
}

func TestTheCursorStaysInViewAndOpensASample(t *testing.T) {
	t.Parallel()
	p := kinds["lab"](theme.Options{})
	for _, d := range []int{-99, 1, 20, 40, 99, -7} {
		p.Move(d)
		got, ok := p.Trial()
		if !ok || got.Arm != p.Cursor/21 || got.N != p.Cursor%21 {
			t.Fatalf("cursor %d opens %+v", p.Cursor, got)
		}
		for _, h := range []int{12, 24, 50} {
			frame := plain(p, 80, h)
			rows := strings.Split(frame[strings.Index(frame, "samples "):], "\n")
			found := false
			for _, row := range rows {
				if f := strings.Fields(row); len(f) > 2 && f[0] == "▸" {
					found = f[2] == fmt.Sprint(got.N+1)
				}
			}
			if !found {
				t.Errorf("cursor %d is not in view in %d rows:\n%s", p.Cursor, h, frame)
			}
		}
	}
	p.Report = nil
	if p.Move(1); p.Describe()[0] != "No experiment." {
		t.Errorf("nothing is described as %q", p.Describe())
	}
	if _, ok := p.Trial(); ok {
		t.Error("a sample of no experiment")
	}
}

func TestDescribeSaysWhatTheBarsShow(t *testing.T) {
	t.Parallel()
	got := strings.Join(kinds["lab"](theme.Options{}).Describe(), "\n")
	for _, want := range []string{
		"wait lab: 28 running, n 56 of 84, 5,120 tokens", "Wait: 14 of 21 done, right 5 of 14 36 % 21-67",
		`"79" (right) 5 times`, "no answer (wrong) 1 times", "against nothing: fixed 3 of 8 38 % 14-69, broken 1 of 6",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
}

func TestEverySizeAndHostileText(t *testing.T) {
	t.Parallel()
	nan := math.NaN()
	for profile, o := range tuitest.Profiles() {
		if profile == "no colour" {
			continue // the same text as in colour
		}
		for kind, of := range kinds {
			if !o.ASCII { // the signs have no other size
				tuitest.CheckSizes(t, kind+" "+profile, o, of(o).Render)
			}
			for name, evil := range tuitest.Hostile() {
				p := of(o)
				p.Title, p.Empty, p.Report.Decided = evil, evil, evil
				for i := range p.Report.Tallies {
					a := &p.Report.Tallies[i]
					a.Name, a.Fixed.Rate, a.Right.Low = evil, nan, nan
					for j := range a.Votes {
						a.Votes[j].Answer, a.Votes[j].Verdict = evil, trace.Verdict(evil)
					}
				}
				for i := range p.Report.Trials {
					s := &p.Report.Trials[i]
					s.Verdict, s.Outcome, s.Arm = trace.Verdict(evil), evil, s.Arm*3-1
					if i%2 == 0 {
						s.Answer = evil
					}
				}
				for _, w := range tuitest.HostileWidths() {
					tuitest.CheckRows(t, name, p.Render(w, 30), w, 30, o)
				}
				for _, l := range p.Describe() {
					tuitest.CheckRows(t, name, []string{l}, ansi.StringWidth(l), 1, o)
				}
				p.Report = nil
				tuitest.CheckRows(t, name, p.Render(40, 9), 40, 9, o)
			}
		}
		empty := &trials.Pane{Theme: theme.New(o), Report: &trace.TrialsReport{Trials: make([]trace.Trial, 3)}, Cursor: 9}
		tuitest.CheckSizes(t, "no tallies", o, empty.Render)
	}
}

func TestWhatDecidedAVoteIsToldFromWhatWasDrawn(t *testing.T) {
	t.Parallel()
	p := kinds["votes"](theme.Options{NoColor: true})
	p.Cursor = 20
	frame := plain(p, 110, 30)
	for _, want := range []string{"14 decided it, 18 drawn   5,120 tokens", "not counted", "answered", "stopped"} {
		if !strings.Contains(frame, want) {
			t.Errorf("%q is missing in\n%s", want, frame)
		}
	}
	for _, row := range strings.Split(frame, "\n") {
		if strings.Contains(row, "not counted") && (strings.Contains(row, "wrong") || strings.Contains(row, " 7 ")) {
			t.Errorf("what was not counted is shown as an answer: %q", row)
		}
	}
}
