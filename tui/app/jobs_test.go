package app_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"s1/tui/app"
	"s1/tui/keys"
	"s1/tui/theme"
	"s1/tui/tuitest"
)

// works are scripted jobs: they do what the test says, and tell what was asked of them.
type works struct {
	list    []app.Job
	binned  []app.Job
	log     string
	fails   error // what is asked for
	unread  error // beside the list
	looks   int
	did     []string
	tailed  []string // id:from of each read of a log
	noTails error
}

var noon = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

func (w *works) List(context.Context) ([]app.Job, error) {
	w.looks++
	return slices.Clone(w.list), w.unread
}

func (w *works) at(id string) *app.Job {
	return &w.list[slices.IndexFunc(w.list, func(j app.Job) bool { return j.ID == id })]
}

func (w *works) do(what, id string, change func()) error {
	w.did = append(w.did, what+" "+id)
	if w.fails == nil {
		change()
	}
	return w.fails
}

func (w *works) Stop(_ context.Context, id string) error {
	return w.do("stop", id, func() { w.at(id).State, w.at(id).Stopping = "stopping", true })
}

func (w *works) end(id, state string) {
	j := w.at(id)
	j.State, j.Running, j.Stopping, j.Resumable, j.Fault = state, false, false, state != "done", state == "failed" || state == "crashed"
}

func (w *works) Abort(_ context.Context, id string) error {
	return w.do("abort", id, func() { w.end(id, "stopped") })
}

func (w *works) Resume(_ context.Context, id string) error {
	return w.do("resume", id, func() { w.at(id).State, w.at(id).Running = "running", true })
}

func (w *works) Remove(_ context.Context, id string) error {
	return w.do("remove", id, func() {
		w.binned = append(w.binned, *w.at(id))
		w.list = slices.DeleteFunc(w.list, func(j app.Job) bool { return j.ID == id })
	})
}

func (w *works) Restore(_ context.Context, id string) error {
	return w.do("restore", id, func() {
		for _, j := range w.binned {
			if j.ID == id {
				w.list = append(w.list, j)
			}
		}
	})
}

func (w *works) Tail(_ context.Context, id string, from int64, most int) (string, int64, error) {
	w.tailed = append(w.tailed, fmt.Sprint(id, ":", from))
	if from < 0 {
		from = max(int64(len(w.log)-most), 0)
	}
	to := min(from+int64(most), int64(len(w.log)))
	return w.log[from:to], to, w.noTails
}

func job(id, state string) app.Job {
	kind, _, _ := strings.Cut(id, "-")
	return app.Job{
		ID: id, Kind: kind, Name: "of " + id, State: state, Running: state == "running" || state == "stopping", Stopping: state == "stopping", Fault: state == "failed" || state == "crashed",
		Resumable: state == "stopped" || state == "failed" || state == "crashed", Done: 212, Total: 315, Unit: "step", Rate: 1.25, Left: 500, Created: noon,
	}
}

func working(t testing.TB, list ...app.Job) (*works, *tuitest.Driver) {
	t.Helper()
	w := &works{list: list, log: "it began\nloss 0.5\n"}
	return w, tuitest.Start(t, tuitest.NewFake(tuitest.Tape()), 110, 30, func(o *app.Options) {
		o.Jobs, o.Now = w, func() time.Time { return noon }
	})
}

func tick(d *tuitest.Driver) *tuitest.Driver { return d.Send(app.JobsTick()).Pull() }

func TestTheLineTellsOfAJobWhileItRunsAndWhenItHasEnded(t *testing.T) {
	t.Parallel()
	w, d := working(t, job("train-1", "running"))
	top := func() string { return strings.SplitN(d.Frame(), "\n", 2)[0] }
	for _, want := range []string{"train of train-1", "step 212 of 315", "8 min left", "1.2 step/s", "ctrl+o jobs"} {
		if !strings.Contains(top(), want) {
			t.Errorf("the line %q tells no %q", top(), want)
		}
	}
	w.at("train-1").Done = 213
	if tick(d); !strings.Contains(top(), "step 213 of 315") {
		t.Errorf("after a tick: %q", top())
	}
	w.end("train-1", "crashed")
	if tick(d); !strings.Contains(top(), "crashed") || strings.Contains(top(), "left") {
		t.Errorf("after its end: %q", top())
	}
	d.Press("ctrl+o").Expect("1 crashed").Press("esc").Refute("of train-1") // it was seen
}

func TestNothingLooksAtJobsByTheClockUnlessOneRuns(t *testing.T) {
	t.Parallel()
	w, d := working(t, job("train-1", "done"))
	if w.looks != 1 || app.JobsTicking(d.Model) {
		t.Fatalf("idle: %d looks, ticking %v", w.looks, app.JobsTicking(d.Model))
	}
	d.Press("tab", "j", "k", "ctrl+o", "esc")
	if w.looks != 2 || app.JobsTicking(d.Model) {
		t.Fatalf("after the pane: %d looks, ticking %v", w.looks, app.JobsTicking(d.Model))
	}
	w.list = append(w.list, job("train-2", "running"))
	d.Press("ctrl+o", "esc")
	if !app.JobsTicking(d.Model) {
		t.Fatal("a job runs, and nobody looks again")
	}
	w.end("train-2", "done")
	if tick(d); app.JobsTicking(d.Model) {
		t.Fatal("no job runs, and it is still looked at")
	}
	_, none := working(t)
	if app.JobsTicking(none.Model) {
		t.Error("there are no jobs, and they are looked at")
	}
}

func TestWhatIsNewlyEndedIsToldUntilItIsSeen(t *testing.T) {
	t.Parallel()
	for about, c := range map[string]struct {
		ended time.Time
		told  bool
	}{
		"a minute ago":                {noon.Add(-time.Minute), true},
		"yesterday":                   {noon.Add(-24 * time.Hour), false},
		"nobody knows":                {time.Time{}, false},
		"by its clock, in the future": {noon.Add(time.Minute), true},
	} {
		j := job("sweep-1", "failed")
		j.Ended = c.ended
		_, d := working(t, j)
		if got := strings.Contains(d.Frame(), "of sweep-1"); got != c.told {
			t.Errorf("%s: told %v, want %v:\n%s", about, got, c.told, d.Frame())
		}
	}
}

func TestTheLineIsAboutTheNewestThatRunsAndCountsTheOthers(t *testing.T) {
	t.Parallel()
	bad, worse := job("sweep-1", "crashed"), job("sweep-2", "failed")
	bad.Ended, worse.Ended = noon, noon
	_, d := working(t, bad, job("train-3", "running"), job("train-2", "running"), worse, job("train-1", "done"))
	d.Expect("of train-3", "+2 failed", "+1 running")
}

func TestThePageStaysWhereItIsWhenTheLineComes(t *testing.T) {
	t.Parallel()
	w, d := working(t)
	d.Ask(question).Advance(999)
	before := strings.Split(d.Frame(), "\n")
	w.list = append(w.list, job("train-1", "running"))
	d.Press("ctrl+o", "esc")
	after := strings.Split(d.Frame(), "\n")
	if before[0] != after[1] || !slices.Equal(before[2:27], after[2:27]) {
		t.Errorf("it moved:\n%s\nwas:\n%s", strings.Join(after, "\n"), strings.Join(before, "\n"))
	}
}

func TestStopIsAskedForTwiceToEndAtOnce(t *testing.T) {
	t.Parallel()
	w, d := working(t, job("train-1", "running"), job("train-2", "stopping"))
	d.Resize(80, 24).Press("ctrl+o", "s").Pull().Expect("train-1 saves and ends; s again ends it at once and loses what is unsaved", "stopping", "s end at once")
	// Of another job nothing has been said yet: the first press only explains.
	d.Press("down", "s").Pull().Expect("train-2 is ending; s again ends it at once and loses what is unsaved")
	if got := strings.Join(w.did, ", "); got != "stop train-1" {
		t.Fatalf("did %s", got)
	}
	d.Press("up", "s").Pull().Expect("train-1 is ending").Press("s").Pull().Expect("train-1 was ended at once", "stopped")
	if got := strings.Join(w.did, ", "); got != "stop train-1, abort train-1" {
		t.Fatalf("did %s", got)
	}
	d.Press("s").Expect("this job has ended")
}

// What was said of another stop was said of the start before.
func TestAJobThatWasStoppedAndGoesOnIsStoppedAnew(t *testing.T) {
	t.Parallel()
	w, d := working(t, job("train-1", "running"))
	d.Press("ctrl+o", "s").Pull().Expect("train-1 saves and ends")
	w.end("train-1", "stopped")
	tick(d).Press("r").Pull().Expect("train-1 goes on where it was", "1 running")
	d.Press("s").Pull().Expect("train-1 saves and ends")
	if got := strings.Join(w.did, ", "); got != "stop train-1, resume train-1, stop train-1" {
		t.Errorf("did %s", got)
	}
}

// A suspended job goes on by the key of those that ended, and has neither speed nor an end in sight.
func TestASuspendedJobSaysSoAndGoesOn(t *testing.T) {
	t.Parallel()
	x := job("train-1", "suspended")
	x.Running, x.Resumable = true, true
	w, d := working(t, x)
	d.Press("ctrl+o").Expect("1 suspended", "212 of 315").Refute("left", "step/min").Press("r").Pull().Expect("train-1 goes on where it was", "1 running")
	if got := strings.Join(w.did, ", "); got != "resume train-1" {
		t.Errorf("did %s", got)
	}
}

func TestAJobIsResumedRemovedAndBroughtBack(t *testing.T) {
	t.Parallel()
	w, d := working(t, job("train-2", "running"), job("train-1", "crashed"))
	d.Press("ctrl+o").Press("r").Expect("this job runs").Press("D").Expect("s stops it first").Press("U").Expect("nothing was removed")
	d.Press("down", "D").Pull().Expect("train-1 is removed", "U brings it back").Press("U").Pull().Expect("train-1 is back", "1 crashed")
	d.Press("r").Pull().Expect("train-1 goes on where it was", "2 running")
	w.end("train-1", "done")
	tick(d).Press("r").Expect("nothing to go on with")
	if got := strings.Join(w.did, ", "); got != "remove train-1, restore train-1, resume train-1" {
		t.Errorf("did %s", got)
	}
}

func TestTheCursorStaysOnItsJobWhenAnotherComes(t *testing.T) {
	t.Parallel()
	w, d := working(t, job("train-2", "running"), job("train-1", "running"))
	d.Press("ctrl+o", "down")
	w.list = append([]app.Job{job("train-3", "running")}, w.list...)
	tick(d).Press("s").Pull()
	if got := strings.Join(w.did, ", "); got != "stop train-1" {
		t.Errorf("did %s", got)
	}
}

func TestTheLogIsReadOnAndNotAnew(t *testing.T) {
	t.Parallel()
	w, d := working(t, job("train-1", "running"))
	d.Press("ctrl+o").Expect("loss 0.5")
	w.log += "50 %\r100 %\r\nloss 0.4\n"
	tick(d).Expect("loss 0.5", "100 %", "loss 0.4").Refute("␍")
	if got := strings.Join(w.tailed, " "); got != "train-1:-1 train-1:18" {
		t.Errorf("read %s", got)
	}
	d.Press("enter").Expect("log of train-1", "it began").Refute("command").Press("enter").Expect("1 running")
	w.log += strings.Repeat("x\n", 40<<10) + "the end\n" // more than is read at once
	tick(d).Press("enter").Expect("the end").Refute("loss 0.4").Press("home").Expect("scrolled back").Press("esc").Expect("1 running").Press("esc").Refute("1 running")
}

func TestThePaneSaysWhatWentWrong(t *testing.T) {
	t.Parallel()
	w, d := working(t, job("train-1", "stopped"))
	w.fails, w.unread, w.noTails = errors.New("the disk is full"), errors.New("read spec.json: no JSON"), errors.New("no right to read the log")
	d.Press("ctrl+o").Expect("! read spec.json: no JSON", "! no right to read the log")
	d.Press("r").Pull().Expect("could not resume train-1: the disk is full").Press("D").Pull().Expect("could not remove train-1: the disk is full", "train-1")
	w.list, w.unread = nil, errors.New("no such folder")
	d.Press("esc", "ctrl+o").Expect("train-1", "no such folder") // what was known stays
	w.unread = nil
	d.Press("esc", "ctrl+o").Expect("no jobs:", "ctrl+t").Press("s").Expect("there is no job here").Press("enter").Expect("there is no job here")
}

func TestKeysOfThePaneTypeNothingAndActNowhereElse(t *testing.T) {
	t.Parallel()
	w, d := working(t, job("train-1", "stopped"))
	d.Press("ctrl+o", "z", "x").Expect("does nothing here").Press("esc").Refute("zx", "› z")
	d.Press("ctrl+o").Type("pasted").Expect("pasted").Refute("1 stopped")
	d.Press("ctrl+p").Type("job-resume").Press("enter").Pull()
	if len(w.did) > 0 {
		t.Errorf("did %v", w.did)
	}
	if why, ok := keys.Default().Of(keys.JobResume).Enabled(keys.State{}); ok || !strings.Contains(why, "ctrl+o goes there") {
		t.Errorf("from elsewhere: %q", why)
	}
	d = tuitest.Start(t, tuitest.NewFake(tuitest.Tape()), 80, 24, nil)
	d.Press("ctrl+o").Expect("there are no jobs in this screen")
}

func TestJobsAreDrawnAtEverySize(t *testing.T) {
	t.Parallel()
	const evil = "\x1b]0;owned\a\x1b[2J\u202eabc\x00\r\xff"
	j := job("train-1", "running")
	j.Name, j.Unit, j.Note, j.Cause, j.Facts = evil, evil, evil, evil, []app.JobFact{{Name: evil, Value: evil}}
	w, d := working(t, j)
	w.log, w.unread = evil, errors.New(evil)
	for what, press := range map[string][]string{"line": nil, "pane": {"ctrl+o"}, "log": {"enter"}} {
		d.Press("esc", "esc").Press(press...)
		if what == "log" {
			d.Press("ctrl+o", "enter")
		}
		for width := 1; width <= 131; width += 1 + width/6 {
			for height := 1; height <= 60; height += 1 + height/5 {
				d.Resize(width, height)
				lines := strings.Split(d.Raw(), "\n")
				if width >= 40 && height >= 10 && len(lines) != height {
					t.Fatalf("%s at %dx%d: %d lines", what, width, height, len(lines))
				}
				for _, l := range lines {
					if got := ansi.StringWidth(l); got != width || strings.ContainsAny(ansi.Strip(l), "\x00\x1b\r\u202e") {
						t.Fatalf("%s at %dx%d: %d cells: %q", what, width, height, got, l)
					}
				}
			}
		}
	}
}

func TestJobFrames(t *testing.T) {
	t.Parallel()
	for name, press := range map[string][]string{"line": nil, "pane": {"ctrl+o"}} {
		for _, o := range []theme.Options{{NoColor: true}, {NoColor: true, ASCII: true}} {
			w := &works{log: "it began\nloss 0.5\n", list: []app.Job{job("train-2", "running"), job("sweep-1", "crashed"), job("train-1", "done")}}
			w.list[1].Cause, w.list[1].Ended = "its process has ended without a word at step 212 of 315", noon
			for i := range w.list {
				w.list[i].Created = time.Date(2026, 11, 26, 12, 0, 0, 0, time.Local)
			}
			d := tuitest.Start(t, tuitest.NewFake(tuitest.Tape()), 80, 24, func(opt *app.Options) {
				opt.Jobs, opt.Theme, opt.Now = w, o, func() time.Time { return noon }
			})
			d.Ask(question).Advance(9).Press(press...)
			tuitest.GoldenSizes(t, "jobs "+name, o, func(width, height int) []string {
				return strings.Split(d.Resize(width, height).Raw(), "\n")
			})
		}
	}
}

func TestWhatEndedBeforeTheScreenOpenedIsToldOnce(t *testing.T) {
	t.Parallel()
	w := &works{list: []app.Job{{ID: "old", Kind: "train", Name: "old", State: "failed", Fault: true, Ended: noon.Add(-time.Minute)}}}
	with := func(o *app.Options) { o.Jobs, o.Now = w, func() time.Time { return noon } }
	open := func() *tuitest.Driver {
		return tuitest.Start(t, tuitest.NewFake(tuitest.Tape()), 110, 30, with).Pull().Expect("failed", "ctrl+o")
	}
	open().Ask(question).Advance(999).Refute("failed")
	open().Press("ctrl+o").Pull().Expect("failed").Press("esc").Refute("failed")
	// What fails while the screen is open is told until it was looked at.
	w.list = append(w.list, app.Job{ID: "new", Kind: "train", Name: "new", State: "running", Running: true})
	d := tuitest.Start(t, tuitest.NewFake(tuitest.Tape()), 110, 30, with).Pull().Ask(question).Advance(3)
	w.end("new", "crashed")
	d.Send(app.JobsTick()).Pull().Expect("crashed").Advance(999).Press("q").Ask(question).Advance(999).Expect("crashed")
}

// Every room is reached from every other, and esc leads back to the thought; a key that means nothing there says so.
func TestEveryRoomIsReachedFromEveryOther(t *testing.T) {
	t.Parallel()
	rooms := []struct{ key, shows string }{
		{"ctrl+l", "accuracy"}, {"ctrl+s", "sessions"}, {"ctrl+g", "curation"}, {"ctrl+t", "recipe"}, {"ctrl+o", "jobs"},
	}
	for _, from := range rooms {
		for _, to := range rooms {
			if from.key == to.key {
				continue
			}
			l := &labor{Explorer: explorable()}
			d := tuitest.Start(t, l, 110, 36, func(o *app.Options) {
				o.Library, o.Curator, o.Jobs, o.Trainer = sessionsOf(4), curated(4), &works{}, &school{}
			}).Ask(question).Advance(999)
			d.Press(from.key).Pull()
			before := d.Frame()
			d.Press("Z").Expect("Z does nothing here")
			d.Press(to.key).Pull()
			there := tuitest.Start(t, &labor{Explorer: explorable()}, 110, 36, func(o *app.Options) {
				o.Library, o.Curator, o.Jobs, o.Trainer = sessionsOf(4), curated(4), &works{}, &school{}
			}).Ask(question).Advance(999).Press(to.key).Pull().Frame()
			if got := d.Frame(); got != there || got == before {
				t.Errorf("%s from %s:\n%s\nwant\n%s", to.key, from.key, got, there)
			}
			d.Press("esc").Expect("/2=84")
		}
	}
}
