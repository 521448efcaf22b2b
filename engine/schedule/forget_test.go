package schedule

import (
	"testing"

	"s1/engine/trace"
)

func TestAForgottenBranchEndsAndGivesItsPagesBack(t *testing.T) {
	r := newRig(t, rigOptions{})
	ended := r.start(r.spec("How many?", trace.Budget{Cap: 30, AnswerCap: 5}, trace.Sampling{Temperature: 1, Seed: 1}))
	r.end(ended)
	paused := r.spec("How many legs has a spider?", trace.Budget{Cap: 30, AnswerCap: 5}, trace.Sampling{Temperature: 1, Seed: 2})
	paused.First = []trace.Command{{Kind: trace.CommandPause}}
	alive := r.start(paused)
	if used, err := r.s.Used(t.Context()); err != nil || used == 0 {
		t.Fatalf("%d pages in use before, %v: the test shows nothing", used, err)
	}
	ended.Forget()
	alive.Forget()
	if _, last := r.end(alive); last.Receipt.Outcome != "stopped" {
		t.Errorf("a branch that is forgotten while it runs ends as %q", last.Receipt.Outcome)
	}
	if used, err := r.s.Used(t.Context()); err != nil || used != 0 {
		t.Errorf("%d pages in use after, %v", used, err)
	}
	ended.Forget() // again, and one of another session
	(&Live{}).Forget()
}
