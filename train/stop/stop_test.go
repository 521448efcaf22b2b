package stop

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"testing/synctest"
)

func TestSignals(t *testing.T) {
	t.Parallel()
	const term, usr1 = syscall.SIGTERM, syscall.SIGUSR1
	for name, c := range map[string]struct {
		send    []os.Signal
		first   os.Signal
		aborted bool
	}{
		"none":                       {nil, nil, false},
		"one SIGINT":                 {[]os.Signal{os.Interrupt}, os.Interrupt, false},
		"SIGTERM":                    {[]os.Signal{term}, term, false},
		"SIGUSR1":                    {[]os.Signal{usr1}, usr1, false},
		"a scheduler that repeats":   {[]os.Signal{usr1, term, term, usr1}, usr1, false},
		"two SIGINTs":                {[]os.Signal{os.Interrupt, os.Interrupt}, os.Interrupt, true},
		"SIGTERM, then one SIGINT":   {[]os.Signal{term, os.Interrupt}, term, false},
		"SIGTERM, then two SIGINTs":  {[]os.Signal{term, os.Interrupt, os.Interrupt}, term, true},
		"SIGINT, SIGTERM and SIGINT": {[]os.Signal{os.Interrupt, term, os.Interrupt}, os.Interrupt, true},
	} {
		synctest.Test(t, func(t *testing.T) {
			signals := make(chan os.Signal)
			var told []os.Signal
			s, run, end := Watch(context.Background(), signals, func(sig os.Signal) { told = append(told, sig) })
			for _, sig := range c.send {
				signals <- sig
			}
			synctest.Wait()
			if s.Requested() != (c.first != nil) || s.Signal() != c.first {
				t.Errorf("%s: requested %v by %v, want %v", name, s.Requested(), s.Signal(), c.first)
			}
			if got := errors.Is(context.Cause(run), ErrAborted); got != c.aborted || (run.Err() != nil) != c.aborted {
				t.Errorf("%s: aborted %v (%v), want %v", name, got, run.Err(), c.aborted)
			}
			end()
			if c.first != nil && (len(told) != 1 || told[0] != c.first) {
				t.Errorf("%s: told %v, want %v once", name, told, c.first)
			}
			if run.Err() == nil {
				t.Errorf("%s: the context outlives end", name)
			}
		})
	}
}

func TestARealSignalArrives(t *testing.T) {
	came := make(chan os.Signal, 1)
	s, run, end := Listen(context.Background(), func(sig os.Signal) { came <- sig })
	if err := syscall.Kill(os.Getpid(), syscall.SIGUSR1); err != nil {
		t.Fatal(err)
	}
	if got := <-came; got != syscall.SIGUSR1 || !s.Requested() || run.Err() != nil {
		t.Errorf("got %v, requested %v, context %v", got, s.Requested(), run.Err())
	}
	end()
	if signal.Ignored(syscall.SIGUSR1) {
		t.Error("the signal is ignored after the end")
	}
}
