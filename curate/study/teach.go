package study

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
)

// checkpointEvery is how many steps a kill loses at most.
const checkpointEvery = 50

// baseRecipe is mini-quick, or its first steps: it has learnt to write drafts and checks, and is often wrong.
func (d Design) baseRecipe() string {
	return fmt.Sprintf(`preset = "mini-quick"

[train]
steps = %d
seed = %d

[checkpoint]
every = %d

[probe]
every = 0
`, d.BaseSteps, d.Seed, checkpointEvery)
}

// tuneRecipe is the one fine-tuning: s1's five passes, batches of 16 rows, warm-up and cosine, and a loss on the whole thought
// and answer. The rates are those with which mini-finish goes on from mini, because 1e-5 moves nothing in so small a model.
func (d Design) tuneRecipe(kind, base string) string {
	return fmt.Sprintf(`[model]
base = %q

[data]
kind = "rows"
files = ["rows/%s.jsonl"]
block = 1024
over_long = "drop"
think_format = "tape"

[train]
epochs = %d
batch_rows = %d
micro_tokens = 2048
seed = %d

[optimizer]
kind = "muon"
lr = 1e-3
muon_lr = 1.5e-3
weight_decay = 0.05
warmup = 0.05
schedule = "cosine"

[checkpoint]
every = %d
`, base, kind, d.Epochs, d.BatchRows, d.Seed, checkpointEvery)
}

// makeBase trains the model that all begin from, unless one was given.
func (s *study) makeBase(ctx context.Context) error {
	if s.o.Base == "" {
		t, err := s.train(ctx, Base, s.d.baseRecipe())
		if err != nil {
			return err
		}
		s.base, s.out.BaseTokens, s.out.BaseSteps = t.Model, t.Tokens, t.Steps
	}
	s.finished(Base)
	return nil
}

// trainAll fine-tunes the base on each subset.
func (s *study) trainAll(ctx context.Context) error {
	for i := range s.out.Subsets {
		sub := &s.out.Subsets[i]
		base := "./train/base/model"
		if s.o.Base != "" {
			abs, err := filepath.Abs(s.o.Base)
			if err != nil {
				return fmt.Errorf("the base %s: %w", s.o.BaseName, err)
			}
			base = abs
		}
		t, err := s.train(ctx, sub.Kind, s.d.tuneRecipe(sub.Kind, base))
		if err != nil {
			return err
		}
		sub.Trained, sub.model = t, t.Model
		s.finished("train " + sub.Kind)
	}
	return nil
}

// train carries out a recipe, or reads that it was: a note is written after the model, so one without the other is no end.
func (s *study) train(ctx context.Context, name, recipe string) (t Trained, err error) {
	file, dir := s.at(name+".toml"), s.at("train", name)
	if err := put(file, []byte(recipe)); err != nil {
		return t, err
	}
	note, model := filepath.Join(dir, "trained.json"), filepath.Join(dir, "model")
	if ok, err := getJSON(note, &t); ok || err != nil {
		t.Model = model
		return t, err
	}
	if s.stopped() {
		return t, ErrStopped
	}
	t, err = s.o.Trainer.Train(ctx, Training{Name: name, Recipe: file, Dir: dir})
	if err = errors.Join(err, s.spent("train/"+name, t.Seconds)); err != nil {
		return t, err
	}
	t.Model = model
	return t, putJSON(note, t)
}
