package train

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"s1/kernels"
	"s1/train/metrics"
	"s1/train/recipe"
)

// What a step that is skipped for its loss leaves behind: weights and moments to the bit as before it, a line that says so, and the
// next step from the next examples.
func TestASkippedSpikeLeavesWeightsAndMoments(t *testing.T) {
	t.Parallel()
	const steps = 60
	rec := quick(t, steps, func(r *recipe.Recipe) { r.Eval.Every, r.Optimizer.SpikeZ = 0, 1 })
	r := &run{rec: rec, o: Options{Dir: t.TempDir(), Say: t.Logf}, pace: metrics.NewPace(time.Now)}
	defer r.close()
	if err := r.open(t.Context()); err != nil {
		t.Fatal(err)
	}
	var err error
	if r.at.guard, err = metrics.NewGuard(metrics.Limits{Window: 8, Loss: 1, Norm: 1}); err != nil { // fewer steps than guardWindow until it judges
		t.Fatal(err)
	}
	if err := r.record(); err != nil {
		t.Fatal(err)
	}
	state := func() (all []float32) { // weights and both moments
		r.arrays(func(_ string, slot kernels.Slot, p kernels.Param, spec kernels.ParamSpec) {
			values := make([]float32, spec.Elements())
			r.t.Read(slot, p, values)
			all = append(all, values...)
		})
		return all
	}
	var last metrics.Step
	r.o.Step = func(s metrics.Step) { last = s }
	spikes, before := 0, state()
	for range steps {
		at := r.at.cursor
		if err := r.step(t.Context()); err != nil {
			t.Fatal(err)
		}
		after := state()
		skipped := last.Skipped == metrics.SkippedSpike
		if skipped {
			spikes++
		}
		if slices.Equal(before, after) != skipped {
			t.Errorf("step %d: skipped %t, weights and moments as before %t", last.Step, skipped, !skipped)
		}
		if r.at.cursor <= at {
			t.Errorf("step %d did not go on in the data", last.Step)
		}
		before = after
	}
	if spikes == 0 || spikes > steps/2 {
		t.Fatalf("%d of %d steps were spikes; the test says nothing", spikes, steps)
	}
	f, err := os.Open(filepath.Join(r.o.Dir, metrics.FileName))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines, kept := 0, 0
	for s := bufio.NewScanner(f); s.Scan(); lines++ {
		var m metrics.Step
		if err := json.Unmarshal(s.Bytes(), &m); err != nil {
			t.Fatal(err)
		}
		if m.Skipped == metrics.SkippedSpike {
			kept++
		}
	}
	if lines != steps || kept != spikes {
		t.Errorf("metrics.jsonl has %d lines with %d spikes, want %d with %d", lines, kept, steps, spikes)
	}
}
