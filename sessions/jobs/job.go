package jobs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Job is one job.
type Job struct {
	Spec
	dir   string
	store *Store
}

func (j *Job) at(name string) string { return filepath.Join(j.dir, name) }

// Folder is where the job is kept.
func (j *Job) Folder() string { return j.dir }

// Log is the file of what it prints.
func (j *Job) Log() string { return j.at(logFile) }

// launch starts a command in the job's folder. The lock keeps a second one from doing so.
func (j *Job) launch(ctx context.Context, argv []string) error {
	runner, ok := j.store.runners[j.Runner]
	if !ok {
		return fmt.Errorf("start %s: nothing here starts jobs on %q", j.ID, j.Runner)
	}
	for _, name := range []string{doneFile, stopFile, processFile} {
		if err := os.Remove(j.at(name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return told("remove", j.at(name), err)
		}
	}
	var before State
	_ = readJSON(j.at(stateFile), &before) // none before the first start
	if err := writeJSON(j.at(stateFile), State{State: Queued, Progress: before.Progress, Results: before.Results, Updated: time.Now().UTC()}); err != nil {
		return err
	}
	env := append(os.Environ(), Variable+"="+j.dir)
	p, err := runner.Start(ctx, Launch{Argv: argv, Dir: j.Dir, Env: env, Log: j.Log()})
	if err != nil {
		return err
	}
	p.Runner = j.Runner
	if err := writeJSON(j.at(processFile), p); err != nil {
		// Nobody would find it again, so it must not run on.
		return errors.Join(err, runner.Abort(context.WithoutCancel(ctx), p))
	}
	return nil
}

// State is how the job stands now.
func (j *Job) State(ctx context.Context) (State, error) {
	var s State
	err := readJSON(j.at(stateFile), &s)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return State{State: Failed, Cause: err.Error()}, err
	}
	if _, err := os.Stat(j.at(doneFile)); err == nil {
		if err := readJSON(j.at(stateFile), &s); err != nil { // DONE comes last: this one is final
			return State{State: Failed, Cause: err.Error()}, err
		}
		return s, nil
	}
	alive, err := j.alive(ctx)
	var elsewhere *ElsewhereError
	switch {
	case errors.As(err, &elsewhere):
		s.Cause = elsewhere.Error()
		return s, nil
	case err != nil:
		return s, fmt.Errorf("ask about %s: %w", j.ID, err)
	case alive:
		if j.asked() != "" {
			s.State = Stopping
		} else if j.held() {
			s.State = Suspended
		}
		return s, nil
	}
	if s.State == Queued && time.Since(s.Updated) < startWithin {
		return s, nil // the starter is at it
	}
	// It may have ended between the two looks.
	if _, err := os.Stat(j.at(doneFile)); err == nil {
		err := readJSON(j.at(stateFile), &s)
		return s, err
	}
	s.State, s.Cause = Crashed, fmt.Sprintf("its process has ended without a word (killed, out of memory, or the machine went down) at %s", s.Progress.where())
	if j.asked() == abortWord {
		s.State, s.Cause = Stopped, fmt.Sprintf("aborted at %s: what came after the last save is lost", s.Progress.where())
	}
	s.Ended = s.Updated
	return s, nil
}

// where is a place in a job, in words.
func (p Progress) where() string {
	switch {
	case p.Unit == "":
		return "its start"
	case p.Total > 0:
		return fmt.Sprintf("%s %d of %d", p.Unit, p.Done, p.Total)
	}
	return fmt.Sprintf("%s %d", p.Unit, p.Done)
}

func (j *Job) process() (Process, Runner, error) {
	var p Process
	if err := readJSON(j.at(processFile), &p); err != nil {
		return p, nil, err
	}
	r, ok := j.store.runners[j.Runner]
	if !ok {
		return p, nil, fmt.Errorf("nothing here knows jobs on %q", j.Runner)
	}
	return p, r, nil
}

func (j *Job) alive(ctx context.Context) (bool, error) {
	p, r, err := j.process()
	if errors.Is(err, os.ErrNotExist) { // it has not been started, or the starter died in between
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return r.Alive(ctx, p)
}

// holder is a Runner whose jobs can be suspended.
type holder interface {
	Held(p Process) bool
	Continue(ctx context.Context, p Process) error
}

// held says whether the process is suspended.
func (j *Job) held() bool {
	p, r, err := j.process()
	if err != nil {
		return false
	}
	h, ok := r.(holder)
	return ok && h.Held(p)
}

// goOn lets a suspended process go on.
func (j *Job) goOn(ctx context.Context) error {
	p, r, err := j.process()
	if h, ok := r.(holder); ok && err == nil {
		err = h.Continue(ctx, p)
	}
	if err != nil {
		return fmt.Errorf("resume %s: %w", j.ID, err)
	}
	return nil
}

// What ID/stop says.
const (
	stopWord  = "stop"
	abortWord = "abort"
)

// asked is what was asked of the job, "" = nothing.
func (j *Job) asked() string { return asked(j.dir) }

func asked(dir string) string {
	f, err := os.Open(filepath.Join(dir, stopFile))
	if err != nil {
		return ""
	}
	defer f.Close()
	b, _ := io.ReadAll(io.LimitReader(f, 16))
	return strings.TrimSpace(string(b))
}

// Stop asks the job to finish its unit, save and end.
func (j *Job) Stop(ctx context.Context) error { return j.end(ctx, stopWord) }

// Abort ends the job at once.
func (j *Job) Abort(ctx context.Context) error { return j.end(ctx, abortWord) }

func (j *Job) end(ctx context.Context, word string) error {
	s, err := j.State(ctx)
	if err != nil {
		return err
	}
	if s.Over() {
		return fmt.Errorf("%s %s: it is %s already", word, j.ID, s.State)
	}
	p, r, err := j.process()
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%s %s: it is only being started; try again in a moment", word, j.ID)
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", word, j.ID, err)
	}
	// A full disk must not keep a job from being stopped: then only the word is missing, and the job ends as interrupted.
	_ = os.WriteFile(j.at(stopFile), []byte(word+"\n"), 0o600)
	if word == stopWord {
		err = r.Stop(ctx, p)
	} else {
		err = r.Abort(ctx, p)
	}
	if err != nil && !errors.Is(err, errGone) {
		return fmt.Errorf("%s %s: %w", word, j.ID, err)
	}
	return nil
}

// Resume goes on with a job that is suspended, or that ended before its end.
func (j *Job) Resume(ctx context.Context) error {
	unlock, err := lock(j.dir)
	if err != nil {
		return err
	}
	defer unlock()
	s, err := j.State(ctx)
	switch {
	case err != nil:
		return err
	case s.State == Suspended:
		return j.goOn(ctx)
	case !s.Over():
		return fmt.Errorf("resume %s: it is %s", j.ID, s.State)
	case !s.Resumable():
		return fmt.Errorf("resume %s: it is done", j.ID)
	case len(j.Spec.Resume) == 0:
		return fmt.Errorf("resume %s: jobs of kind %q begin again; start another", j.ID, j.Kind)
	}
	return j.launch(ctx, j.Spec.Resume)
}

// Remove puts a job that is over away; Store.Restore undoes it for 30 days. Its results stay where they are.
func (j *Job) Remove(ctx context.Context) error {
	unlock, err := lock(j.dir)
	if err != nil {
		return err
	}
	defer unlock()
	// A job whose files cannot be read can be removed too, as long as nothing of it runs.
	if s, err := j.State(ctx); err == nil && !s.Over() {
		return fmt.Errorf("remove %s: it is %s; stop it first", j.ID, s.State)
	}
	bin := filepath.Join(j.store.dir, binned)
	if err := os.MkdirAll(bin, 0o700); err != nil {
		return told("make", bin, err)
	}
	if list, err := os.ReadDir(bin); err == nil {
		for _, e := range list {
			if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > keepBinned {
				_ = os.RemoveAll(filepath.Join(bin, e.Name()))
			}
		}
	}
	if err := os.Rename(j.dir, filepath.Join(bin, j.ID)); err != nil {
		return told("remove", j.dir, err)
	}
	now := time.Now()
	_ = os.Chtimes(filepath.Join(bin, j.ID), now, now) // the 30 days begin now
	return nil
}

// Events returns what happened from an offset of the file on, and the offset after it. Lines that are no events are passed over.
func (j *Job) Events(from int64) (events []Event, next int64, err error) {
	b, next, err := tail(j.at(eventsFile), from, maxEvents)
	if err != nil {
		return nil, from, err
	}
	whole := bytes.LastIndexByte(b, '\n') + 1 // the rest is being written
	next -= int64(len(b) - whole)
	for line := range bytes.Lines(b[:whole]) {
		var e Event
		if json.Unmarshal(line, &e) == nil {
			events = append(events, e)
		}
	}
	return events, next, nil
}

// Printed returns what the job printed from an offset on, at most so many bytes, and the offset after it. from < 0 = the end.
func (j *Job) Printed(from int64, most int) ([]byte, int64, error) { return tail(j.Log(), from, most) }

func tail(path string, from int64, most int) ([]byte, int64, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, max(from, 0), nil
	}
	if err != nil {
		return nil, from, fmt.Errorf("read %s: %w", path, cause(err))
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && from < 0 {
		from = max(info.Size()-int64(most), 0)
	}
	b, err := io.ReadAll(io.NewSectionReader(f, from, int64(most)))
	if err != nil {
		return nil, from, fmt.Errorf("read %s: %w", path, cause(err))
	}
	return b, from + int64(len(b)), nil
}
