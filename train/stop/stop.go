// Package stop turns signals into a training run's two ways to end: finish the micro-batch, save and leave with 0, or abort
// at once. It knows signals and contexts; it knows nothing of training.
//
//	SIGINT, SIGTERM, SIGUSR1   -> Requested: finish the micro-batch, save, exit 0 (SLURM sends the last two)
//	a second SIGINT            -> the context ends: abort
//
// Further SIGTERMs and SIGUSR1s ask for what is being done already, as a scheduler may send several.
package stop

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
)

// ErrAborted is the cause of a context that a second SIGINT ended.
var ErrAborted = errors.New("interrupted twice: aborted without saving")

// Signals are those a run listens to.
func Signals() []os.Signal { return []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGUSR1} }

// Stopper watches for signals.
type Stopper struct {
	asked atomic.Pointer[os.Signal]
	done  chan struct{} // closed with the first
}

// Listen watches the process's signals until close.
func Listen(ctx context.Context, first func(os.Signal)) (s *Stopper, run context.Context, closeAll func()) {
	// Room for all of them: Notify does not wait for a receiver.
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, Signals()...)
	s, run, end := Watch(ctx, signals, first)
	return s, run, func() {
		signal.Stop(signals)
		end()
	}
}

// Watch takes signals from a channel until end. first is called with the first of them, from another goroutine; it may be
// nil. The context is ctx, ended by a second SIGINT. end waits until nothing of this is running any more.
func Watch(ctx context.Context, signals <-chan os.Signal, first func(os.Signal)) (s *Stopper, run context.Context, end func()) {
	s = &Stopper{done: make(chan struct{})}
	run, cancel := context.WithCancelCause(ctx)
	over, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		interrupts := 0
		for {
			select {
			case <-over:
				return
			case sig, ok := <-signals:
				if !ok {
					return
				}
				if sig == os.Interrupt {
					interrupts++
				}
				if s.asked.CompareAndSwap(nil, &sig) {
					close(s.done)
					if first != nil {
						first(sig)
					}
				}
				if interrupts > 1 {
					cancel(ErrAborted)
				}
			}
		}
	}()
	return s, run, func() {
		close(over)
		<-done
		cancel(context.Canceled)
	}
}

// Requested says whether the run should save and leave; ask it after each micro-batch.
func (s *Stopper) Requested() bool { return s.asked.Load() != nil }

// Done is closed once Requested is true.
func (s *Stopper) Done() <-chan struct{} { return s.done }

// Signal is the first signal that came, nil before.
func (s *Stopper) Signal() os.Signal {
	if p := s.asked.Load(); p != nil {
		return *p
	}
	return nil
}
