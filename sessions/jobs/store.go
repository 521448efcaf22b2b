package jobs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Store is the folder of all jobs.
type Store struct {
	dir     string
	runners map[string]Runner // by Spec.Runner
}

// binned is the folder of removed jobs.
const binned = ".removed"

// Open returns the jobs of a folder, which need not exist before the first start. runners are what is not local, by name.
func Open(dir string, runners map[string]Runner) *Store {
	all := map[string]Runner{"": Local{}}
	for name, r := range runners {
		all[name] = r
	}
	return &Store{dir: dir, runners: all}
}

// Start starts a program as a job. It goes on when ctx and this program have ended.
func (s *Store) Start(ctx context.Context, spec Spec) (*Job, error) {
	if len(spec.Argv) == 0 || spec.Kind == "" || strings.ContainsAny(spec.Kind, "/.\x00") {
		return nil, fmt.Errorf("start a job of kind %q with the command %q: both must be there", spec.Kind, spec.Argv)
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, told("make", s.dir, err)
	}
	if err := s.number(&spec); err != nil {
		return nil, err
	}
	spec.Created, spec.Env = time.Now().UTC().Truncate(time.Millisecond), names(os.Environ())
	j := &Job{Spec: spec, dir: filepath.Join(s.dir, spec.ID), store: s}
	if err := writeJSON(j.at(specFile), spec); err != nil {
		_ = os.RemoveAll(j.dir) // nothing has run: the folder holds nothing of anybody
		return nil, err
	}
	if err := j.launch(ctx, spec.Argv); err != nil {
		_ = os.RemoveAll(j.dir)
		return nil, err
	}
	return j, nil
}

// number makes the folder of a new job: train-1, train-2. The numbers of removed ones are not given again.
func (s *Store) number(spec *Spec) error {
	n := 1
	for _, dir := range []string{s.dir, filepath.Join(s.dir, binned)} {
		list, err := os.ReadDir(dir)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return told("read", dir, err)
		}
		for _, e := range list {
			if k, ok := strings.CutPrefix(e.Name(), spec.Kind+"-"); ok {
				if i, err := strconv.Atoi(k); err == nil {
					n = max(n, i+1)
				}
			}
		}
	}
	for ; ; n++ {
		spec.ID = spec.Kind + "-" + strconv.Itoa(n)
		err := os.Mkdir(filepath.Join(s.dir, spec.ID), 0o700)
		if errors.Is(err, os.ErrExist) {
			continue
		}
		if err != nil {
			return told("make", filepath.Join(s.dir, spec.ID), err)
		}
		return nil
	}
}

// names are the names of environment variables, in order.
func names(env []string) []string {
	var out []string
	for _, e := range env {
		if name, _, _ := strings.Cut(e, "="); name != "" && name != Variable {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// ErrNone is a job that is not there.
var ErrNone = errors.New("no such job")

// Get returns a job by its id.
func (s *Store) Get(id string) (*Job, error) {
	if id == "" || strings.HasPrefix(id, ".") || strings.ContainsAny(id, "/\\\x00") {
		return nil, fmt.Errorf("%q: %w", id, ErrNone)
	}
	j := &Job{dir: filepath.Join(s.dir, id), store: s}
	if err := readJSON(j.at(specFile), &j.Spec); err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("%q: %w", id, ErrNone)
		}
		return nil, err
	}
	j.ID = id // the folder's name decides, whatever the file says
	return j, nil
}

// List returns all jobs, the newest first, and what could not be read.
func (s *Store) List() ([]*Job, error) {
	list, err := os.ReadDir(s.dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("read the jobs in %s: %w", s.dir, cause(err))
	}
	var out []*Job
	var bad error
	for _, e := range list {
		if !e.IsDir() || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		switch j, err := s.Get(e.Name()); {
		case err == nil:
			out = append(out, j)
		case !errors.Is(err, ErrNone): // being made, or never a job
			bad = errors.Join(bad, err)
		}
	}
	slices.SortFunc(out, func(a, b *Job) int { return b.Created.Compare(a.Created) })
	return out, bad
}

// Restore brings a removed job back.
func (s *Store) Restore(id string) error {
	if id == "" || strings.ContainsAny(id, "/\\\x00") || strings.HasPrefix(id, ".") {
		return fmt.Errorf("%q: %w", id, ErrNone)
	}
	if err := os.Rename(filepath.Join(s.dir, binned, id), filepath.Join(s.dir, id)); err != nil {
		return fmt.Errorf("restore the job %q: %w", id, cause(err))
	}
	return nil
}
