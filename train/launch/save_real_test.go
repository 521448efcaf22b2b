package launch

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"s1/engine"
	"s1/engine/adapter"
	"s1/engine/weights"
	"s1/train/metrics"
	"s1/train/recipe"
)

// A run of the real TRL saves when it is asked to, and goes on: every step stands once, and its checkpoint opens as a model with the
// base's own tokenizer before the run is over.
func TestTRLSavesWhenItIsAskedAndGoesOn(t *testing.T) {
	python := os.Getenv("S1_TRL")
	if python == "" {
		t.Skip("needs S1_TRL, a Python with torch, transformers, trl, accelerate, datasets and peft: run `make test-real`")
	}
	for name, edit := range map[string]string{"whole": "", "LoRA": "[lora]\nrank = 2\nalpha = 4\ntargets = [\"q_proj\", \"down_proj\"]\n"} {
		t.Run(name, func(t *testing.T) { savesAndGoesOn(t, trlRecipe(t, python, edit)) })
	}
}

func savesAndGoesOn(t *testing.T, rec recipe.Recipe) {
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
			parts, err := engine.LoadWith(t.Context(), engine.Options{Threads: 1}, func() (*weights.Model, error) { return openHere(t.Context(), folder) })
			if err != nil {
				t.Errorf("%s does not open: %v", what, err)
				return
			}
			if err := errors.Join(parts.Backend.Close(), parts.Close()); err != nil {
				t.Error(err)
			}
			for _, name := range []string{"optimizer.pt", "trainer_state.json", completeFile} {
				if _, err := os.Stat(filepath.Join(folder, name)); err == nil {
					t.Errorf("%s is in the model", name)
				}
			}
			if adapter.Is(folder) != (rec.LoRA.Rank > 0) {
				t.Errorf("an adapter: %t, with rank %d", adapter.Is(folder), rec.LoRA.Rank)
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

// openHere opens a folder of a model or of an adapter on a base that its path leads to.
func openHere(ctx context.Context, folder string) (*weights.Model, error) {
	if !adapter.Is(folder) {
		return weights.Open(folder)
	}
	return adapter.Open(ctx, folder, func(_ context.Context, base string) (*weights.Model, error) { return weights.Open(base) })
}
