package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"s1/curate"
	"s1/curate/llm"
	"s1/curate/presets"
	"s1/sessions/jobs"
	tuiapp "s1/tui/app"
)

// curator is where the screen meets curation. A run is a job, which goes on without the screen, and its folder is all that is
// read of it. It is the screen's Curator.
type curator struct {
	desk  *desk
	store *jobs.Store

	mu    sync.Mutex
	opens map[string]*looked
}

// looked is a run's folder that was looked into.
type looked struct {
	*curate.Browser

	mu               sync.Mutex
	shaped           string // the stages whose shape is kept
	domains, lengths []tuiapp.CurationBin

	spend llm.SpendReader
	asked underway
	hand  byHand
}

func newCurator(d *desk) *curator {
	return &curator{desk: d, store: jobs.Open(jobsDir(), nil), opens: map[string]*looked{}}
}

func (c *curator) at(folder string) *looked {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.opens[folder] == nil {
		c.opens[folder] = &looked{Browser: curate.Browse(folder)}
	}
	return c.opens[folder]
}

// Recipes are the presets; their rows must be given.
func (c *curator) Recipes(context.Context) (list []tuiapp.CurationRecipe, err error) {
	for _, name := range presets.Names() {
		text, _ := presets.Text(name)
		rec, err := curate.LoadRecipe(name)
		if err != nil {
			return nil, err
		}
		about, _, _ := strings.Cut(strings.TrimPrefix(text, "# "), "\n")
		list = append(list, tuiapp.CurationRecipe{Name: name, About: about, Folder: name, Bare: len(rec.Load.Files) == 0})
	}
	return list, nil
}

// Start begins a run as a job. What is wrong with the recipe or the data is said before.
func (c *curator) Start(ctx context.Context, recipe, data, folder string) error {
	f := curateFlags{}
	if data != "" {
		f.data = []string{data}
	}
	rec, err := f.recipe(recipe)
	if err != nil {
		return err
	}
	for _, path := range append(rec.Load.Files, rec.Decontaminate.Tests...) {
		if _, err := os.Stat(path); err != nil {
			return err
		}
	}
	if _, err := curate.ReadRecipe(folder); err == nil {
		return fmt.Errorf("%s holds a curation already: open it, or give another folder", folder)
	}
	argv := []string{"curate", recipe, "--out", folder}
	if data != "" {
		argv = append(argv, "--data", data)
	}
	return c.start(ctx, folder, argv)
}

// start is a new job with these words.
func (c *curator) start(ctx context.Context, folder string, words []string) error {
	exe, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	dir, err := os.Getwd()
	if err != nil {
		return fmt.Errorf("find the working folder: %w", err)
	}
	out, err := filepath.Abs(folder)
	if err != nil {
		return err
	}
	argv := append([]string{exe}, words...)
	_, err = c.store.Start(ctx, jobs.Spec{Kind: jobs.Curate, Name: filepath.Base(out), Argv: argv, Resume: append(argv[:len(argv):len(argv)], "--resume"), Dir: dir, Out: out})
	return err
}

// job is the newest one that writes to a folder, nil where there is none.
func (c *curator) job(folder string) (*jobs.Job, error) {
	out, err := filepath.Abs(folder)
	if err != nil {
		return nil, err
	}
	list, err := c.store.List() // the newest first
	for _, j := range list {
		if j.Kind == jobs.Curate && j.Out == out {
			return j, nil
		}
	}
	return nil, err
}

// Resume goes on with a run's job, or with a run that never was one. A run that is done is carried out again where the recipe's
// decisions have changed, or where models are to be asked again about rows that failed.
func (c *curator) Resume(ctx context.Context, folder string, again bool) error {
	j, err := c.job(folder)
	if err != nil {
		return err
	}
	if j != nil {
		s, err := j.State(ctx)
		switch {
		case err != nil:
			return err
		case !s.Over():
			return errors.New("it runs already")
		case !again && s.Resumable() && len(j.Spec.Resume) > 0:
			return j.Resume(ctx)
		}
	}
	words := []string{"curate", folder, "--resume"}
	if again {
		words = append(words, "--retry-failed")
	}
	return c.start(ctx, folder, words)
}

// Stop ends a run's job after the row.
func (c *curator) Stop(ctx context.Context, folder string) error {
	j, err := c.job(folder)
	switch {
	case err != nil:
		return err
	case j == nil:
		return errors.New("it was not started as a job: stop it where it runs")
	}
	return j.Stop(ctx)
}

// Watch reports how a run stands until it has ended. Between looks nothing is asked, and what has not changed is not told.
func (c *curator) Watch(ctx context.Context, folder string, report func(tuiapp.CurationState)) error {
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	var last tuiapp.CurationState
	for first := true; ; first = false {
		s, runs, err := c.state(ctx, folder)
		if err != nil {
			return err
		}
		if first || !reflect.DeepEqual(s, last) {
			report(s)
			last = s
		}
		if !runs {
			return nil
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// running says whether a run runs, and what its job says.
func (c *curator) running(ctx context.Context, folder string) (state, fault, facts string, err error) {
	j, err := c.job(folder)
	if err != nil {
		return "", "", "", err
	}
	if j != nil {
		s, err := j.State(ctx)
		if err != nil {
			return "", "", "", err
		}
		facts = "job " + j.ID
		switch {
		case !s.Over():
			return "running", "", facts, nil
		case s.State == jobs.Failed || s.State == jobs.Crashed:
			return "failed", s.Cause, facts, nil
		case s.State == jobs.Stopped:
			return "stopped", "", facts, nil
		}
		return "", "", facts, nil
	}
	lock := flock.New(filepath.Join(folder, ".lock"))
	free, err := lock.TryLock()
	if err == nil && !free {
		return "running", "", "outside of this screen", nil
	}
	return "", "", "", errors.Join(lock.Close(), ignoreMissing(err))
}

func ignoreMissing(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// state is how a run stands.
func (c *curator) state(ctx context.Context, folder string) (s tuiapp.CurationState, runs bool, err error) {
	rec, err := curate.ReadRecipe(folder)
	state, fault, facts, bad := c.running(ctx, folder)
	if err = errors.Join(err, bad); err != nil {
		if bad == nil && (state == "running" || state == "failed") { // it has not come as far as its recipe
			return tuiapp.CurationState{Recipe: filepath.Base(folder), State: state, Fault: fault, Facts: facts}, state == "running", nil
		}
		return s, false, err
	}
	counts, exported, err := curate.Counts(folder)
	if err != nil {
		counts = nil // no stage has ended
	}
	s = tuiapp.CurationState{Recipe: strings.TrimSuffix(filepath.Base(rec.Source), ".toml"), State: state, Fault: fault, LengthUnit: "tokens or words"}
	if state == "" {
		if s.State = "stopped"; exported {
			s.State = "done"
		}
	}
	s.Facts = strings.TrimPrefix(strings.Join([]string{facts, fmt.Sprintf("seed %d", rec.Seed)}, ", "), ", ")
	if empty := nothingLeft(counts); empty != "" && s.State == "done" {
		s.Facts = empty + ", " + s.Facts
	}
	s.Stages = stagesOf(rec, counts, folder, c.at(folder).keptByHand(rec, counts, folder))
	if e, ok := curate.LastEvent(folder); ok && state == "running" {
		underWay(s.Stages, e)
		if e.Waits != "" {
			s.Facts = e.Stage + " is " + e.Waits + "; " + s.Facts
		}
		c.at(folder).follow(s.Stages, e, folder, time.Now())
	}
	s.Spend = c.at(folder).spent(rec, folder, state == "running")
	return s, state == "running", c.shape(ctx, folder, rec, counts, &s)
}

// shape fills the histograms, which are counted anew when a stage has ended.
func (c *curator) shape(ctx context.Context, folder string, rec curate.Recipe, counts []curate.Count, s *tuiapp.CurationState) error {
	if len(counts) == 0 {
		return nil
	}
	l, key := c.at(folder), ""
	for _, n := range counts {
		key += n.Key
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.shaped != key {
		const most = 12
		domains, lengths, err := l.Shape(ctx, rec.Select, most)
		if err != nil {
			return err
		}
		l.shaped, l.domains, l.lengths = key, binsOf(domains), binsOf(lengths)
	}
	s.Domains, s.Lengths = l.domains, l.lengths
	return nil
}

func binsOf(list []curate.Bin) (out []tuiapp.CurationBin) {
	for _, b := range list {
		out = append(out, tuiapp.CurationBin(b))
	}
	return out
}

var _ tuiapp.Curator = (*curator)(nil)
