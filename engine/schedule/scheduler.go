package schedule

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"s1/engine/backend"
	"s1/engine/kv"
	"s1/engine/sample"
	"s1/kernels"
)

// ErrClosed ends the branches that are alive when the scheduler is closed.
var ErrClosed = errors.New("the model was closed")

// Decoder turns the bytes of tokens into text, whole characters only.
type Decoder interface {
	Push(piece []byte) string
}

// Options are what a scheduler needs.
type Options struct {
	Model      backend.Model
	Vocab      int                   // width of a row of logits
	Known      int                   // ids below it have a token; the rest pads the matrix and is never drawn. 0 = Vocab
	Context    int                   // positions of one branch, prompt included
	Pages      int                   // key/value pages; at least one whole context
	Piece      func(id int32) []byte // the exact bytes of an id
	NewDecoder func() Decoder        //
	Clock      Clock                 // nil = the wall clock
}

// Scheduler owns a model. Its methods may be called from any goroutine.
type Scheduler struct {
	o      Options
	cancel context.CancelFunc
	done   chan struct{} // closed when the goroutine has ended

	maxRows int // of a step

	mu     sync.Mutex
	mail   []func() // run by the goroutine in order
	closed bool
	notify chan struct{} // capacity 1

	// All below belongs to the goroutine.
	pool     *kv.Pool
	branches []*branch // in order of arrival; ended ones stay as long as they hold pages
	ticks    uint64    // steps so far, for least recently used
	turn     int       // which branch comes first when not all fit a batch
	batch    kernels.Batch
	parts    []part

	resultRows []sample.Row // scratch of settle
}

// New starts the goroutine. Close ends it.
func New(o Options) (*Scheduler, error) {
	if o.Clock == nil {
		o.Clock = wallClock{}
	}
	if o.Known <= 0 || o.Known > o.Vocab {
		o.Known = o.Vocab
	}
	if o.Context < 1 || o.Vocab < 1 {
		return nil, fmt.Errorf("schedule: context of %d positions and vocabulary of %d ids must be positive", o.Context, o.Vocab)
	}
	if need := kv.Pages(o.Context); o.Pages < need {
		return nil, fmt.Errorf("schedule: %d key/value pages hold %d positions, the context has %d; %d pages are needed",
			o.Pages, o.Pages*kernels.PageSize, o.Context, need)
	}
	pool, err := kv.NewPool(o.Pages, o.Model)
	if err != nil {
		return nil, fmt.Errorf("schedule: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Scheduler{o: o, maxRows: max(1, o.Model.Info().MaxRows), pool: pool, cancel: cancel, done: make(chan struct{}), notify: make(chan struct{}, 1)}
	go s.run(ctx)
	return s, nil
}

// Close ends every branch and waits for the goroutine. The backend stays open: its owner closes it.
func (s *Scheduler) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.cancel()
	<-s.done
}

// post hands f to the goroutine; false when there is none any more.
func (s *Scheduler) post(f func()) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.mail = append(s.mail, f)
	select {
	case s.notify <- struct{}{}:
	default:
	}
	return true
}

func (s *Scheduler) drain() {
	s.mu.Lock()
	mail := s.mail
	s.mail = nil
	s.mu.Unlock()
	for _, f := range mail {
		f()
	}
}

func (s *Scheduler) run(ctx context.Context) {
	defer close(s.done)
	for ctx.Err() == nil {
		s.drain()
		s.wake()
		if !s.plan() {
			s.sleep(ctx)
			continue
		}
		s.ticks++
		began := s.o.Clock.Now()
		result, err := s.o.Model.Step(ctx, &s.batch)
		if ctx.Err() != nil {
			break
		}
		took := s.o.Clock.Now().Sub(began)
		s.drain() // a command that came during the step goes before the token that the step allows
		s.settle(result, err, took)
	}
	s.drain() // what was posted before Close still gets its end
	for _, b := range s.branches {
		b.fail(ErrClosed)
		b.release()
	}
}

// sleep waits for mail or for the first paced branch that may go on.
func (s *Scheduler) sleep(ctx context.Context) {
	now := s.o.Clock.Now()
	var wait time.Duration
	paced := false
	for _, b := range s.branches {
		if b.held && b.pacing {
			if d := b.due.Sub(now); !paced || d < wait {
				wait, paced = d, true
			}
		}
	}
	if !paced {
		select {
		case <-s.notify:
		case <-ctx.Done():
		}
		return
	}
	if wait <= 0 {
		return
	}
	c, stop := s.o.Clock.Timer(wait)
	defer stop()
	select {
	case <-c:
	case <-s.notify:
	case <-ctx.Done():
	}
}

// Used is the number of key/value pages in use.
func (s *Scheduler) Used(ctx context.Context) (pages int, err error) {
	c := make(chan int, 1)
	if !s.post(func() { c <- s.pool.Used() }) {
		return 0, ErrClosed
	}
	select {
	case n := <-c:
		return n, nil
	case <-s.done:
		return 0, ErrClosed
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}
