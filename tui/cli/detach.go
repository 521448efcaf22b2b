package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"s1/sessions/jobs"
	"s1/train/metrics"
)

const detachHelp = "run as a job that outlives this terminal; s1 jobs lists, stops and resumes it"

// jobsDir is where jobs are kept: beside the sessions.
func jobsDir() string { return filepath.Join(filepath.Dir(databasePath()), "jobs") }

// detach starts this very command as a job, without --detach. Where it is resumed it gets resume appended; a command that goes on
// by itself where it was needs nothing.
func (a *app) detach(ctx context.Context, spec jobs.Spec, resume ...string) error {
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	if spec.Dir, err = os.Getwd(); err != nil {
		return fmt.Errorf("find the working folder: %w", err)
	}
	words := slices.DeleteFunc(slices.Clone(os.Args[1:]), func(w string) bool { return w == "--detach" || strings.HasPrefix(w, "--detach=") })
	spec.Argv = append([]string{program}, words...)
	spec.Resume = slices.Clone(spec.Argv)
	for _, w := range resume {
		if !slices.Contains(spec.Resume, w) {
			spec.Resume = append(spec.Resume, w)
		}
	}
	if spec.Out, err = filepath.Abs(spec.Out); err != nil {
		return fmt.Errorf("the folder %s: %w", spec.Out, err)
	}
	j, err := jobs.Open(jobsDir(), nil).Start(ctx, spec)
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(map[string]any{"type": "job", "id": j.ID, "folder": j.Folder(), "log": j.Log()})
	}
	_, err = fmt.Fprintf(a.out, "%s is running; s1 jobs attach %s follows it, s1 jobs stop %s stops and saves it\n", j.ID, j.ID, j.ID)
	return err
}

// endJob is the last word of a command: its exit code, and in a job how it ended.
func (a *app) endJob(err error) int {
	code := exitCode(err)
	state, why := jobs.Done, ""
	switch {
	case a.halted, code == exitInterrupted && a.job.Asked():
		state, code = jobs.Stopped, exitDone
	case code != exitDone:
		state = jobs.Failed
		if why = "interrupted"; err != nil && !errors.Is(err, errInterrupted) {
			why = err.Error()
		}
	}
	if err := a.job.End(state, code, why); err != nil {
		fmt.Fprintln(a.err, "s1: "+safeText(err.Error()))
		return max(code, exitFailed)
	}
	return code
}

// stepProgress is how far a training is.
func stepProgress(s metrics.Step, total int) jobs.Progress {
	p := jobs.Progress{Done: int64(s.Step), Total: int64(total), Unit: "step"}
	if s.Loss != nil {
		p.Note = fmt.Sprintf("loss %.4f", *s.Loss)
	}
	if s.ETASeconds != nil {
		p.Left = *s.ETASeconds
	}
	return p
}
