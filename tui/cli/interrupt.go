package cli

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"s1/engine/trace"
	tuiapp "s1/tui/app"
)

// interrupts turns Ctrl-C, SIGTERM and the closing of the terminal into a stop that keeps what there is and prints the receipt. Before there is anything
// to keep, and when it comes again, it ends the command.
type interrupts struct {
	signals chan os.Signal
	done    chan struct{}
	watcher sync.WaitGroup
	once    sync.Once
	cancel  context.CancelFunc

	mu      sync.Mutex
	lives   []tuiapp.Live
	stopped bool
}

func watchInterrupts(cancel context.CancelFunc) *interrupts {
	i := &interrupts{signals: make(chan os.Signal, 2), done: make(chan struct{}), cancel: cancel}
	signal.Notify(i.signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) { // nohup
		signal.Notify(i.signals, syscall.SIGHUP)
	}
	i.watcher.Add(1)
	go i.watch() // until end
	return i
}

func (i *interrupts) watch() {
	defer i.watcher.Done()
	for {
		select {
		case <-i.done:
			return
		case <-i.signals:
			i.interrupted()
		}
	}
}

func (i *interrupts) interrupted() {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.stopped || len(i.lives) == 0 {
		i.cancel()
	}
	i.stopped = true
	for _, l := range i.lives {
		l.Send(trace.Command{Kind: trace.CommandStop})
	}
}

// these are the branches that an interrupt stops from now on.
func (i *interrupts) these(lives []tuiapp.Live) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.lives = lives
}

// told is what the command ends with: an interrupt explains any end but a failure of another kind.
func (i *interrupts) told(err error) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if err == nil && i.stopped || errors.Is(err, context.Canceled) {
		return errInterrupted
	}
	return err
}

// end stops listening; it may be called twice. After an interrupt the signals stay caught to the end of the process: one more, while
// what was thought is written, would kill it.
func (i *interrupts) end() {
	i.once.Do(func() {
		close(i.done)
		i.watcher.Wait()
		if !i.stopped {
			signal.Stop(i.signals)
		}
	})
}
