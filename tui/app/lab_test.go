package app_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"s1/engine/trace"
	"s1/tui/app"
	"s1/tui/tuitest"
)

// labor is a scripted laboratory behind a scripted model.
type labor struct {
	*tuitest.Explorer
	values map[string]string
	fails  error
	held   []bool
	asked  []map[string]string // to look at servers
	looks  func(context.Context) ([]app.LabServer, error)
	evil   string
	during func(report func(app.LabReport))
}

func (l *labor) Laboratory() app.Laboratory { return l }

func (l *labor) Setup(values map[string]string) []app.LabField {
	form := []app.LabField{{Name: "data", Value: "tape"}, {Name: "caps", Value: "0,16"}, {Name: "folder", Value: "out"}, {Name: "model", Value: "mini"}}
	for i := range form {
		if v, ok := values[form[i].Name]; ok {
			form[i].Value = v
		}
	}
	if form[1].Value == "x" {
		form[1].Wrong = `"x" is no number`
	}
	return form
}

func (l *labor) Servers(ctx context.Context, values map[string]string) ([]app.LabServer, error) {
	l.asked = append(l.asked, values)
	return l.looks(ctx)
}

func (l *labor) Forecast(_ context.Context, values map[string]string) (string, error) {
	l.values = values
	return "forecast from 4 of 20 questions" + l.evil, l.fails
}

func (l *labor) report() app.LabReport {
	return app.LabReport{Model: "mini" + l.evil, Data: "tape", Folder: "out", State: "running", Done: 10, Items: 20, Points: []app.LabPoint{
		{Name: "bf 0" + l.evil, Series: "bf", Percent: 10, Low: 5, High: 20, N: 10, Right: 1, Wrong: 9}, {Name: "bf 16", Series: "bf", Tokens: 12, Percent: 50, Low: 40, High: 60, N: 10, Right: 5, Wrong: 5},
	}}
}

func (l *labor) Start(ctx context.Context, values map[string]string, report func(app.LabReport)) error {
	l.values = values
	report(l.report())
	if l.during != nil {
		l.during(report)
	}
	return errors.Join(l.fails, ctx.Err())
}

func (l *labor) Pause(on bool) { l.held = append(l.held, on) }

func (l *labor) Look(_ context.Context, dir string) (app.LabReport, map[string]string, error) {
	r := l.report()
	r.State, r.Folder = "stopped", dir
	return r, map[string]string{"data": "kept", "folder": dir}, l.fails
}

func (l *labor) Items(_ context.Context, dir string, point int) (list []app.LabItem, err error) {
	for i := range 6 {
		list = append(list, app.LabItem{Index: i, Question: fmt.Sprint("question ", i, " of point ", point, l.evil), Answer: "7" + l.evil, Gold: "7", Outcome: []string{"right", "wrong"}[i%2]})
	}
	return list, l.fails
}

func (l *labor) Trace(ctx context.Context, dir string, point, item int) (app.Live, string, error) {
	if l.fails != nil {
		return nil, "", l.fails
	}
	live, err := l.Ask(ctx, trace.Ask{Prompt: fmt.Sprint("point ", point, " item ", item)})
	return live, "", err
}

func inLab(t testing.TB) (*labor, *tuitest.Driver) {
	l := &labor{Explorer: explorable()}
	return l, tuitest.Start(t, l, 110, 30, nil).Press("ctrl+l").Expect("accuracy against thinking tokens", "0,16", "f forecast")
}

func TestASweepIsSetUpForecastStartedAndReadDownToATrace(t *testing.T) {
	t.Parallel()
	l, d := inLab(t)
	d.Press("down", "enter", "ctrl+u").Type("0,8").Press("enter").Expect("0,8").Press("f").Pull().Expect("forecast from 4 of 20")
	d.Press("s").Pull().Expect("n 10 of 20", "bf 16", "the sweep is done").Refute("forecast from")
	if l.values["caps"] != "0,8" {
		t.Errorf("started with %v", l.values)
	}
	d.Press("down", "enter").Pull().Expect("all: 6", "question 5 of point 1").Press("c").Expect("only wrong: 3").Refute("question 2 of").Press("down", "enter").Pull()
	if got := l.Last().Run().Prompt; got != "point 1 item 3" {
		t.Errorf("opened %q", got)
	}
	d.Advance(999).Press("ctrl+l").Expect("only wrong").Press("esc").Expect("bf 16").Press("esc").Refute("bf 16")
}

func TestASweepIsHeldAndStoppedAndGoesOnBehindTheThought(t *testing.T) {
	t.Parallel()
	l, d := inLab(t)
	d.Press("p").Expect("no sweep is under way")
	release := make(chan struct{})
	l.during = func(func(app.LabReport)) { <-release }
	d.Beside("s")
	d.Await("a running sweep", func(f string) bool { return strings.Contains(f, "running") && strings.Contains(f, "bf 16") })
	d.Press("p").Expect("paused").Press(" ").Expect("running").Press("s").Expect("is under way").Press("n", "enter").Expect("is under way")
	d.Press("ctrl+l").Refute("bf 16").Press("ctrl+l").Press("esc").Expect("bf 16").Press("S").Expect("stopping")
	close(release)
	d.Await("a stopped sweep", func(f string) bool { return strings.Contains(f, "stopped, 10 of 20 questions are kept in out") })
	if fmt.Sprint(l.held) != "[true false]" {
		t.Errorf("held %v", l.held)
	}
}

func TestTheLabSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	l, d := inLab(t)
	d.Press("down", "enter", "ctrl+u").Type("x").Press("enter").Expect(`"x" is no number`).Press("s").Expect(`caps: "x" is no number`).Press("f").Expect(`caps: "x"`)
	d.Press("enter", "ctrl+u").Type("1").Press("enter")
	l.fails = errors.New("the disk is full")
	d.Press("f").Pull().Expect("the disk is full").Press("s").Pull().Expect("failed: the disk is full")
	d.Press("enter").Pull().Expect("could not read the questions: the disk is full")
	d.Press("o", "ctrl+u").Type("there").Press("enter").Pull().Expect("the disk is full")
	l.fails = nil
	d.Press("o", "ctrl+u").Type("there").Press("enter").Pull().Expect("stopped", "in there").Press("enter").Pull()
	l.fails = errors.New("another model")
	d.Press("enter").Pull().Expect("another model")
	server := tuitest.Start(t, tuitest.NewFake(tuitest.Tape()), 110, 30, nil)
	server.Press("ctrl+l").Expect("can not be measured here")
}

func TestTheLabIsSafeAndExactlyItsSize(t *testing.T) {
	t.Parallel()
	for name, evil := range tuitest.Hostile() {
		l, d := inLab(t)
		l.evil = evil[:min(len(evil), 1<<9)]
		for _, keys := range [][]string{{"f"}, {"s"}, {"enter"}} {
			d.Press(keys...).Pull()
			for _, size := range [][2]int{{40, 12}, {80, 24}, {120, 40}, {200, 50}} {
				d.Resize(size[0], size[1])
				exactly(t, name, d, size[0], size[1])
			}
		}
	}
}
