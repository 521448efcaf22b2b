package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"s1/tui/keys"
	"s1/tui/overlay"
	"s1/tui/pane/curate"
	"s1/tui/text"
)

// curation is the pane of curation and what it watches.
type curation struct {
	open    bool
	pane    curate.Pane
	folder  string
	state   *CurationState // nil: none is open
	tried   []CurationTry
	recount *CurationState // with what is tried
	tries   int            // of the newest recount; older answers are dropped
	watch   context.CancelFunc
	watched int           // of the newest watching; reports of older ones are dropped
	rows    *curationRows // nil: the funnel
}

func (m *Model) openCuration() tea.Cmd {
	m.curation.open, m.curation.pane.Theme = true, m.theme
	return nil
}

// closeCuration goes one level back: from the rows, from what is tried, and out.
func (m *Model) closeCuration() {
	c := &m.curation
	switch {
	case c.rows != nil:
		c.rows = nil
	case len(c.tried) > 0:
		c.tried, c.recount = nil, nil
		c.tries++
		m.say("the recipe's own numbers again")
	default:
		c.open = false
	}
}

func (m *Model) curateState() keys.CurateState {
	c := &m.curation
	s := keys.CurateState{Can: m.opt.Curator != nil, Open: c.open, Run: c.state != nil, Rows: c.rows != nil, Tried: len(c.tried) > 0}
	if c.state != nil {
		s.Running = c.state.State == string(curate.Running)
		s.Numbers = len(c.numbers("")) > 0
		s.Failed = slices.ContainsFunc(c.state.Stages, func(s CurationStage) bool { return slices.ContainsFunc(s.Rules, CurationRule.Failed) })
	}
	s.Reading = c.rows != nil && c.rows.busy
	if row, ok := c.row(); ok {
		s.Row, s.Hand = true, row.Hand
	}
	return s
}

// actCuration does what a key of the curation means.
func (m *Model) actCuration(a keys.Action) (cmd tea.Cmd, heard bool) {
	c, cu := &m.curation, m.opt.Curator
	folder := c.folder
	switch a {
	case keys.LineUp, keys.LineDown, keys.PageUp, keys.PageDown, keys.HalfUp, keys.HalfDown, keys.Top, keys.Bottom:
		return m.moveCuration(strides[a]), true
	case keys.CurateClose:
		m.closeCuration()
	case keys.CurateNew:
		return m.chooseRecipe(), true
	case keys.CurateFolder:
		m.inputCurationFolder()
	case keys.CurateStop:
		m.say("it finishes its row and stops")
		return m.curating("stop it", func(ctx context.Context) error { return cu.Stop(ctx, folder) }, nil), true
	case keys.CurateResume, keys.CurateRetry:
		return m.curating("go on with it", func(ctx context.Context) error { return cu.Resume(ctx, folder, a == keys.CurateRetry) },
			func(m *Model) tea.Cmd { return m.watchCuration(folder) }), true
	case keys.CurateEnter:
		if c.rows != nil {
			return m.openRow(), true
		}
		return m.showCurationRows(), true
	case keys.CurateSide:
		return m.turnRows(), true
	case keys.CurateSearch:
		m.inputRowSearch()
	case keys.CurateWhy:
		m.inputWhy()
	case keys.CurateTry:
		m.chooseNumber()
	case keys.CurateKeep, keys.CurateDrop:
		m.inputDecision(a == keys.CurateKeep)
	case keys.CurateUndo:
		return m.decide(CurationDecision{Undo: true}), true
	default:
		return nil, false
	}
	return nil, true
}

// curating does something outside of the screen and tells how it ended.
func (m *Model) curating(what string, do func(context.Context) error, then func(*Model) tea.Cmd) tea.Cmd {
	ctx, n := m.ctx, m.news
	return func() tea.Msg {
		err := do(ctx)
		n.postThen(func(m *Model) tea.Cmd {
			switch {
			case errors.Is(err, context.Canceled):
			case err != nil:
				m.warn("could not " + what + ": " + oneLine(err.Error()))
			case then != nil:
				return then(m)
			}
			return nil
		})
		return nil
	}
}

// watchCuration opens a run, and follows it while it runs. Nothing is asked of a run that has ended.
func (m *Model) watchCuration(folder string) tea.Cmd {
	c := &m.curation
	if c.watch != nil {
		c.watch()
	}
	if c.folder != folder {
		c.state, c.rows, c.tried, c.recount, c.pane.Cursor = nil, nil, nil, nil, 0
	}
	ctx, cancel := context.WithCancel(m.ctx)
	c.folder, c.watch = folder, cancel
	c.watched++
	cu, n, seq := m.opt.Curator, m.news, c.watched
	return func() tea.Msg {
		defer cancel()
		err := cu.Watch(ctx, folder, func(s CurationState) {
			n.post(func(m *Model) {
				if m.curation.watched != seq {
					return
				}
				before := m.curation.state
				m.curation.state = &s
				if before != nil && before.State == string(curate.Running) && s.State != before.State {
					m.say("the curation is " + s.State)
				}
			})
		})
		if err != nil && !errors.Is(err, context.Canceled) {
			n.post(func(m *Model) { m.warn("could not read the curation in " + folder + ": " + oneLine(err.Error())) })
		}
		return nil
	}
}

// chooseRecipe asks for a recipe, then for a folder.
func (m *Model) chooseRecipe() tea.Cmd {
	cu := m.opt.Curator
	var list []CurationRecipe
	return m.curating("list the recipes", func(ctx context.Context) (err error) {
		list, err = cu.Recipes(ctx)
		return err
	}, func(m *Model) tea.Cmd {
		l := &overlay.List{Theme: m.theme, Title: "curate by which recipe", Foot: "enter takes it   esc back", CanRun: true}
		for _, r := range list {
			l.Rows = append(l.Rows, [3]string{text.Head(r.Name, 40), text.Head(r.About, 80), ""})
		}
		l.Rows = append(l.Rows, [3]string{"a file", "a recipe of your own, in TOML", ""})
		m.over = l
		m.chosen = func(r overlay.Result) tea.Cmd {
			if r.Pick < len(list) {
				pick := list[r.Pick]
				if !pick.Bare {
					m.inputCurationOut(pick.Name, "", pick.Folder)
					return nil
				}
				m.input(overlay.Input{Title: "data", Hint: "the rows: a file (JSON lines, Parquet, Arrow; .gz, .zst) or a folder of them", Check: needText("a file or a folder")}, func(s string) tea.Cmd {
					m.inputCurationOut(pick.Name, strings.TrimSpace(s), pick.Folder)
					return nil
				})
				return nil
			}
			m.input(overlay.Input{Title: "recipe", Hint: "the file of a recipe, in TOML", Check: needText("the name of a file")}, func(s string) tea.Cmd {
				m.inputCurationOut(strings.TrimSpace(s), "", strings.TrimSuffix(strings.TrimSpace(s), ".toml"))
				return nil
			})
			return nil
		}
		return nil
	})
}

func needText(what string) func(string) string {
	return func(s string) string {
		if strings.TrimSpace(s) == "" {
			return what
		}
		return ""
	}
}

func (m *Model) inputCurationOut(recipe, data, folder string) {
	in := overlay.Input{Title: "folder", Hint: "where " + oneLine(text.Head(recipe, 60)) + " puts its stages and its selection; one that is there is not overwritten", Check: needText("the name of a folder")}
	in.Editor.Set(folder)
	m.input(in, func(s string) tea.Cmd {
		cu, s := m.opt.Curator, strings.TrimSpace(s)
		m.say("starting")
		return m.curating("start it", func(ctx context.Context) error { return cu.Start(ctx, recipe, data, s) }, func(m *Model) tea.Cmd {
			m.say(m.keys.Text("it runs; {curate-stop} stops it, {curate-close} leaves it running"))
			return m.watchCuration(s)
		})
	})
}

func (m *Model) inputCurationFolder() {
	in := overlay.Input{Title: "open", Hint: "the folder of a curation", Check: needText("the name of a folder")}
	in.Editor.Set(m.curation.folder)
	m.input(in, func(s string) tea.Cmd { return m.watchCuration(strings.TrimSpace(s)) })
}

// numbers are those of a stage, or of all stages when it has none or is "".
func (c *curation) numbers(stage string) (out []CurationTry) {
	if c.state == nil {
		return nil
	}
	for _, s := range c.state.Stages {
		for _, n := range s.Numbers {
			if s.State == string(curate.Done) && (stage == "" || stage == s.Name) {
				out = append(out, CurationTry{s.Name, n.Name, n.Value})
			}
		}
	}
	if len(out) == 0 && stage != "" {
		return c.numbers("")
	}
	return out
}

// stageAt is the stage under the cursor of the funnel, "" for none.
func (c *curation) stageAt() string {
	l, ok := c.pane.At()
	if !ok || l.Stage < 0 || c.state == nil || l.Stage >= len(c.state.Stages) {
		return ""
	}
	return c.state.Stages[l.Stage].Name
}

// chooseNumber asks which number, where there are several, and then for its value.
func (m *Model) chooseNumber() {
	list := m.curation.numbers(m.curation.stageAt())
	if len(list) == 1 {
		m.inputNumber(list[0])
		return
	}
	l := &overlay.List{Theme: m.theme, Title: "try another", Foot: "enter takes it   esc back", CanRun: true}
	for _, n := range list {
		l.Rows = append(l.Rows, [3]string{text.Head(n.Stage, 30), text.Head(n.Name, 30), text.Head(n.Value, 20)})
	}
	m.over = l
	m.chosen = func(r overlay.Result) tea.Cmd {
		m.inputNumber(list[r.Pick])
		return nil
	}
}

func (m *Model) inputNumber(t CurationTry) {
	own := t.Value
	in := overlay.Input{Title: t.Stage + ": " + t.Name, Hint: fmt.Sprintf("the recipe says %s; counted from what the stages kept, nothing is written", oneLine(text.Head(own, 40))), Check: needText("a value")}
	in.Editor.Set(own)
	m.input(in, func(s string) tea.Cmd {
		c, cu := &m.curation, m.opt.Curator
		t.Value = strings.TrimSpace(s)
		var tried []CurationTry
		for _, o := range c.tried {
			if o.Stage != t.Stage || o.Name != t.Name {
				tried = append(tried, o)
			}
		}
		if t.Value != own {
			tried = append(tried, t)
		}
		c.tries++
		try, folder := c.tries, c.folder
		var counted CurationState
		return m.curating("count with "+t.Name+" "+t.Value, func(ctx context.Context) (err error) {
			counted, err = cu.Recount(ctx, folder, tried)
			return err
		}, func(m *Model) tea.Cmd {
			if c := &m.curation; c.tries == try && c.folder == folder {
				c.tried, c.recount = tried, &counted
			}
			return nil
		})
	})
}
