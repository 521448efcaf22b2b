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
	Base    string // where the model is that the run began from; "" = where the run found it, or where the recipe says
}

// Export writes the model of a run's checkpoint, without training on. What the run was (its seed, its steps, what a LoRA counts) is
// what the checkpoint kept, and not what rec says: flags and later edits of the file made no difference to it.
func Export(ctx context.Context, rec recipe.Recipe, o Options, e ExportOptions) (err error) {
	if o.Say == nil {
		o.Say = func(string, ...any) {}
	}
	r := &run{rec: rec, o: o}
	defer r.close()
	l, err := r.checkpoint(e.Best)
	if err != nil {
		return err
	}
	defer l.Close()
	if err := r.asMade(l, e.Base); err != nil {
		return err
	}
	r.model, err = openModel(ctx, r.rec, o.Resolve)
	if also := rec.Model.Base; err != nil && e.Base == "" && also != "" && also != r.rec.Model.Base { // the folder it was typed in is another
		r.rec.Model.Base = also
		r.model, err = openModel(ctx, r.rec, o.Resolve)
	}
	if err != nil {
		return err
	}
	if r.p, err = r.model.program(r.rec); err != nil {
		return err
	}
	if err := r.sameModel(l); err != nil {
		return err
	}
	m := export.Model{Config: r.model.config, Params: r.kept(l), Tokenizer: r.model.text, Generation: r.model.generation, Card: r.card()}
	m.Card.HowToRun = "s1 run -m " + e.Out
	options := export.Options{Type: e.Type, Replace: e.Replace}
	if e.As == AsAdapter && r.model.lora == nil {
		return fmt.Errorf("the run in %s trains no LoRA, so there is no adapter to export", o.Dir)
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

// checkpoint opens the newest one of the run, or that with the best held-out loss.
func (r *run) checkpoint(best bool) (*checkpoint.Loaded, error) {
	name := checkpoint.StepName
	if best {
		name = checkpoint.BestName
	}
	dir, ok, err := checkpoint.LatestNamed(r.root(), name)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fmt.Errorf("%s has no checkpoint %q to export; train first", r.root(), name)
	}
	return checkpoint.Open(dir)
}

// asMade makes the run what a checkpoint says that it was.
func (r *run) asMade(l *checkpoint.Loaded, base string) error {
	var more extra
	if err := json.Unmarshal(l.State.Extra, &more); err != nil {
		return fmt.Errorf("checkpoint %s: its state of the run: %w", l.Dir, err)
	}
	r.at.step, r.at.tokens = int64(l.State.Step), more.Tokens
	r.data = &data{hash: l.State.Identity.Data}
	r.o.Code = l.State.Identity.Code
	r.made = &made{hash: l.State.Identity.Recipe, settings: more.Settings}
	if len(more.Settings) > 0 { // the first versions kept none
		rec, err := recipe.Restore(r.rec.Source, more.Settings)
		if err != nil {
			return fmt.Errorf("checkpoint %s: %w", l.Dir, err)
		}
		if key, was, is, differs := recipe.Differ(more.Settings, r.rec.Settings()); differs {
			r.o.Say("the run's %s was %s, where recipe %s says %s: the run's is what is exported", key, was, rec.Source, is)
		}
		r.rec = rec
	}
	r.rec.Train.Seed = l.State.Seed
	if base != "" {
		if r.rec.Model.Scratch() {
			return fmt.Errorf("the run in %s began from nothing, so no model is to be named (%s)", r.o.Dir, base)
		}
		r.rec.Model.Base = base
	}
	if r.rec.Model.Base == "" && !r.rec.Model.Scratch() {
		return fmt.Errorf("checkpoint %s does not say which model it began from, and neither does recipe %s: name it with -m", l.Dir, r.rec.Source)
	}
	return nil
}

// sameModel refuses a base that is not the one the run began from, and parameters that are not its own.
func (r *run) sameModel(l *checkpoint.Loaded) error {
	saved := l.State.Identity.Shape
	if saved == r.model.base+shape(r.p) {
		return nil
	}
	if n := len(saved) - len(shape(r.p)); n >= 0 && saved[:n] != r.model.base {
		return fmt.Errorf("checkpoint %s began from a model with the SHA-256 %s, and %s has %s: name the one it began from with -m", l.Dir, orNone(saved[:n]), r.model.file.Path, orNone(r.model.base))
	}
	return fmt.Errorf("checkpoint %s has other parameters than the model of recipe %s", l.Dir, r.rec.Source)
}

func orNone(hash string) string {
	if hash == "" {
		return "none"
	}
	return hash
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
