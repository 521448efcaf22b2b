package app

import (
	"context"
	"errors"

	tea "github.com/charmbracelet/bubbletea"

	"s1/engine/trace"
	"s1/tui/pane/trials"
)

// Sizes of the experiments.
const (
	scrubStops   = 16 // at most
	scrubAnswer  = 32 // tokens of an answer, at most
	settleStay   = 3  // equal guesses in a row that settle an answer
	labSamples   = 8
	voteSamples  = 32
	anchorSample = 12
	mostSamples  = 512
)

// experiment is the one that stands in the trials pane.
type experiment struct {
	title   string
	of      *branch
	report  *trace.TrialsReport
	kind    trials.Kind
	opened  map[trace.BranchID]trace.BranchID // samples that became branches: their names then
	failed  string                            // why it ended
	hidden  bool                              // a sample was opened, and is looked at
	running bool
	cancel  context.CancelFunc
}

// explorer is the model of a branch, or with nil the one that will be asked next, as one that can be asked about a trace; nil where
// it can not.
func (m *Model) explorer(b *branch) Explorer {
	x, ok := m.thinker.(Explorable)
	switch {
	case !ok:
		return nil
	case b == nil:
		return x.Explores("")
	}
	return x.Explores(b.info.ID)
}

// experimentEnded says how one ended, unless it was cancelled.
func (m *Model) experimentEnded(what string, running *bool, err error) {
	*running = false
	if err != nil && !errors.Is(err, context.Canceled) {
		m.warn("the " + what + " failed: " + oneLine(err.Error()))
	}
}

// tryOut carries out an experiment and shows it.
func (m *Model) tryOut(kind trials.Kind, title string, b *branch, t trace.Trials) tea.Cmd {
	m.endTrials()
	ctx, cancel := context.WithCancel(m.ctx)
	x := &experiment{opened: map[trace.BranchID]trace.BranchID{}, kind: kind, title: title, of: b, running: true, cancel: cancel, report: &trace.TrialsReport{}}
	m.trials = x
	m.trialsPane.Cursor = 0
	m.trialsPane.Samples, m.trialsPane.Kind = t.Samples, kind
	m.focus = onTrials
	e, n := m.explorer(b), m.news
	return func() tea.Msg {
		err := e.Try(ctx, t, func(r trace.TrialsReport) {
			n.post(func(*Model) { x.report = &r })
		})
		n.post(func(m *Model) {
			m.experimentEnded("experiment", &x.running, err)
			if err != nil {
				x.failed = err.Error()
			}
		})
		return nil
	}
}

// experimenting says whether an experiment has the page.
func (m *Model) experimenting() bool { return m.trials != nil && !m.trials.hidden }

// again shows an experiment that was left for one of its samples, and says whether there was one.
func (m *Model) again(k trials.Kind) bool {
	x := m.trials
	if x == nil || !x.hidden || x.kind != k {
		return false
	}
	x.hidden = false
	m.focus = onTrials
	m.say("esc leaves it for good")
	return true
}

func (m *Model) endTrials() {
	if m.trials != nil {
		m.trials.cancel()
		m.trials = nil
	}
}

// openTrial makes the chosen sample a branch of the tree.
func (m *Model) openTrial() tea.Cmd {
	x := m.trials
	i := m.trialsPane.Cursor
	if i < 0 || i >= len(x.report.Trials) || x.report.Trials[i].Branch == "" {
		m.warn("that sample has not begun")
		return nil
	}
	if m.busy {
		m.warn("a branch is being made already")
		return nil
	}
	trial := x.report.Trials[i]
	for k, b := range m.branches {
		switch id, ok := x.opened[trial.Branch]; { // a sample gets another name when it is opened
		case !ok || b.info.ID != id:
		case b.binned:
			m.warn(m.keys.Text("that sample was opened before, and deleted: {undo} brings it back"))
			return nil
		default:
			m.switchTo(k)
			x.hidden, m.focus = true, onThought
			return nil
		}
	}
	m.busy = true
	ctx, e, n := m.ctx, m.explorer(x.of), m.news
	return func() tea.Msg {
		live, err := e.Open(ctx, trial.Branch)
		if err == nil {
			n.post(func(*Model) { x.opened[trial.Branch] = live.Branch().ID })
		}
		return branchStarted{live: live, err: err, what: "open that sample", parent: x.of, at: parted(live, err)}
	}
}

func parted(l Live, err error) int {
	if err != nil {
		return 0
	}
	return l.Branch().At
}
