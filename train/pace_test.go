package train

import (
	"testing"
	"time"

	"s1/train/metrics"
	"s1/train/recipe"
)

// ticking is a clock that goes on by as much each time it is read: once a step.
func ticking(by time.Duration) func() time.Time {
	t := time.Unix(1e9, 0)
	return func() time.Time { t = t.Add(by); return t }
}

// The time to the end is reckoned from the steps of this start alone: neither the days a run lay stopped nor the speed of the
// machine it was on before are in it, and before three steps it says nothing.
func TestAfterAResumeTheTimeLeftIsThatOfTheNewStart(t *testing.T) {
	t.Parallel()
	rec := quick(t, 14, func(r *recipe.Recipe) { r.Eval.Every = 0 })
	told := map[int]*float64{}
	o := Options{Dir: t.TempDir(), Stop: stopAfter(7), Now: ticking(time.Second), Step: func(s metrics.Step) { told[s.Step] = s.ETASeconds }}
	first, err := Run(t.Context(), rec, o)
	if err != nil || !first.Stopped || first.Steps < 4 {
		t.Fatalf("%+v, %v", first, err)
	}
	at := int(first.Steps)
	for step := 1; step <= at; step++ {
		checkLeft(t, step, told[step], step >= 3, float64(14-step))
	}
	o.Stop, o.Resume, o.Now = nil, true, ticking(10*time.Second)
	clear(told)
	trained(t, rec, o)
	for step := at + 1; step <= 14; step++ {
		checkLeft(t, step, told[step], step >= at+3, 10*float64(14-step))
	}
	if len(told) != 14-at {
		t.Errorf("%d steps after the resume, want %d", len(told), 14-at)
	}
}

func checkLeft(t *testing.T, step int, got *float64, known bool, want float64) {
	t.Helper()
	switch {
	case !known && got != nil:
		t.Errorf("step %d: %g s left, before that can be known", step, *got)
	case known && (got == nil || *got != want):
		t.Errorf("step %d: %v left, want %g s", step, got, want)
	}
}
