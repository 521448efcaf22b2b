package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"s1/train"
	"s1/train/checkpoint"
	"s1/train/estimate"
	"s1/train/launch"
	"s1/train/recipe"
	tuiapp "s1/tui/app"
)

// Plan says what a choice comes to, and what is wrong with it field by field: what the launcher of its backend starts, and what
// that lacks here.
func (b *workshop) Plan(ctx context.Context, c tuiapp.TrainChoice) (p tuiapp.TrainPlan, err error) {
	wrong := func(field string, err error) {
		p.Wrong = append(p.Wrong, tuiapp.TrainFact{Name: field, Value: err.Error()})
	}
	rec, err := recipeOfChoice(c)
	if err != nil {
		field := "recipe"
		if c.Backend != "" {
			plain := c
			if plain.Backend = ""; validChoice(plain) { // it is the backend that does not go with it
				field = "backend"
			}
		}
		wrong(field, err)
		return p, nil
	}
	p.Backend = rec.Launch.Backend
	lacksOf(ctx, rec, wrong)
	out := outOf(c)
	if _, ok, err := savedIn(out); err != nil {
		wrong("out", err)
	} else if ok {
		wrong("out", fmt.Errorf("%s holds the checkpoints of a run: go on with that run, or give another folder", out))
	}
	if err := train.Pinnable(rec); err != nil {
		wrong("pinned", err)
	}
	p.Command = append([]string{"s1"}, quotedAll(argvOf(c))...)
	p.Facts = factsOf(rec, c)
	if len(p.Wrong) > 0 { // what the backend lacks can be told when the recipe is one
		return p, nil
	}
	outline, err := b.outline(ctx, rec, c)
	var lacks launch.LackError
	switch {
	case errors.As(err, &lacks):
		for _, l := range lacks {
			wrong("backend", launch.LackError{l})
		}
	case err != nil:
		wrong("backend", err)
	default:
		p.Notes, p.Starts = outline.Notes, startsOf(outline)
	}
	return p, ctx.Err()
}

// lacksOf says what the model, the data and the recipe lack.
func lacksOf(ctx context.Context, rec recipe.Recipe, wrong func(field string, err error)) {
	if base := rec.Model.Base; base != "" {
		w, err := openWeights(ctx, base)
		if err != nil {
			wrong("model", err)
		} else {
			_ = w.Close() // only looked at
		}
	}
	for _, f := range rec.Data.Files {
		if _, err := os.Stat(f); err != nil && rec.Data.Kind == recipe.Rows {
			wrong("data", err)
		}
	}
	if err := rec.Ready(); err != nil {
		field := "recipe"
		switch {
		case rec.Model.Base == "" && !rec.Model.Scratch():
			field = "model"
		case rec.Data.Kind == recipe.Rows && len(rec.Data.Files) == 0:
			field = "data"
		}
		wrong(field, err)
	}
}

func validChoice(c tuiapp.TrainChoice) bool {
	_, err := recipeOfChoice(c)
	return err == nil
}

// savedIn is the step of the newest checkpoint in a run's folder, of the own trainer or of TRL.
func savedIn(out string) (step int, ok bool, err error) {
	dir, ok, err := checkpoint.LatestNamed(filepath.Join(out, "checkpoints"), checkpoint.StepName)
	if err != nil {
		return 0, false, err
	}
	if ok {
		_, err = fmt.Sscanf(filepath.Base(dir), checkpoint.StepName+"-%d", &step)
		return step, err == nil, err
	}
	list, err := launch.Checkpoints(out)
	if err != nil || len(list) == 0 {
		return 0, false, err
	}
	return list[0].Step, true, nil
}

// outline is what the launcher of a choice would start.
func (b *workshop) outline(ctx context.Context, rec recipe.Recipe, c tuiapp.TrainChoice) (p *launch.Plan, err error) {
	err = b.launching(ctx, rec, c, false, func(l launch.Launcher) error {
		p, err = l.Outline(ctx)
		return err
	})
	return p, err
}

// launching does something with the launcher of a choice. What a Python was found to have is kept while nothing is missing, as
// asking it loads torch; anew asks it again.
func (b *workshop) launching(ctx context.Context, rec recipe.Recipe, c tuiapp.TrainChoice, anew bool, do func(launch.Launcher) error) error {
	own, trl, err := b.app.launchers(flagsOf(c), rec, c.Recipe, b.resolve)
	if err != nil {
		return err
	}
	l := launch.Of(rec, own, trl, filepath.Base(outOf(c)))
	if rec.Launch.Trainer() != recipe.TRL {
		return do(l)
	}
	b.pythonMu.Lock() // one at a time: each is a process that reads gigabytes
	defer b.pythonMu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if known := b.python; known != nil && !anew && known.Asked == rec.Launch.Interpreter() {
		trl.Python = known
	}
	err = do(l)
	b.python = nil
	var lacks launch.LackError
	if !errors.As(err, &lacks) {
		b.python = trl.Python
	}
	return err
}

// startsOf are the commands that a plan comes to beside ours, each under its name. The own trainer is our command itself.
func startsOf(p *launch.Plan) (out []tuiapp.TrainStart) {
	if p.Backend == recipe.Own {
		return nil
	}
	add := func(name string, words ...[]string) {
		out = append(out, tuiapp.TrainStart{Name: name, Words: quotedAll(words...)})
	}
	add("which starts", p.Env, p.Argv)
	if len(p.Inside) > 0 {
		add("and in the job, on each machine", p.Inside)
	}
	for i, o := range p.Others {
		add(fmt.Sprintf("to be started by hand on machine %d", i+2), p.Env, o)
	}
	return out
}

// quotedAll are words as a shell takes them.
func quotedAll(lists ...[]string) (out []string) {
	for _, list := range lists {
		for _, w := range list {
			out = append(out, launch.Quote([]string{w}))
		}
	}
	return out
}

// factsOf says in short what a recipe does.
func factsOf(rec recipe.Recipe, c tuiapp.TrainChoice) (out []tuiapp.TrainFact) {
	fact := func(name, format string, args ...any) {
		out = append(out, tuiapp.TrainFact{Name: name, Value: fmt.Sprintf(format, args...)})
	}
	if rec.Model.Scratch() {
		fact("model", "a new one, %d layers of width %d", rec.Model.Layers, rec.Model.Hidden)
	} else if c.Model == "" {
		fact("model", "%s", rec.Model.Base)
	}
	if rec.Train.Steps > 0 {
		fact("length", "%d steps", rec.Train.Steps)
	} else {
		fact("length", "%d epochs", rec.Train.Epochs)
	}
	fact("learning", "%s, rate %g, %s", rec.Optimizer.Kind, rec.Optimizer.LR, rec.Optimizer.Schedule)
	if rec.LoRA.Rank > 0 {
		fact("LoRA", "rank %d", rec.LoRA.Rank)
	}
	fact("too long", "%s", map[string]string{"refuse": "a row that does not fit stops the start", "drop": "rows that do not fit are dropped", "cut": "rows that do not fit are cut from the right"}[rec.Data.OverLong])
	if q := rec.Pinned; len(q.Questions) > 0 {
		fact("pinned", "%s", pinnedWords(rec))
		for i, x := range q.Questions {
			fact(fmt.Sprintf("pinned %d", i+1), "%s", x)
		}
	}
	if rec.Checkpoint.Every > 0 {
		fact("saves", "every %d steps, and when it is stopped; keeps %d", rec.Checkpoint.Every, rec.Checkpoint.Keep)
	} else {
		fact("saves", "at its end, and when it is stopped")
	}
	return out
}

// pinnedWords is what the pinned questions of a run cost.
func pinnedWords(rec recipe.Recipe) string {
	q := rec.Pinned
	var caps []string
	for _, c := range q.Caps {
		if c < 0 {
			caps = append(caps, fmt.Sprintf("none (cut at %d)", q.Limit))
		} else {
			caps = append(caps, fmt.Sprint(c))
		}
	}
	return fmt.Sprintf("%d asked under the caps %s: at most %d tokens a checkpoint", len(q.Questions), strings.Join(caps, ", "), q.Cost())
}

// Pin says whether a question can be asked of what is chosen.
func (b *workshop) Pin(_ context.Context, c tuiapp.TrainChoice, pin string) error {
	q, err := recipe.ParsePin(pin)
	if err != nil {
		return err
	}
	c.Pins = ""
	rec, err := recipeOfChoice(c)
	if err != nil {
		return nil // Plan says what is wrong with the choice; it is not the question
	}
	rec.Pinned.Questions = []recipe.Question{q}
	if err := rec.Validate(); err != nil {
		return err
	}
	return train.Pinnable(rec)
}

// Memory is what a choice needs against what is free, as its launcher counts it.
func (b *workshop) Memory(ctx context.Context, c tuiapp.TrainChoice) (m tuiapp.TrainMemory, err error) {
	rec, err := recipeOfChoice(c)
	if err != nil {
		return m, err
	}
	var r launch.Room
	err = b.launching(ctx, rec, c, true, func(l launch.Launcher) (err error) {
		r, err = l.Room(ctx)
		return err
	})
	if err != nil {
		return m, err
	}
	for _, x := range r.Need.Classes() {
		m.Classes = append(m.Classes, tuiapp.TrainClass(x))
	}
	for _, w := range r.Ways {
		m.Remedies = append(m.Remedies, tuiapp.TrainClass{Name: w.Words, Bytes: w.Then})
	}
	m.Need, m.Free, m.Fits, m.Devices = r.Need.Total(), r.Free, r.Fits, []string{r.Where}
	who := "it needs "
	if r.Processes > 1 {
		who = fmt.Sprintf("each of its %d processes needs ", r.Processes)
	}
	m.Verdict = who + estimate.Bytes(m.Need)
	if m.Free >= 0 {
		m.Verdict += " of " + estimate.Bytes(m.Free) + " that are free"
	}
	for i, g := range r.GPUs {
		word := "fits"
		if g.Free < m.Need {
			word = "too little"
		}
		m.Devices = append(m.Devices, fmt.Sprintf("gpu %d %s: %s of %s free, %s", i, g.Name, estimate.Bytes(g.Free), estimate.Bytes(g.Total), word))
	}
	return m, nil
}
