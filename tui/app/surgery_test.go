package app_test

import (
	"errors"
	"strings"
	"testing"

	"s1/engine/trace"
	"s1/tui/app"
	"s1/tui/tuitest"
)

func TestEveryOperationOnATokenMakesABranchAndKeepsTheOriginal(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		token  int
		keys   []string
		at     int
		first  trace.CommandKind // 255 = none
		text   string
		n      int32 // candidate of the token under the cursor
		shows  []string
		greedy bool
	}{
		{"a candidate", 4, []string{"2", "tab", "tab", "j", "j", "enter"}, 4, trace.CommandTake, "", 1, []string{"▌ <"}, false},
		{"a fork", 6, []string{"f"}, 6, 255, "", 0, []string{"forked at token 6, sampled at temperature 1 (greedy would repeat it)"}, true},
		{"an edit", 4, []string{"e", "ctrl+u", "*", "6", "enter"}, 4, trace.CommandEdit, "*6", 0, []string{"▌ *6"}, false},
		{"a word before it", 4, []string{"i", "N", "o", "enter"}, 4, trace.CommandInject, "No", 0, []string{"▌ No"}, false},
		{"the answer now", 8, []string{"a"}, 8, trace.CommandAnswerNow, "", 0, []string{"by you, answer now"}, false},
	} {
		x := explorable()
		d := at(explore(t, x, 110, 36, nil), c.token)
		under := tokenOf(x.Last(), c.token)
		d.Press(c.keys...).Pull().Advance(999).Expect("B of 2").Expect(c.shows...)
		b, first := newest(x)
		if b.At != c.at || b.Parent != "0" || first.Kind != c.first || first.Text != c.text {
			t.Errorf("%s: branch %+v begins with %+v", c.name, b, first)
		}
		if c.n > 0 && int32(first.N) != under.Top[c.n].ID {
			t.Errorf("%s: took id %d, want %d", c.name, first.N, under.Top[c.n].ID)
		}
		if c.greedy && (b.Sampling.Temperature != 1 || b.Sampling.Seed == 0) {
			t.Errorf("%s: sampling %+v", c.name, b.Sampling)
		}
		d.Press("B").Expect("A of 2", "*5=185", "/2=84", "The result is 84.")
	}
}

// tokenOf is a token of a scripted branch.
func tokenOf(l *tuitest.Live, i int) trace.Token {
	events, _ := l.Log().Since(0)
	for _, e := range events {
		if e.Kind == trace.EventToken && e.Token.Index == i {
			return e.Token
		}
	}
	return trace.Token{}
}

func TestWhatAnOperationNeedsIsSaid(t *testing.T) {
	t.Parallel()
	for keys, want := range map[string]string{
		"f":                  "choose a token first",
		"e":                  "choose a token first",
		"enter":              "choose a token first",
		"h enter":            "choose a candidate first",
		"2 tab tab enter":    "choose a candidate first",
		"2 tab tab j enter":  "that is the token which stands there; up and down choose another, f draws anew",
		"h h e ctrl+u enter": "type what should stand there",
		"A":                  "choose a token first",
		"h h A":              "an anchor is a sentence of the thought, and this token only closes it",
		"h l A":              "an anchor is a sentence of the thought, and this token is of the answer",
		"h l l l L":          "a Wait lab goes on from a token of the thought, and this token is of the answer",
		"h L":                "a Wait lab goes on from a token of the thought, and this token only closes it",
		"{ { { { { { { { L":  "a Wait lab goes on from a token of the thought, and this token only opens it",
	} {
		d := explored(t)
		if d.Press(strings.Fields(keys)...).Expect(want); strings.Contains(d.Frame(), "B of 2") {
			t.Errorf("%s: made a branch", keys)
		}
	}
	start(t).Ask(question).Advance(1).Press("f").Expect("there is no token yet")
	x := explorable()
	d := explore(t, x, 110, 36, nil)
	x.Refuse = errors.New("the context is full")
	d.Press("h", "f").Pull().Expect("could not fork: the context is full  (esc)").Press("esc").Refute("the context is full").Expect("/2=84")
	x.Refuse = nil
	d.Press("f").Pull().Expect("B of 2")
}

func TestASamplingThatIsNotGreedyIsForkedWithAnotherSeedOnly(t *testing.T) {
	t.Parallel()
	x := explorable()
	d := at(explore(t, x, 110, 36, func(o *app.Options) { o.Sampling = trace.Sampling{Temperature: .7, Seed: 3} }), 6)
	d.Press("f").Pull().Refute("greedy")
	if b, _ := newest(x); b.Sampling.Temperature != .7 || b.Sampling.Seed != 4 {
		t.Errorf("sampling %+v", b.Sampling)
	}
}

func TestACandidateIsChosenInTheTokenPaneAndForgottenWithTheToken(t *testing.T) {
	t.Parallel()
	d := at(explored(t).Press("2"), 4).Press("tab", "tab", "down")
	for _, move := range []string{"l", "J"} {
		d.Press(move, "enter").Expect("choose a candidate first").Press("down")
	}
	start(t).Press("tab", "2", "tab", "tab", "j", "down", "enter").Expect("nothing has been asked yet")
}
