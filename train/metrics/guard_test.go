package metrics

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"
)

func mustGuard(t *testing.T, l Limits) *Guard {
	t.Helper()
	g, err := NewGuard(l)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestGuardSkipsWhatStandsOut(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		loss, norm float64
		want       string
	}{
		"an ordinary step":        {2.05, 1, ""},
		"a spike of the loss":     {4, 1, SkippedSpike},
		"a spike of the gradient": {2, 9, SkippedSpike},
		"a sudden drop is good":   {0.1, 0.01, ""},
		"loss NaN":                {math.NaN(), 1, SkippedNaN},
		"gradient infinite":       {2, math.Inf(1), SkippedNaN},
	} {
		g := mustGuard(t, Limits{Window: 16, Loss: 6, Norm: 6})
		for i := range 16 {
			v := 2 + 0.1*float64(i%2) // mean 2.05, deviation 0.05
			if got := g.Check(v, v/2); got != "" {
				t.Fatalf("%s: step %d of the window is skipped: %s", name, i, got)
			}
		}
		if got := g.Check(c.loss, c.norm); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func TestGuardTakesALossThatStaysHighAsNormal(t *testing.T) {
	t.Parallel()
	g := mustGuard(t, Limits{Window: 16, Loss: 3})
	for i := range 16 {
		g.Check(2+0.1*float64(i%2), 1)
	}
	skipped := 0
	for i := range 32 {
		if g.Check(5+0.1*float64(i%2), 1) != "" {
			skipped++
		}
	}
	if skipped == 0 || skipped > 8 {
		t.Errorf("%d of 32 steps at a new level were skipped, want a few", skipped)
	}
}

func TestAResumedGuardDecidesAlike(t *testing.T) {
	t.Parallel()
	g := mustGuard(t, Limits{Window: 8, Loss: 1.5, Norm: 1.5})
	r := rand.New(rand.NewPCG(1, 2))
	spikes := 0
	for i := range 500 {
		b, err := json.Marshal(g)
		if err != nil {
			t.Fatal(err)
		}
		var resumed Guard
		if err := json.Unmarshal(b, &resumed); err != nil {
			t.Fatal(err)
		}
		loss, norm := r.NormFloat64(), math.Exp(r.NormFloat64())
		got, want := resumed.Check(loss, norm), g.Check(loss, norm)
		if got != want {
			t.Fatalf("step %d: resumed %q, straight %q", i, got, want)
		}
		if want != "" {
			spikes++
		}
	}
	if spikes == 0 || spikes == 500 {
		t.Errorf("%d of 500 skipped: nothing was told apart", spikes)
	}
}

func FuzzGuardState(f *testing.F) {
	f.Add([]byte(`{"limits":{"window":8,"loss":3,"norm":3},"loss":{"values":[1],"next":0},"norm":{"values":[1],"next":0}}`))
	f.Add([]byte(`{"limits":{"window":8},"loss":{"values":[1],"next":7}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var g Guard
		if json.Unmarshal(b, &g) == nil && g.limits.Window != 0 {
			for i := range 2 * minWindow {
				g.Check(float64(i), 1)
			}
		}
	})
}
