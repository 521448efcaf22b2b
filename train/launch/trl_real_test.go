package launch

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"s1/engine"
	"s1/engine/weights"
	"s1/kernels"
	"s1/train/metrics"
	"s1/train/recipe"
)

// trlRecipe is a training of a synthetic Llama on rows of its own, in two processes.
func trlRecipe(t *testing.T, python, edit string) recipe.Recipe {
	t.Helper()
	dir := t.TempDir()
	base := filepath.Join(dir, "tiny.gguf")
	shape, err := weights.SynthShapeNamed("tiny-llama")
	if err == nil {
		err = weights.Synth(base, shape, kernels.F32, 1)
	}
	if err != nil {
		t.Fatal(err)
	}
	var rows strings.Builder
	for i := range 24 {
		fmt.Fprintf(&rows, "{\"prompt\":\"What is %d plus %d?\",\"completion\":\"It is %d.\"}\n", i, 2*i, 3*i)
	}
	file := filepath.Join(dir, "rows.jsonl")
	if err := os.WriteFile(file, []byte(rows.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("[model]\nbase = %q\n[data]\nfiles = [%q]\nblock = 128\nheld_out = 0.2\n[train]\nsteps = 8\nbatch_rows = 4\nthreads = 2\n"+
		"[optimizer]\nlr = 1e-3\n[eval]\nevery = 4\n[checkpoint]\nevery = 3\n[launch]\nbackend = \"trl\"\nprocesses = 2\npython = %q\n%s", base, file, python, edit)
	rec, err := recipe.Parse("tiny.toml", text)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

func local(_ context.Context, name string) (string, error) { return name, nil }

// launched writes and starts a run and follows it to its end; it is asked to stop after step stop, 0 = never.
func launched(t *testing.T, l Launcher, stop int) (steps []metrics.Step, s Status, took time.Duration) {
	t.Helper()
	p, err := l.Plan(t.Context())
	if err == nil {
		err = p.Write(t.Context())
	}
	r := l.Runner(p)
	if err == nil {
		t.Log(p.Command())
		err = r.Start(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	asked, began := make(chan struct{}), time.Now()
	s, err = Follow(t.Context(), r, p, Watch{Stop: asked, Step: func(m metrics.Step) {
		steps = append(steps, m)
		if m.Step == stop {
			close(asked)
		}
	}})
	if err != nil || s.State == Failed {
		log, _ := tail(p.Log(), 0)
		t.Fatalf("%v %v\n%s", s, err, log[max(0, len(log)-6000):])
	}
	return steps, s, time.Since(began)
}

func shown(steps []metrics.Step) string {
	var b strings.Builder
	for _, s := range steps {
		line, _ := json.Marshal(s)
		fmt.Fprintf(&b, "%s\n", line)
	}
	return b.String()
}

// TestTRLTrainsInTwoProcessesStopsResumesAndItsResultOpens is the whole way of a launch with the real TRL.
func TestTRLTrainsInTwoProcessesStopsResumesAndItsResultOpens(t *testing.T) {
	python := os.Getenv("S1_TRL")
	if python == "" {
		t.Skip("needs S1_TRL, a Python with torch, transformers, trl, accelerate, datasets and peft: run `make test-real`")
	}
	rec := trlRecipe(t, python, os.Getenv("S1_TRL_EDIT"))
	env, err := ProbePython(t.Context(), python)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("Python %s: %v", env.Version, env.Versions)
	dir := t.TempDir()
	whole := &TRL{Recipe: rec, Dir: filepath.Join(dir, "whole"), Resolve: local, Python: &env}
	want, s, took := launched(t, whole, 0)
	t.Logf("%d steps in %s\n%s", len(want), took.Round(time.Second), shown(want))
	if s.State != Done || len(want) != 8 || want[3].HeldOut == nil || *want[7].Loss >= *want[1].Loss {
		t.Errorf("the run ended as %v", s)
	}
	part := &TRL{Recipe: rec, Dir: filepath.Join(dir, "part"), Resolve: local, Python: &env}
	first, s, took := launched(t, part, 5)
	t.Logf("stopped: %v, %d steps in %s", s, len(first), took.Round(time.Second))
	if s.State != Stopped || len(first) >= 8 || len(first) < 5 {
		t.Errorf("asked to stop after step 5: %v after %d steps", s, len(first))
	}
	part = &TRL{Recipe: rec, Dir: part.Dir, Resolve: local, Resume: true, Python: &env}
	rest, s, _ := launched(t, part, 0)
	if s.State != Done || rest[0].Step != len(first)+1 {
		t.Errorf("resumed: %v\n%s", s, shown(rest))
	}
	for i, m := range append(first, rest...) {
		if d := *m.Loss - *want[i].Loss; d > 1e-3 || d < -1e-3 {
			t.Errorf("step %d: loss %g with a stop, %g without", m.Step, *m.Loss, *want[i].Loss)
		}
	}
	for _, d := range []string{whole.Dir, part.Dir} {
		m, err := engine.Open(t.Context(), filepath.Join(d, "model"), engine.Options{Threads: 1})
		if err != nil {
			t.Errorf("the result does not open: %v", err)
			continue
		}
		m.Close()
	}
}

// TestTRLTakesTheMemoryThatWasEstimated measures two shapes on the CPU: one whose weights lead, and one whose rows do.
func TestTRLTakesTheMemoryThatWasEstimated(t *testing.T) {
	python := os.Getenv("S1_TRL")
	if python == "" {
		t.Skip("needs S1_TRL, a Python with torch, transformers, trl, accelerate, datasets and peft: run `make test-real`")
	}
	env, err := ProbePython(t.Context(), python)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ sizes, words string }{
		"weights lead": {"hidden = 768\nlayers = 12\nheads = 12\nff = 2048\ncontext = 256\n", "a few words"},
		"rows lead":    {"hidden = 256\nlayers = 8\nheads = 8\nff = 1024\ncontext = 4096\n", strings.Repeat("one and two and three ", 60)},
	} {
		rec := trlRecipe(t, python, "")
		file := rec.Data.Files[0]
		row := fmt.Sprintf("{\"prompt\":%q,\"completion\":\"It is so.\"}\n", c.words)
		if err := os.WriteFile(file, []byte(strings.Repeat(row, 8)), 0o600); err != nil {
			t.Fatal(err)
		}
		text := fmt.Sprintf("[model]\n%stokenizer = %q\n[data]\nfiles = [%q]\n[train]\nsteps = 2\nbatch_rows = 1\nthreads = 2\n[launch]\nbackend = \"trl\"\npython = %q\n",
			c.sizes, rec.Model.Base, file, python)
		if rec, err = recipe.Parse("shape.toml", text); err != nil {
			t.Fatal(err)
		}
		l := &TRL{Recipe: rec, Dir: filepath.Join(t.TempDir(), "run"), Resolve: local, Python: &env}
		p, err := l.Plan(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		steps, _, _ := launched(t, l, 0)
		got := steps[len(steps)-1].PeakMemoryBytes
		ratio := float64(p.Need.Total()) / float64(got)
		t.Logf("%s: estimated %d MB, peak %d MB: %.3f (%s)", name, p.Need.Total()>>20, got>>20, ratio, p.Need)
		if ratio < 0.85 || ratio > 1.15 {
			t.Errorf("%s: estimated %d bytes, the process took %d", name, p.Need.Total(), got)
		}
	}
}
