package cli

import (
	"encoding/json"
	"strings"
	"testing"
)

// A kept run of the built-in model is asked what it would have said, as the keys of the screen ask it.
func TestExploreAsksAKeptRunWhatItWouldHaveSaid(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	const question = "2154,+33,-2140,*9,-5,+4812,-3,-25"
	b.run("run", "--seed", "1", question).wants(0)
	var kept struct{ ID, Answer string }
	if err := json.Unmarshal([]byte(b.run("sessions", "list", "--json").wants(0).out), &kept); err != nil {
		t.Fatal(err)
	}

	guesses := strings.Split(strings.TrimSpace(b.run("explore", "scrub", kept.ID, "--stops", "5", "--json").wants(0).out), "\n")
	var last struct {
		Spent   int
		Answer  string
		Verdict string
		Prob    float64
	}
	for _, l := range guesses {
		before := last.Spent
		if err := json.Unmarshal([]byte(l), &last); err != nil || last.Spent <= before || last.Verdict == "" {
			t.Fatalf("%s: %v", l, err)
		}
	}
	if len(guesses) != 5 || last.Answer != kept.Answer {
		t.Errorf("the last of %d stops answers %q, the run %q", len(guesses), last.Answer, kept.Answer)
	}
	again := b.run("explore", "scrub", kept.ID, "--stops", "5", "--json").wants(0).out
	if strings.TrimSpace(again) != strings.Join(guesses, "\n") {
		t.Errorf("asked again it answers otherwise:\n%s", again)
	}

	b.run("explore", "lab", kept.ID[:17], "--words", "-,Wait", "--samples", "3").wants(0, "nothing: 3 of 3 done", "Wait: 3 of 3 done", "against nothing: ")
	b.run("explore", "lab", kept.ID, "--samples", "2").wants(0, "nothing: 2 of 2 done", "Wait: 2 of 2 done", "Again: 2 of 2 done")
	b.run("explore", "vote", kept.ID, "--samples", "4", "--json", "--seed", "5").wants(0, `"name":"asked again"`, `"done":`)
	b.run("explore", "anchor", kept.ID, "--at", "5", "--to", "10", "--samples", "3").wants(0, "without it: 3 of 3 done", "with it: 3 of 3 done", "hint")
	if list := b.run("sessions", "list", "--json").wants(0).out; strings.Count(list, "\n") != 1 || !strings.Contains(list, `"branches":1`) {
		t.Errorf("an experiment was kept:\n%s", list)
	}

	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"scrub", "nothing-like-that"}, 1, "no session"},
		{[]string{"scrub", kept.ID, "--stops", "0"}, 2, "--stops 0"},
		{[]string{"scrub", kept.ID, "--branch", "x"}, 2, "has no branch"},
		{[]string{"lab", kept.ID, "--at", "9999"}, 2, "--at 9999"},
		{[]string{"lab", kept.ID, "--words", "-,Hmm"}, 1, "Hmm"},
		{[]string{"vote", kept.ID, "--samples", "100000"}, 2, "--samples 100000"},
		{[]string{"anchor", kept.ID}, 2, "anchor needs --at and --to"},
		{[]string{"anchor", kept.ID, "--at", "9", "--to", "3"}, 2, "--at 9 --to 3"},
	} {
		r := b.run(append([]string{"explore"}, c.args...)...)
		if r.code != c.code || !strings.Contains(r.err, c.says) {
			t.Errorf("%v: exit %d, %q; want %d and %q", c.args, r.code, r.err, c.code, c.says)
		}
	}
}

func TestReplayPlaysAKeptRunAndCarriesItOutAgain(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.run("run", "--seed", "1", "--wait", "1", "--temp", "1", "316,+275,/3,*3").wants(0)
	var kept struct{ ID string }
	if err := json.Unmarshal([]byte(b.run("sessions", "list", "--json").wants(0).out), &kept); err != nil {
		t.Fatal(err)
	}
	b.run("sessions", "replay", kept.ID, "--speed", "max").wants(0, "[thinking]", "[yours] Wait", "[answer]", "[receipt]")
	b.run("sessions", "replay", kept.ID, "--check").wants(0, "identical,")
	var r struct {
		Same, Of  int
		Identical bool
	}
	if err := json.Unmarshal([]byte(b.run("sessions", "replay", kept.ID, "--check", "--json").wants(0).out), &r); err != nil || !r.Identical || r.Same != r.Of || r.Of == 0 {
		t.Errorf("%+v, %v", r, err)
	}
	b.run("sessions", "replay", "nothing-like-that", "--check").wants(1)
	b.run("sessions", "replay", kept.ID, "--speed", "quick").wants(2)
}
