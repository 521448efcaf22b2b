package train

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"

	"s1/kernels"
	"s1/train/checkpoint"
	"s1/train/export"
	"s1/train/recipe"
)

// Kinds of export.
const (
	AsFolder  = "folder"  // Hugging Face
	AsGGUF    = "gguf"    // llama.cpp
	AsAdapter = "adapter" // PEFT; only of a LoRA
)

// ExportOptions say what is made of a run.
type ExportOptions struct {
	As      string
	Out     string
	Type    kernels.DType
	Best    bool // the checkpoint with the best held-out loss instead of the newest
	Replace bool
}

// Export writes the model of a run's checkpoint, without training on. The recipe must be the run's.
func Export(ctx context.Context, rec recipe.Recipe, o Options, e ExportOptions) (err error) {
	if o.Say == nil {
		o.Say = func(string, ...any) {}
	}
	r := &run{rec: rec, o: o}
	defer r.close()
	if r.model, err = openModel(ctx, rec, o.Resolve); err != nil {
		return err
	}
	if r.p, err = r.model.program(rec); err != nil {
		return err
	}
	name := checkpoint.StepName
	if e.Best {
		name = checkpoint.BestName
	}
	dir, ok, err := checkpoint.LatestNamed(r.root(), name)
	if err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("%s has no checkpoint %q to export; train first", r.root(), name)
	}
	l, err := checkpoint.Open(dir)
	if err != nil {
		return err
	}
	defer l.Close()
	if got := r.model.base + shape(r.p); l.State.Identity.Shape != got {
		return fmt.Errorf("checkpoint %s was made by a model of another shape or base than recipe %s has", dir, rec.Source)
	}
	r.at.step, r.data = int64(l.State.Step), &data{hash: l.State.Identity.Data}
	var more extra
	if err := json.Unmarshal(l.State.Extra, &more); err != nil {
		return fmt.Errorf("checkpoint %s: its state of the run: %w", dir, err)
	}
	r.at.tokens = more.Tokens
	m := export.Model{Config: r.model.config, Params: r.kept(l), Tokenizer: r.model.text, Generation: r.model.generation, Card: r.card()}
	options := export.Options{Type: e.Type, Replace: e.Replace}
	if e.As == AsAdapter && r.model.lora == nil {
		return fmt.Errorf("recipe %s trains no LoRA, so there is no adapter to export", rec.Source)
	}
	if r.model.lora != nil {
		a := r.adapter(m.Params)
		if e.As == AsAdapter {
			return export.Adapter(ctx, e.Out, m.Config, a, m.Card, options)
		}
		if m.Params, err = a.Merge(m.Config, m.Params); err != nil {
			return err
		}
	}
	switch e.As {
	case AsFolder:
		return export.Folder(ctx, e.Out, m, options)
	case AsGGUF:
		return export.GGUF(ctx, e.Out, m, options)
	}
	return errors.New("export as " + e.As + ": there are folder, gguf and adapter")
}

// kept gives the weights of a checkpoint, and of the base what was frozen.
func (r *run) kept(l *checkpoint.Loaded) export.Params {
	return func(name string) ([]float32, error) {
		at := "weight/" + name
		shape := l.Shape(at)
		if shape == nil {
			if r.model.params == nil {
				return nil, fmt.Errorf("checkpoint %s has no %s", filepath.Base(l.Dir), name)
			}
			return r.model.params(name)
		}
		n := 1
		for _, d := range shape {
			n *= d
		}
		values := make([]float32, n)
		return values, l.Read(at, values)
	}
}
