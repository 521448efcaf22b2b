package cli

import (
	"context"
	"errors"
	"fmt"
	"os"

	"s1/curate"
	asking "s1/curate/ask"
	"s1/curate/llm"
	"s1/engine/builtin"
	"s1/engine/remote"
	tuiapp "s1/tui/app"
)

// Recount says what other numbers would keep. A stage that asks a model takes what it found in the run: nobody is asked.
func (c *curator) Recount(ctx context.Context, folder string, tried []tuiapp.CurationTry) (s tuiapp.CurationState, err error) {
	rec, err := curate.ReadRecipe(folder)
	if err != nil {
		return s, err
	}
	for _, t := range tried {
		if err := try(&rec, t); err != nil {
			return s, err
		}
	}
	if err := rec.Validate(); err != nil {
		return s, err
	}
	o := curate.Options{Dir: folder}
	if rec.Asks() {
		var end func() error
		if o.Insert, end, err = c.silent(ctx, rec); err != nil {
			return s, err
		}
		defer func() { err = errors.Join(err, end()) }()
	}
	counts, err := curate.Recount(ctx, rec, o)
	if err != nil {
		return s, err
	}
	return tuiapp.CurationState{Recipe: rec.Source, State: "done", Stages: stagesOf(rec, counts, folder, c.at(folder).keptByHand(rec, counts, folder))}, nil
}

// silent are the stages of a recipe that ask, for a count that asks nobody: they are there to be recognised by what they would be
// asked, and where the run has no answers to that, the count is refused. Their books and replies are in a folder that is removed
// again, so that a run under way keeps its own.
func (c *curator) silent(ctx context.Context, rec curate.Recipe) (stages map[string]curate.Stage, end func() error, err error) {
	for _, word := range rec.Models() {
		if word != builtin.Name && !remote.Is(word) {
			return nil, nil, fmt.Errorf("it asks %s, which would have to be loaded to be recognised: s1 curate RECIPE --count does that", safeLine(word, 60))
		}
	}
	tmp, err := os.MkdirTemp("", "s1-recount-")
	if err != nil {
		return nil, nil, err
	}
	remove := func() error { return os.RemoveAll(tmp) }
	rec.Ask.Cache = ""
	a := &app{quiet: true, seed: c.desk.seed}
	plan, err := asking.Open(ctx, rec, tmp, a.openAsked, llm.Options{}, nil)
	if err != nil {
		return nil, nil, errors.Join(err, remove())
	}
	return plan.Insert(), func() error { return errors.Join(plan.Close(), remove()) }, nil
}
