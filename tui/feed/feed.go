// Package feed brings what the engine wrote to the screen, merged to one batch a frame.
//
// It knows logs and frames. It does not know what a token means, and the engine does not know that it exists: a
// log is followed at the feed's own pace, and the engine never waits.
//
//	trace.Log --(a watcher each: wakes at most once a frame)--> Next (at most one batch a frame) --> Update
//
// Nothing ticks while no log grows. After a key that the engine has to take, nothing waits for a frame for the length of one: what the
// key did is there with the next token.
package feed

import (
	"context"
	"sync"
	"time"

	"s1/engine/trace"
)

// The shortest time between two batches: thirty a second, and right after a key, for the length of a frame.
const (
	Frame = 33 * time.Millisecond
	Brisk = 4 * time.Millisecond
)

// Batch is what one log had to say since the last batch.
type Batch struct {
	Source int // as returned by Follow
	Events []trace.Event
}

// Feed follows any number of logs. Follow and Next may be called from different goroutines.
type Feed struct {
	ctx  context.Context
	wake chan struct{}

	mu      sync.Mutex
	sources []source
	last    time.Time
	hurry   time.Time     // until then batches are brisk
	hurried chan struct{} // closed and replaced by Hurry
}

type source struct {
	log *trace.Log
	pos int
}

// New returns a feed whose watchers end with ctx.
func New(ctx context.Context) *Feed {
	return &Feed{ctx: ctx, wake: make(chan struct{}, 1), hurried: make(chan struct{})}
}

// Follow adds a log and returns its number in batches.
func (f *Feed) Follow(log *trace.Log) int {
	f.mu.Lock()
	n := len(f.sources)
	f.sources = append(f.sources, source{log: log})
	f.mu.Unlock()
	go f.watch(log)
	return n
}

// watch wakes Next when the log has grown, at most once a frame, and ends with the log or the feed.
func (f *Feed) watch(log *trace.Log) {
	pos := 0
	for {
		if err := log.Wait(f.ctx, pos); err != nil {
			return
		}
		events, ended := log.Since(0)
		pos = len(events)
		select {
		case f.wake <- struct{}{}:
		default:
		}
		if ended {
			return
		}
		if !f.rest(f.ctx, time.Now()) {
			return
		}
	}
}

// Hurry says that a key has gone to the engine.
func (f *Feed) Hurry() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hurry = time.Now().Add(Frame)
	close(f.hurried)
	f.hurried = make(chan struct{})
}

// rest waits until a batch may follow the one at a time, and says whether ctx still holds.
func (f *Feed) rest(ctx context.Context, after time.Time) bool {
	for {
		f.mu.Lock()
		gap, hurried := Frame, f.hurried
		if time.Now().Before(f.hurry) {
			gap = Brisk
		}
		f.mu.Unlock()
		left := gap - time.Since(after)
		if left <= 0 {
			return ctx.Err() == nil
		}
		timer := time.NewTimer(left)
		select {
		case <-timer.C:
			return true
		case <-hurried:
			timer.Stop()
		case <-ctx.Done():
			timer.Stop()
			return false
		}
	}
}

// Next blocks until some log has grown and a frame has passed since the last batch, and returns what is new.
// It returns nothing only when ctx is done.
func (f *Feed) Next(ctx context.Context) []Batch {
	for {
		select {
		case <-f.wake:
		case <-ctx.Done():
			return nil
		}
		f.mu.Lock()
		last := f.last
		f.mu.Unlock()
		if !f.rest(ctx, last) {
			return nil
		}
		if out := f.Drain(); len(out) > 0 {
			return out
		}
	}
}

// Drain returns at once what is new, which may be nothing.
func (f *Feed) Drain() []Batch {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last = time.Now()
	var out []Batch
	for i := range f.sources {
		s := &f.sources[i]
		if s.log == nil {
			continue
		}
		events, ended := s.log.Since(s.pos)
		s.pos += len(events)
		if len(events) > 0 {
			out = append(out, Batch{i, events})
		}
		if ended {
			s.log = nil // a log is closed by its last event: nothing can follow
		}
	}
	return out
}
