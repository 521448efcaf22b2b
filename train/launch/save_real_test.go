package launch

import (
	"os"
	"path/filepath"
	"testing"

	"s1/engine"
	"s1/train/metrics"
)

// A run of the real TRL saves when it is asked to, and goes on: every step stands once, and its checkpoint opens as a model with the
// base's own tokenizer before the run is over.
func TestTRLSavesWhenItIsAskedAndGoesOn(t *testing.T) {
	python := os.Getenv("S1_TRL")
	if python == "" {
		t.Skip("needs S1_TRL, a Python with torch, transformers, trl, accelerate, datasets and peft: run `make test-real`")
	}
	rec := trlRecipe(t, python, "")
	rec.Checkpoint.Every, rec.Train.Steps, rec.Eval.Every = 0, 12, 0
	l := &TRL{Recipe: rec, Dir: filepath.Join(t.TempDir(), "run"), Resolve: local}
	p, err := l.Plan(t.Context())
	if err == nil {
		err = p.Write(t.Context())
	}
	r := l.Runner(p)
	if err == nil {
		if AskToSave(p.Dir) == nil {
			t.Error("a run that has not begun took the wish to save")
		}
		err = r.Start(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	var steps []int
	opened := 0
	s, err := Follow(t.Context(), r, p, Watch{Step: func(m metrics.Step) {
		if steps = append(steps, m.Step); m.Step == 3 {
			if err := AskToSave(p.Dir); err != nil {
				t.Error(err)
			}
			until(t, "the checkpoint", func() bool { return !Saving(p.Dir) })
			list, err := Checkpoints(p.Dir)
			if err != nil || len(list) != 1 || list[0].Step < 4 || list[0].Step >= 12 {
				t.Errorf("saved at %v %v", list, err)
				return
			}
			opened = list[0].Step
			folder, what, err := Model(t.Context(), p.Dir, filepath.Join(p.Dir, "newest"))
			if err != nil {
				t.Error(err)
				return
			}
			t.Log(what, folder)
			e, err := engine.Open(t.Context(), folder, engine.Options{Threads: 1})
			if err != nil {
				t.Errorf("%s does not open: %v", what, err)
				return
			}
			e.Close()
			for _, name := range []string{"optimizer.pt", "trainer_state.json", completeFile} {
				if _, err := os.Stat(filepath.Join(folder, name)); err == nil {
					t.Errorf("%s is in the model", name)
				}
			}
			want, _ := os.ReadFile(filepath.Join(p.Dir, baseFolder, "tokenizer.json"))
			if got, err := os.ReadFile(filepath.Join(folder, "tokenizer.json")); err != nil || string(got) != string(want) {
				t.Errorf("the checkpoint's tokenizer is not the base's: %d bytes, %d of the base, %v", len(got), len(want), err)
			}
		}
	}})
	if err != nil || s.State != Done || len(steps) != 12 || opened == 0 {
		log, _ := tail(p.Log(), 0)
		t.Errorf("%v %v, steps %v, saved at %d\n%s", s, err, steps, opened, log[max(0, len(log)-4000):])
	}
	for i, n := range steps {
		if n != i+1 {
			t.Errorf("step %d came as number %d", n, i+1)
		}
	}
	if _, what, err := Model(t.Context(), p.Dir, filepath.Join(p.Dir, "newest")); err != nil || what != "the result" {
		t.Errorf("at its end: %s %v", what, err)
	}
}
