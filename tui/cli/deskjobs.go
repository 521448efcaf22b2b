package cli

import (
	"context"
	"sync"
	"time"

	"s1/sessions/jobs"
	"s1/train/launch"
	tuiapp "s1/tui/app"
)

// What a speed is reckoned over.
const (
	paceOver  = 30 * time.Second // of what a job told last
	paceLeast = time.Second      // below it there is no speed to tell
)

// jobDesk is where the screen meets the jobs: those that s1 jobs lists. It is the screen's Jobs.
type jobDesk struct {
	store *jobs.Store

	mu    sync.Mutex
	paces map[string]*pace // of the jobs that run
}

func newJobDesk(dir string) *jobDesk {
	return &jobDesk{store: jobs.Open(dir, nil), paces: map[string]*pace{}}
}

// List returns all jobs, the newest first.
func (d *jobDesk) List(ctx context.Context) ([]tuiapp.Job, error) {
	list, bad := d.store.List()
	var out []tuiapp.Job
	d.mu.Lock()
	defer d.mu.Unlock()
	runs := map[string]*pace{}
	for _, j := range list {
		s, err := j.State(ctx)
		x := jobOf(j, s)
		if err != nil { // of one job, which says so itself; the others stand beside it
			x.State, x.Cause, x.Running, x.Stopping, x.Fault, x.Resumable = "unknown", err.Error(), false, false, true, false
		}
		if x.Running {
			p := d.paces[j.ID]
			if p == nil {
				p = &pace{}
			}
			runs[j.ID] = p
			x.Rate = p.take(s)
			if left := s.Progress.Total - s.Progress.Done; x.Left <= 0 && x.Rate > 0 && left > 0 {
				x.Left = float64(left) / x.Rate
			}
		}
		out = append(out, x)
	}
	d.paces = runs
	return out, bad
}

// jobOf is a job for the screen.
func jobOf(j *jobs.Job, s jobs.State) tuiapp.Job {
	x := tuiapp.Job{
		ID: j.ID, Kind: j.Kind, Name: j.Name, State: s.State, Cause: s.Cause, Running: !s.Over(), Stopping: s.State == jobs.Stopping,
		Fault: s.State == jobs.Failed || s.State == jobs.Crashed, Resumable: s.Resumable() && (len(j.Spec.Resume) > 0 || s.State == jobs.Suspended),
		Done: s.Progress.Done, Total: s.Progress.Total, Unit: s.Progress.Unit, Note: s.Progress.Note, Left: s.Progress.Left,
		Created: j.Created, Ended: s.Ended,
	}
	for _, f := range []tuiapp.JobFact{{Name: "command", Value: launch.Quote(j.Argv)}, {Name: "in", Value: j.Dir}, {Name: "results", Value: s.Results}, {Name: "folder", Value: j.Folder()}} {
		if f.Value != "" {
			x.Facts = append(x.Facts, f)
		}
	}
	return x
}

// pace is what a job told of its progress lately, the oldest first.
type pace struct {
	started time.Time
	told    []jobs.State
}

// take adds what a job tells now and returns its units a second, 0 = not known. The times are the job's own: how often it is
// looked at does not matter. A job that was started again, or that goes back, begins anew.
func (p *pace) take(s jobs.State) float64 {
	n := len(p.told)
	if n > 0 && (!p.started.Equal(s.Started) || p.told[n-1].Progress.Done > s.Progress.Done || p.told[n-1].Progress.Unit != s.Progress.Unit) {
		p.told, n = nil, 0
	}
	p.started = s.Started
	if n == 0 || s.Updated.After(p.told[n-1].Updated) {
		p.told = append(p.told, s)
	}
	last := p.told[len(p.told)-1]
	for len(p.told) > 2 && last.Updated.Sub(p.told[1].Updated) >= paceOver {
		p.told = p.told[1:]
	}
	took := last.Updated.Sub(p.told[0].Updated)
	if took < paceLeast {
		return 0
	}
	return float64(last.Progress.Done-p.told[0].Progress.Done) / took.Seconds()
}

// with does something to a job.
func (d *jobDesk) with(ctx context.Context, id string, do func(*jobs.Job, context.Context) error) error {
	j, err := d.store.Get(id)
	if err != nil {
		return err
	}
	return do(j, ctx)
}

func (d *jobDesk) Stop(ctx context.Context, id string) error {
	return d.with(ctx, id, (*jobs.Job).Stop)
}

func (d *jobDesk) Abort(ctx context.Context, id string) error {
	return d.with(ctx, id, (*jobs.Job).Abort)
}

func (d *jobDesk) Resume(ctx context.Context, id string) error {
	return d.with(ctx, id, (*jobs.Job).Resume)
}

func (d *jobDesk) Remove(ctx context.Context, id string) error {
	return d.with(ctx, id, (*jobs.Job).Remove)
}

func (d *jobDesk) Restore(_ context.Context, id string) error { return d.store.Restore(id) }

// Tail returns what a job printed from a byte on.
func (d *jobDesk) Tail(_ context.Context, id string, from int64, most int) (string, int64, error) {
	j, err := d.store.Get(id)
	if err != nil {
		return "", from, err
	}
	b, next, err := j.Printed(from, most)
	return string(b), next, err
}

var _ tuiapp.Jobs = (*jobDesk)(nil)
