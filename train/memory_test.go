package train

import (
	"testing"

	"s1/train/estimate"
	"s1/train/recipe"
)

// What thinks on the way is a copy of the model: a run that asks questions is to have room for it before it starts.
func TestTheCopyThatAnswersOnTheWayIsInTheEstimate(t *testing.T) {
	t.Parallel()
	need := func(edit func(*recipe.Recipe)) (other, weights int64) {
		t.Helper()
		p, err := Memory(t.Context(), quick(t, 14, edit), Options{Dir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		e := estimate.Of(p)
		for _, s := range p.Program.Params {
			weights += int64(s.Elements()) * 4
		}
		return e.Other, weights
	}
	still := func(r *recipe.Recipe) { r.Probe.Every, r.OnPolicy.At = 0, 0 }
	if other, _ := need(still); other != 0 {
		t.Errorf("a run that asks nothing: %d bytes besides", other)
	}
	for name, edit := range map[string]func(*recipe.Recipe){
		"pinned": pinning,
		"probes": func(r *recipe.Recipe) { r.Probe.Every = 5 },
		"drafts": func(r *recipe.Recipe) {
			r.OnPolicy.At, r.OnPolicy.Drafts, r.OnPolicy.Share, r.OnPolicy.Temperature = .5, 4, .1, 1
		},
	} {
		other, weights := need(func(r *recipe.Recipe) { still(r); edit(r) })
		if other < weights || other > 8*weights+1<<20 {
			t.Errorf("%s: %d bytes besides, the model has %d", name, other, weights)
		}
	}
	bad := quick(t, 14, pinning)
	bad.Pinned.Questions[0].Ask = "how tall is it?"
	if _, err := Memory(t.Context(), bad, Options{Dir: t.TempDir()}); err == nil {
		t.Error("a question that cannot be asked is no fault of the plan")
	}
}
