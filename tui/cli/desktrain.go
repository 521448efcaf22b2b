package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"s1/sessions/jobs"
	"s1/train/device"
	"s1/train/launch"
	"s1/train/recipes"
	tuiapp "s1/tui/app"
)

// workshop is where the screen meets the trainer and the jobs. It is the screen's Trainer.
type workshop struct {
	app   *app
	desk  *desk
	store *jobs.Store

	mu     sync.Mutex
	choice tuiapp.TrainChoice // opened is of
	opened *inspected
	long   error

	pythonMu sync.Mutex
	python   *launch.Python // asked last, while it lacked nothing

	machineMu sync.Mutex
	device    *device.Reader // open since it was asked first
}

func (a *app) newWorkshop(d *desk) *workshop {
	return &workshop{app: a, desk: d, store: jobs.Open(jobsDir(), nil)}
}

// Close lets go of the data that was looked at.
func (b *workshop) Close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.forget()
	b.machineMu.Lock()
	defer b.machineMu.Unlock()
	if b.device != nil {
		b.device.Close()
		b.device = nil
	}
}

func (b *workshop) forget() {
	if b.opened != nil {
		b.opened.tok.Close()
		b.opened = nil
	}
}

func (b *workshop) Presets() []string { return recipes.Names() }

func (b *workshop) resolve(ctx context.Context, name string) (string, error) {
	return modelPath(ctx, name, func(string) {})
}

// Launch starts a choice as a job. What its launcher refuses is refused here, before there is a job.
func (b *workshop) Launch(ctx context.Context, c tuiapp.TrainChoice) (tuiapp.TrainRun, error) {
	rec, err := recipeOfChoice(c)
	if err == nil {
		err = rec.Ready()
	}
	if err == nil {
		err = b.launching(ctx, rec, c, false, func(l launch.Launcher) error {
			_, err := l.Plan(ctx)
			return err
		})
	}
	if err != nil {
		return tuiapp.TrainRun{}, err
	}
	exe, err := os.Executable()
	if err != nil {
		return tuiapp.TrainRun{}, fmt.Errorf("find this program: %w", err)
	}
	dir, err := os.Getwd()
	if err != nil {
		return tuiapp.TrainRun{}, fmt.Errorf("find the working folder: %w", err)
	}
	argv := append([]string{exe}, argvOf(c)...)
	out := outOf(c)
	if !filepath.IsAbs(out) {
		out = filepath.Join(dir, out)
	}
	j, err := b.store.Start(ctx, jobs.Spec{Kind: jobs.Train, Name: filepath.Base(out), Argv: argv, Resume: append(argv[:len(argv):len(argv)], "--resume"), Dir: dir, Out: out})
	if err != nil {
		return tuiapp.TrainRun{}, err
	}
	return runOf(ctx, j)
}

func runOf(ctx context.Context, j *jobs.Job) (tuiapp.TrainRun, error) {
	s, err := j.State(ctx)
	return tuiapp.TrainRun{
		ID: j.ID, Name: j.Name, State: s.State, Where: j.Out, Started: j.Created.Local().Format("2006-01-02 15:04"),
		Running: !s.Over(), Resumable: s.Resumable(),
	}, err
}

// Runs are the jobs that train.
func (b *workshop) Runs(ctx context.Context) ([]tuiapp.TrainRun, error) {
	list, err := b.store.List()
	var out []tuiapp.TrainRun
	for _, j := range list {
		if j.Kind == jobs.Train {
			r, bad := runOf(ctx, j)
			err = errors.Join(err, bad)
			out = append(out, r)
		}
	}
	return out, err
}

func (b *workshop) Resume(ctx context.Context, run string) error {
	j, err := b.store.Get(run)
	if err != nil {
		return err
	}
	return j.Resume(ctx)
}

// Stop stops a run and saves; asked again while it does, it aborts.
func (b *workshop) Stop(ctx context.Context, run string) error {
	j, err := b.store.Get(run)
	if err != nil {
		return err
	}
	s, err := j.State(ctx)
	if err == nil && s.State == jobs.Stopping {
		return j.Abort(ctx)
	}
	return errors.Join(err, j.Stop(ctx))
}

// Checkpoint saves by stopping, and goes on at once: a resume comes to the same bits.
func (b *workshop) Checkpoint(ctx context.Context, run string) error {
	j, err := b.store.Get(run)
	if err != nil {
		return err
	}
	if err := j.Stop(ctx); err != nil {
		return err
	}
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		switch s, err := j.State(ctx); {
		case err != nil:
			return err
		case s.State == jobs.Stopped:
			return j.Resume(ctx)
		case s.Over():
			return fmt.Errorf("it is %s: %s", s.State, orNothing(s.Cause))
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func orNothing(s string) string {
	if s == "" {
		return "it came to its end"
	}
	return s
}

var _ tuiapp.Trainer = (*workshop)(nil)
