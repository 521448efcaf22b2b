package launch

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"s1/train/metrics"
)

// lookEvery is the delay between two looks at the metrics; a runner may be asked less often.
const lookEvery = 250 * time.Millisecond

// maxLine is the longest line of metrics that is read.
const maxLine = 1 << 20

// Watch is what somebody wants to hear of a run. All of it may be nil.
type Watch struct {
	Stop  <-chan struct{}         // closed = save and end
	Begin func(step, total int64) // when the steps begin
	Step  func(metrics.Step)
	State func(Status)  // when it changes
	Every time.Duration // between two questions to the runner; 0 = lookEvery
}

// Follow watches a started run until it is over. When ctx ends it is aborted.
func Follow(ctx context.Context, r Runner, p *Plan, w Watch) (Status, error) {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	if w.Every == 0 {
		w.Every = lookEvery
	}
	reader, last := &stepReader{plan: p}, Status{}
	var asked time.Time
	for {
		if now := time.Now(); now.Sub(asked) >= w.Every || w.Stop == nil {
			asked = now
			s, err := r.Alive(ctx)
			if err != nil && ctx.Err() == nil {
				return last, err
			}
			if err == nil {
				if s != last && w.State != nil {
					w.State(s)
				}
				last = s
			}
		}
		if err := reader.read(w); err != nil {
			return last, err
		}
		if last.Over() {
			return last, nil
		}
		select {
		case <-ctx.Done():
			err := r.Abort(context.WithoutCancel(ctx))
			return last, errors.Join(context.Cause(ctx), err)
		case <-w.Stop:
			if err := r.Stop(ctx); err != nil {
				return last, err
			}
			w.Stop = make(chan struct{}) // once
		case <-ticker.C:
		}
	}
}

// stepReader reads new lines of a run's metrics.
type stepReader struct {
	plan  *Plan
	begun bool
	at    int64 // bytes read
	step  int   // the newest that was told
}

// begin is what the run says when its steps begin.
type begin struct{ Step, Total int64 }

func (s *stepReader) read(w Watch) error {
	if !s.begun {
		var b begin
		if err := readJSON(s.plan.at(beginFile), &b); err != nil {
			return nil // not yet
		}
		s.begun, s.step = true, int(b.Step)
		if w.Begin != nil {
			w.Begin(b.Step, b.Total)
		}
	}
	f, err := os.Open(filepath.Join(s.plan.Dir, metrics.FileName))
	if err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		return fmt.Errorf("read the run's metrics: %w", err)
	}
	defer f.Close()
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return fmt.Errorf("read the run's metrics: %w", err)
	}
	if size < s.at { // it began again from a checkpoint, and cut what came after
		s.at = 0
	}
	in := bufio.NewReaderSize(io.NewSectionReader(f, s.at, size-s.at), maxLine)
	for {
		line, err := in.ReadSlice('\n')
		switch {
		case err == io.EOF: // nothing, or a line that is being written
			return nil
		case err != nil:
			return fmt.Errorf("read the run's metrics: a line of more than %d bytes", maxLine)
		}
		s.at += int64(len(line))
		var step metrics.Step
		if json.Unmarshal(line, &step) != nil { // cut and grown between two looks: from the beginning, next time
			s.at = 0
			return nil
		}
		if step.Step <= s.step {
			continue
		}
		s.step = step.Step
		if w.Step != nil {
			w.Step(step)
		}
	}
}
