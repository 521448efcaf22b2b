package study

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/gofrs/flock"
)

const designFile = "design.json"

// study is one under way.
type study struct {
	d    Design
	o    Options
	done int // parts
	base string
	out  Result
	runs map[string]float64 // seconds by part, of this process and earlier ones
}

// parts of a study: the pool, the base, its difficulty, and for each subset a curation, a training and a measurement; the base
// is measured too.
const parts = 3 + 3*5 + 1

// Run carries a study out in its folder, or goes on with it.
func Run(ctx context.Context, d Design, o Options) (*Result, error) {
	if o.Say == nil {
		o.Say = func(string, ...any) {}
	}
	if o.Part == nil {
		o.Part = func(int, int, string) {}
	}
	if err := d.check(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the folder of the study: %w", err)
	}
	lock := flock.New(filepath.Join(o.Dir, ".lock"))
	if ok, err := lock.TryLock(); err != nil {
		return nil, fmt.Errorf("lock %s: %w", o.Dir, err)
	} else if !ok {
		return nil, fmt.Errorf("another study is writing to %s", o.Dir)
	}
	defer lock.Close()
	s := &study{d: d, o: o, base: o.Base, runs: map[string]float64{}}
	if _, err := getJSON(s.at(timesFile), &s.runs); err != nil {
		return nil, err
	}
	if s.runs == nil {
		s.runs = map[string]float64{}
	}
	if err := s.identify(); err != nil {
		return nil, err
	}
	if err := s.all(ctx); err != nil {
		return nil, err
	}
	s.out.Seconds = s.runs
	return &s.out, s.report()
}

// all does the parts. Those that do not train end at once when the study is to stop, because what they have is kept item by item; a
// training is left to save.
func (s *study) all(ctx context.Context) error {
	short, end := s.untilStop(ctx)
	defer end()
	for _, do := range []func() error{
		func() error { return s.makePool(short) },
		func() error { return s.makeBase(ctx) },
		func() error { return s.findDifficulty(short) },
		func() error { return s.curateAll(short) },
		func() error { return s.trainAll(ctx) },
		func() error { return s.measureAll(short) },
	} {
		if err := do(); err != nil {
			if s.stopped() && ctx.Err() == nil && errors.Is(err, context.Canceled) {
				return ErrStopped
			}
			return err
		}
	}
	return nil
}

func (s *study) stopped() bool { return s.o.Stop != nil && s.o.Stop.Requested() }

// untilStop is a context that ends when the study is to stop.
func (s *study) untilStop(ctx context.Context) (short context.Context, end func()) {
	short, cancel := context.WithCancel(ctx)
	if s.o.Stop == nil {
		return short, cancel
	}
	var watcher sync.WaitGroup
	watcher.Go(func() {
		select {
		case <-s.o.Stop.Done():
			cancel()
		case <-short.Done():
		}
	})
	return short, func() { cancel(); watcher.Wait() }
}

func (s *study) at(names ...string) string {
	return filepath.Join(append([]string{s.o.Dir}, names...)...)
}

func (s *study) finished(name string) {
	s.done++
	s.o.Part(s.done, parts, name)
}

// identify keeps the design with the folder, and refuses a folder of another one.
func (s *study) identify() error {
	if s.o.Base != "" {
		h, err := hashOf(filepath.Join(s.o.Base, weightsFile))
		if err != nil {
			return fmt.Errorf("the base %s must be a model folder with %s: %w", s.o.BaseName, weightsFile, err)
		}
		s.d.BaseModel, s.d.BaseSteps = h, 0
	}
	var old Design
	ok, err := getJSON(s.at(designFile), &old)
	if err != nil {
		return err
	}
	if ok && fmt.Sprint(old) != fmt.Sprint(s.d) {
		return fmt.Errorf("%s holds a study of another design: its seed is %d with a pool of %d rows, this one has seed %d and %d rows; give another folder by --out", s.o.Dir, old.Seed, old.Pool, s.d.Seed, s.d.Pool)
	}
	s.out.Design = s.d
	return putJSON(s.at(designFile), s.d)
}

const (
	weightsFile = "model.safetensors"
	timesFile   = "times.json"
)

// spent adds seconds to a part. It is the one file besides checkpoints and logs in which time stands.
func (s *study) spent(part string, seconds float64) error {
	s.runs[part] += seconds
	return putJSON(s.at(timesFile), s.runs)
}

// cut says whether an error is only that somebody stopped the study.
func cut(ctx context.Context, err error) bool {
	return errors.Is(err, context.Canceled) || ctx.Err() != nil
}
