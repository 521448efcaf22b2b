package app

import (
	"context"
	"fmt"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"s1/tui/keys"
	"s1/tui/overlay"
	"s1/tui/pane/lab"
)

// bench is the lab on the screen. A sweep goes on while the lab is left.
type bench struct {
	open     bool
	view     lab.View
	values   map[string]string // of the form, where they were changed
	servers  []LabServer       // that the form names, as they were found
	forecast string
	busy     string
	fault    string
	report   *LabReport
	items    []LabItem // of the point in view
	class    int       // index into classes
	blocks   bool

	cancel context.CancelFunc // of the sweep under way; nil = none
	held   bool
	reckon context.CancelFunc // of the forecast, or of the look at servers, that is under way; nil = none
	turn   int                // of the newest of those; what an older one finds is dropped
	seq    int                // of the newest question about a folder, likewise
}

// classes are what the list of questions can be narrowed to; "" = all.
var classes = []string{"", "wrong", "right", "empty", "cut", "unparsed", "error"}

func (m *Model) laboratory() Laboratory {
	if e, ok := m.thinker.(Experimenter); ok {
		return e.Laboratory()
	}
	return nil
}

func (m *Model) openBench() tea.Cmd {
	b := &m.bench
	b.open, m.focus = true, onBench
	if b.values != nil {
		return nil
	}
	b.values = map[string]string{}
	m.labPane.Fields = m.laboratory().Setup(b.values)
	return m.lookAtServers()
}

func (m *Model) closeBench() {
	m.bench.open, m.focus = false, onThought
	if m.now() == nil {
		m.focus = onPrompt
	}
}

func (m *Model) fillBench() {
	b, p := &m.bench, &m.labPane
	p.Servers = b.servers
	p.Focused, p.View, p.Forecast, p.Busy, p.Fault, p.Report, p.Blocks = true, b.view, b.forecast, b.busy, b.fault, b.report, b.blocks
	p.Keys = m.keys.Text("{lab-enter} changes a field, {lab-forecast} says what it will cost, {lab-start} starts it, {lab-folder} opens one that is there")
	p.Class = classes[b.class]
	p.Items = p.Items[:0]
	for _, it := range b.items {
		if p.Class == "" || it.Outcome == p.Class {
			p.Items = append(p.Items, it)
		}
	}
	p.Item = min(p.Item, max(len(p.Items)-1, 0))
}

// actBench does what a key of the lab means.
func (m *Model) actBench(a keys.Action) tea.Cmd {
	b := &m.bench
	b.fault = ""
	switch a {
	case keys.StudyLeave:
		m.closeBench()
	case keys.StudyBack:
		m.benchBack()
	case keys.StudyEnter:
		return m.benchEnter()
	case keys.StudyForecast:
		return m.reckon()
	case keys.StudyStart:
		return m.startSweep()
	case keys.StudyFolder:
		m.inputSweepFolder()
	case keys.StudyPause:
		b.held = !b.held
		m.laboratory().Pause(b.held)
		if b.report != nil {
			b.report.State = map[bool]string{true: "paused", false: "running"}[b.held]
		}
	case keys.StudyStop:
		b.cancel()
		if b.report != nil {
			b.report.State = "stopping"
		}
	case keys.StudyNew:
		b.view = lab.Setup
	case keys.StudyClass:
		b.class, m.labPane.Item = (b.class+1)%len(classes), 0
	case keys.StudyInk:
		b.blocks = !b.blocks
	}
	return nil
}

// benchBack goes one step out: questions, curve, thought. A form that was opened over a sweep goes back to it.
func (m *Model) benchBack() {
	b := &m.bench
	switch {
	case b.reckon != nil:
		b.reckon()
	case b.view == lab.Items:
		b.view, b.items, b.busy = lab.Curve, nil, ""
		b.seq++
	case b.view == lab.Setup && b.report != nil && b.cancel != nil:
		b.view = lab.Curve
	default:
		m.closeBench()
	}
}

func (m *Model) benchEnter() tea.Cmd {
	b, p := &m.bench, &m.labPane
	m.fillBench()
	switch b.view {
	case lab.Setup:
		if p.Field >= 0 && p.Field < len(p.Fields) {
			m.inputField(p.Fields[p.Field])
		}
	case lab.Curve:
		return m.lookBehind()
	case lab.Items:
		if p.Item < len(p.Items) {
			return m.openTrace(p.Items[p.Item].Index)
		}
		m.warn("there is no question here")
	}
	return nil
}

func (m *Model) inputField(f LabField) {
	if m.bench.cancel != nil {
		m.warn(m.keys.Text("a sweep is under way: {lab-stop} stops it and keeps everything"))
		return
	}
	in := overlay.Input{Title: f.Name, Hint: orElse(f.Hint, "the value of "+f.Name)}
	in.Editor.Set(f.Value)
	m.input(in, func(s string) tea.Cmd {
		b := &m.bench
		b.values[f.Name] = strings.TrimSpace(s)
		b.forecast = ""
		m.labPane.Fields = m.laboratory().Setup(b.values)
		if f.Name == "model" {
			return m.lookAtServers()
		}
		return nil
	})
}

func (m *Model) startSweep() tea.Cmd {
	b := &m.bench
	if b.reckon != nil {
		m.warn(m.keys.Text("one moment: " + b.busy + "; {lab-back} stops that"))
		return nil
	}
	if b.fault = m.wrong(); b.fault != "" {
		b.view = lab.Setup
		return nil
	}
	ctx, cancel := context.WithCancel(m.ctx)
	b.cancel, b.held, b.items, b.busy = cancel, false, nil, ""
	b.view, b.report = lab.Curve, &LabReport{State: "running", Model: m.info.Name, Data: b.values["data"]}
	l, values, n := m.laboratory(), copied(b.values), m.news
	return func() tea.Msg {
		defer cancel()
		err := l.Start(ctx, values, func(r LabReport) {
			n.post(func(m *Model) {
				if m.bench.held && r.State == "running" {
					r.State = "paused"
				}
				m.bench.report = &r
			})
		})
		stopped := ctx.Err() != nil
		n.post(func(m *Model) { m.sweepEnded(stopped, err) })
		return nil
	}
}

func (m *Model) sweepEnded(stopped bool, err error) {
	b := &m.bench
	b.cancel, b.held = nil, false
	r := b.report
	switch {
	case err == nil:
		r.State = "done"
		m.say(fmt.Sprintf("the sweep is done: %d questions, report.md, plot.svg, points.csv and items.jsonl are in %s", r.Items, r.Folder))
	case stopped:
		r.State = "stopped"
		m.say(fmt.Sprintf("stopped, %d of %d questions are kept in %s", r.Done, r.Items, r.Folder))
	default:
		r.State, r.Fault = "failed", err.Error()
		m.warn("the sweep failed: " + oneLine(err.Error()))
	}
}

func (m *Model) inputSweepFolder() {
	in := overlay.Input{Title: "open a sweep", Hint: "a folder that s1 sweep, or the lab, has written"}
	for _, f := range m.labPane.Fields {
		if f.Name == "folder" {
			in.Editor.Set(f.Value)
		}
	}
	m.input(in, func(dir string) tea.Cmd {
		b := &m.bench
		b.seq++
		seq, ctx, l, n := b.seq, m.ctx, m.laboratory(), m.news
		b.busy = "reading " + dir
		return func() tea.Msg {
			r, values, err := l.Look(ctx, strings.TrimSpace(dir))
			n.post(func(m *Model) {
				b := &m.bench
				if seq != b.seq || b.cancel != nil {
					return
				}
				b.busy = ""
				if err != nil {
					b.fault, b.view = err.Error(), lab.Setup
					return
				}
				if own, ok := b.values["model"]; ok { // a folder names no servers: what lies there must not decide who is asked
					values["model"] = own
				}
				b.report, b.view, b.values, b.forecast = &r, lab.Curve, values, ""
				m.labPane.Point, m.labPane.Fields = 0, m.laboratory().Setup(values)
			})
			return nil
		}
	})
}

// lookBehind asks for the questions behind the point under the cursor.
func (m *Model) lookBehind() tea.Cmd {
	b, p := &m.bench, &m.labPane
	if b.report == nil || p.Point >= len(b.report.Points) || p.Point < 0 {
		m.warn("there is no point yet")
		return nil
	}
	b.seq++
	b.view, b.items, b.busy, p.Item = lab.Items, nil, "reading the questions", 0
	seq, ctx, l, n, dir, at := b.seq, m.ctx, m.laboratory(), m.news, b.report.Folder, p.Point
	return func() tea.Msg {
		items, err := l.Items(ctx, dir, at)
		n.post(func(m *Model) {
			if seq != m.bench.seq {
				return
			}
			m.bench.busy, m.bench.items = "", items
			if err != nil {
				m.bench.fault, m.bench.view = err.Error(), lab.Curve
				m.warn("could not read the questions: " + oneLine(err.Error()))
			}
		})
		return nil
	}
}

// openTrace makes an item's trace again and leaves the lab for it.
func (m *Model) openTrace(item int) tea.Cmd {
	b := &m.bench
	switch {
	case m.busy:
		m.warn("a branch is being made already")
		return nil
	case m.anyRunning():
		m.warn(m.keys.Text("a branch is still at work: {lab-leave} goes to it, {stop} stops it and keeps everything"))
		return nil
	}
	m.busy, b.busy = true, "making its trace again"
	ctx, l, n, dir, point := m.ctx, m.laboratory(), m.news, b.report.Folder, m.labPane.Point
	return func() tea.Msg {
		live, note, err := l.Trace(ctx, dir, point, item)
		n.post(func(m *Model) {
			m.bench.busy = ""
			if err != nil {
				m.bench.fault = err.Error()
				return
			}
			m.bench.open = false
			if note != "" {
				m.warn(note)
			} else {
				m.say(m.keys.Text("{lab} goes back to the lab"))
			}
		})
		if err != nil {
			n.post(func(m *Model) { m.busy = false })
			return nil
		}
		return branchStarted{live: live, what: "open that trace"}
	}
}
