package app_test

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"s1/engine/trace"
	"s1/tui/app"
	"s1/tui/tuitest"
)

// replayed plays the tape again at one token a second, pauses it, and steps on to the token that opens the thought.
func replayed(t testing.TB, x *tuitest.Explorer, change func(*app.Options)) *tuitest.Driver {
	t.Helper()
	d := explore(t, x, 110, 36, func(o *app.Options) {
		o.Pace = 1
		if change != nil {
			change(o)
		}
	})
	d.Beside("R").Expect("playing it again").Press("p")
	return d.Await(shows("paused")).Press(".").Await(shows("<think>"))
}

var thoughtTokens = regexp.MustCompile(`(?m)^ budget .*?(\d+) of`)

// thought is how many tokens of thought the budget line counts.
func thought(frame string) int {
	m := thoughtTokens.FindStringSubmatch(frame)
	if m == nil {
		return -1
	}
	n, _ := strconv.Atoi(m[1])
	return n
}

func shows(text string) (string, func(string) bool) {
	return "shows " + text, func(f string) bool { return strings.Contains(f, text) }
}

func TestAReplayIsSteppedPacedAndStopped(t *testing.T) {
	t.Parallel()
	d := replayed(t, explorable(), nil)
	at := thought(d.Frame())
	for i := 1; i <= 3; i++ {
		d.Press(".").Await("plays one token", func(f string) bool { return thought(f) == at+i })
	}
	d.Refute("/2=84", "The result").Press(">", ">", ">", ">", ">", ">", ">", ">").Expect("pace: at most 200 tokens per second").Press("p")
	// Played to its end it is the branch itself again.
	d.Await(shows("The result is 84.")).Await(shows("done")).Expect("/2=84", "closed     by itself")
	d = replayed(t, explorable(), nil)
	d.Press("esc").Await(shows("done")).Expect("/2=84", "The result is 84.")
	d = replayed(t, explorable(), nil)
	d.Press("R").Await(shows("done")).Expect("The result is 84.")
}

func TestSteeringTakesARecordingOverAtTheTokenPlayedLast(t *testing.T) {
	t.Parallel()
	for key, kind := range map[string]trace.CommandKind{"f": 255, "a": trace.CommandAnswerNow, "i": trace.CommandInject} {
		x := explorable()
		d := replayed(t, x, nil)
		at := thought(d.Frame())
		for i := 1; i <= 4; i++ {
			d.Press(".").Await("plays one token", func(f string) bool { return thought(f) == at+i })
		}
		if d.Press(key); key == "i" {
			d.Type("No").Press("enter")
		}
		d.Pull().Advance(999).Expect("B of 2")
		// One token opens the thought, at+4 were thought: the next one is where it goes on from.
		if b, first := newest(x); b.At != 1+at+4 || b.Parent != "0" || first.Kind != kind {
			t.Errorf("%s: from token %d with %+v, want token %d", key, b.At, first, 1+at+4)
		}
		d.Press("B").Expect("A of 2", "/2=84", "The result is 84.", "done")
	}
}

func TestWhatIsSaidOfABranchWhileItIsPlayedStays(t *testing.T) {
	t.Parallel()
	x := explorable()
	d := explore(t, x, 110, 36, func(o *app.Options) { o.Pace = 1 }).Press("w").Pull().Advance(999).Press("3")
	d.Beside("R").Press("p").Await(shows("paused"))
	d.Press(".").Await("plays one token", func(f string) bool { return !strings.Contains(f, "the first token is on its way") })
	d.Press("g").Type("The result is 79.").Press("enter").Press("N").Type("mine").Press("enter").Press("m")
	d.Press("y").Expect("it has ended").Press("t").Expect("this is a recording, nothing is drawn")
	d.Press("esc").Await(shows("done")).Expect("answer   right").Press("N").Expect("mine").Press("esc")
	if tree := d.Frame()[strings.Index(d.Frame(), "tree\n"):]; !strings.Contains(tree, "★") || !strings.Contains(tree, "right") {
		t.Errorf("the tree forgot:\n%s", d.Frame())
	}
	d.Beside("R").Press("p").Await(shows("paused")).Press("D").Expect("1 deleted", "A of")
	d.Await("the recording has ended", func(f string) bool { return !strings.Contains(f, "paused") })
	if got := order(d.Frame()); got != "A" {
		t.Errorf("the deleted branch came back: %s\n%s", got, d.Frame())
	}
	d.Press("U").Expect("B of 2", "The result is 79.")
}

func TestOnlyWhatHasEndedIsPlayedAgain(t *testing.T) {
	t.Parallel()
	start(t).Ask(question).Advance(6).Press("R").Expect("it still runs: esc stops it, then it can be played again")
	start(t).Press("esc", "tab", "R").Expect("nothing has been asked yet")
}
