package jobs_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"s1/tui/pane/jobs"
	"s1/tui/text"
	"s1/tui/theme"
	"s1/tui/tuitest"
)

// crash is why a job ended, longer than a row.
const crash = "its process has ended without a word (killed, out of memory, or the machine went down) at row 12311 of 27090"

func list(th *theme.Theme) *jobs.Pane {
	p := &jobs.Pane{Theme: th, Counts: "1 running, 1 stopping, 1 crashed, 2 done", Jobs: []jobs.Job{
		{ID: "train-12", Kind: "train", Name: "s1K-mini", State: "running", Running: true, Share: .67, Progress: "step 212 of 315", Left: "9 min left", Rate: "1.3 step/s", Note: "loss 0.4123", When: "2026-11-26 20:00"},
		{ID: "sweep-3", Kind: "sweep", Name: "bf on tape-test", State: "stopping", Running: true, Share: -1, Progress: "item 40", Rate: "12 item/min", When: "2026-11-26 19:00"},
		{ID: "curate-1", Kind: "curate", Name: "s1-code", State: "crashed", Fault: true, Share: .4, Progress: "row 12311 of 27090", When: "2026-11-25 08:00", Cause: crash},
		{ID: "train-11", Kind: "train", Name: "first", State: "done", Share: 1, Progress: "step 315 of 315", When: "2026-11-24 08:00"},
		{ID: "paper-1", Kind: "paper", Name: "study", State: "done", Share: -1, When: "2026-11-23 08:00"},
	}}
	p.Facts = []jobs.Fact{{Name: "command", Value: "s1 train mini-quick --out runs/s1K-mini"}, {Name: "in", Value: "/home/a/work"}, {Name: "folder", Value: "/home/a/.local/share/s1/jobs/train-12"}}
	p.Doc = text.NewDoc(th.ASCII)
	for i := range 60 {
		p.Doc.Append(fmt.Sprintf("step %d loss 0.%04d\n", 153+i, 9000-i*80), theme.Text)
	}
	return p
}

var scenes = map[string]func(*theme.Theme) *jobs.Pane{
	"list": list,
	"crashed": func(th *theme.Theme) *jobs.Pane {
		p := list(th)
		p.Cursor, p.Doc, p.LogEmpty = 2, nil, "it has printed nothing"
		return p
	},
	"many": func(th *theme.Theme) *jobs.Pane {
		p := list(th)
		p.Jobs, p.Cursor, p.Counts, p.Bad = nil, 17, "40 done", "read spec.json: more than 1048576 bytes"
		for i := range 40 {
			p.Jobs = append(p.Jobs, jobs.Job{ID: fmt.Sprint("train-", 40-i), Kind: "train", Name: fmt.Sprint("run ", i), State: "done", Share: 1, Progress: "step 9 of 9", When: "2026-11-26 20:00"})
		}
		return p
	},
	"log": func(th *theme.Theme) *jobs.Pane {
		p := list(th)
		p.Log = true
		return p
	},
	"no jobs": func(th *theme.Theme) *jobs.Pane {
		return &jobs.Pane{Theme: th, Empty: "no jobs: ctrl+t launches a training, and --detach makes a job of s1 train"}
	},
}

func TestFrames(t *testing.T) {
	t.Parallel()
	for name, scene := range scenes {
		for _, o := range tuitest.Profiles() {
			tuitest.GoldenSizes(t, name, o, func(w, h int) []string { return scene(theme.New(o)).Render(w, h) })
		}
	}
}

func TestEverySizeIsDrawnWhole(t *testing.T) {
	t.Parallel()
	for name, scene := range scenes {
		for _, o := range tuitest.Profiles() {
			tuitest.CheckSizes(t, name, o, func(w, h int) []string { return scene(theme.New(o)).Render(w, h) })
		}
	}
}

func TestNothingAJobSaysActsOnTheTerminal(t *testing.T) {
	t.Parallel()
	for what, evil := range tuitest.Hostile() {
		for _, o := range tuitest.Profiles() {
			th := theme.New(o)
			j := jobs.Job{ID: evil, Kind: evil, Name: evil, State: evil, Running: true, Share: .5, Progress: evil, Left: evil, Rate: evil, Note: evil, Cause: evil, When: evil}
			p := &jobs.Pane{Theme: th, Jobs: []jobs.Job{j, j}, Counts: evil, Bad: evil, Facts: []jobs.Fact{{Name: evil, Value: evil}}, Doc: text.NewDoc(o.ASCII)}
			p.Doc.Append(evil+"\n"+evil, theme.Text)
			s := &jobs.Strip{Theme: th, Job: j, Others: evil, Wrong: evil, Key: "ctrl+o"}
			for _, w := range tuitest.HostileWidths() {
				tuitest.CheckRows(t, what, p.Render(w, 24), w, 24, o)
				tuitest.CheckRows(t, what+", the line", []string{s.Render(w)}, w, 1, o)
				p.Log = true
				tuitest.CheckRows(t, what+", the log", p.Render(w, 24), w, 24, o)
				p.Log, p.LogBad = false, evil
				tuitest.CheckRows(t, what+", no log", p.Render(w, 24), w, 24, o)
				p.LogBad = ""
			}
		}
	}
}

func TestTheLogStaysWhereItWasScrolledWhileTheJobPrints(t *testing.T) {
	t.Parallel()
	p := scenes["log"](theme.New(theme.Options{NoColor: true}))
	shown := func() string { return strings.Join(p.Render(80, 12), "\n") }
	if !strings.Contains(shown(), "step 212 loss") {
		t.Fatalf("the end is not in view:\n%s", shown())
	}
	p.Scroll.By(-20)
	before := shown()
	p.Doc.Append("step 213 loss 0.4\nstep 214 loss 0.4\n", theme.Text)
	if got := shown(); got != before {
		t.Errorf("it moved:\n%s\nwas:\n%s", got, before)
	}
	p.Scroll.Bottom()
	if !strings.Contains(shown(), "step 214") {
		t.Errorf("the end is not followed:\n%s", shown())
	}
}

// strips are what the line tells in the states of a job.
func strips(th *theme.Theme) []*jobs.Strip {
	js := list(th).Jobs
	return []*jobs.Strip{
		{Theme: th, Job: js[0], Key: "ctrl+o"},
		{Theme: th, Job: js[0], Key: "ctrl+o", Wrong: "+1 crashed", Others: "+1 running"},
		{Theme: th, Job: js[1], Key: "ctrl+o"},
		{Theme: th, Job: js[2], Key: "ctrl+o"},
		{Theme: th, Job: js[1], Key: "ctrl+o", Wrong: "+12 failed"},
		{Theme: th, Job: js[3], Key: "ctrl+o"},
		{Theme: th, Job: jobs.Job{Kind: "train", Name: "new", State: "queued", Running: true, Share: -1}, Key: "ctrl+o"},
	}
}

func TestTheLineFitsEveryWidth(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for _, w := range []int{20, 40, 60, 80, 120, 200} {
		fmt.Fprintf(&b, "=== %d\n", w)
		for _, s := range strips(theme.New(theme.Options{NoColor: true})) {
			b.WriteString(strings.TrimRight(ansi.Strip(s.Render(w)), " ") + "\n")
		}
	}
	tuitest.Golden(t, "strip", b.String())
	for _, o := range tuitest.Profiles() {
		for w := 1; w < 220; w++ {
			for _, s := range strips(theme.New(o)) {
				tuitest.CheckRows(t, "the line", []string{s.Render(w)}, w, 1, o)
			}
		}
	}
}

func TestTheLineAlwaysNamesWhatWentWrongAndTheKey(t *testing.T) {
	t.Parallel()
	th := theme.New(theme.Options{NoColor: true})
	for w := 40; w < 220; w++ {
		for want, s := range map[string]*jobs.Strip{"crashed": strips(th)[3], "stopping": strips(th)[2], "+1 crashed": strips(th)[1], "+12 failed": strips(th)[4]} {
			got := ansi.Strip(s.Render(w))
			if !strings.Contains(got, "ctrl+o jobs") || !strings.Contains(got, want) {
				t.Errorf("at %d: %q tells no %q, or no key", w, got, want)
			}
		}
	}
}
