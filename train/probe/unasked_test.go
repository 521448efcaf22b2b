package probe

import (
	"slices"
	"strings"
	"testing"

	"s1/engine"
	"s1/engine/builtin"
	"s1/engine/builtin/tape"
)

func TestMiniNeverBeginsACheckByItself(t *testing.T) {
	t.Parallel()
	m, err := builtin.Open(t.Context(), engine.Options{Weights: "exact"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	r, err := Run(t.Context(), m, Options{N: 24, Seed: 7, StepsMax: tape.MaxSteps, Waits: 3, Sampled: true, Parallel: 8})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]Curve{"greedy": r.Greedy, "T = 1": *r.Sampled} {
		if a := c.Audit; a.OwnWaits.Hits != 0 || a.OwnChecks.Hits != 0 || a.OwnWaits.N < 24*50 {
			t.Errorf("%s: own Waits %v, own checks %v", name, a.OwnWaits, a.OwnChecks)
		}
		if c.Audit.Detection.N == 0 && c.Audit.FalseAlarms.N == 0 {
			t.Errorf("%s: no check was opened at all", name)
		}
	}
}

// eager is the calculator, but that it says one token of a check where it would end: Wait, or the ? of a line.
func eager(t *testing.T, wait bool) (waits, checks int) {
	t.Helper()
	plans := map[string][]int32{}
	m := model(t, func(history []int32) map[int32]float32 {
		l := calculate(plans, history)
		think := slices.Index(history, tape.Think)
		if think < 0 {
			return l
		}
		done := history[think+1:]
		_, ends := l[tape.EndThink]
		switch {
		case wait && ends && !slices.Contains(done, tape.Wait):
			return map[int32]float32{tape.Wait: 9}
		case !wait && ends && !slices.Contains(done, tape.Question):
			return map[int32]float32{tape.Question: 9}
		}
		return l
	})
	r, err := Run(t.Context(), m, Options{N: 20, Seed: 4, StepsMax: 4, Waits: 1, Sampled: true})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(r.String(), "its own Waits") || r.Greedy.Audit.OwnWaits != r.Sampled.Audit.OwnWaits {
		t.Errorf("greedy %v, T = 1 %v in\n%s", r.Greedy.Audit.OwnWaits, r.Sampled.Audit.OwnWaits, r)
	}
	return r.Greedy.Audit.OwnWaits.Hits, r.Greedy.Audit.OwnChecks.Hits
}

func TestTheProbeCountsWhatAModelBeginsByItself(t *testing.T) {
	t.Parallel()
	if waits, checks := eager(t, true); waits != 20 || checks == 0 {
		t.Errorf("one Wait of its own in each of 20 thoughts: %d, and %d lines of their checks", waits, checks)
	}
	if waits, checks := eager(t, false); waits != 0 || checks < 20 {
		t.Errorf("lines of a check without a Wait in each of 20 thoughts: %d Waits, %d lines", waits, checks)
	}
}
