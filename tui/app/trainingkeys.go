package app

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"s1/tui/keys"
	"s1/tui/overlay"
	"s1/tui/pane/train"
)

// actTraining does what a key of the pane means.
func (m *Model) actTraining(a keys.Action) (cmd tea.Cmd, heard bool) {
	t, tr := &m.training, m.opt.Trainer
	p := &t.pane
	id := t.watched.ID
	views := map[keys.Action]train.View{keys.TrainChoose: train.Choose, keys.TrainData: train.Data, keys.TrainMemory: train.Memory, keys.TrainWatch: train.Watch, keys.TrainRuns: train.Runs}
	if v, ok := views[a]; ok {
		p.View = v
		return m.lookTraining(), true
	}
	switch a {
	case keys.TrainNext:
		p.View = (p.View + 1) % train.Views
		return m.lookTraining(), true
	case keys.TrainBack:
		p.View = (p.View + train.Views - 1) % train.Views
		return m.lookTraining(), true
	case keys.TrainEnter:
		switch p.View {
		case train.Choose:
			m.inputTrainField()
		case train.Runs:
			if i := p.List.Cursor; i < len(t.runs) {
				return m.watch(t.runs[i]), true
			}
		case train.Watch:
			p.Live.Zoomed = !p.Live.Zoomed
		}
	case keys.TrainUp, keys.TrainDown:
		m.stepTraining(map[keys.Action]int{keys.TrainUp: -1, keys.TrainDown: 1}[a])
	case keys.TrainLeft, keys.TrainRight:
		return m.sideTraining(map[keys.Action]int{keys.TrainLeft: -1, keys.TrainRight: 1}[a]), true
	case keys.TrainPageNext, keys.TrainPageBack:
		m.pageTraining(map[keys.Action]int{keys.TrainPageBack: -1, keys.TrainPageNext: 1}[a])
	case keys.TrainLaunch:
		c := t.choice
		var run TrainRun
		m.say("looking at what it needs" + m.theme.Glyphs.Ellipsis)
		return m.doTraining("launch it", func(ctx context.Context) (string, error) {
			var err error
			run, err = tr.Launch(ctx, c)
			return "launched; it goes on when this screen is closed", err
		}, func(m *Model) tea.Cmd { return tea.Batch(m.watch(run), m.lookJobs()) }), true
	case keys.TrainCopy:
		m.copyCommand()
	case keys.TrainStop:
		say := "it finishes the micro-batch, saves and ends"
		if t.asked {
			say = "aborted; the last checkpoint is good"
		}
		t.asked = true
		return m.doTraining("stop it", func(ctx context.Context) (string, error) { return say, tr.Stop(ctx, id) }, nil), true
	case keys.TrainCheckpoint:
		if t.watched.SavesOn {
			m.say("it saves after its step, and goes on" + m.theme.Glyphs.Ellipsis)
			return m.doTraining("save now", func(ctx context.Context) (string, error) { return "saved; it goes on", tr.Checkpoint(ctx, id) }, nil), true
		}
		m.say("it saves and ends, and is started again at once")
		return m.doTraining("save now", func(ctx context.Context) (string, error) { return "saved; it goes on", tr.Checkpoint(ctx, id) }, m.watchAgain), true
	case keys.TrainResume:
		if t.watched.Running && t.watched.Requeues && !t.watched.Resumable {
			return m.doTraining("queue it again", func(ctx context.Context) (string, error) {
				return "it saves after its step, and queues again", tr.Resume(ctx, id)
			}, nil), true
		}
		return m.doTraining("resume it", func(ctx context.Context) (string, error) {
			return "it goes on from its newest checkpoint", tr.Resume(ctx, id)
		}, m.watchAgain), true
	case keys.TrainBest:
		return m.doTraining("keep the best", func(ctx context.Context) (string, error) { return tr.Best(ctx, id) }, nil), true
	case keys.TrainPair:
		in := overlay.Input{Title: "ask the base and the tuned model", Hint: "the same question, the same budget and seed; both are kept as sessions"}
		in.Editor.Set(orElse(m.question, m.examples.offer()))
		m.input(in, func(s string) tea.Cmd {
			if strings.TrimSpace(s) == "" {
				return nil
			}
			return m.pairUp(s)
		})
	case keys.TrainPin:
		in := overlay.Input{Title: "a question to ask at each checkpoint of the next launch", Hint: "QUESTION, or QUESTION => ANSWER; under each cap of the recipe"}
		in.Editor.Set(orElse(m.question, m.examples.offer()))
		m.input(in, m.pin)
	case keys.TrainUnpin:
		at := max(strings.LastIndexByte(t.choice.Pins, '\n'), 0)
		t.choice.Pins = t.choice.Pins[:at]
		m.say("the last pinned question is gone")
		return m.planTraining(), true
	case keys.TrainLog:
		if i := p.Live.Focus; i < len(p.Live.Charts) {
			name := p.Live.Charts[i].Name
			t.log[name] = !t.log[name]
		}
	case keys.TrainSmooth:
		t.smooth = (t.smooth + 1) % len(smoothings)
	case keys.TrainOver:
		m.overTraining()
	case keys.TrainFilter:
		in := overlay.Input{Title: "only curves whose name holds", Hint: "empty shows all"}
		in.Editor.Set(t.filter)
		m.input(in, func(s string) tea.Cmd {
			m.training.filter, m.training.pane.Live.Focus = strings.TrimSpace(s), 0
			return nil
		})
	case keys.TrainIn:
		if t.window < 16 {
			t.window++
		}
	case keys.TrainOut:
		t.window = max(t.window-1, 0)
	case keys.TrainRaw:
		p.Live.ShowRaw = !p.Live.ShowRaw
	case keys.TrainForm:
		p.Form = nextForm(p.Form)
	case keys.TrainReset:
		t.window, t.back, t.smooth, t.filter, p.Live.Zoomed, p.Live.ShowRaw = 0, 0, 0, "", false, false
		t.log, t.over = map[string]bool{}, map[string]*measured{}
	case keys.TrainClose:
		switch {
		case p.View == train.Watch && p.Live.ShowRaw:
			p.Live.ShowRaw = false
		case p.View == train.Watch && p.Live.Zoomed:
			p.Live.Zoomed = false
		default:
			t.open = false
		}
	default:
		return nil, false
	}
	return nil, true
}

func (m *Model) watchAgain(m2 *Model) tea.Cmd {
	return tea.Batch(m2.watch(m2.training.watched), m2.lookJobs())
}

func (m *Model) stepTraining(by int) {
	p := &m.training.pane
	switch p.View {
	case train.Choose:
		p.Chosen.Cursor = min(max(p.Chosen.Cursor+by, 0), len(m.trainFields())-1)
	case train.Data:
		p.Rows.Top = max(p.Rows.Top+by, 0)
	case train.Runs:
		p.List.Cursor = min(max(p.List.Cursor+by, 0), max(len(m.training.runs)-1, 0))
	case train.Watch:
		if n := len(p.Live.Charts); n > 0 {
			p.Live.Focus = (p.Live.Focus + by + n) % n
		}
	}
}

func (m *Model) sideTraining(by int) tea.Cmd {
	t := &m.training
	switch t.pane.View {
	case train.Choose:
		return m.stepField(by)
	case train.Data:
		t.rowAt = max(t.rowAt+by, 0)
		return m.lookTraining()
	case train.Watch:
		t.back = max(t.back-by*max(m.windowSteps()/4, 1), 0)
	}
	return nil
}

func (m *Model) pageTraining(by int) {
	p := &m.training.pane
	if p.View == train.Choose { // its fields are few; what does not fit below them is turned over
		p.Chosen.Turn(by)
		return
	}
	if p.View != train.Watch {
		for range 10 {
			m.stepTraining(by)
		}
		return
	}
	_, pages := p.Live.Pages()
	if n := len(p.Live.Charts); n > 0 && pages > 0 {
		p.Live.Focus = min(max(p.Live.Focus+by*((n+pages-1)/pages), 0), n-1)
	}
}

// windowSteps is how many steps are in view.
func (m *Model) windowSteps() int {
	n := len(m.training.record.x)
	if n == 0 {
		return 0
	}
	all := int(m.training.record.x[n-1] - m.training.record.x[0])
	return max(all>>m.training.window, 1)
}

// overTraining lets a run be chosen whose curves are laid over these.
func (m *Model) overTraining() {
	t := &m.training
	list := &overlay.List{Theme: m.theme, Title: "lay a run over", CanRun: true, Empty: "there is no other run", Foot: "enter lays it over, or takes it away   esc closes"}
	var ids []TrainRun
	for _, r := range t.runs {
		if r.ID != t.watched.ID {
			ids = append(ids, r)
			list.Rows = append(list.Rows, [3]string{r.Started, r.Name, r.State})
		}
	}
	m.over = list
	m.chosen = func(res overlay.Result) tea.Cmd {
		r := ids[res.Pick]
		if t.over[r.ID] != nil {
			delete(t.over, r.ID)
			return nil
		}
		rec := &measured{}
		t.over[r.ID] = rec
		ctx, cancel := context.WithCancel(m.ctx)
		tr, n := m.opt.Trainer, m.news
		return func() tea.Msg {
			defer cancel()
			err := tr.History(ctx, r.ID, func(x TrainNews) { n.post(func(*Model) { rec.take(x) }) })
			if err != nil {
				n.post(func(m *Model) { m.warn("could not read that run: " + oneLine(err.Error())) })
			}
			return nil
		}
	}
}

// fillTraining gives the pane what it shows.
func (m *Model) fillTraining() {
	t := &m.training
	p := &t.pane
	m.fillChosen()
	p.List.Empty = m.keys.Text("no run yet: {train-choose} chooses one, {train-launch} launches it")
	p.List.Runs = p.List.Runs[:0]
	for _, r := range t.runs {
		p.List.Runs = append(p.List.Runs, train.Run{Name: r.Name, State: r.State, Where: r.Where, Started: r.Started, Running: r.Running, Watched: r.ID == t.watched.ID})
	}
	m.fillLive()
}

func (m *Model) fillLive() {
	t := &m.training
	l, r, w := &t.pane.Live, &t.record, t.watched
	l.Empty = m.keys.Text("no run is watched: {train-runs} lists them, {train-launch} launches what is chosen")
	l.Name, l.State, l.Running, l.Failed, l.Step, l.Total, l.Filter = w.Name, w.State, w.Running, w.State == "failed" || w.State == "crashed", r.last.Step, r.news.Total, t.filter
	l.Facts, l.Machine, l.Notes, l.Over, l.Missing, l.Charts, l.Raw = nil, nil, nil, nil, nil, l.Charts[:0], nil
	if v := r.last.Values["tokens/s"]; v > 0 {
		l.Facts = append(l.Facts, fmt.Sprintf("epoch %.2f", r.last.Epoch), fmt.Sprintf("%.0f tok/s", v))
	}
	if w.Running && w.State != held { // what stands still has no end in sight
		l.Facts = append(l.Facts, trainLeft(r.last.ETA))
	}
	if r.news.Saved > 0 {
		l.Facts = append(l.Facts, fmt.Sprintf("saved at %d", r.news.Saved))
	}
	if r.news.Best > 0 {
		l.Facts = append(l.Facts, fmt.Sprintf("best at %d", r.news.Best))
	}
	l.Asked, l.AskedCost = r.asked, r.news.Pinned
	if r.took > 0 && len(r.asked) > 0 {
		l.AskedCost += fmt.Sprintf("; %.1f s at the last", r.took)
	}
	for _, f := range r.news.Machine {
		l.Machine = append(l.Machine, f.Name+" "+f.Value)
	}
	l.Machine = append(l.Machine, m.machineWords()...)
	if r.skipped > 0 {
		l.Notes = append(l.Notes, fmt.Sprintf("%d steps skipped", r.skipped))
	}
	if r.news.Broken > 0 {
		l.Notes = append(l.Notes, fmt.Sprintf("%d lines of the metrics are no steps", r.news.Broken))
	}
	l.Cause = ""
	switch n := len(r.news.Log); {
	case !w.Running && (l.Failed || r.news.Cause != ""):
		l.Cause = r.news.Cause
		if l.Cause == "" && n > 0 {
			l.Cause = r.news.Log[n-1]
		}
	case n > 0 && (!w.Running || len(r.x) == 0): // before the first step: what it does instead, such as waiting in a queue
		l.Notes = append(l.Notes, r.news.Log[n-1])
	}
	l.Raw = append(append(l.Raw, r.last.Raw), r.news.Log...)
	from, to := 0.0, 1.0
	if n := len(r.x); n > 0 {
		t.back = min(t.back, int(r.x[n-1]-r.x[0]))
		to = r.x[n-1] - float64(t.back)
		from = max(to-float64(m.windowSteps()), r.x[0])
	}
	var over []*measured
	for _, x := range t.runs {
		if o := t.over[x.ID]; o != nil {
			over = append(over, o)
			l.Over = append(l.Over, x.Name)
			if n := len(o.x); n > 0 && t.window == 0 && t.back == 0 {
				from, to = min(from, o.x[0]), max(to, o.x[n-1])
			}
		}
	}
	for _, c := range trainCurves {
		ys := r.y[c.name]
		if !slices.ContainsFunc(ys, func(v float64) bool { return v == v && !math.IsInf(v, 0) }) {
			l.Missing = append(l.Missing, c.name)
			continue
		}
		if t.filter != "" && !strings.Contains(c.name, t.filter) {
			continue
		}
		ch := train.Chart{Name: c.name, Unit: c.unit, Percent: c.percent, Curve: train.Curve{X: r.x, Y: ys}, From: from, To: to, Log: t.log[c.name], Smooth: smoothings[t.smooth]}
		for _, o := range over {
			ch.Over = append(ch.Over, train.Curve{X: o.x, Y: o.y[c.name]})
		}
		l.Charts = append(l.Charts, ch)
	}
}
