package app

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	tea "github.com/charmbracelet/bubbletea"

	"s1/engine/trace"
	"s1/tui/keys"
	"s1/tui/pane/train"
	"s1/tui/plot"
)

// Limits of what is kept of a run.
const (
	mostSteps = 1 << 17 // beyond it every second step is dropped
	logLines  = 12
	mostAsked = 128 // pinned questions times budgets
	mostSaid  = 64  // checkpoints of each, the newest
)

// training is the pane of fine-tuning and what it watches.
type training struct {
	open    bool
	pane    train.Pane
	choice  TrainChoice
	plan    TrainPlan
	seq     int // of the newest choice; older answers are dropped
	planned int // the choice that plan is of
	copied  int // commands of the plan that were copied so far
	rowAt   int
	runs    []TrainRun

	watched TrainRun
	cancel  context.CancelFunc // ends the following
	record  measured
	over    map[string]*measured // runs laid over, by id
	filter  string
	log     map[string]bool // by name of the curve
	smooth  int             // index of smoothings
	window  int             // how often the steps were halved
	back    int             // steps before the newest that are the last in view
	asked   bool            // to stop
	machine machineSeen
}

var smoothings = []float64{0, .6, .9, .98}

// measured is what was measured in a run.
type measured struct {
	x       []float64
	y       map[string][]float64
	last    TrainStep
	news    TrainNews
	skipped int
	stride  int
	asked   []train.Asked // by question and cap, in the order of the first answers
	took    float64       // seconds, of the newest answers
}

func (r *measured) take(n TrainNews) {
	if n.Again || r.y == nil {
		r.x, r.y, r.skipped, r.stride, r.last, r.asked = nil, map[string][]float64{}, 0, 1, TrainStep{ETA: math.NaN()}, nil
	}
	for _, s := range n.Steps {
		r.last = s
		if s.Skipped != "" {
			r.skipped++
		}
		r.takeAnswers(s)
		r.x = append(r.x, float64(s.Step))
		for _, c := range trainCurves {
			v, ok := s.Values[c.name]
			if !ok {
				v = math.NaN()
			}
			r.y[c.name] = append(r.y[c.name], v)
		}
		if len(r.x) > mostSteps {
			r.x = every2(r.x)
			for k, v := range r.y {
				r.y[k] = every2(v)
			}
		}
	}
	n.Steps = nil
	r.news = n
}

// takeAnswers keeps what was said to each pinned question under each budget.
func (r *measured) takeAnswers(s TrainStep) {
	if len(s.Answers) > 0 {
		r.took = s.Took
	}
	for _, a := range s.Answers {
		question := fmt.Sprintf("%d %s", a.N, a.Question)
		at := slices.IndexFunc(r.asked, func(x train.Asked) bool { return x.Question == question && x.Cap == a.Cap })
		if at < 0 {
			if len(r.asked) >= mostAsked {
				continue
			}
			at = len(r.asked)
			r.asked = append(r.asked, train.Asked{Question: question, Cap: a.Cap})
		}
		x := &r.asked[at]
		x.Said = append(x.Said, train.Said{Step: s.Step, Answer: a.Answer, Verdict: a.Verdict, Failed: a.Failed})
		x.Said = x.Said[max(0, len(x.Said)-mostSaid):]
	}
}

func every2(v []float64) []float64 {
	out := v[:0]
	for i := 0; i < len(v); i += 2 {
		out = append(out, v[i])
	}
	return out
}

// trainCurves are the metrics by the names a step has them under, in the order of the page.
var trainCurves = []struct {
	name, unit string
	percent    bool
}{
	{"loss", "", false},
	{"held-out loss", "", false},
	{"learning rate", "", false},
	{"gradient norm", "", false},
	{"tokens/s", "", false},
	{"share of peak speed", "", true},
	{"entropy", "nats", false},
	{"token accuracy", "", true},
	{"peak memory", "GB", false},
	{"right at the low cap", "", true},
	{"right at the high cap", "", true},
	{"right after a Wait", "", true},
}

// openTraining shows the pane.
func (m *Model) openTraining() tea.Cmd {
	t := &m.training
	t.open, t.pane.Theme = true, m.theme
	if t.log == nil {
		t.log, t.over = map[string]bool{}, map[string]*measured{}
		t.choice = TrainChoice{Recipe: "mini-quick"}
	}
	return tea.Batch(m.planTraining(), m.listRuns())
}

func (m *Model) planTraining() tea.Cmd {
	t := &m.training
	t.seq++
	seq, c, ctx, tr, n := t.seq, t.choice, m.ctx, m.opt.Trainer, m.news
	t.pane.Rows, t.pane.Room, t.rowAt = train.Tokens{}, train.Room{}, 0
	return func() tea.Msg {
		p, err := tr.Plan(ctx, c)
		n.post(func(m *Model) {
			if seq != m.training.seq {
				return
			}
			if err != nil {
				p.Wrong = append(p.Wrong, TrainFact{"recipe", oneLine(err.Error())})
			}
			m.training.plan, m.training.planned, m.training.copied = p, seq, 0
		})
		return nil
	}
}

func (m *Model) listRuns() tea.Cmd {
	ctx, tr, n := m.ctx, m.opt.Trainer, m.news
	return func() tea.Msg {
		runs, err := tr.Runs(ctx)
		n.post(func(m *Model) {
			if err != nil {
				m.warn("could not list the runs: " + oneLine(err.Error()))
			}
			m.training.runs = runs
		})
		return nil
	}
}

// lookTraining asks for what the page in view shows and is not there yet.
func (m *Model) lookTraining() tea.Cmd {
	t := &m.training
	seq, c, ctx, tr, n := t.seq, t.choice, m.ctx, m.opt.Trainer, m.news
	switch t.pane.View {
	case train.Data:
		at := t.rowAt
		t.pane.Rows.Empty = "reading the rows" + m.theme.Glyphs.Ellipsis
		return func() tea.Msg {
			row, err := tr.Row(ctx, c, at)
			n.post(func(m *Model) {
				if t := &m.training; seq == t.seq {
					if err != nil {
						t.pane.Rows = train.Tokens{Empty: oneLine(err.Error())}
						return
					}
					t.rowAt = row.Index
					t.pane.Rows = train.Tokens{Index: row.Index, Of: row.Of, Endless: row.Generated, Name: row.Name, Pieces: row.Pieces, Weights: row.Weights, CutFrom: row.CutFrom, Counts: row.Counts, Long: row.Long}
				}
			})
			return nil
		}
	case train.Memory:
		if len(t.pane.Room.Classes) > 0 {
			return nil
		}
		t.pane.Room.Empty = "adding it up" + m.theme.Glyphs.Ellipsis
		return func() tea.Msg {
			e, err := tr.Memory(ctx, c)
			n.post(func(m *Model) {
				if t := &m.training; seq == t.seq {
					if err != nil {
						t.pane.Room = train.Room{Empty: oneLine(err.Error())}
						return
					}
					t.pane.Room = train.Room{Need: e.Need, Free: e.Free, Devices: e.Devices, Verdict: e.Verdict, Fits: e.Fits, Classes: classesOf(e.Classes), Remedies: classesOf(e.Remedies)}
				}
			})
			return nil
		}
	case train.Runs:
		return m.listRuns()
	}
	return nil
}

func classesOf(list []TrainClass) []train.Class {
	var out []train.Class
	for _, c := range list {
		out = append(out, train.Class(c))
	}
	return out
}

// watch follows a run until it ends or another is watched.
func (m *Model) watch(run TrainRun) tea.Cmd {
	t := &m.training
	if t.cancel != nil {
		t.cancel()
	}
	ctx, cancel := context.WithCancel(m.ctx)
	t.cancel, t.watched, t.record, t.asked, t.back = cancel, run, measured{}, false, 0
	t.pane.View = train.Watch
	tr, n, id := m.opt.Trainer, m.news, run.ID
	return func() tea.Msg {
		err := tr.Follow(ctx, id, func(x TrainNews) {
			n.postThen(func(m *Model) tea.Cmd {
				t := &m.training
				if t.watched.ID != id || ctx.Err() != nil {
					return nil
				}
				t.record.take(x)
				if t.watched.Running && !x.Run.Running { // what was said of it while it ran is no longer so
					m.ended(x.Run)
				}
				t.watched = x.Run
				return m.lookMachine()
			})
		})
		n.post(func(m *Model) {
			if err != nil && !errors.Is(err, context.Canceled) {
				m.warn("could not follow the run: " + oneLine(err.Error()))
			}
		})
		return nil
	}
}

// ended says that a run is over, in place of what was said of it before.
func (m *Model) ended(run TrainRun) {
	if run.State == "failed" || run.State == "crashed" {
		m.warn(oneLine(run.Name) + " " + run.State)
		return
	}
	m.say(oneLine(run.Name) + " is " + run.State)
}

// doTraining carries something out and says what came of it.
func (m *Model) doTraining(what string, do func(context.Context) (say string, err error), after func(*Model) tea.Cmd) tea.Cmd {
	ctx, n := m.ctx, m.news
	return func() tea.Msg {
		say, err := do(ctx)
		n.postThen(func(m *Model) tea.Cmd {
			if err != nil {
				m.warn("could not " + what + ": " + oneLine(err.Error()))
				return nil
			}
			m.say(say)
			if after == nil {
				return nil
			}
			return after(m)
		})
		return nil
	}
}

// pairUp asks the base and the tuned model the same, and shows them side by side.
func (m *Model) pairUp(question string) tea.Cmd {
	t := &m.training
	ask := trace.Ask{System: m.opt.System, Prompt: question, ThinkFormat: m.opt.ThinkFormat, Budget: m.opt.Budget, Sampling: m.sampling}
	ctx, tr, n, id := m.ctx, m.opt.Trainer, m.news, t.watched.ID
	m.say("opening the base and the newest weights" + m.theme.Glyphs.Ellipsis)
	return func() tea.Msg {
		base, tuned, err := tr.Pair(ctx, id, ask)
		n.postThen(func(m *Model) tea.Cmd {
			if err != nil {
				m.warn("could not compare: " + oneLine(err.Error()))
				return nil
			}
			return m.showPair(question, base, tuned)
		})
		return nil
	}
}

// showPair puts two runs on the screen as if they were two branches.
func (m *Model) showPair(question string, base, tuned Live) tea.Cmd {
	m.training.open = false
	m.leave()
	m.question, m.fault = question, ""
	for i, live := range []Live{base, tuned} {
		b := newBranch(live, label(i), m.theme, m.opt.Same)
		b.source = m.feed.Follow(live.Log())
		m.branches = append(m.branches, b)
	}
	m.cur, m.other, m.comparing, m.jump, m.focus = 1, 0, true, true, onThought
	m.say("A is the base, B the newest weights of the run")
	return m.saving()
}

func (m *Model) trainState() keys.TrainState {
	t := &m.training
	return keys.TrainState{
		Can: m.opt.Trainer != nil, Open: t.open, Choosing: t.pane.View == train.Choose, Watching: t.pane.View == train.Watch, Listing: t.pane.View == train.Runs, Run: t.watched.ID != "",
		Running: t.watched.Running, Resumable: t.watched.Resumable, Saved: t.watched.Saved || t.record.news.Saved > 0, SavesOn: t.watched.SavesOn,
		NoSave: t.watched.NoSave, Requeues: t.watched.Requeues, Pinned: t.choice.Pins != "", Ready: t.planned == t.seq && len(t.plan.Wrong) == 0 && len(t.plan.Command) > 0,
	}
}

// form is how curves are drawn, after another.
func nextForm(f plot.Form) plot.Form { return (f + 1) % plot.Forms }

// trainLeft is a time to the end in words.
func trainLeft(seconds float64) string {
	switch {
	case !(seconds >= 0 && seconds < 1e9):
		return ""
	case seconds < 90:
		return fmt.Sprintf("%.0f s left", seconds)
	case seconds < 90*60:
		return fmt.Sprintf("%.0f min left", seconds/60)
	}
	return fmt.Sprintf("%.0f h %02.0f min left", math.Floor(seconds/3600), math.Floor(math.Mod(seconds, 3600)/60))
}
