package cli

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// A walk along the thought of a real model, step by step on the screen of the built program. Nothing here depends on what the model
// says, only on that it says much: a story of 160 tokens.

// realModel is the file of SmolLM2, or the test is left out and says why.
func realModel(t testing.TB) string {
	t.Helper()
	path := os.Getenv("S1_SMOLLM2")
	if path == "" {
		t.Skip("needs S1_SMOLLM2=the GGUF file of SmolLM2: run `make test-real`")
	}
	return path
}

const story = "Tell me a long story about a fox who learns to count."

func TestJourneyAWalkAlongTheThoughtOfARealModel(t *testing.T) {
	t.Parallel()
	path := realModel(t)
	for _, f := range faces {
		t.Run(fmt.Sprintf("%dx%d no colour %v", f.w, f.h, f.noColor), func(t *testing.T) {
			b := newBox(t)
			if f.noColor {
				b.set("NO_COLOR=1")
			}
			s := b.open(f.w, f.h, "-m", path, "--seed", "1", "--temp", "0.8", "--answer-cap", "24", "--pace", "30")
			s.Until("ready", "pace 30").Type(story).Keys("Enter").Until("thinking", "no cap")

			// A cap, and its answer guessed while it thinks, for a tenth more tokens.
			s.Keys("c").Until("cap on thinking tokens").Keys("C-u").Type("160").Keys("Enter").Until("of 160")
			s.Keys("y").Satisfies("has guessed", func(f string) bool { return counted(f, `(\d+) guess`) >= 1 })
			f := s.Frame()
			if extra := counted(f, `extra (\d+) of`); extra < 1 || extra > 16 && !strings.Contains(f, "over 10 %") {
				t.Errorf("the guesses cost %d tokens, want at most a tenth of 160 or a word on it:\n%s", extra, f)
			}
			s.Until("after 160 thinking tokens", "┃", "saved")

			// A Wait goes back to the close and thinks on.
			s.Keys("w").Until("B of 2", "▌ Wait", "thinking").Satisfies("has thought on", func(f string) bool { return spent(f) >= 180 })
			s.Keys("a").Until("after 1", "thinking tokens", "answer now", "saved")

			// To the highest of the peaks in view, and another draw from before it.
			s.Keys("1", "2").Until("side panes: token").Keys("J").Until("peaks of entropy").Keys("K").Until("peaks of entropy", "nats")
			if n := peak(s.Frame()); n < 0.5 {
				t.Errorf("a peak of entropy has %.2f nats:\n%s", n, s.Frame())
			}
			s.Keys("f").Until("C of 3").Keys("Escape").Until("stopped", "saved")

			// Something else in place of the token before.
			s.Keys("h", "h", "e").Until("write instead").Keys("C-u").Type("twelve").Keys("Enter").Until("D of 4", "▌", "twelve").Keys("Escape").Until("stopped", "saved")

			// And what the first thought would have said.
			s.Keys("alt+1").Keys("b").Until("after 160 thinking tokens").Keys("s").Until("had we stopped here", "cut trace")
			s.Satisfies("has answered every stop", func(f string) bool {
				m := regexp.MustCompile(`(\d+) of (\d+) stops`).FindStringSubmatch(f)
				return m != nil && m[1] == m[2]
			})
			s.Keys("Escape").UntilGone("had we stopped here").Keys("C-c").Until("quits").Keys("C-c")
			s.left(0)
			got := s.branches()
			if len(got) != 4 {
				t.Fatalf("kept are %+v, want four branches", got)
			}
			for i, want := range []string{"start", "wait", "fork", "edit"} {
				if got[i].Cause != want {
					t.Errorf("branch %d is a %s, want %s", i, got[i].Cause, want)
				}
			}
			if r := got[0].Receipt; r.ThinkingTokens > 160 || r.Cap != 160 {
				t.Errorf("the first spent %d of %d, want at most 160", r.ThinkingTokens, r.Cap)
			}
			if got[1].injected != "Wait" || got[3].injected != "twelve" {
				t.Errorf("fed in were %q and %q, want Wait and twelve", got[1].injected, got[3].injected)
			}
		})
	}
}

// counted is the number in a frame that a pattern finds, -1 = none.
func counted(frame, pattern string) int {
	m := regexp.MustCompile(pattern).FindStringSubmatch(frame)
	if m == nil {
		return -1
	}
	n, _ := strconv.Atoi(m[1])
	return n
}

// peak is the entropy in the token pane, in nats.
func peak(frame string) float64 {
	m := regexp.MustCompile(`entropy +([\d.]+) nats`).FindStringSubmatch(frame)
	if m == nil {
		return -1
	}
	n, _ := strconv.ParseFloat(strings.TrimSuffix(m[1], "."), 64)
	return n
}
