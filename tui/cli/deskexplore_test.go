package cli

import (
	"path/filepath"
	"testing"

	"s1/engine/builtin"
	"s1/engine/trace"
	"s1/sessions"
	tuiapp "s1/tui/app"
)

// Base and tuned, side by side: what is asked about a trace goes to the model that thought it.
func TestATraceOfAnotherModelIsAskedAboutWhereItWasThought(t *testing.T) {
	t.Parallel()
	store, err := sessions.Open(t.Context(), filepath.Join(t.TempDir(), "s.db"))
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{flags: &runFlags{modelFlags: modelFlags{model: builtin.Name, weights: "exact"}, thinkFormat: "auto"}, seed: 3, store: store, recorder: sessions.NewRecorder(store, ""), hosts: map[trace.BranchID]thinker{}}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := d.open(t.Context(), func(string) {}); err != nil {
		t.Fatal(err)
	}
	ask := trace.Ask{Prompt: "29,-16,+65", Budget: trace.Budget{Cap: 24, AnswerCap: 6}, Sampling: trace.Sampling{Seed: 1}}
	own, err := d.Ask(t.Context(), ask)
	if err != nil {
		t.Fatal(err)
	}
	guest, err := d.guest(t.Context(), builtin.Name, ask)
	if err != nil {
		t.Fatal(err)
	}
	<-own.Log().Done()
	<-guest.Log().Done()
	child, err := d.Branch(t.Context(), guest.Branch().ID, 4, ask.Budget, ask.Sampling)
	if err != nil {
		t.Fatal(err)
	}
	<-child.Log().Done()
	for name, l := range map[string]tuiapp.Live{"own": own, "guest": guest, "a fork of the guest": child} {
		x, guesses := d.Explores(l.Branch().ID), 0
		if x == nil {
			t.Fatalf("%s cannot be asked about", name)
		}
		if err := x.Scrub(t.Context(), l.Branch().ID, []int{4, 8}, func(trace.Guess) { guesses++ }); err != nil || guesses != 2 {
			t.Errorf("%s: %d guesses, %v", name, guesses, err)
		}
	}
	var trial trace.BranchID
	x := d.Explores(guest.Branch().ID)
	err = x.Try(t.Context(), trace.Trials{From: guest.Branch().ID, Arms: []trace.Arm{{At: 0, Name: "again"}}, Samples: 1, Sampling: trace.Sampling{Temperature: 1, Seed: 1}}, func(r trace.TrialsReport) {
		trial = r.Trials[0].Branch
	})
	if err != nil || trial == "" {
		t.Fatalf("%q, %v", trial, err)
	}
	opened, err := x.Open(t.Context(), trial)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Branch(t.Context(), opened.Branch().ID, 1, ask.Budget, ask.Sampling); err != nil {
		t.Errorf("a fork of a sample that was opened: %v", err)
	}
}
