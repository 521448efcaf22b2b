package launch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"syscall"

	"s1/engine/whole"
	"s1/train/checkpoint"
)

// tailBytes is how much of a log is read for the reason of a failure.
const tailBytes = 256 << 10

// Process runs a plan as a process of this machine that ends when this one does. Its output goes to the plan's log.
type Process struct {
	Plan *Plan
	// Signal says that SIGUSR1 asks it to save and end; else the file launch/stop does, which every rank of a run can see.
	Signal bool
	Lock   string // a folder that only one run may write; "" = it locks its own

	mu   sync.Mutex
	cmd  *exec.Cmd
	from int64         // where its output begins in the log
	over chan struct{} // closed when it has ended
	err  error         // how, once over is closed
}

// Start implements Runner.
func (r *Process) Start(context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cmd != nil {
		return fmt.Errorf("start %s: it has been started already", r.Plan.Argv[0])
	}
	unlock := func() {}
	if r.Lock != "" {
		var err error
		if unlock, err = checkpoint.Lock(r.Lock); err != nil {
			return err
		}
	}
	log, err := os.OpenFile(r.Plan.Log(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		unlock()
		return fmt.Errorf("start %s: %w", r.Plan.Argv[0], err)
	}
	r.from, _ = log.Seek(0, io.SeekEnd) // a log that cannot seek: from its beginning
	cmd := exec.Command(r.Plan.Argv[0], r.Plan.Argv[1:]...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = r.Plan.Dir, append(os.Environ(), r.Plan.Env...), log, log
	cmd.SysProcAttr = withParent() // and in a group of its own: a terminal's Ctrl-C is for us to pass on
	started, over := make(chan error), make(chan struct{})
	go func() { // owns the thread whose end would end the process; ends with the process
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			r.err = cmd.Wait()
		}
		_ = log.Close()
		unlock()
		close(over)
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("start %s: %w", r.Plan.Argv[0], err)
	}
	r.cmd, r.over = cmd, over
	return nil
}

// Alive implements Runner.
func (r *Process) Alive(context.Context) (Status, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cmd == nil {
		return Status{}, fmt.Errorf("watch %s: it has not been started here", r.Plan.Argv[0])
	}
	select {
	case <-r.over:
	default:
		return Status{State: Running}, nil
	}
	if r.err == nil {
		return r.Plan.ended(), nil
	}
	return Status{State: Failed, Reason: reason(r.Plan.Log(), r.from, r.err)}, nil
}

// ended is how a run that left with 0 says that it ended.
func (p *Plan) ended() Status {
	var end struct{ State string }
	if err := readJSON(p.at(endFile), &end); err == nil && end.State == Stopped {
		return Status{State: Stopped}
	}
	return Status{State: Done}
}

// Stop implements Runner.
func (r *Process) Stop(context.Context) error {
	if !r.Signal {
		return r.Plan.stop("user")
	}
	return r.send(func(pid int) error { return syscall.Kill(pid, syscall.SIGUSR1) })
}

// stop leaves the file that asks every rank to save and end. It says who asked.
func (p *Plan) stop(who string) error {
	if err := whole.Write(p.at(stopFile), filesMode, func(w io.Writer) error { _, err := io.WriteString(w, who+"\n"); return err }); err != nil {
		return fmt.Errorf("ask the run to stop: %w", err)
	}
	return nil
}

// Abort implements Runner. The ranks of a run end with the process that started them.
func (r *Process) Abort(context.Context) error {
	err := r.send(func(pid int) error { return syscall.Kill(-pid, syscall.SIGKILL) })
	if err == nil {
		<-r.over
	}
	return err
}

func (r *Process) send(f func(pid int) error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cmd == nil {
		return fmt.Errorf("stop %s: it has not been started here", r.Plan.Argv[0])
	}
	select {
	case <-r.over: // the number may be another's by now
		return nil
	default:
	}
	if err := f(r.cmd.Process.Pid); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("stop process %d: %w", r.cmd.Process.Pid, err)
	}
	return nil
}

// raised is how Python ends a traceback; torchrun puts the rank before it.
var raised = regexp.MustCompile(`^(?:\[rank\d+\]: ?)?((?:[A-Za-z_]\w*\.)*[A-Za-z_]\w*(?:Error|Exception|Interrupt)\b.*)$`)

// reason finds in the log why a run failed: what it said itself, or the first exception that is not torchrun telling of another.
func reason(path string, from int64, exit error) string {
	text, err := tail(path, from)
	if err != nil {
		return fmt.Sprintf("it ended with %v, and its log cannot be read: %v", exit, err)
	}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "s1: a row") {
			return strings.TrimPrefix(line, "s1: ")
		}
		if m := raised.FindStringSubmatch(line); m != nil && !strings.Contains(m[1], "ChildFailedError") && !strings.Contains(m[1], "SignalException") {
			return m[1]
		}
	}
	if strings.Contains(text, "exitcode: -9") || strings.Contains(text, "exitcode : -9") || strings.Contains(text, "Signal 9") {
		return "one of its processes was killed (signal 9), often because the machine had no memory left"
	}
	if last := lastLine(text); last != "" {
		return fmt.Sprintf("it ended with %v; its last words: %s", exit, last)
	}
	return fmt.Sprintf("it ended with %v, and said nothing", exit)
}

// tail reads a file from an offset, at most its last tailBytes.
func tail(path string, from int64) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return "", err
	}
	from = max(from, size-tailBytes, 0)
	b, err := io.ReadAll(io.LimitReader(io.NewSectionReader(f, from, size-from), tailBytes))
	return string(b), err
}

// readJSON reads a small file.
func readJSON(path string, into any) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, probeBytes))
	if err != nil {
		return err
	}
	return json.Unmarshal(b, into)
}
