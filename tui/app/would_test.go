package app_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"s1/engine/trace"
	"s1/tui/app"
	"s1/tui/tuitest"
)

// along are guesses along the tape: wrong, then right.
func along() []trace.Guess {
	return []trace.Guess{
		{At: 9, Spent: 8, Answer: "79", Prob: .9, Verdict: trace.VerdictRight, Tokens: 3},
		{At: 5, Spent: 4, Answer: "84", Prob: .71, Verdict: trace.VerdictWrong, Tokens: 4, Every: 4},
		{At: 12, Spent: 11, Answer: "79", Prob: .94, Verdict: trace.VerdictRight, Tokens: 3, Every: 4},
	}
}

// report is an experiment of two arms with two samples each.
func report() trace.TrialsReport {
	return trace.TrialsReport{
		Trials: []trace.Trial{
			{Arm: 0, N: 0, Branch: "t0", Done: true, Answer: "84", Verdict: trace.VerdictWrong, Spent: 11, Tokens: 4},
			{Arm: 0, N: 1, Branch: "t1", Done: true, Answer: "79", Verdict: trace.VerdictRight, Spent: 11, Tokens: 4},
			{Arm: 1, N: 0, Branch: "t2", Done: true, Answer: "79", Verdict: trace.VerdictRight, Spent: 23, Tokens: 16},
			{Arm: 1, N: 1},
		},
		Tallies: []trace.Tally{
			{Name: "nothing", Done: 2, Tokens: 8, Votes: []trace.Votes{{Answer: "84", N: 1, Verdict: trace.VerdictWrong}, {Answer: "79", N: 1, Verdict: trace.VerdictRight}}, Right: trace.Rate{Hits: 1, N: 2, Rate: .5, Low: .09, High: .91}},
			{Name: "Wait", Done: 1, Running: 1, Tokens: 16, Votes: []trace.Votes{{Answer: "79", N: 1, Verdict: trace.VerdictRight}}, Right: trace.Rate{Hits: 1, N: 1, Rate: 1, Low: .21, High: 1}, Fixed: trace.Rate{Hits: 1, N: 1, Rate: 1, Low: .21, High: 1}},
		},
		Tokens: 24,
	}
}

func TestTheScrubberAnswersAlongAFinishedOrPausedThought(t *testing.T) {
	t.Parallel()
	x := explorable()
	x.Guesses = along()
	d := explore(t, x, 110, 36, nil).Press("s")
	d.Expect("11 answers along the thought, at most 32 tokens each", "had we stopped here", "a cut trace: the model did not know its budget")
	d.Pull().Expect("right from 8 on", "cost 10 tokens of 352")
	if got := fmt.Sprint(x.Stops); got != "[1 2 3 4 5 6 7 8 9 10 11]" {
		t.Errorf("stops %s", got)
	}
	// The cursor is at the end of the thought; a word is a stop now, and the words say what it holds.
	d.Press("ctrl+left", "ctrl+left", "ctrl+left").Expect(`8: "79", p .90, right`).Press("ctrl+left", "ctrl+left", "ctrl+left", "ctrl+left").Expect(`4: "84", p .71, wrong`)
	d.Press("ctrl+right").Expect("5: was not answered")
	d.Press("ctrl+left", "enter").Pull().Advance(999).Expect("B of 2", "by you, answer now")
	if b, first := newest(x); b.At != 5 || first.Kind != trace.CommandAnswerNow {
		t.Errorf("from token %d with %+v, want the close in place of the 5th token", b.At, first)
	}
	// It belongs to the branch it was taken of.
	d.Refute("had we stopped here").Press("B").Expect("had we stopped here").Press("esc").Refute("had we stopped here")
	d.Press("s").Expect("had we stopped here").Press("s").Refute("had we stopped here")

	d = tuitest.Start(t, x, 110, 36, nil).Ask(question).Advance(6)
	d.Press("s").Expect("it still thinks: p pauses it first").Press("p").Advance(0).Press("s").Pull().Expect("had we stopped here")
	if got := fmt.Sprint(x.Stops); got != "[1 2 3 4]" {
		t.Errorf("stops of a paused thought %s", got)
	}
	tuitest.Start(t, x, 110, 36, func(o *app.Options) { o.Budget.Cap = 0 }).Ask(question).Advance(999).Press("s").Expect("there is no thought to cut")
	tuitest.Start(t, tuitest.NewFake(tuitest.Tape()), 110, 36, nil).Ask(question).Advance(999).Press("s").Expect("this model can not be asked about a trace")
}

func TestTheScrubberKeepsTheCursorWithinTheThought(t *testing.T) {
	t.Parallel()
	x := explorable()
	x.Guesses = along()
	d := explore(t, x, 110, 36, nil).Press("2", "s").Pull()
	for _, k := range []string{"right", "right", "right", "}", ")"} {
		if got := cursor(d.Press(k).Frame()); got != 12 {
			t.Errorf("%s goes to token %d, want 12, where the thought closed\n%s", k, got, d.Frame())
		}
	}
	d.Press("L").Expect("from where the thought closed each is tried").Press("esc", "enter").Pull()
	if b, _ := newest(x); b.At != 12 {
		t.Errorf("answered from token %d", b.At)
	}
	// Beside the thought it goes anywhere again.
	d = explore(t, x, 110, 36, nil).Press("2", "tab", "h")
	d.Press("s").Pull()
	if got := cursor(d.Frame()); got != 12 {
		t.Errorf("opened from the answer, it stands on token %d", got)
	}
	if got := cursor(d.Press("s", "right", "right", "right").Frame()); got != 15 {
		t.Errorf("closed, it goes to token %d, want 15", got)
	}
}

func TestALongThoughtHasSixteenStops(t *testing.T) {
	t.Parallel()
	x := explorable()
	x.Script.Endless = func(i int) string { return fmt.Sprintf("word%d ", i) }
	tuitest.Start(t, x, 110, 36, func(o *app.Options) { o.Budget.Cap = 1000 }).Ask(question).Advance(1999).Press("s").Pull().Expect("16 answers along the thought")
	if n := len(x.Stops); n != 16 || x.Stops[15] != 1000 || x.Stops[0] != 62 {
		t.Errorf("stops %v", x.Stops)
	}
}

func TestTheScrubberTakesThePlaceOfAComparisonAndOfAnExperiment(t *testing.T) {
	t.Parallel()
	x := explorable()
	x.Guesses, x.Report = along(), report()
	d := explore(t, x, 110, 36, nil).Press("w").Pull().Advance(999)
	d.Press("x").Expect("they part").Press("s").Pull().Expect("had we stopped here").Refute("they part").Press("s")
	d.Press("L", "enter").Pull().Expect("Wait lab, from").Press("s").Pull().Expect("had we stopped here").Refute("Wait lab, from")
	d.Press("esc", "L").Expect("Wait lab, from")
}

func TestTheTickerGuessesWhileItThinksAndStopsWithItsKey(t *testing.T) {
	t.Parallel()
	x := explorable()
	x.Guesses = along()[1:]
	d := tuitest.Start(t, x, 110, 36, nil).Ask(question).Advance(6).Press("y")
	d.Expect("its answer is guessed as it thinks, as often as 10 % more tokens allow", "entropy", "marks")
	if x.Ticks[0].Stay != 0 {
		t.Errorf("asked for %+v", x.Ticks[0])
	}
	d.Pull().Expect("84 · 79", "2 guesses, 1 flip,", "extra 7 of 4 tokens")
	// The scripted one has ended: it begins anew. What was guessed stays, and what it cost is of the same budget; a guess that
	// comes to nothing has its price, too.
	x.Guesses = []trace.Guess{{Void: true, Tokens: 3, Fed: 2}}
	d.Press("y").Pull().Expect("2 guesses, 1 flip,", "extra 12 of 4 tokens").Press("y").Pull()
	if n := len(x.Ticks); n != 3 || x.Ticks[1].Extra != 7 || x.Ticks[2].Extra != 12 || x.Ticks[2].Share != 0.1 {
		t.Errorf("asked for %+v", x.Ticks)
	}
	d.Advance(999).Press("y").Expect("it has ended: s shows the answers along the thought")
}

func TestSettleClosesAfterThreeEqualGuesses(t *testing.T) {
	t.Parallel()
	x := explorable()
	d := tuitest.Start(t, x, 110, 36, nil).Ask(question).Advance(6).Press("y", "Y")
	d.Expect("3 equal guesses in a row close the thought")
	if n := len(x.Ticks); n != 2 || x.Ticks[1].Stay != 3 {
		t.Fatalf("asked for %+v", x.Ticks)
	}
	d.Press("Y").Expect("no more guesses").Press("Y").Expect("3 equal guesses").Press("y").Expect("no more guesses")
	x.Fails = errors.New("no page of the cache is free")
	d.Press("y").Pull().Expect("the ticker failed: no page of the cache is free")
}

func TestTheWaitLabReadsItsWords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		typed string
		arms  string
		n     int
		why   string
	}{
		{"-, Wait, Hmm, 8", "nothing Wait Hmm", 8, ""},
		{"Wait", "Wait", 8, ""},
		{" - ,Let me see ,3", "nothing|Let me see", 3, ""},
		{"2, Wait", "Wait", 2, ""},
		{"-,a,b,c,d,e,f,g", "nothing a b c d e f g", 8, ""},
		{"-,a,b,c,d,e,f,g,h", "", 0, "one to eight words, apart by commas"},
		{"7", "", 0, "one to eight words, apart by commas"},
		{"-, Wait, 0", "", 0, "1 to 256 samples of each"},
		{"-, Wait, 257", "", 0, "1 to 256 samples of each"},
		{"-, Wait, 99999999999999999999", "nothing Wait 99999999999999999999", 8, ""},
	} {
		x := explorable()
		d := explore(t, x, 110, 36, nil).Press("L", "ctrl+u").Type(c.typed).Press("enter")
		if c.why != "" {
			if d.Expect(c.why); len(x.Trials) > 0 {
				t.Errorf("%q: tried %+v", c.typed, x.Trials)
			}
			continue
		}
		if len(x.Trials) != 1 {
			t.Errorf("%q: %d experiments\n%s", c.typed, len(x.Trials), d.Frame())
			continue
		}
		var names []string
		for _, a := range x.Trials[0].Arms {
			names = append(names, a.Name)
			if a.At != 12 || a.Budget.Cap != -1 || (a.Name == "nothing") != (len(a.First) == 0) || len(a.First) > 0 && (a.First[0].Kind != trace.CommandWait || a.First[0].Text != a.Name) {
				t.Errorf("%q: arm %+v", c.typed, a)
			}
		}
		sep := " "
		if strings.Contains(c.arms, "|") {
			sep = "|"
		}
		if got := strings.Join(names, sep); got != c.arms || x.Trials[0].Samples != c.n || x.Trials[0].Sampling.Temperature != 1 || x.Trials[0].From != "0" {
			t.Errorf("%q: arms %q, %+v", c.typed, got, x.Trials[0])
		}
	}
}

func TestALabGoesOnFromTheCursor(t *testing.T) {
	t.Parallel()
	x := explorable()
	at(explore(t, x, 110, 36, nil), 6).Press("L").Expect("from token 6 each is tried so often at temperature 1.0", "32 samples, nothing bounds its tokens, about 384").Press("enter")
	if a := x.Trials[0].Arms; len(a) != 4 || a[1].At != 6 || a[1].First[0].Kind != trace.CommandInject {
		t.Errorf("arms %+v", a)
	}
	x = explorable()
	x.About.Words = []string{"Again"}
	explore(t, x, 110, 36, nil).Press("L").Expect("-, Again, 8").Press("esc").Refute("Again")
	x = explorable()
	tuitest.Start(t, x, 110, 36, func(o *app.Options) { o.Budget.Cap = 0 }).Ask(question).Advance(999).Press("L").Expect("there is no close of a thought to go back to; left chooses a token")
}

func TestAnExperimentIsReadItsSamplesOpenedAndFoundAgain(t *testing.T) {
	t.Parallel()
	x := explorable()
	x.Report = report()
	d := explore(t, x, 110, 36, nil).Press("L", "enter").Expect("the first sample is on its way")
	d.Pull().Expect("Wait lab, from where the thought closed", "nothing  2 of 8", "right 1 of 2", "50 % 9-91", "fixed 1 of 1  100 % 21-100", "24 tokens")
	d.Press("end", "enter").Expect("that sample has not begun").Press("up", "enter").Pull().Advance(999).Expect("B of 2").Refute("Wait lab, from")
	if len(x.Opened) != 1 || x.Opened[0] != "t2" {
		t.Fatalf("opened %v, want t2", x.Opened)
	}
	// The same sample again is the branch that it became.
	d.Press("B", "L").Expect("Wait lab, from", "esc leaves it for good").Press("enter").Expect("B of 2").Refute("Wait lab, from")
	if len(x.Opened) != 1 {
		t.Errorf("opened %v twice", x.Opened)
	}
	d.Press("D").Expect("1 deleted").Press("L", "enter").Expect("that sample was opened before, and deleted: U brings it back")
	d.Press("up", "up", "up", "enter").Pull().Advance(999).Expect("C of 2")
	if fmt.Sprint(x.Opened) != "[t2 t0]" {
		t.Errorf("opened %v", x.Opened)
	}
	d.Press("L").Expect("Wait lab, from").Press("esc").Refute("Wait lab, from").Press("L").Expect("words apart by commas").Press("esc")
	// Another kind takes its place.
	d.Press("V", "enter").Pull().Expect("votes").Press("esc").Refute("votes")
}

func TestAFailedExperimentSaysSoWhereItStands(t *testing.T) {
	t.Parallel()
	x := explorable()
	x.Fails = errors.New("branch 3: the cache\nis full")
	d := explore(t, x, 110, 36, nil)
	d.Press("L", "enter").Pull().Expect("it failed: branch 3: the cache\n   is full  (esc)", "the experiment failed: branch 3: the cache is full")
	d.Press("esc").Refute("it failed").Expect("/2=84")
	d.Press("s").Pull().Expect("the scrub failed: branch 3: the cache is full", "had we stopped here")
	x.Report = report()
	d.Press("s", "V", "enter").Pull().Expect("the experiment failed: branch 3: the cache is full", "24 tokens")
}

func TestVotesAskAgainAndStopOnceDecided(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]int{"32": 32, "2": 2, " 512 ": 512, "1": 0, "513": 0, "x": 0, "": 0} {
		x := explorable()
		d := explore(t, x, 110, 36, nil).Press("V").Expect("it stops", "when the lead is decided", "32 samples, at most 7,168 tokens, about 576 going by this")
		d.Press("ctrl+u").Type(typed).Press("enter")
		switch {
		case want == 0:
			d.Expect("a whole number from 2 to 512")
		case len(x.Trials) != 1 || x.Trials[0].Samples != want || !x.Trials[0].Decided || len(x.Trials[0].Arms) != 1 || x.Trials[0].Arms[0].At != 0 || x.Trials[0].Arms[0].Budget.Cap != 160:
			t.Errorf("%q: %+v", typed, x.Trials)
		}
	}
	x := explorable()
	r := report()
	r.Tallies, r.Trials, r.Decided, r.Ended = r.Tallies[:1], r.Trials[:2], "84", true
	x.Report = r
	explore(t, x, 110, 36, nil).Press("V", "enter").Pull().Expect("decided: 84", "2 decided it, 2 drawn", "2 of 32")
}

func TestAnAnchorGoesOnWithAndWithoutItsSentence(t *testing.T) {
	t.Parallel()
	x := explorable()
	x.Report = report()
	x.Report.Shift = &trace.Rate{Rate: .25, Low: .1, High: .6}
	x.About.Context = 200 // less 14 that were read
	d := at(explore(t, x, 110, 36, nil), 6).Press("A").Expect(`with and without "+61=246"`, "24 samples, at most 4,296 tokens, about 264")
	if len(x.Trials) > 0 {
		t.Error("it began before it said what it takes")
	}
	d.Press("ctrl+u", "0", "enter").Expect("a whole number from 1 to 256").Press("esc").Refute("with and without")
	d.Press("A", "enter").Pull().Expect(`with and without "+61=246"`, "shift .25  .10-.60")
	arms := x.Trials[0].Arms
	if len(arms) != 2 || arms[0].At != 6 || arms[1].At != 8 || arms[0].Name != "without it" || x.Trials[0].Samples != 12 {
		t.Errorf("tried %+v", x.Trials[0])
	}
	// The last sentence ends where the close begins.
	at(d.Press("esc"), 10).Press("A", "enter").Pull().Expect(`with and without "/2=84"`)
	if arms := x.Trials[1].Arms; arms[0].At != 10 || arms[1].At != 12 {
		t.Errorf("the last sentence: %+v", arms)
	}
	// Left for one of its samples, it comes back with its key.
	d.Press("enter").Pull().Advance(999).Expect("B of 2").Press("h", "A").Expect(`with and without "/2=84"`)
}

func TestAnExperimentComesBackWhileTheNewestBranchHasNoToken(t *testing.T) {
	t.Parallel()
	x := explorable()
	x.Report = report()
	d := explore(t, x, 110, 36, nil).Press("L", "enter").Pull().Press("up", "up", "enter").Pull().Advance(999).Expect("B of 2")
	d.Press("n", "enter").Pull().Expect("C of 3").Press("f").Expect("there is no token yet")
	d.Press("V").Expect("there is no token yet").Press("L").Expect("Wait lab, from", "esc leaves it for good")
}
