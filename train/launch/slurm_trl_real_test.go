package launch

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"s1/engine"
	"s1/train/metrics"
	"s1/train/recipe"
)

// A batch script that wraps TRL, in a real queue with the real TRL in two processes: submitted, followed, saved and put back into
// the queue in the middle, gone on with by the queue itself, stopped, resumed as a new job, and its result opens. The losses are
// those of an undisturbed run, which takes the same way.
func TestARealQueueRunsTRLStopsRequeuesAndResumesIt(t *testing.T) {
	python := os.Getenv("S1_TRL")
	if python == "" || os.Getenv("S1_SLURM") == "" {
		t.Skip("needs S1_TRL, a Python with torch, transformers, trl, accelerate, datasets and peft, and S1_SLURM=1, root, and the packages slurm-wlm and munge: run `make test-real`")
	}
	cluster(t)
	env, err := ProbePython(t.Context(), python)
	if err != nil {
		t.Fatal(err)
	}
	rec := trlRecipe(t, python, "[launch.slurm]\npartition = \"main\"\ntime = \"10:00\"\n")
	rec.Launch.Backend, rec.Launch.Runs = recipe.SLURM, recipe.TRL
	rec.Train.Steps = 12
	if err := rec.Validate(); err != nil {
		t.Fatal(err)
	}
	shared, err := os.MkdirTemp("", "s1-shared-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(shared)
	ctx, cancel := context.WithTimeout(t.Context(), 12*time.Minute)
	defer cancel()
	submit := func(name string, resume bool) (*Queue, *Plan) {
		t.Helper()
		l := Of(rec, nil, &TRL{Recipe: rec, Dir: filepath.Join(shared, name), Resolve: local, Resume: resume, Python: &env}, name)
		p, err := l.Plan(ctx)
		if err == nil {
			err = p.Write(ctx)
		}
		if err != nil {
			t.Fatal(err)
		}
		q := l.Runner(p).(*Queue)
		if err := q.Start(ctx); err != nil {
			t.Fatal(err)
		}
		job, _ := q.Job()
		t.Logf("%s is job %s: %s", name, job, p.Command())
		return q, p
	}
	follow := func(q *Queue, p *Plan, w Watch) (steps []metrics.Step, states []string, s Status) {
		t.Helper()
		w.Every = 200 * time.Millisecond
		w.State = func(s Status) { states = append(states, s.State) }
		step := w.Step
		w.Step = func(m metrics.Step) {
			steps = append(steps, m)
			if step != nil {
				step(m)
			}
		}
		began := time.Now()
		s, err := Follow(ctx, q, p, w)
		log, _ := tail(p.Log(), 0)
		if err != nil || s.State == Failed {
			t.Fatalf("%v %v after states %v\n%s", s, err, states, log[max(0, len(log)-6000):])
		}
		t.Logf("%d steps to %d in %s, states %v, ended as %s", len(steps), steps[len(steps)-1].Step, time.Since(began).Round(100*time.Millisecond), states, s.State)
		return steps, states, s
	}

	q, p := submit("whole", false)
	want, _, s := follow(q, p, Watch{})
	if s.State != Done || len(want) != 12 {
		t.Fatalf("undisturbed: %v after %d steps", s, len(want))
	}

	// Saved and queued again after its fourth step; after the requeue stopped by a person.
	stop, requeued := make(chan struct{}), false
	q, p = submit("part", false)
	first, _, s := follow(q, p, Watch{Stop: stop, Step: func(m metrics.Step) {
		switch {
		case m.Step >= 4 && !requeued:
			requeued = true
			if err := q.Requeue(ctx); err != nil {
				t.Error(err)
			}
		case m.Step == 8:
			close(stop)
		}
	}})
	log, _ := tail(p.Log(), 0)
	if s.State != Stopped || len(first) >= 12 || len(first) < 8 {
		t.Errorf("requeued and stopped: %v after %d steps", s, len(first))
	}
	for _, says := range []string{"back into the queue", "stopped and saved after step"} {
		if !strings.Contains(log, says) {
			t.Errorf("its log does not say %q:\n%s", says, log[max(0, len(log)-4000):])
		}
	}

	// Resumed as a new job, to its end.
	q, p = submit("part", true)
	rest, _, s := follow(q, p, Watch{})
	if s.State != Done {
		t.Errorf("resumed: %v", s)
	}
	all := append(first, rest...)
	if len(all) != len(want) {
		t.Fatalf("%d steps in all, want %d\n%s", len(all), len(want), shown(all))
	}
	most := 0.0
	for i, m := range all {
		d := *m.Loss - *want[i].Loss
		if most = max(most, d, -d); m.Step != i+1 || d > 1e-3 || d < -1e-3 {
			t.Errorf("step %d came as number %d: loss %g, undisturbed %g", m.Step, i+1, *m.Loss, *want[i].Loss)
		}
	}
	t.Logf("losses differ by %g at most", most)
	for _, name := range []string{"whole", "part"} {
		m, err := engine.Open(ctx, filepath.Join(shared, name, "model"), engine.Options{Threads: 1})
		if err != nil {
			t.Errorf("the result of %s does not open: %v", name, err)
			continue
		}
		m.Close()
	}
}
