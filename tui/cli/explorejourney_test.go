package cli

import (
	"fmt"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// The explorer as a user has it: the built program, on the built-in model, in a real terminal. What is asserted holds for any weights
// of it.

// faces are the terminals in which every journey is made.
var faces = []struct {
	w, h    int
	noColor bool
}{{110, 36, false}, {80, 24, false}, {110, 36, true}}

// everywhere makes a journey in each of them. The question is one of the model's own kind, greedy, under a cap.
func everywhere(t *testing.T, journey func(s screen), args ...string) {
	for _, f := range faces {
		t.Run(fmt.Sprintf("%dx%d no colour %v", f.w, f.h, f.noColor), func(t *testing.T) {
			t.Parallel()
			b := newBox(t)
			if f.noColor {
				b.set("NO_COLOR=1")
			}
			s := b.open(f.w, f.h, append([]string{"--seed", "3", "--pace", "max"}, args...)...)
			s.Until("ready").Type("29,-16,+65").Keys("Enter").Until("done").Until("saved")
			journey(s)
			if m := regexp.MustCompile(`\x1b\[[0-9;]*(3[0-7]|4[0-7]|38|48|9[0-7])[0-9;]*m`).FindString(s.Styled()); f.noColor && m != "" {
				t.Errorf("NO_COLOR shows a colour: %q", m)
			}
			s.Keys("C-c").Until("quits").Keys("C-c")
			s.left(0)
		})
	}
}

func TestJourneyForkAtAPeakOfEntropyAndCompare(t *testing.T) {
	t.Parallel()
	everywhere(t, func(s screen) {
		s.Keys("2").Until("side panes: token").Keys("J").Until("peaks of entropy: 1 of").Keys("f").Until("B of 2").Until("done", "saved")
		s.Keys("x").Satisfies("compares the two", func(f string) bool {
			return strings.Contains(f, "they part at token") || strings.Contains(f, "the same, token for token")
		})
		s.Keys("x", "3").Until("B of 2", "tree").Keys("b").Until("A of 2")
		if got := s.branches(); len(got) != 2 || got[1].Parent == "" {
			s.t.Errorf("kept are %+v", got)
		}
	})
}

func TestJourneyEditAThoughtAndGetAnotherAnswer(t *testing.T) {
	t.Parallel()
	everywhere(t, func(s screen) {
		// The last token before the close of the thought is the last figure of the result.
		s.Keys("2").Until("side panes: token").Keys("/").Until("capitals count").Type("=").Keys("Enter").Until("search hits: 1 of")
		s.Keys("l", "e").Until("write instead").Keys("C-u").Type("9").Keys("Enter").Until("B of 2").Until("done", "saved", "yours")
		got := s.branches()
		if len(got) != 2 || got[1].Cause != "edit" || got[1].injected != "9" {
			s.t.Errorf("kept are %+v", got)
		}
		s.Keys("g").Until("the right answer").Keys("C-u").Type("no number").Keys("Enter").Until("wrong")
		s.Keys("B").Until("A of 2", "wrong")
	})
}

func TestJourneyTheEditorOfTheUser(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.set("EDITOR=sh "+b.write("edit.sh", `sed -i s/=/=9/ "$1"`), "VISUAL=")
	s := b.open(110, 36, "--seed", "3", "--pace", "max")
	s.Until("ready").Type("29,-16,+65").Keys("Enter").Until("done", "saved").Keys("E").Until("B of 2").Until("done", "=9", "yours")
	s.Keys("C-c", "C-c")
	s.left(0)
	if got := s.branches(); len(got) != 2 || got[1].Cause != "edit" || !strings.Contains(got[1].injected, "9") {
		t.Errorf("kept are %+v", got)
	}
}

func TestJourneyScrubATrace(t *testing.T) {
	t.Parallel()
	everywhere(t, func(s screen) {
		s.Keys("s").Until("had we stopped here", "cut trace")
		s.Satisfies("has answered every stop", func(f string) bool {
			m := regexp.MustCompile(`(\d+) of (\d+) stops`).FindStringSubmatch(f)
			return m != nil && m[1] == m[2]
		})
		s.Keys("C-Left").Satisfies("says what it would have answered", func(f string) bool { return regexp.MustCompile(`\d+: (".*"|no answer)`).MatchString(f) })
		s.Keys("Enter").Until("B of 2", "done", "answer now", "saved").Keys("B").Until("A of 2", "had we stopped here").Keys("s").UntilGone("had we stopped here")
		if got := s.branches(); len(got) != 2 || got[1].Receipt.Closed != "answer_now" {
			s.t.Errorf("kept are %+v", got)
		}
	})
}

func TestJourneyTheTickerStopsAtTheStableAnswer(t *testing.T) {
	t.Parallel()
	for _, f := range faces {
		b := newBox(t)
		if f.noColor {
			b.set("NO_COLOR=1")
		}
		// Waits make the thought long; the pace leaves time for the key, and then for the guesses.
		s := b.open(f.w, f.h, "--seed", "3", "--pace", "10", "--wait", "60")
		s.Until("ready").Type("5639,-1273,+1967,-1871,+2115,-1097,+2594,+31,-42").Keys("Enter").Until("thinking").Keys("p").Until("paused").Keys("Y").Until("3 equal guesses")
		s.Keys(">", ">", ">", ">", ">", "p").Until("done", "answer now").Until("saved")
		if got := s.branches(); len(got) != 1 || got[0].Receipt.Closed != "answer_now" {
			t.Errorf("kept are %+v", got)
		}
		s.Keys("C-c").Until("quits").Keys("C-c")
		s.left(0)
	}
}

func TestJourneyFromTheWaitLabToAChosenBranch(t *testing.T) {
	t.Parallel()
	everywhere(t, func(s screen) {
		s.Keys("L").Until("Wait lab", "words apart by commas").Keys("C-u").Type("-, Wait, 2").Keys("Enter").Until("n 4 of 4", "nothing", "Wait")
		s.Keys("G").Satisfies("stands on the last sample", func(f string) bool { return regexp.MustCompile(`(?m)[▸>] Wait +2`).MatchString(f) })
		s.Keys("Enter").Until("B of 2").Until("done", "saved")
		// The same one again is the same branch.
		s.Keys("L").Until("n 4 of 4").Keys("Enter").Until("B of 2")
		if got := s.branches(); len(got) != 2 || got[1].injected != "Wait" {
			s.t.Errorf("kept are %+v", got)
		}
		s.Until("saved")
	})
}

func TestJourneyReplayCheck(t *testing.T) {
	t.Parallel()
	everywhere(t, func(s screen) {
		s.Keys("w").Until("B of 2").Until("done", "saved").Keys("h", "f").Until("C of 3").Until("done", "saved")
		id := s.sessions()[0]["id"].(string)
		r := s.run("sessions", "replay", "--check", id).wants(0, "identical")
		if n := strings.Count(r.out, "identical, "); n != 3 {
			s.t.Errorf("%d of 3 branches are identical:\n%s", n, r.out)
		}
		s.Keys("R").Until("playing it again").Keys("p").Until("paused").Keys(".", ".", "Escape").Until("done")
	})
}

func TestJourneyAfterAKillEveryFinishedTokenAndTheSameTreeAreThere(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	s := b.open(110, 36, "--seed", "3", "--pace", "max")
	s.Until("ready").Type("29,-16,+65").Keys("Enter").Until("done").Keys("h", "h", "h", "f").Until("B of 2").Until("done")
	s.Keys("alt+1").Keys("B").Until("A of 2").Keys("w").Until("C of 3").Until("done", "saved")
	s.Keys("3").Until("tree")
	before := tree(s.Frame())
	text := s.run("sessions", "export", s.sessions()[0]["id"].(string)).wants(0).out
	// In the middle of an experiment and of a scrub, which are not kept, and of a replay.
	s.Keys("s").Until("had we stopped here").Keys("R").Until("playing it again")
	s.kill(syscall.SIGKILL)
	s.Until("left with 137")
	s.done()
	if again := s.run("sessions", "export", s.sessions()[0]["id"].(string)).wants(0).out; again != text {
		t.Errorf("after the kill the session is %d bytes, was %d", len(again), len(text))
	}
	s = b.open(110, 36, "--seed", "3", "--pace", "max")
	s.Until("ready").Keys("C-s").Until("1 run").Keys("Enter").Until("of 3").Keys("3").Until("tree")
	if got := tree(s.Frame()); got != before {
		t.Errorf("the tree is\n%s\nwas\n%s", got, before)
	}
	s.Keys("C-c").Until("quits").Keys("C-c")
	s.left(0)
}

func TestJourneyAKillWhileItThinksLosesAtMostTheLastSecond(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	s := b.open(110, 36, "--seed", "3", "--pace", "10", "--wait", "9")
	s.Until("ready").Type("29,-16,+65").Keys("Enter").Satisfies("has thought 25 tokens", func(f string) bool { return spent(f) >= 25 })
	at := spent(s.Frame())
	s.kill(syscall.SIGKILL)
	s.Until("left with 137")
	s.done()
	n := 0
	for _, line := range strings.Split(s.run("sessions", "export", s.sessions()[0]["id"].(string)).wants(0).out, "\n") {
		if strings.Contains(line, `"type":"token"`) {
			n++
		}
	}
	if n < at-10 {
		t.Errorf("%d tokens are kept, the screen showed %d thinking tokens, at 10 a second", n, at)
	}
	s = b.open(110, 36, "--seed", "3")
	s.Until("ready").Keys("C-s").Until("1 run").Keys("Enter").Satisfies("shows what was thought", func(f string) bool { return spent(f) >= at-10 })
	s.Keys("C-c").Until("quits").Keys("C-c")
	s.left(0)
}

// tree is the rows of the tree pane, without what says which branch is in view.
func tree(frame string) string {
	_, rows, _ := strings.Cut(frame, " tree\n")
	var out []string
	for _, l := range strings.Split(rows, "\n") {
		if m := regexp.MustCompile(`[A-Z] [┬├└─].*$`).FindString(l); m != "" {
			out = append(out, m)
		} else if m := regexp.MustCompile(`[A-Z]  [┬├└─].*$`).FindString(l); m != "" {
			out = append(out, m)
		}
	}
	return strings.Join(out, "\n")
}
