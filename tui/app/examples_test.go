package app_test

import (
	"testing"

	"s1/engine/trace"
	"s1/tui/tuitest"
)

func onExamples(t *testing.T) *tuitest.Driver {
	return tuitest.Start(t, tuitest.NewFake(tuitest.Tape()), 110, 30, withExamples)
}

func TestEnterInAnEmptyPromptAsksTheExampleAndOffersAnother(t *testing.T) {
	t.Parallel()
	d := onExamples(t).Expect("enter asks it", question, "left to right", "Press enter to ask")
	d.Press("enter").Pull()
	if got := d.Fake.Last().Run().Prompt; got != question {
		t.Fatalf("asked %q", got)
	}
	d.Advance(999).Press("q").Expect("316,+275,/3,*3   enter asks it")
	d.Press("enter").Pull()
	if got := d.Fake.Last().Run().Prompt; got != "316,+275,/3,*3" {
		t.Fatalf("asked %q", got)
	}
}

func TestAnExampleIsTakenToBeChanged(t *testing.T) {
	t.Parallel()
	d := onExamples(t).Press("right").Refute("enter asks it").Press("backspace").Type("4").Press("right").Press("enter").Pull()
	if got, want := d.Fake.Last().Run().Prompt, question[:len(question)-1]+"4"; got != want {
		t.Fatalf("asked %q, want %q", got, want)
	}
}

func TestAnotherExampleComesByKeyAndNeverOverATextOfOnesOwn(t *testing.T) {
	t.Parallel()
	d := onExamples(t).Press("ctrl+n").Expect("316,+275,/3,*3   enter asks it").Press("ctrl+n", "ctrl+n").Expect(question + "   enter asks it")
	d.Press("right", "ctrl+n").Expect("316,+275,/3,*3").Refute(question, "enter asks it")
	d.Type("+1").Press("ctrl+n").Expect("316,+275,/3,*3+1", "your text stays")
	d.Press("ctrl+u", "ctrl+n", "enter").Pull().Advance(999).Press("ctrl+n").Expect("enter asks it")
	tuitest.Start(t, tuitest.NewFake(tuitest.Tape()), 110, 30, nil).Press("ctrl+n").Expect("takes any question").Press("right", "enter").Expect("type a question first")
}

func TestAnUnsuitableTextLeavesAnExampleToPressEnterOn(t *testing.T) {
	t.Parallel()
	d := onExamples(t)
	d.Fake.Refuse = &trace.Unsuitable{Says: "2 is no problem yet: give it steps.", Example: "90,*5,-156"}
	d.Ask("2").Expect("! ", "2 is no problem yet", "90,*5,-156   enter asks it", "up brings your text back").Refute("could not ask")
	d.Press("up").Expect("› 2").Press("ctrl+u")
	d.Fake.Refuse = nil
	d.Press("enter").Pull().Refute("no problem yet")
	if got := d.Fake.Last().Run().Prompt; got != "90,*5,-156" {
		t.Fatalf("asked %q", got)
	}
	d.Advance(999).Press("q").Expect(question + "   enter asks it")
}

func TestRightAndWrongAreSaidInWords(t *testing.T) {
	t.Parallel()
	d := onExamples(t).Press("enter").Pull().Advance(3).Expect("answer   expected 79").Refute("wrong", "right,")
	d.Advance(999).Expect("answer   wrong, expected 79").Press("w").Pull().Advance(999)
	d.Expect("answer   right", "84  wrong", "79  right").Press("x").Expect("wrong ·", "right ·")
	d.Press("x", "n").Press("ctrl+u").Type("3").Press("enter").Pull().Advance(2).Press("esc").Advance(0).Press("x").Expect("C ", "stopped")
	d.Refute("C  cap 3    3  wrong")
}
