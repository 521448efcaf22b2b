package app_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"s1/engine/trace"
	"s1/tui/app"
	"s1/tui/keys"
	"s1/tui/tuitest"
)

func start(t testing.TB) *tuitest.Driver {
	t.Helper()
	return tuitest.Start(t, tuitest.NewFake(tuitest.Tape()), 110, 30, nil)
}

func ended(t testing.TB) *tuitest.Driver { return start(t).Ask(question).Advance(999) }

// last returns the last command sent to the newest branch.
func last(d *tuitest.Driver) trace.Command {
	sent := d.Fake.Last().Sent()
	if len(sent) == 0 {
		return trace.Command{Kind: 255}
	}
	return sent[len(sent)-1]
}

func TestKeysOfARunningThoughtSendTheirCommandAtOnce(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		press []string
		want  trace.Command
	}{
		{"wait", []string{"w"}, trace.Command{Kind: trace.CommandWait, Text: "Wait"}},
		{"wait with a text", []string{"W", "ctrl+u", "H", "m", "enter"}, trace.Command{Kind: trace.CommandWait, Text: "Hm"}},
		{"answer now", []string{"a"}, trace.Command{Kind: trace.CommandAnswerNow}},
		{"cap", []string{"c", "ctrl+u", "9", "0", "enter"}, trace.Command{Kind: trace.CommandCap, N: 90}},
		{"cap typed over the one offered", []string{"c", "9", "0", "enter"}, trace.Command{Kind: trace.CommandCap, N: 90}},
		{"cap adjusted in the input", []string{"c", "+", "+", "enter"}, trace.Command{Kind: trace.CommandCap, N: 250}},
		{"cap lifted", []string{"c", "ctrl+u", "n", "o", "n", "e", "enter"}, trace.Command{Kind: trace.CommandCap, N: -1}},
		{"cap up", []string{"+"}, trace.Command{Kind: trace.CommandCap, N: 200}},
		{"cap down", []string{"-"}, trace.Command{Kind: trace.CommandCap, N: 128}},
		{"pause", []string{"p"}, trace.Command{Kind: trace.CommandPause}},
		{"pause by space", []string{" "}, trace.Command{Kind: trace.CommandPause}},
		{"one token", []string{"."}, trace.Command{Kind: trace.CommandStep}},
		{"stop", []string{"esc"}, trace.Command{Kind: trace.CommandStop}},
		{"inject", []string{"I", "O", "k", "enter"}, trace.Command{Kind: trace.CommandInject, Text: "Ok"}},
		{"slower", []string{"<"}, trace.Command{Kind: trace.CommandPace, N: 200}},
		{"slower twice", []string{"<", "<"}, trace.Command{Kind: trace.CommandPace, N: 100}},
		{"slower and faster", []string{"<", ">"}, trace.Command{Kind: trace.CommandPace, N: 0}},
		{"first ctrl+c", []string{"ctrl+c"}, trace.Command{Kind: trace.CommandStop}},
		{"through the palette", []string{"ctrl+p", "a", "n", "s", "w", "e", "r", "enter"}, trace.Command{Kind: trace.CommandAnswerNow}},
	} {
		d := start(t).Ask(question).Advance(6).Press(c.press...)
		got := last(d)
		if got.Kind != c.want.Kind || got.Text != c.want.Text || got.N != c.want.N {
			t.Errorf("%s: sent %+v, want %+v\n%s", c.name, got, c.want, d.Frame())
		}
		if d.Quit {
			t.Errorf("%s: quit", c.name)
		}
	}
	d := start(t).Ask(question).Advance(6).Press("t")
	if got := last(d); got.Kind != trace.CommandSampling || got.Sampling == nil || got.Sampling.Temperature != .3 {
		t.Errorf("hotter sent %+v", got)
	}
	d = start(t).Ask(question).Advance(6).Press("p").Advance(0).Press("p")
	if got := last(d); got.Kind != trace.CommandResume {
		t.Errorf("the second p sent %+v, want resume", got)
	}
}

func TestKeysAfterTheEndMakeANewBranchAndKeepTheOld(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		during []string // pressed at token 6, before the run goes on to its end
		press  []string
		cause  trace.Cause
		at     int
		first  trace.CommandKind
		shows  string
	}{
		// The tape: 1 opening token, 11 of thought, the close.
		{"wait goes back to the close", nil, []string{"w"}, trace.CauseWait, 12, trace.CommandWait, "The result is 79."},
		{"wait with a text", nil, []string{"W", "end", "!", "enter"}, trace.CauseWait, 12, trace.CommandWait, "Wait!"},
		{"a smaller cap closes there", nil, []string{"c", "ctrl+u", "4", "enter"}, trace.CauseCap, 5, 255, "by the cap"},
		{"answer now where it was paused", []string{"p", "p"}, []string{"a"}, trace.CauseAnswer, 5, trace.CommandAnswerNow, "by you, answer now"},
		{"inject where it was paused", []string{"p", "p"}, []string{"I", "X", "Y", "enter"}, trace.CauseInject, 5, trace.CommandInject, "XY"},
		{"a second answer", nil, []string{"n", "ctrl+u", "3", "enter"}, trace.CauseSample, 0, 255, "they part at token 4"},
	} {
		d := start(t).Ask(question).Advance(6)
		for _, k := range c.during {
			d.Press(k).Advance(0)
		}
		d.Advance(999)
		before := d.Fake.Last()
		d.Press(c.press...).Pull().Advance(999)
		now := d.Fake.Last()
		if now == before {
			t.Errorf("%s: no new branch\n%s", c.name, d.Frame())
			continue
		}
		b := now.Branch()
		if b.Cause != c.cause || b.At != c.at || b.Parent != before.Branch().ID {
			t.Errorf("%s: branch %+v, want %s at %d", c.name, b, c.cause, c.at)
		}
		d.Expect(c.shows, "B of 2")
		d.Press("B").Expect("A of 2").Press("alt+2").Expect("B of 2").Press("alt+1").Expect("A of 2")
		if !strings.Contains(c.name, "second") {
			d.Expect("The result is 84.")
		}
	}
}

func TestABranchWhoseLogRepeatsWhatItInheritedLooksTheSame(t *testing.T) {
	t.Parallel()
	var frames []string
	for _, replay := range []bool{false, true} {
		f := tuitest.NewFake(tuitest.Tape())
		f.Replay = replay
		d := tuitest.Start(t, f, 110, 30, nil).Ask(question).Advance(999).Press("w").Pull().Advance(999)
		frames = append(frames, d.Frame())
	}
	if frames[0] != frames[1] {
		t.Errorf("without repetition:\n%s\nwith:\n%s", frames[0], frames[1])
	}
}

func TestWaitAfterACapThinksOnWithoutIt(t *testing.T) {
	t.Parallel()
	d := start(t).Ask(question).Press("c", "ctrl+u", "5", "enter").Advance(999).Expect("capped", "the cap", "5 of 5")
	d.Press("w").Pull().Advance(999).Expect("B of 2", "The result is 79.")
	if got := d.Fake.Last().Branch(); got.Budget.Cap != 160 || got.At != 6 {
		t.Errorf("branch %+v, want the cap of the start, 160, from token 6", got)
	}
}

func TestAHigherCapAfterACapGoesOn(t *testing.T) {
	t.Parallel()
	d := start(t).Ask(question).Press("c", "ctrl+u", "5", "enter").Advance(999)
	d.Press("+").Pull().Advance(999).Expect("B of 2", "6 of 6")
	d = ended(t).Press("+").Expect("it closed by itself after 11 tokens")
	if n := d.Fake.Last().Branch().ID; n != "0" {
		t.Error("a branch that would be the same was made")
	}
}

func TestEveryKeyInEveryStateActsOrSaysWhyNot(t *testing.T) {
	t.Parallel()
	for _, s := range scenes {
		for _, b := range keys.Table() {
			for _, k := range b.Keys[:1] {
				d := tuitest.Start(t, tuitest.NewFake(tuitest.Tape()), 80, 24, s.change)
				s.play(d)
				if b.Where&(keys.Page|keys.Prompt) == 0 {
					continue // of a page that has the screen for itself: they have tests of their own
				}
				if b.Where&keys.Prompt == 0 {
					d.Press("tab") // out of the prompt, where there is one
				}
				before := d.Frame()
				sent := 0
				if l := d.Fake.Last(); l != nil {
					sent = len(l.Sent())
				}
				d.Press(k).Pull()
				if slices.Contains([]string{"help", "palette", "cap input", "sessions"}, s.name) {
					continue // what floats hears its own keys; here they must only not fail
				}
				acted := d.Frame() != before || d.Quit || d.Slept || d.Fake.Last() != nil && len(d.Fake.Last().Sent()) != sent
				if !acted && !silent(b.Action) {
					t.Errorf("%s: %q (%s) did nothing and said nothing:\n%s", s.name, k, b.Action, before)
				}
			}
		}
	}
}

// silent says whether a key may have nothing to do: movement at an edge, going where one is already.
func silent(a keys.Action) bool {
	return slices.Contains([]keys.Action{
		keys.LineUp, keys.LineDown, keys.PageUp, keys.PageDown, keys.HalfUp, keys.HalfDown, keys.Top, keys.Bottom, keys.Example, keys.Older, keys.Newer,
		keys.Ask, keys.Stop, keys.Newline, keys.PickBr, keys.NextBr, keys.PrevBr, keys.Send, keys.Focus, keys.FocusBack,
		keys.TokenBack, keys.TokenNext, keys.WordBack, keys.WordNext, keys.SentenceBack, keys.SentenceNext, keys.StepBack, keys.StepNext,
		keys.Editor,    // the terminal is the editor's
		keys.QuitEmpty, // with a question in the prompt it deletes forward
	}, a)
}

func TestADisabledKeySaysWhyInOneLine(t *testing.T) {
	t.Parallel()
	start(t).Press("tab", "w").Expect("nothing has been asked yet")
	ended(t).Press("p").Expect("this branch has ended: w thinks on, n asks again")
	ended(t).Press("x").Expect("there is one answer so far")
	ended(t).Press("Z").Expect("Z does nothing here; ? shows all keys")
	start(t).Ask(question).Advance(17).Press("a").Expect("the thought is closed and the answer is coming")
	start(t).Press("ctrl+s").Expect("nothing is being saved in this run")
}

func TestCtrlCStopsFirstAndQuitsSecond(t *testing.T) {
	t.Parallel()
	d := start(t).Ask(question).Advance(6).Press("ctrl+c").Advance(0).Expect("stopped", "ctrl+c again quits")
	if d.Quit {
		t.Fatal("the first ctrl+c quit")
	}
	if d.Press("ctrl+c"); !d.Quit {
		t.Error("the second ctrl+c did not quit")
	}
	d = ended(t).Press("ctrl+c", "j", "ctrl+c")
	if d.Quit {
		t.Error("ctrl+c, another key, ctrl+c quit")
	}
}

func TestQuittingTellsWhatRunsToStop(t *testing.T) {
	t.Parallel()
	d := start(t).Ask(question).Advance(6).Press("q", "ctrl+d")
	if !d.Quit || last(d).Kind != trace.CommandStop {
		t.Errorf("quit %v, last command %+v", d.Quit, last(d))
	}
	d = start(t).Type("abc").Press("ctrl+d")
	if d.Quit {
		t.Error("ctrl+d with text in the prompt quit")
	}
	if d = start(t).Press("ctrl+z"); !d.Slept {
		t.Error("ctrl+z did not suspend")
	}
}

func TestEscStepsBackOneLevelBeforeItStops(t *testing.T) {
	t.Parallel()
	d := start(t).Ask(question).Advance(6).Press("?").Expect("esc closes").Press("esc").Refute("esc closes")
	if last(d).Kind == trace.CommandStop {
		t.Fatal("esc in the help stopped the run")
	}
	d.Press("q", "esc")
	if last(d).Kind == trace.CommandStop {
		t.Fatal("esc in the prompt stopped the run")
	}
	d.Press("esc").Advance(0).Expect("stopped", "none, w thinks on")
	d.Press("w").Pull().Advance(999).Expect("B of 2")
}

func TestAQuestionIsNeverLost(t *testing.T) {
	t.Parallel()
	d := start(t)
	d.Fake.Refuse = errors.New("the context is full")
	d.Ask(question).Expect("could not ask: the context is full", "› "+question)
	d.Fake.Refuse = nil
	d.Press("esc").Refute("could not ask").Press("enter").Pull().Advance(999).Expect("The result is 84.")
	d = start(t).Ask(question).Advance(3).Press("q").Type("next one").Press("enter")
	d.Expect("it is still at work: esc stops it", "› next one")
	d.Press("esc", "esc").Advance(0).Press("q", "enter").Pull().Expect("next one").Advance(999).Expect("The result is 84.")
}

func TestAQuestionTypedWhileTheModelLoadsIsAskedWhenItIsThere(t *testing.T) {
	t.Parallel()
	f := tuitest.NewFake(tuitest.Tape())
	gate := make(chan struct{})
	opened := make(chan app.Thinker)
	go func() { <-gate; opened <- f }()
	m := app.New(t.Context(), app.Options{
		Open:  func(context.Context, func(string)) (app.Thinker, error) { return <-opened, nil },
		Model: "mini", Manual: true, Prompt: question, Budget: trace.Budget{Cap: 9, AnswerCap: 9},
	})
	d := tuitest.Drive(t, f, m, 80, 24)
	d.Expect("loading", "› "+question).Press("enter").Expect("it will be asked as soon as the model is there")
	if f.Last() != nil {
		t.Fatal("asked without a model")
	}
	close(gate)
	d.Begin()
	d.Pull().Refute("as soon as the model is there").Advance(999).Expect("capped", "37,*5")
}

func TestAModelThatCannotBeOpenedIsSaidWhereTheThoughtWouldBe(t *testing.T) {
	t.Parallel()
	d := tuitest.Start(t, tuitest.NewFake(tuitest.Tape()), 80, 24, func(o *app.Options) { o.Open = failOpen })
	d.Expect("no model", "could not load the model: open mini.gguf: no such file").Type("x").Press("enter").Expect("there is no model")
}

func TestAnErrorOfARunStandsAtItsEndAndGoesWithEsc(t *testing.T) {
	t.Parallel()
	d := start(t).Ask(question).Advance(8)
	d.Fake.Fail(errors.New("out of memory"))
	d.Pull().Expect("failed", "it ended with an error: out of memory", "+61=246").Press("esc").Refute("out of memory").Expect("+61=246")
	d.Press("w").Pull().Advance(999).Expect("B of 2", "The result is 79.")
}

func TestLoopOffersThreeWaysOut(t *testing.T) {
	t.Parallel()
	f := tuitest.NewFake(tuitest.Tape())
	f.Script.LoopAt = 6
	d := tuitest.Start(t, f, 110, 30, nil).Ask(question).Advance(9)
	d.Expect("it repeats itself: the same 12 tokens came 3 times", "a cut and answer", "esc stop", "t hotter")
	d.Press("t").Expect("temperature 0.3").Refute("it repeats itself")
}

func TestSavingIsSaidInAWord(t *testing.T) {
	t.Parallel()
	lib := &tuitest.Shelf{}
	d := tuitest.Start(t, tuitest.NewFake(tuitest.Tape()), 110, 30, func(o *app.Options) { o.Library = lib })
	d.Expect("saved").Ask(question).Advance(5)
	lib.Reason = "the disk is full"
	d.Pull().Expect("not saved", "not saved: the disk is full")
	lib.Reason = ""
	d.Pull().Refute("not saved  ").Expect("saved")
}

func TestABranchIsNotCalledSavedBeforeItsEndIs(t *testing.T) {
	t.Parallel()
	f := tuitest.NewFake(tuitest.Tape())
	lib := &tuitest.Shelf{}
	d := tuitest.Start(t, f, 110, 30, func(o *app.Options) { o.Library = lib })
	d.Ask(question).Advance(999).Expect("saved")
	lib.Behind = true
	d.Press("w").Expect("saving").Refute(" saved").Advance(999).Expect("B of 2", "done", "saving").Refute(" saved")
	lib.Behind = false
	d.Pull().Expect(" saved").Refute("saving")
}

func TestAnAnswerAboutTheDiskFromBeforeABranchIsAskedAgain(t *testing.T) {
	t.Parallel()
	f := tuitest.NewFake(tuitest.Tape())
	lib := &tuitest.Shelf{}
	d := tuitest.Start(t, f, 110, 30, func(o *app.Options) { o.Library = lib }).Ask(question).Advance(999)
	old := app.SavedNow(d.Model)
	lib.Behind = true
	d.Press("w").Expect("saving").Send(old).Expect("saving").Refute(" saved")
}

func TestAKeptSessionIsReopenedWithItsBranchesAndGoesOn(t *testing.T) {
	t.Parallel()
	f := tuitest.NewFake(tuitest.Tape())
	lib := &tuitest.Shelf{Kept: []app.Kept{{ID: "7", Created: "1 h ago", Prompt: question, Answer: "84", Branches: 2, Tokens: 50}}}
	d := tuitest.Start(t, f, 110, 30, func(o *app.Options) { o.Library = lib })
	d.Ask(question).Advance(999)
	a := f.Last()
	d.Press("w").Pull().Advance(999)
	lib.Lives = []app.Live{a, f.Last()}

	d = tuitest.Start(t, f, 110, 30, func(o *app.Options) { o.Library = lib })
	d.Press("ctrl+s").Expect("1 h ago", question, "2 branches, 50 tokens").Press("enter")
	d.Expect("B of 2", "The result is 79.", "wished to stop").Press("b").Expect("A of 2", "The result is 84.").Press("b").Expect("The result is 79.")
	d.Press("1", "w").Pull().Advance(999).Expect("C of 3", "The result is 79.")
	lib.Lives = nil
	d.Press("ctrl+s", "enter").Expect("could not open the session: the file is damaged")
}

func TestFollowingEndsOnScrollAndComesBackWithG(t *testing.T) {
	t.Parallel()
	f := tuitest.NewFake(tuitest.Tape())
	f.Script.Endless = func(i int) string { return fmt.Sprintf("line %d\n", i) }
	d := tuitest.Start(t, f, 80, 24, func(o *app.Options) { o.Budget.Cap = -1 }).Ask(question).Advance(100)
	d.Expect("line 97").Press("k", "k").Expect("new below, press G", "G to the end")
	d.Advance(50).Refute("line 147").Press("G").Expect("line 147").Refute("press G")
	d.Press("home").Expect("line 0").Press("end").Expect("line 147")
	d.Press("pgup", "pgup").Refute("line 147").Press("pgdown", "pgdown", "pgdown", "pgdown").Expect("line 147").Refute("press G")
}

func TestResizeKeepsTheLineOnTop(t *testing.T) {
	t.Parallel()
	f := tuitest.NewFake(tuitest.Tape())
	f.Script.Endless = func(i int) string { return fmt.Sprintf("sentence %d has some words in it. ", i) }
	d := tuitest.Start(t, f, 80, 24, func(o *app.Options) { o.Budget.Cap = -1 }).Ask(question).Advance(400)
	d.Press("pgup", "pgup", "pgup")
	var top string
	for _, l := range strings.Split(d.Frame(), "\n") {
		if i := strings.Index(l, "sentence "); i >= 0 {
			top = strings.Fields(l[i:])[1]
			break
		}
	}
	for _, size := range [][2]int{{120, 40}, {45, 12}, {100, 30}, {80, 24}} {
		d.Resize(size[0], size[1]).Pull().Expect("sentence " + top)
	}
}

func TestCompareShowsBothAnswersAndWhereTheyPart(t *testing.T) {
	t.Parallel()
	d := ended(t).Press("w").Pull().Advance(999).Press("x")
	d.Expect("they part at token 12", "The result is 84.", "The result is 79.", "cap 160", "11 + 4 tokens", "≠")
	d.Press("x").Refute("they part").Press("x", "esc").Refute("they part")
	ended(t).Press("n", "ctrl+u").Type("none").Press("enter").Pull().Advance(999).Expect("the same, token for token")
}

func TestASecondAnswerTakesACapAndWaits(t *testing.T) {
	t.Parallel()
	d := ended(t).Press("n", "ctrl+u").Type("64 2").Press("enter").Pull()
	if b := d.Fake.Last().Branch().Budget; b.Cap != 64 || b.Waits != 2 || b.WaitText != "Wait" {
		t.Errorf("budget %+v", b)
	}
	d.Advance(999).Expect("they part at token 12")
	ended(t).Press("n", "ctrl+u").Type("many").Press("enter").Expect("a cap is a whole number")
	ended(t).Press("n", "ctrl+u").Type("4 4 4").Press("enter").Expect("a number of Waits")
}

func TestPromptHistoryAndNewlines(t *testing.T) {
	t.Parallel()
	d := start(t).Type("one").Press("ctrl+j").Type("two").Expect("› one", "  two").Press("enter").Pull().Advance(999)
	d.Press("q").Type("three").Press("enter").Pull().Advance(999).Press("q").Type("draft")
	d.Press("up").Expect("› three").Press("up").Expect("› one").Press("down", "down", "down", "down").Expect("› draft")
}

func TestKeysThatArriveTogetherActOneByOne(t *testing.T) {
	t.Parallel()
	d := start(t).Ask(question).Advance(6)
	d.Together("wwa")
	sent := d.Fake.Last().Sent()
	if len(sent) != 3 || sent[0].Kind != trace.CommandWait || sent[2].Kind != trace.CommandAnswerNow {
		t.Errorf("sent %+v", sent)
	}
	d.Type("pasted text").Expect("› pasted text")
}

func TestKeysThatArriveTogetherStayInTheRoomTheyWerePressedIn(t *testing.T) {
	t.Parallel()
	d := opened(t, curated(10)) // nothing was asked yet: behind the room the prompt has the focus
	d.Together("zw").Expect("why was it dropped").Press("esc").Expect("decontaminate").Type("a question").Expect("› a question").Refute("decontaminate")
}

func TestTheAnswerTakesThePlaceOfTheThoughtOnASmallScreen(t *testing.T) {
	t.Parallel()
	d := tuitest.Start(t, tuitest.NewFake(tuitest.Tape()), 40, 10, nil).Ask(question).Advance(8).Expect("+61=246")
	d.Advance(99).Expect("The result is 84.").Press("shift+tab").Expect("/2=84").Press("tab").Expect("The result is 84.")
}

func TestPaceFollowsTheModelUnlessItIsGiven(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		parameters int64
		pace       int
		want       string
	}{{12e6, app.PaceByModel, "pace 30"}, {7e9, app.PaceByModel, "pace max"}, {12e6, 0, "pace max"}, {7e9, 5, "pace 5"}} {
		f := tuitest.NewFake(tuitest.Tape())
		f.About.Parameters = c.parameters
		tuitest.Start(t, f, 110, 30, func(o *app.Options) { o.Pace = c.pace }).Expect(c.want)
	}
}

func TestAnInterruptedRunSaysWhereAndGoesOnFromThere(t *testing.T) {
	t.Parallel()
	d := start(t).Ask(question).Advance(6)
	d.Fake.Fail(&trace.Interrupted{Branch: "0", Tokens: 5})
	d.Pull().Expect("interrupted", "interrupted after 5 tokens: p goes on from there", "p go on").Refute("failed", "error")
	d.Press("p").Pull().Advance(999).Expect("B of 2", "The result is 84.").Refute("interrupted after")
	if b := d.Fake.Last().Branch(); b.At != 5 || b.Parent != "0" || b.Budget.Cap != 160 {
		t.Errorf("went on as %+v", b)
	}
}
