package jobs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience is far above what is needed.
const patience = 30 * time.Second

// TestMain is also the program of the jobs: it counts until it is told to stop.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "job" {
		os.Exit(work())
	}
	os.Exit(m.Run())
}

func work() int {
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGTERM, os.Interrupt, syscall.SIGUSR1)
	w, err := Inside()
	if err != nil {
		fmt.Println(err)
		return 1
	}
	w.Results("metrics.jsonl")
	if os.Args[2] == "short" {
		w.Progress(Progress{Done: 3, Total: 3, Unit: "step"})
		_ = w.End(Done, 0, "")
		return 0
	}
	w.Progress(Progress{Done: 2, Total: 9, Unit: "step"})
	_ = w.save(time.Now())
	_ = w.Event("ready", "")
	for interrupts := 0; ; {
		switch s := <-signals; {
		case s == syscall.SIGTERM && os.Args[2] == "long":
			_ = w.End(Stopped, 0, "")
			return 0
		case s == syscall.SIGUSR1:
			_ = w.Event("clock", time.Since(w.Now()).String())
		case s == os.Interrupt && os.Args[2] == "stubborn":
		case s == os.Interrupt:
			if interrupts++; interrupts > 1 {
				_ = w.End(Stopped, 130, "aborted")
				return 130
			}
		}
	}
}

func start(t *testing.T, how, again string) *Job {
	t.Helper()
	s := Open(filepath.Join(t.TempDir(), "jobs"), nil)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	j, err := s.Start(t.Context(), Spec{Kind: Train, Name: "a", Argv: []string{self, "job", how}, Resume: []string{self, "job", again}, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = j.Abort(context.Background())
		for end := time.After(patience); ; { // its folder is removed next
			if alive, err := j.alive(context.Background()); err != nil || !alive {
				return
			}
			select {
			case <-end:
				return
			case <-time.After(2 * time.Millisecond):
			}
		}
	})
	return j
}

// await waits until a job is as wanted: the only way to hear of another process is to look.
func await(t *testing.T, j *Job, what string, is func(State) bool) State {
	t.Helper()
	tick, end := time.NewTicker(2*time.Millisecond), time.After(patience)
	defer tick.Stop()
	for {
		s, err := j.State(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if is(s) {
			return s
		}
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("not %s: %+v", what, s)
		}
	}
}

func ready(t *testing.T, j *Job) {
	t.Helper()
	await(t, j, "ready", func(State) bool {
		events, _, err := j.Events(0)
		return err == nil && len(events) > 0 && events[len(events)-1].What == "ready"
	})
}

func over(s State) bool { return s.Over() }

func TestAJobStopsResumesAndIsFoundAgain(t *testing.T) {
	t.Parallel()
	j := start(t, "long", "short")
	ready(t, j)
	list, err := Open(j.store.dir, nil).List() // another program
	if err != nil || len(list) != 1 || list[0].ID != "train-1" {
		t.Fatalf("%v, %v", list, err)
	}
	if err := list[0].Remove(t.Context()); err == nil {
		t.Error("a running job was removed")
	}
	if err := list[0].Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := await(t, j, "over", over)
	if s.State != Stopped || s.Exit == nil || *s.Exit != 0 || s.Progress.Done != 2 || !filepath.IsAbs(s.Results) {
		t.Errorf("%+v", s)
	}
	if err := j.Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s := await(t, j, "over", over); s.State != Done || s.Progress.Done != 3 {
		t.Errorf("%+v", s)
	}
	if err := j.Resume(t.Context()); err == nil {
		t.Error("a job that is done was resumed")
	}
	if err := j.Remove(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := j.store.Get(j.ID); !errors.Is(err, ErrNone) {
		t.Errorf("removed, and still there: %v", err)
	}
	if err := j.store.Restore(j.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := j.store.Get(j.ID); err != nil {
		t.Error(err)
	}
}

func TestAbortEndsAlsoWhatDoesNotListen(t *testing.T) {
	t.Parallel()
	for how, word := range map[string]string{"busy": "aborted", "stubborn": "what came after the last save is lost"} {
		j := start(t, how, "short")
		ready(t, j)
		if err := j.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		await(t, j, "stopping", func(s State) bool { return s.State == Stopping })
		if err := j.Abort(t.Context()); err != nil {
			t.Fatal(err)
		}
		if s := await(t, j, "over", over); s.State != Stopped || !strings.Contains(s.Cause, word) {
			t.Errorf("%s: %+v", how, s)
		}
	}
}

func TestAKilledJobHasCrashedAndGoesOn(t *testing.T) {
	t.Parallel()
	j := start(t, "long", "short")
	ready(t, j)
	p, _, err := j.process()
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(p.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if s := await(t, j, "over", over); s.State != Crashed || !strings.Contains(s.Cause, "step 2 of 9") {
		t.Errorf("%+v", s)
	}
	if err := j.Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s := await(t, j, "over", over); s.State != Done {
		t.Errorf("%+v", s)
	}
}

// The pid is that of a process that is alive and somebody else's.
func TestARecycledPidIsNotSignalled(t *testing.T) {
	t.Parallel()
	other := exec.Command("sleep", "100")
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- other.Wait() }()
	p, err := identify(other.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	l := Local{}
	for name, wrong := range map[string]Process{
		"another start":   {Host: p.Host, Boot: p.Boot, PID: p.PID, Start: p.Start + "1"},
		"an earlier boot": {Host: p.Host, Boot: "x", PID: p.PID, Start: p.Start},
		"no start":        {Host: p.Host, Boot: p.Boot, PID: p.PID},
		"every process":   {Host: p.Host, Boot: p.Boot, PID: -1, Start: p.Start},
	} {
		if alive, err := l.Alive(t.Context(), wrong); alive || err != nil {
			t.Errorf("%s: alive %v, %v", name, alive, err)
		}
		if err := l.Stop(t.Context(), wrong); !errors.Is(err, errGone) {
			t.Errorf("%s: stop: %v", name, err)
		}
		if err := l.Abort(t.Context(), wrong); err != nil {
			t.Errorf("%s: abort: %v", name, err)
		}
	}
	var elsewhere *ElsewhereError
	if _, err := l.Alive(t.Context(), Process{Host: p.Host + "x", Boot: "x", PID: p.PID, Start: p.Start}); !errors.As(err, &elsewhere) {
		t.Errorf("of another machine: %v", err)
	}
	select {
	case err := <-ended:
		t.Fatalf("somebody else's process was ended: %v", err)
	default:
	}
	if err := l.Stop(t.Context(), p); err != nil { // and the right one is
		t.Error(err)
	}
	<-ended
}

func TestAFolderThatCannotBeWrittenIsOneSentence(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Open(filepath.Join(file, "jobs"), nil).Start(t.Context(), Spec{Kind: Train, Argv: []string{"x"}})
	if err == nil || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), file) {
		t.Errorf("%v", err)
	}
	for _, e := range []error{syscall.EROFS, syscall.EACCES, syscall.ENOSPC} {
		got := told("write", "/a/b", &os.PathError{Op: "open", Path: "/a/b", Err: e}).Error()
		if strings.Count(got, "/a/b") != 1 || !strings.Contains(got, "free some space") && !strings.Contains(got, "S1_DATA_DIR") {
			t.Errorf("%v: %q", e, got)
		}
	}
}

func TestHostileFoldersAreReadSafely(t *testing.T) {
	t.Parallel()
	s := Open(t.TempDir(), nil)
	for _, id := range []string{"", "..", "../x", ".removed", "a/b", "a\x00"} {
		if _, err := s.Get(id); !errors.Is(err, ErrNone) {
			t.Errorf("%q: %v", id, err)
		}
		if err := s.Restore(id); err == nil {
			t.Errorf("restored %q", id)
		}
	}
	for name, text := range map[string]string{"train-1": "{", "train-2": `{"id":"../../x","kind":"train"}`, "train-3": strings.Repeat(" ", maxFile+1)} {
		if err := os.MkdirAll(filepath.Join(s.dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(s.dir, name, specFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	list, err := s.List()
	if len(list) != 1 || list[0].ID != "train-2" || err == nil {
		t.Errorf("%v, %v", list, err)
	}
}

// A job is in a session of its own, where the system passes SIGTSTP over: it suspends itself. A stop reaches it all the same.
func TestASuspendedJobSaysSoGoesOnAndCanBeStopped(t *testing.T) {
	t.Parallel()
	j := start(t, "long", "short")
	ready(t, j)
	p, _, err := j.process()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []syscall.Signal{syscall.SIGTSTP, syscall.SIGSTOP, syscall.SIGTSTP} {
		if err := syscall.Kill(p.PID, s); err != nil {
			t.Fatal(err)
		}
		await(t, j, "suspended", func(s State) bool { return s.State == Suspended && !s.Over() })
		if err := j.Resume(t.Context()); err != nil {
			t.Fatal(err)
		}
		await(t, j, "running again", func(s State) bool { return s.State == Running })
	}
	if err := syscall.Kill(p.PID, syscall.SIGTSTP); err != nil {
		t.Fatal(err)
	}
	await(t, j, "suspended", func(s State) bool { return s.State == Suspended })
	if err := j.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s := await(t, j, "over", over); s.State != Stopped || s.Exit == nil || *s.Exit != 0 {
		t.Errorf("%+v", s)
	}
	events, _, err := j.Events(0)
	suspended := 0
	for _, e := range events {
		if e.What == "suspended" {
			suspended++
		}
	}
	if err != nil || suspended != 3 { // SIGSTOP is not heard
		t.Errorf("%d events tell of a suspension, want 3: %v, %v", suspended, events, err)
	}
}

// The time in which a job was suspended is none of the time that its work takes.
func TestTheClockOfAJobStandsStillWhileItIsSuspended(t *testing.T) {
	t.Parallel()
	j := start(t, "long", "short")
	ready(t, j)
	p, _, err := j.process()
	if err != nil {
		t.Fatal(err)
	}
	behind := func() time.Duration {
		t.Helper()
		before, _, err := j.Events(0)
		if err != nil || syscall.Kill(p.PID, syscall.SIGUSR1) != nil {
			t.Fatal(err)
		}
		var d time.Duration
		await(t, j, "told its clock", func(State) bool {
			events, _, err := j.Events(0)
			if err != nil || len(events) == len(before) || events[len(events)-1].What != "clock" {
				return false
			}
			d, err = time.ParseDuration(events[len(events)-1].Text)
			return err == nil
		})
		return d
	}
	began := time.Now()
	if err := syscall.Kill(p.PID, syscall.SIGTSTP); err != nil {
		t.Fatal(err)
	}
	await(t, j, "suspended", func(s State) bool { return s.State == Suspended })
	held := time.Now()
	await(t, j, "suspended for a while", func(State) bool { return time.Since(held) > 20*time.Millisecond })
	least := time.Since(held)
	if err := j.Resume(t.Context()); err != nil {
		t.Fatal(err)
	}
	await(t, j, "going on", func(State) bool {
		events, _, err := j.Events(0)
		return err == nil && events[len(events)-1].What == "goes on"
	})
	if d := behind(); d < least || d > time.Since(began) {
		t.Errorf("after %s at least its clock is %s behind", least, d)
	}
}
