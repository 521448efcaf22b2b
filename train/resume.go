package train

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"s1/kernels"
	"s1/train/checkpoint"
	"s1/train/recipe"
)

// resume goes on from the newest checkpoint, where that is asked for.
func (r *run) resume() error {
	var err error
	if r.unlock, err = checkpoint.Lock(r.root()); err != nil {
		return err
	}
	all, err := checkpoint.List(r.root(), checkpoint.StepName)
	switch {
	case err != nil:
		return err
	case !r.o.Resume && len(all) > 0:
		return fmt.Errorf("%s holds the checkpoints of a run: go on with it by --resume, or give another folder by --out", r.o.Dir)
	case len(all) == 0:
		if r.o.Resume {
			r.o.Say("there is no checkpoint in %s yet; beginning at the first step", r.root())
		}
		return nil
	}
	l, err := r.newest(all)
	if err != nil {
		return err
	}
	defer l.Close()
	if l.Warning != "" {
		r.o.Say("%s", l.Warning)
	}
	return r.take(l)
}

// newest loads the newest good checkpoint. Damaged ones before it are set aside: a run gone on from an earlier one comes to
// the same bits, only later.
func (r *run) newest(all []string) (*checkpoint.Loaded, error) {
	var damaged error
	for i, dir := range all {
		l, err := checkpoint.Load(dir, checkpoint.Match{Want: r.identity(), AllowCode: r.o.AllowCode})
		switch {
		case err == nil:
			for _, bad := range all[:i] {
				aside, err := checkpoint.SetAside(bad)
				if err != nil {
					return nil, errors.Join(err, l.Close())
				}
				r.o.Say("checkpoint %s is damaged: set aside as %s, going on from the one before", bad, aside)
			}
			return l, nil
		case !errors.Is(err, checkpoint.ErrDamaged):
			return nil, r.named(err, dir)
		case damaged == nil:
			damaged = err
		}
	}
	return nil, fmt.Errorf("%w; there is no earlier one: delete %s and begin again", damaged, r.root())
}

// named names the setting in which the recipe of another run differs, where the checkpoint knows, or else the files that are others.
func (r *run) named(err error, dir string) error {
	var foreign *checkpoint.ForeignError
	if !errors.As(err, &foreign) || !slices.Contains([]string{"recipe", "data", "tokenizer", "shape"}, foreign.Field) {
		return err
	}
	other := func(what, was, is string) error {
		return &otherRecipe{foreign, fmt.Sprintf("checkpoint %s belongs to another run: its %s is %s, this run's is %s; resume with its recipe, or begin a new run in another folder by --out", dir, what, was, is)}
	}
	l, openErr := checkpoint.Open(dir)
	if openErr != nil {
		return err
	}
	defer l.Close()
	var more extra
	if json.Unmarshal(l.State.Extra, &more) != nil {
		return err
	}
	if key, was, is, differs := recipe.Differ(more.Settings, r.rec.Settings()); differs {
		return other(key, was, is)
	}
	base := func(shape string) string { return shape[:max(0, len(shape)-hex.EncodedLen(sha256.Size))] } // before the hash of the parameters
	switch {
	case foreign.Field == "data" && r.data.tape == nil:
		return other("data", "rows with the hash "+foreign.Saved, fmt.Sprintf("%s, which makes rows with the hash %s", strings.Join(r.rec.Data.Files, ", "), foreign.Want))
	case foreign.Field == "shape" && base(foreign.Saved) != r.model.base:
		return other("base", "a model with the SHA-256 "+orNone(base(foreign.Saved)), r.model.file.Path+" with "+orNone(r.model.base))
	}
	return err
}

// otherRecipe is a ForeignError in the words of the recipe.
type otherRecipe struct {
	foreign *checkpoint.ForeignError
	text    string
}

func (e *otherRecipe) Error() string { return e.text }
func (e *otherRecipe) Unwrap() error { return e.foreign }

// take puts the run where a checkpoint was.
func (r *run) take(l *checkpoint.Loaded) error {
	var more extra
	if err := json.Unmarshal(l.State.Extra, &more); err != nil {
		return fmt.Errorf("checkpoint %s: its state of the run: %w", l.Dir, err)
	}
	r.at.step, r.at.micro, r.at.cursor = int64(l.State.Step), l.State.Micro, l.State.Cursor
	r.at.sums, r.at.best, r.at.nans, r.at.tokens = more.Sums, more.Best, more.NaNs, more.Tokens
	if more.Guard != nil {
		r.at.guard = more.Guard
	}
	if r.at.micro == 0 && r.over() { // it had ended before its last step
		r.total = r.at.step
	}
	var errs []error
	r.arrays(func(name string, slot kernels.Slot, p kernels.Param, spec kernels.ParamSpec) {
		values := make([]float32, spec.Elements())
		if err := l.Read(name, values); err != nil {
			errs = append(errs, err)
			return
		}
		r.t.Write(slot, p, values)
	})
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if more.Drafts.Hash != "" {
		if err := r.readDrafts(more.Drafts); err != nil {
			return err
		}
	}
	if here := r.rounding(); more.Rounding != "" && here != more.Rounding {
		r.o.Say("the machine of the checkpoint rounded products by %s, this one by %s: the weights will not be those of a run on one machine, to the bit", more.Rounding, here)
	}
	r.o.Say("going on after step %d of %d", r.at.step, r.total)
	return nil
}

// rounding names how products are rounded here, where the trainer says so.
func (r *run) rounding() string {
	if t, ok := r.t.(interface{ Rounding() string }); ok {
		return t.Rounding()
	}
	return ""
}

// brief is a context that also ends when the run is asked to stop, for what is not training and can be done again.
func (r *run) brief(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	over := make(chan struct{})
	if s, ok := r.o.Stop.(interface{ Done() <-chan struct{} }); ok {
		go func() { // until over, which the caller closes
			select {
			case <-s.Done():
				cancel()
			case <-over:
			}
		}()
	}
	return ctx, func() { close(over); cancel() }
}

// interrupted says whether an error is that of a request to stop, and of nothing worse.
func (r *run) interrupted(ctx context.Context, err error) bool {
	return errors.Is(err, context.Canceled) && ctx.Err() == nil && r.o.Stop != nil && r.o.Stop.Requested()
}
