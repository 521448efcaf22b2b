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
	"s1/train/recipe"
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
		Running: !s.Over(), Resumable: s.Resumable(), Saved: hasSaved(j.Out),
	}, err
}

// hasSaved says whether there are weights of a run: a checkpoint, or the result. What cannot be read is told by who needs it.
func hasSaved(out string) bool {
	_, ok, err := savedIn(out)
	if err != nil || ok {
		return true
	}
	_, err = os.Stat(filepath.Join(out, "model", "config.json"))
	return err == nil
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

// Resume goes on with a run that has ended or is held. One that runs in a queue saves, and queues again.
func (b *workshop) Resume(ctx context.Context, run string) error {
	j, err := b.store.Get(run)
	if err != nil {
		return err
	}
	s, err := j.State(ctx)
	if err != nil || s.Over() || s.Resumable() {
		return errors.Join(err, j.Resume(ctx))
	}
	rec, err := recipeOfJob(j)
	if err != nil {
		return err
	}
	if rec.Launch.Backend != recipe.SLURM {
		return fmt.Errorf("%s runs", run)
	}
	return (&launch.Queue{Plan: &launch.Plan{Dir: j.Out}}).Requeue(ctx)
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

// Checkpoint saves now. TRL does so at a sign and goes on. The own trainer saves by ending and goes on at once: a resume comes to the
// same bits; in a queue that would give its place away, and is refused.
func (b *workshop) Checkpoint(ctx context.Context, run string) error {
	j, rec, err := b.of(run)
	if err != nil {
		return err
	}
	if why := noSave(rec); why != "" {
		return errors.New(why)
	}
	if rec.Launch.Trainer() == recipe.TRL {
		return saveOn(ctx, j)
	}
	if err := j.Stop(ctx); err != nil {
		return err
	}
	return eachLook(ctx, func() (bool, error) {
		switch s, err := j.State(ctx); {
		case err != nil:
			return true, err
		case s.State == jobs.Stopped:
			return true, j.Resume(ctx)
		case s.Over():
			return true, fmt.Errorf("it is %s: %s", s.State, orNothing(s.Cause))
		}
		return false, nil
	})
}

// noSave says why a run cannot be saved while it runs.
func noSave(rec recipe.Recipe) string {
	if rec.Launch.Backend == recipe.SLURM && rec.Launch.Trainer() == recipe.Own {
		return "the own trainer saves by ending, which would give its place in the queue away"
	}
	return ""
}

// saveOn lets a run of TRL save and go on.
func saveOn(ctx context.Context, j *jobs.Job) error {
	if err := launch.AskToSave(j.Out); err != nil {
		return err
	}
	err := eachLook(ctx, func() (bool, error) {
		if !launch.Saving(j.Out) {
			return true, nil
		}
		s, err := j.State(ctx)
		if err == nil && s.Over() && launch.Saving(j.Out) {
			err = fmt.Errorf("it is %s: %s", s.State, orNothing(s.Cause))
		}
		return err != nil, err
	})
	if err != nil {
		err = errors.Join(err, launch.ForgetSave(j.Out))
	}
	return err
}

// eachLook asks again and again until the answer is yes or an error.
func eachLook(ctx context.Context, over func() (bool, error)) error {
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	for {
		if yes, err := over(); yes || err != nil {
			return err
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
