package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"s1/sessions/jobs"
	tuiapp "s1/tui/app"
	"s1/tui/tuitest"
)

// jobWord makes the test binary the program of a job: it tells how far it is and goes on until it is stopped.
const jobWord = "count-as-a-job"

func countAsJob(how string) int {
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, syscall.SIGTERM, os.Interrupt)
	w, err := jobs.Inside()
	if err != nil {
		fmt.Println(err)
		return exitFailed
	}
	fmt.Println("counting\x1b[2J, " + how)
	// One progress is on disk within half a second of the last: a tick tells it again until it is.
	tell := time.NewTicker(50 * time.Millisecond)
	defer tell.Stop()
	for interrupts := 0; ; {
		select {
		case <-tell.C:
			w.Progress(jobs.Progress{Done: 2, Total: 9, Unit: "step"})
		case s := <-signals:
			if s == os.Interrupt {
				interrupts++
			}
			if s == syscall.SIGTERM && how != "stubborn" || interrupts > 1 {
				if err := w.End(jobs.Stopped, exitDone, ""); err != nil {
					return exitFailed
				}
				return exitDone
			}
		}
	}
}

// counting starts the test binary as a job, which is gone when the test is.
func counting(t *testing.T, dir, how string) *jobs.Job {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	argv := []string{self, jobWord, how}
	j, err := jobs.Open(dir, nil).Start(t.Context(), jobs.Spec{Kind: jobs.Train, Name: "a " + how + " one", Argv: argv, Resume: argv, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if s, err := j.State(context.Background()); err == nil && !s.Over() {
			_ = j.Abort(context.Background()) // returns when it is gone
		}
	})
	return j
}

// jobScreen is a scripted model's screen on the real jobs of a folder.
func jobScreen(t *testing.T, dir string) *tuitest.Driver {
	t.Helper()
	return tuitest.Start(t, tuitest.NewFake(tuitest.Tape()), 110, 30, func(o *tuiapp.Options) { o.Jobs = newJobDesk(dir) })
}

// seen looks at the jobs until the screen shows what is wanted: of another process one hears only by looking.
func seen(d *tuitest.Driver, texts ...string) {
	d.T.Helper()
	d.Await("shows "+strings.Join(texts, ", "), func(string) bool {
		f := d.Press("ctrl+o", "ctrl+o").Frame() // the pane, by closing it or opening it
		if !strings.Contains(f, "jobs  ") {
			f = d.Press("ctrl+o").Frame()
		}
		for _, s := range texts {
			if !strings.Contains(f, s) {
				return false
			}
		}
		return true
	})
}

func TestTheScreenFindsStopsResumesAndRemovesARealJob(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "jobs")
	j := counting(t, dir, "patient")
	d := jobScreen(t, dir)
	d.Expect("train a patient one", "ctrl+o jobs") // the line, from the one look when the screen opens
	d.Press("ctrl+o")
	seen(d, "1 running", "step 2 of 9", "counting␛[2J, patient", "count-as-a-job")
	if f := d.Press("s").Pull().Frame(); !strings.Contains(f, "train-1 saves and ends") && !strings.Contains(f, "train-1 is stopped") { // it may be quick
		t.Errorf("the screen says nothing of the stop:\n%s", f)
	}
	seen(d, "1 stopped")
	d.Press("r").Pull().Expect("train-1 goes on where it was")
	seen(d, "1 running")

	// A screen that is opened anew finds it; it dies without a word, and both tell so.
	again := jobScreen(t, dir)
	again.Expect("train a patient one")
	kill(t, j)
	seen(d, "1 crashed", "has ended without a word", "step 2 of 9")
	again.Press("ctrl+o")
	seen(again, "1 crashed")

	d.Press("D").Pull().Expect("train-1 is removed")
	seen(d, "no jobs:")
	if _, err := jobs.Open(dir, nil).Get(j.ID); !errors.Is(err, jobs.ErrNone) {
		t.Errorf("after its removal: %v", err)
	}
	d.Press("U").Pull().Expect("train-1 is back")
	seen(d, "1 crashed")
}

func TestTheSecondStopEndsARealJobThatDoesNotHearTheFirst(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "jobs")
	counting(t, dir, "stubborn")
	d := jobScreen(t, dir).Press("ctrl+o")
	seen(d, "step 2 of 9")
	d.Press("s").Pull().Expect("s again ends it at once", "1 stopping").Press("s").Pull().Expect("train-1 was ended at once")
	seen(d, "1 stopped")
}

// kill ends the process of a job as the machine would when it has no memory left.
func kill(t *testing.T, j *jobs.Job) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(j.Folder(), "process.json"))
	if err != nil {
		t.Fatal(err)
	}
	var pid int
	for _, line := range strings.Split(string(b), "\n") {
		if n, _ := fmt.Sscanf(strings.TrimSpace(line), `"pid": %d,`, &pid); n == 1 {
			break
		}
	}
	if pid <= 1 {
		t.Fatalf("no pid in %s", b)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

func TestTheSpeedOfAJobIsReckonedFromWhatItTold(t *testing.T) {
	t.Parallel()
	began := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	type told struct {
		second, done int64
		start        int64 // which start of the job
		want         float64
	}
	for about, list := range map[string][]told{
		"even":                       {{0, 100, 0, 0}, {2, 104, 0, 2}, {4, 108, 0, 2}},
		"looked at twice":            {{0, 100, 0, 0}, {2, 104, 0, 2}, {2, 104, 0, 2}},
		"slower now":                 {{0, 0, 0, 0}, {30, 300, 0, 10}, {60, 330, 0, 1}},
		"started again at its place": {{0, 100, 0, 0}, {2, 104, 0, 2}, {900, 104, 1, 0}, {902, 105, 1, .5}},
		"back to an older place":     {{0, 100, 0, 0}, {2, 104, 0, 2}, {4, 50, 0, 0}},
		"stands still":               {{0, 100, 0, 0}, {40, 100, 0, 0}},
		"its clock goes back":        {{10, 100, 0, 0}, {5, 104, 0, 0}},
	} {
		p := &pace{}
		for i, x := range list {
			s := jobs.State{Started: began.Add(time.Duration(x.start) * time.Hour), Updated: began.Add(time.Duration(x.second) * time.Second)}
			s.Progress = jobs.Progress{Done: x.done, Total: 1000, Unit: "step"}
			if got := p.take(s); got != x.want {
				t.Errorf("%s, look %d: %g a second, want %g", about, i, got, x.want)
			}
		}
	}
}
