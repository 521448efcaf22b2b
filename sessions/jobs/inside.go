package jobs

import (
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Writer is a job's own pen. A nil Writer writes nothing: the same code runs as a job and without.
type Writer struct {
	dir   string
	mu    sync.Mutex
	state State
	saved time.Time
	ended bool

	signals chan os.Signal // of who suspends it
	rest    sync.WaitGroup // what waits for them
	held    atomic.Int64   // nanoseconds that the job was suspended
}

// Inside returns the pen of the job that this program is, or nil. The variable is taken out of the environment, so that what
// this program starts does not take itself for the job.
func Inside() (*Writer, error) {
	dir := os.Getenv(Variable)
	if dir == "" {
		return nil, nil
	}
	if err := os.Unsetenv(Variable); err != nil {
		return nil, fmt.Errorf("unset %s: %w", Variable, err)
	}
	w := &Writer{dir: dir}
	var spec Spec
	if err := readJSON(filepath.Join(dir, specFile), &spec); err != nil {
		return nil, fmt.Errorf("%s=%s is no folder of a job: %w", Variable, dir, err)
	}
	_ = readJSON(filepath.Join(dir, stateFile), &w.state) // what an earlier start left
	now := time.Now().UTC()
	w.state.State, w.state.Exit, w.state.Cause, w.state.Started, w.state.Ended = Running, nil, "", now, time.Time{}
	if spec.Runner == "" {
		p, err := identify(os.Getpid())
		if err == nil {
			err = writeJSON(filepath.Join(dir, processFile), p)
		}
		if err != nil {
			return nil, err
		}
	}
	if err := w.save(now); err != nil {
		return nil, err
	}
	w.suspendable()
	return w, w.Event("started", "")
}

// suspendable lets SIGTSTP suspend a job. Its process group has no parent in its session, and of those the system takes SIGTSTP
// as nothing: the job hears it itself and stops by SIGSTOP, which nothing can refuse. SIGCONT is only written down.
func (w *Writer) suspendable() {
	w.signals = make(chan os.Signal, 2)
	signal.Notify(w.signals, syscall.SIGTSTP, syscall.SIGCONT)
	w.rest.Add(1)
	go func() { // until End
		defer w.rest.Done()
		var since time.Time // it has been held
		for s := range w.signals {
			switch {
			case s == syscall.SIGTSTP:
				since = time.Now()
				_ = w.Event("suspended", "") // with a full disk it is suspended all the same
				_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
			case !since.IsZero(): // a stop sends SIGCONT too
				w.held.Add(int64(time.Since(since)))
				since = time.Time{}
				_ = w.Event("goes on", "")
			}
		}
	}()
}

// Now is the time by a clock that stands still while the job is suspended: of work that is timed by it, the pause is no part.
func (w *Writer) Now() time.Time {
	if w == nil {
		return time.Now()
	}
	return time.Now().Add(-time.Duration(w.held.Load()))
}

// Progress says how far the job is. It is written at most twice a second, so after a crash the place on disk may be half a second
// or one unit old, whichever is longer. A full disk is passed over, as the work is worth more.
func (w *Writer) Progress(p Progress) {
	if w == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state.Progress = p
	if now := time.Now(); now.Sub(w.saved) >= saveEvery && !w.ended {
		_ = w.save(now)
	}
}

// Results says which file holds the job's own measurements.
func (w *Writer) Results(path string) {
	if w == nil {
		return
	}
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state.Results = path
}

// Event appends what happened.
func (w *Writer) Event(what, text string) error {
	if w == nil {
		return nil
	}
	line, err := json.Marshal(Event{At: time.Now().UTC(), What: what, Text: text})
	if err != nil {
		return fmt.Errorf("write the event %q: %w", what, err)
	}
	path := filepath.Join(w.dir, eventsFile)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return told("write", path, err)
	}
	defer f.Close()
	if _, err := f.Write(append(line, '\n')); err != nil {
		return told("write", path, err)
	}
	return nil
}

// Asked says whether somebody asked this job to stop, through Job.Stop or Job.Abort.
func (w *Writer) Asked() bool { return w != nil && asked(w.dir) != "" }

// End is the last word of a job: its state (Done, Stopped or Failed), its exit code and why.
func (w *Writer) End(state string, exit int, why string) error {
	if w == nil {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.ended {
		signal.Stop(w.signals)
		close(w.signals)
		w.rest.Wait()
	}
	w.ended = true
	now := time.Now().UTC()
	w.state.State, w.state.Exit, w.state.Cause, w.state.Ended = state, &exit, why, now
	if err := w.save(now); err != nil {
		return err
	}
	if err := w.Event(state, why); err != nil {
		return err
	}
	path := filepath.Join(w.dir, doneFile)
	if err := os.WriteFile(path, []byte(state+"\n"), 0o600); err != nil {
		return told("write", path, err)
	}
	return nil
}

func (w *Writer) save(now time.Time) error {
	w.saved, w.state.Updated = now, now.UTC()
	return writeJSON(filepath.Join(w.dir, stateFile), w.state)
}
