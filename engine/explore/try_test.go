package explore

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"s1/engine/builtin"
	"s1/engine/enginetest"
	"s1/engine/trace"
)

// tried carries out an experiment and gives its last report.
func tried(t testing.TB, x *Explorer, e trace.Trials) trace.TrialsReport {
	t.Helper()
	var last trace.TrialsReport
	reports := 0
	began := time.Now()
	if err := x.Try(t.Context(), e, func(r trace.TrialsReport) {
		if last.Ended {
			t.Error("a report after the last one")
		}
		last = r
		reports++
	}); err != nil {
		t.Fatal(err)
	}
	if most := int(time.Since(began)/reportEvery) + 1; reports > most || !last.Ended {
		t.Errorf("%d reports, at most %d; ended %v", reports, most, last.Ended)
	}
	if len(last.Trials) != len(e.Arms)*e.Samples || len(last.Tallies) != len(e.Arms) {
		t.Fatalf("%d trials, %d tallies", len(last.Trials), len(last.Tallies))
	}
	return last
}

func TestTrialsAreTheBranchesTheyWouldHaveBeenAndCanBeOpened(t *testing.T) {
	t.Parallel()
	m := mini(t)
	x := New(m)
	q := trace.Ask{Prompt: builtin.Examples(1)[0], Budget: trace.Budget{Cap: -1, AnswerCap: 32}, Sampling: trace.Sampling{Temperature: 1, Seed: 4}}
	live := ask(t, m, q)
	h := end(t, live)
	at, _ := live.CloseAt(h.path)
	wait := []trace.Command{{Kind: trace.CommandWait, Text: "Wait"}}
	e := trace.Trials{
		From: live.Branch().ID, Samples: 6, Sampling: trace.Sampling{Temperature: 1, Seed: 100},
		Arms: []trace.Arm{{Name: "nothing", At: at, Budget: q.Budget}, {Name: "Wait", At: at, Budget: q.Budget, First: wait}, {Name: "cap", At: 10, Budget: trace.Budget{Cap: 30, AnswerCap: 32}}},
	}
	r := tried(t, x, e)
	for i, k := range r.Trials {
		arm, n := i/e.Samples, i%e.Samples
		s := e.Sampling
		s.Seed += uint64(n)
		l, err := m.Branch(t.Context(), e.From, e.Arms[arm].At, e.Arms[arm].Budget, s, e.Arms[arm].First...)
		if err != nil {
			t.Fatal(err)
		}
		want := end(t, l)
		if k.Arm != arm || k.N != n || !k.Done || k.Answer != want.text() || k.Spent != want.spent || k.Outcome != want.receipt.Outcome ||
			k.Verdict != trace.Same(nil).Judge(live.Run().Expected, want.text(), want.receipt) || k.Tokens != drawnFrom(want.path, e.Arms[arm].At) {
			t.Errorf("trial %+v, the branch has %q after %d (%s)", k, want.text(), want.spent, want.receipt.Outcome)
		}
		if i%4 != 0 {
			continue
		}
		opened, err := x.Open(t.Context(), k.Branch)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := x.Open(t.Context(), k.Branch); err != nil || again != opened {
			t.Errorf("opened twice: %v", err)
		}
		b, c := opened.Branch(), l.Branch()
		if b.Parent != c.Parent || b.At != c.At || b.Cause != c.Cause || b.Sampling.Seed != s.Seed || strings.Contains(string(b.ID), "~") {
			t.Errorf("opened %+v, the branch is %+v", b, c)
		}
		if got := end(t, opened); !slices.Equal(ids(got.path), ids(want.path)) {
			t.Errorf("%s: its log is not the whole path", b.ID)
		}
		on, err := m.Branch(t.Context(), b.ID, len(want.path)-1, e.Arms[arm].Budget, s)
		if err != nil {
			t.Fatal(err)
		}
		if got := end(t, on); !slices.Equal(ids(got.path), ids(want.path)) {
			t.Errorf("going on from %s gives another path", b.ID)
		}
	}
	if n := m.Sides(); n != len(r.Trials)-5 {
		t.Errorf("%d side branches", n)
	}
	if r := tried(t, x, trace.Trials{From: e.From, Arms: e.Arms[:1], Samples: 1}); len(r.Trials) != 1 {
		t.Errorf("%+v", r)
	}
	if _, err := x.Open(t.Context(), r.Trials[1].Branch); err == nil {
		t.Error("a trial of an older experiment was opened")
	}
	x.forgetTrials()
	nothingLeft(t, m, -1)
}

func drawnFrom(path []trace.Token, at int) int {
	n := 0
	for _, t := range path[at:] {
		if t.Origin == trace.OriginSampled {
			n++
		}
	}
	return n
}

func TestVisibleBranchesAreNumberedWithoutGapsAndPagesComeBack(t *testing.T) {
	t.Parallel()
	r := scripted(t, rigOptions{})
	x := New(r.Model)
	q := thought(200, trace.Sampling{Temperature: 1, Seed: 2})
	q.Budget.Waits = 50
	live := ask(t, r.Model, q)
	h := end(t, live)
	pages := used(t, r.Model)
	for range 3 {
		tried(t, x, trace.Trials{From: live.Branch().ID, Samples: 10, Arms: []trace.Arm{{At: 5, Budget: live.Branch().Budget}}, Sampling: trace.Sampling{Temperature: 1}})
		scrubbed(t, r.Model, live.Branch().ID, []int{1, h.spent / 2, h.spent}, 32)
		if n := used(t, r.Model); n > pages {
			t.Errorf("%d pages in use, %d before", n, pages)
		}
	}
	l, err := r.Branch(t.Context(), live.Branch().ID, 3, live.Branch().Budget, live.Branch().Sampling)
	if err != nil {
		t.Fatal(err)
	}
	if want := live.Run().ID + ".2"; string(l.Branch().ID) != want {
		t.Errorf("the second branch is %s, want %s", l.Branch().ID, want)
	}
	end(t, l)
}

func TestAnExperimentThatIsCancelledLeavesNothingButWhatWasOpened(t *testing.T) {
	v := enginetest.NewVocab()
	r := scripted(t, rigOptions{script: minded(v, 3, func(int) string { return "x" }), context: 5000, pages: 4000})
	x := New(r.Model)
	live := ask(t, r.Model, trace.Ask{Prompt: "q", Budget: trace.Budget{Cap: 50, AnswerCap: 32}})
	end(t, live)
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(t.Context())
	var last trace.TrialsReport
	e := trace.Trials{From: live.Branch().ID, Samples: 50, Arms: []trace.Arm{{At: 10, Budget: trace.Budget{Cap: -1, AnswerCap: 32}}}}
	opened := make(chan trace.BranchID, 1)
	err := x.Try(ctx, e, func(rep trace.TrialsReport) {
		last = rep
		if len(opened) == 0 && rep.Trials[0].Branch != "" {
			l, err := x.Open(t.Context(), rep.Trials[0].Branch)
			if err != nil {
				t.Error(err)
			}
			opened <- l.Branch().ID
		}
		cancel()
	})
	if !errors.Is(err, context.Canceled) || !last.Ended || last.Tallies[0].Done != 0 {
		t.Errorf("%v; %+v", err, last.Tallies)
	}
	noGoroutineLeft(t, before)
	on, ok := r.Live(<-opened)
	if !ok {
		t.Fatal("what was opened is gone")
	}
	if _, ended := on.Log().Since(0); ended {
		t.Error("what was opened was stopped")
	}
	for _, k := range last.Trials[1:] {
		if k.Branch != "" && k.Outcome != "stopped" {
			t.Errorf("trial %+v", k)
		}
	}
	on.Send(trace.Command{Kind: trace.CommandAnswerNow})
	end(t, on)
	x.forgetTrials()
	nothingLeft(t, r.Model, -1)
}

func TestExperimentsThatCannotBeAreRefusedBeforeTheyCostAnything(t *testing.T) {
	t.Parallel()
	r := scripted(t, rigOptions{})
	x := New(r.Model)
	live := ask(t, r.Model, thought(20, trace.Sampling{}))
	end(t, live)
	id, good := live.Branch().ID, trace.Arm{Name: "good", At: 2, Budget: live.Branch().Budget}
	for _, c := range []struct {
		e    trace.Trials
		want string
	}{
		{trace.Trials{From: "nobody", Arms: []trace.Arm{good}, Samples: 1}, "nobody"},
		{trace.Trials{From: id, Samples: 1}, "0 arms"},
		{trace.Trials{From: id, Arms: []trace.Arm{good}}, "0 samples"},
		{trace.Trials{From: id, Arms: []trace.Arm{good}, Samples: 1 << 20}, "1048576"},
		{trace.Trials{From: id, Arms: []trace.Arm{good, {Name: "far", At: 1000}}, Samples: 3}, `arm "far"`},
		{trace.Trials{From: id, Arms: []trace.Arm{{Name: "huge", At: 2, Budget: trace.Budget{Cap: 1 << 20, AnswerCap: 1}}}, Samples: 3}, "1048576"},
	} {
		err := x.Try(t.Context(), c.e, func(trace.TrialsReport) { t.Errorf("%s: a report", c.want) })
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v, want one sentence with %q", err, c.want)
		}
		nothingLeft(t, r.Model, -1)
	}
}

// answers makes a tally of answers by arm; "-" = not done.
func answers(expected string, decided bool, arms ...string) *tally {
	e := trace.Trials{Decided: decided, Sampling: trace.Sampling{Seed: 1}}
	for i, a := range arms {
		e.Arms = append(e.Arms, trace.Arm{Name: fmt.Sprint(i)})
		e.Samples = len(strings.Fields(a))
	}
	y := newTally(e, expected, nil)
	for i, a := range arms {
		for n, s := range strings.Fields(a) {
			if s != "-" {
				y.add(i, n, strings.Trim(s, "_"), &trace.Receipt{Outcome: "answered"})
			}
		}
	}
	return y
}

func TestTalliesCompareSampleBySample(t *testing.T) {
	t.Parallel()
	y := answers("7", false, "7 7 8 8 9 - 7 _", "7 8 7 7 8 7 - 7")
	got := y.arms([]int{1, 1}, []int{10, 20})
	if v := got[0].Votes; len(v) != 4 || v[0] != (trace.Votes{Answer: "7", N: 3, Verdict: trace.VerdictRight}) || v[1] != (trace.Votes{Answer: "8", N: 2, Verdict: trace.VerdictWrong}) || v[3].Answer != "" {
		t.Errorf("votes %+v", v)
	}
	if a := got[1]; a.Done != 7 || a.Running != 1 || a.Tokens != 20 || a.Right.Hits != 5 || a.Right.N != 7 || a.Fixed.Hits != 3 || a.Fixed.N != 4 || a.Broken.Hits != 1 || a.Broken.N != 2 {
		t.Errorf("arm 1: %+v", a)
	}
	if a := got[0]; a.Right.Hits != 3 || a.Right.N != 7 || a.Fixed.N != 0 || a.Broken.N != 0 || a.Right.Low <= 0 || a.Right.High >= 1 || a.Right.Rate != 3./7 {
		t.Errorf("arm 0: %+v", a)
	}
	if a := answers("", false, "1 2 3").arms([]int{0}, []int{0})[0]; a.Right.N != 0 || a.Right.High != 1 || a.Done != 3 {
		t.Errorf("nothing expected: %+v", a)
	}
}

func TestALeadIsDecidedExactlyWhenItCannotBeLost(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ answers, want string }{
		{"7 7 7 - -", "7"},
		{"7 7 - - -", ""},      // three others may agree
		{"7 7 7 - - -", ""},    // may become a draw
		{"7 7 7 8 - -", ""},    // draw
		{"7 7 7 8 -", "7"},     //
		{"7 7 8 8", ""},        // a draw to the end
		{"_ _ _ _ 7 -", ""},    // no answer does not lead, and one more may come
		{"_ _ _ _ 7 7 -", "7"}, //
		{"7", "7"},
		{"-", ""},
	} {
		if got := answers("", true, c.answers).decided(); got != c.want {
			t.Errorf("%s: %q, want %q", c.answers, got, c.want)
		}
	}
	if got := answers("", true, "7", "7").decided(); got != "" {
		t.Errorf("two arms: %q", got)
	}
}

func TestADecidedVoteStopsEarly(t *testing.T) {
	t.Parallel()
	v := enginetest.NewVocab()
	r := scripted(t, rigOptions{script: minded(v, 3, func(int) string { return "7" })})
	x := New(r.Model)
	live := ask(t, r.Model, trace.Ask{Prompt: "q", Budget: trace.Budget{Cap: 20, AnswerCap: 32}})
	end(t, live)
	e := trace.Trials{From: live.Branch().ID, Samples: 400, Decided: true, Arms: []trace.Arm{{At: 0, Budget: live.Branch().Budget}}, Sampling: trace.Sampling{Temperature: 0.01}}
	rep := tried(t, x, e)
	if a := rep.Tallies[0]; rep.Decided != "7" || a.Done < 201 || a.Done > 210 || a.Running != 0 {
		t.Errorf("decided %q after %d", rep.Decided, a.Done)
	}
	e.Samples, e.Decided = 40, false
	if rep := tried(t, x, e); rep.Tallies[0].Done != 40 || rep.Decided != "7" {
		t.Errorf("%+v", rep.Tallies)
	}
}

func TestTheShiftIsTheTotalVariationWithItsInterval(t *testing.T) {
	t.Parallel()
	same, all := strings.Repeat("1 2 ", 50), strings.Repeat("3 3 ", 50)
	half := strings.Repeat("1 3 ", 50)
	for _, c := range []struct {
		a, b               string
		shift, least, most float64
	}{
		{same, same, 0, 0, 0.2},
		{same, all, 1, 1, 1},
		{same, half, 0.5, 0.35, 0.65},
	} {
		y := answers("", false, c.a, c.b)
		r := y.shift(true)
		if r == nil || math.Abs(r.Rate-c.shift) > 1e-9 || r.Low < c.least || r.High > c.most || r.Low > r.Rate && c.shift > 0 || r.High < r.Rate || r.N != 200 {
			t.Errorf("shift %+v, want %v in [%v, %v]", r, c.shift, c.least, c.most)
		}
		if again := answers("", false, c.a, c.b).shift(true); *again != *r {
			t.Errorf("equal seeds give %+v and %+v", *r, *again)
		}
	}
	for _, y := range []*tally{answers("", false, "1 2"), answers("", false, "1", "2", "3"), answers("", false, "1", "-")} {
		if r := y.shift(true); r != nil {
			t.Errorf("a shift of %+v", *r)
		}
	}
}
