package jobs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// Process says which process a job is, so that another one that got its number later is told apart.
type Process struct {
	Runner string `json:"runner"`          // "" = local
	Host   string `json:"host"`            // the machine's name
	Boot   string `json:"boot"`            // of the machine's last start
	PID    int    `json:"pid,omitempty"`   // of a local one
	Start  string `json:"start,omitempty"` // when that process began, as the system writes it
	Queue  string `json:"queue,omitempty"` // the number in a queue
}

// Launch is what a Runner starts.
type Launch struct {
	Argv []string
	Dir  string
	Env  []string // the whole environment
	Log  string   // appended to
}

// Runner starts jobs somewhere and ends them. All but Start may be asked by another program than the one that started it.
type Runner interface {
	Start(ctx context.Context, l Launch) (Process, error)
	Alive(ctx context.Context, p Process) (bool, error)
	Stop(ctx context.Context, p Process) error  // finish the unit at hand and save
	Abort(ctx context.Context, p Process) error // at once
}

// Local runs jobs as processes of this machine that belong to no terminal.
type Local struct{}

// Start implements Runner.
func (Local) Start(_ context.Context, l Launch) (Process, error) {
	log, err := os.OpenFile(l.Log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return Process{}, told("open", l.Log, err)
	}
	defer log.Close()
	cmd := exec.Command(l.Argv[0], l.Argv[1:]...) // outlives every context: stdin nil is the null device
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = l.Dir, l.Env, log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // no terminal: neither its closing nor its Ctrl-C and Ctrl-Z arrive
	if err := cmd.Start(); err != nil {
		return Process{}, fmt.Errorf("start %s in %s: %w", l.Argv[0], l.Dir, cause(err))
	}
	p, err := identify(cmd.Process.Pid)
	// Ends with the process, or with this program: its exit code is of no interest, the job writes it down itself.
	go func() { _ = cmd.Wait() }()
	if err != nil { // it has ended already
		p = Process{PID: cmd.Process.Pid}
	}
	return p, nil
}

// identify describes a process that runs.
func identify(pid int) (Process, error) {
	start, err := startOf(pid)
	if err != nil {
		return Process{}, err
	}
	host, _ := os.Hostname() // without a name all machines are one
	return Process{Host: host, Boot: bootID(), PID: pid, Start: start}, nil
}

// ElsewhereError is a job of another machine, of which nothing can be said here.
type ElsewhereError struct{ Host string }

func (e *ElsewhereError) Error() string { return fmt.Sprintf("it runs on %s; ask there", e.Host) }

// Alive implements Runner.
func (Local) Alive(_ context.Context, p Process) (bool, error) {
	if host, _ := os.Hostname(); p.Host != host && p.Host != "" && p.Boot != bootID() {
		return false, &ElsewhereError{p.Host}
	}
	return p.same(), nil
}

// same says whether the process with this number is still the one that was meant.
func (p Process) same() bool {
	if p.PID <= 1 || p.Start == "" || p.Boot != bootID() {
		return false
	}
	start, err := startOf(p.PID)
	return err == nil && start == p.Start
}

// Held says whether a process is suspended.
func (Local) Held(p Process) bool { return p.same() && heldNow(p.PID) }

// errGone is a job whose process has ended.
var errGone = errors.New("its process has ended")

// signal reaches the process that was meant and no other: the handle is taken before the process is recognised.
func (l Local) signal(ctx context.Context, p Process, s syscall.Signal) error {
	if _, err := l.Alive(ctx, p); err != nil {
		return err
	}
	if p.PID <= 1 {
		return errGone
	}
	h, err := os.FindProcess(p.PID)
	if err != nil {
		return errGone
	}
	defer func() { _ = h.Release() }()
	if !p.same() {
		return errGone
	}
	if err := h.Signal(s); err != nil {
		if errors.Is(err, os.ErrProcessDone) {
			return errGone
		}
		return fmt.Errorf("send %v to process %d: %w", s, p.PID, err)
	}
	return nil
}

// Stop implements Runner. What is suspended hears of it only when it goes on.
func (l Local) Stop(ctx context.Context, p Process) error {
	if err := l.signal(ctx, p, syscall.SIGTERM); err != nil {
		return err
	}
	if err := l.Continue(ctx, p); !errors.Is(err, errGone) { // it may have ended by the first of the two
		return err
	}
	return nil
}

// Continue lets a suspended job go on; to one that runs it says nothing.
func (l Local) Continue(ctx context.Context, p Process) error {
	return l.signal(ctx, p, syscall.SIGCONT)
}

// Abort implements Runner: two interrupts, and what does not end by them is killed.
func (l Local) Abort(ctx context.Context, p Process) error {
	ctx, cancel := context.WithTimeout(ctx, graceAbort)
	defer cancel()
	tick := time.NewTicker(graceAbort / 30)
	defer tick.Stop()
	for {
		err := l.signal(ctx, p, syscall.SIGINT)
		if err == nil {
			err = l.Continue(ctx, p)
		}
		switch {
		case errors.Is(err, errGone):
			return nil
		case err != nil:
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			if err := l.signal(ctx, p, syscall.SIGKILL); !errors.Is(err, errGone) {
				return err
			}
			return nil
		}
	}
}
