package app

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	tea "github.com/charmbracelet/bubbletea"

	"s1/engine/trace"
	"s1/tui/keys"
	"s1/tui/overlay"
	"s1/tui/pane/trials"
	"s1/tui/text"
)

// press hears one key: an overlay first, then the table, then the prompt.
func (m *Model) press(k tea.KeyMsg) tea.Cmd {
	if k.Type == tea.KeyRunes && len(k.Runes) > 1 && !k.Paste && !k.Alt && (m.over != nil || m.focus != onPrompt) {
		// Keys pressed faster than the terminal is read arrive together.
		var cmds []tea.Cmd
		for _, r := range k.Runes {
			cmds = append(cmds, m.press(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune{r}}))
		}
		return tea.Batch(cmds...)
	}
	key, typed := k.String(), ""
	if m.story != nil {
		m.takeOver()
		if !m.keys.Is(keys.Quit, key) {
			return nil
		}
	}
	if k.Type == tea.KeyRunes && !k.Alt {
		typed = string(k.Runes)
	}
	if k.Type == tea.KeySpace && !k.Alt {
		typed = " "
	}
	if m.over != nil && !m.keys.Is(keys.Suspend, key) {
		return m.pressOver(key, typed)
	}
	if !m.keys.Is(keys.Quit, key) {
		m.quitArmed = false
	}
	if !k.Paste && key != "" {
		if b, ok := m.keys.Find(m.state(), key); ok && !m.typing(b) {
			if b.Action != keys.Stop || m.fault == "" {
				m.notice, m.alarm = "", false
			}
			return m.try(b, key)
		}
	}
	m.notice, m.alarm = "", false
	if key == "esc" { // also when stop is on another key
		m.back()
		return nil
	}
	if m.focus == onPrompt {
		if typed != "" {
			m.promptPane.Editor.Insert(typed)
		} else {
			m.promptPane.Editor.Press(key)
		}
		return nil
	}
	if typed != "" && len([]rune(typed)) == 1 {
		m.say(text.Clean(typed, m.theme.ASCII) + m.keys.Text(" does nothing here; {help} shows all keys, {ask} goes to the prompt"))
	} else if typed != "" {
		// Pasted text belongs to the prompt, wherever the focus was.
		if m.shelf.open {
			m.closeShelf()
		}
		if m.jobs.open {
			m.closeJobs()
		}
		m.bench.open, m.curation.open = false, false
		m.focus = onPrompt
		m.promptPane.Editor.Insert(typed)
	}
	return nil
}

// typing says that a key the table knows is meant for the text after all.
func (m *Model) typing(b keys.Binding) bool {
	if m.focus != onPrompt {
		return false
	}
	text := m.promptPane.Editor.Value()
	return b.Action == keys.QuitEmpty && text != "" || b.Action == keys.Example && (text != "" || m.examples.offer() == "")
}

func (m *Model) pressOver(key, typed string) tea.Cmd {
	r := m.over.Press(key, typed)
	if !r.Close {
		return nil
	}
	chosen := m.chosen
	m.over, m.chosen = nil, nil
	if r.Done && chosen != nil {
		return chosen(r)
	}
	return nil
}

// try does what a binding means, or says why not. Esc has a meaning of its own in every state.
func (m *Model) try(b keys.Binding, key string) tea.Cmd {
	if b.Action == keys.Stop && m.back() {
		return nil
	}
	if steers(b.Action) {
		m.fromRecording()
	}
	if why, ok := b.Enabled(m.state()); !ok {
		m.warn(why)
		return nil
	}
	return m.act(b.Action, key)
}

// back steps back one level, and says whether there was one.
func (m *Model) back() bool {
	b := m.now()
	switch {
	case m.fault != "":
		m.fault = ""
	case b != nil && b.err != nil && !b.seen:
		b.seen = true
	case m.focus == onPrompt && b != nil:
		m.focus = onThought
	case m.focus == onPrompt:
		return true
	case m.experimenting():
		m.endTrials()
		m.refocus()
	case m.scrubbing():
		m.closeScrub()
	case m.focus == onToken || m.focus == onTree:
		if m.focus, m.pick = onThought, -1; b != nil {
			m.seen(b)
		}
	case m.comparing && (b == nil || !b.running()):
		m.comparing = false
	case b != nil && b.at >= 0:
		b.at = -1
		m.thoughtsPane.Scroll.Bottom()
	case b != nil && b.running() || b == nil:
		return false
	default: // ended: back to following, which is where one started
		m.thoughtsPane.Scroll.Bottom()
		m.notice, m.alarm = "", false
	}
	return true
}

func (m *Model) act(a keys.Action, key string) tea.Cmd {
	b := m.now()
	if m.bench.open {
		switch a {
		case keys.LineUp, keys.LineDown, keys.PageUp, keys.PageDown, keys.HalfUp, keys.HalfDown, keys.Top, keys.Bottom:
			m.fillBench()
			m.labPane.Move(strides[a])
			return nil
		case keys.StudyEnter, keys.StudyForecast, keys.StudyStart, keys.StudyFolder, keys.StudyPause, keys.StudyStop, keys.StudyNew, keys.StudyClass, keys.StudyInk, keys.StudyBack, keys.StudyLeave:
			return m.actBench(a)
		}
	}
	if m.curation.open || m.keys.Of(a).Where == keys.Curate { // the palette has them everywhere
		m.curation.open, m.curation.pane.Theme = true, m.theme
		if cmd, heard := m.actCuration(a); heard {
			return cmd
		}
	}
	if m.training.open {
		if cmd, heard := m.actTraining(a); heard {
			return cmd
		}
	}
	if m.jobs.open {
		if cmd, heard := m.actJobs(a); heard {
			return cmd
		}
	}
	if m.shelf.open {
		switch a {
		case keys.LineUp, keys.LineDown, keys.PageUp, keys.PageDown, keys.HalfUp, keys.HalfDown, keys.Top, keys.Bottom:
			return m.moveShelf(strides[a])
		case keys.ShelfOpen, keys.ShelfSearch, keys.ShelfFilter, keys.ShelfSelect, keys.ShelfTag, keys.ShelfNote, keys.ShelfExport, keys.ShelfDelete, keys.ShelfUndo, keys.ShelfClose:
			return m.actShelf(a)
		}
	}
	switch a {
	case keys.Send:
		return m.submit()
	case keys.Newline:
		m.promptPane.Editor.Insert("\n")
	case keys.Older:
		m.promptPane.Older()
	case keys.Newer:
		m.promptPane.Newer()
	case keys.Ask:
		m.focus = onPrompt
	case keys.Example:
		m.promptPane.Editor.Set(m.examples.offer())
	case keys.Another:
		m.another()
	case keys.Wait:
		return m.wait(m.waitText())
	case keys.WaitText:
		m.inputWait()
	case keys.Cap:
		m.inputCap()
	case keys.CapUp, keys.CapDown:
		return m.nudgeCap(a == keys.CapUp)
	case keys.Answer:
		return m.answerNow()
	case keys.Inject:
		m.inputInject()
	case keys.Pause:
		if b.state == trace.StatePaused {
			m.send(trace.Command{Kind: trace.CommandResume})
		} else {
			m.send(trace.Command{Kind: trace.CommandPause})
		}
	case keys.Step:
		if b.state != trace.StatePaused {
			m.send(trace.Command{Kind: trace.CommandPause})
		}
		m.send(trace.Command{Kind: trace.CommandStep})
	case keys.Stop:
		m.send(trace.Command{Kind: trace.CommandStop})
	case keys.Hotter:
		m.hotter()
	case keys.Slower, keys.Faster:
		m.changePace(a == keys.Faster)
	case keys.Second:
		m.inputSecond()
	case keys.Compare:
		m.toggleCompare()
	case keys.NextBr, keys.PrevBr:
		m.switchBy(map[keys.Action]int{keys.NextBr: 1, keys.PrevBr: -1}[a])
	case keys.PickBr:
		if i := slices.Index(m.keys.Of(a).Keys, key); i < len(m.branches) && !m.branches[i].binned {
			m.switchTo(i)
		} else {
			m.warn(fmt.Sprintf("there are %d branches", len(m.branches)))
		}
	case keys.Focus:
		m.nextFocus(1)
	case keys.FocusBack:
		m.nextFocus(-1)
	case keys.TokenBack, keys.TokenNext, keys.WordBack, keys.WordNext, keys.SentenceBack, keys.SentenceNext, keys.StepBack, keys.StepNext:
		m.walkOrScrub(a)
	case keys.JumpBack, keys.JumpNext:
		m.jumpTo(a)
	case keys.JumpKind:
		m.nextInterest()
	case keys.Search:
		m.inputSearch()
	case keys.Colour:
		m.nextShade()
	case keys.ShowSignals, keys.ShowToken, keys.ShowTree:
		m.toggle(a)
	case keys.PaneNext:
		m.cyclePanes(1)
	case keys.PaneBack:
		m.cyclePanes(-1)
	case keys.Take:
		return m.enter()
	case keys.Fork:
		return m.fork()
	case keys.Edit:
		m.inputEdit()
	case keys.Editor:
		return m.openEditor()
	case keys.Scrub:
		return m.scrub()
	case keys.Ticker:
		return m.guess(0)
	case keys.Settle:
		return m.guess(settleStay)
	case keys.Lab:
		if !m.again(trials.Lab) {
			m.inputLab()
		}
	case keys.Vote:
		if !m.again(trials.Vote) {
			m.inputVote()
		}
	case keys.Anchor:
		if !m.again(trials.Anchors) {
			return m.anchor()
		}
	case keys.Replay:
		return m.replay()
	case keys.Beside:
		m.beside()
	case keys.Diff:
		m.toggleDiff()
	case keys.Expected:
		m.inputExpected()
	case keys.Mark:
		return m.mark()
	case keys.Worth:
		return m.markWorth()
	case keys.Note:
		m.inputNote()
	case keys.Fold:
		i := m.chosenBranch()
		m.branches[i].folded = !m.branches[i].folded
		m.margin.tree = true
		m.say("what grew from " + m.branches[i].label + " is " + map[bool]string{true: "folded away", false: "shown"}[m.branches[i].folded])
	case keys.Delete:
		return m.bin()
	case keys.Undo:
		return m.undo()
	case keys.LineUp, keys.LineDown, keys.PageUp, keys.PageDown, keys.HalfUp, keys.HalfDown, keys.Top, keys.Bottom:
		m.move(a)
	case keys.StudyEnter, keys.StudyForecast, keys.StudyStart, keys.StudyFolder, keys.StudyPause, keys.StudyStop, keys.StudyNew, keys.StudyClass, keys.StudyInk, keys.StudyBack, keys.StudyLeave:
		m.say(m.keys.Text("that acts in the lab: {lab} goes there")) // the palette brings it anywhere
	case keys.Study:
		m.openBench()
	case keys.Recent:
		if m.library() != nil {
			return m.openShelf()
		}
		return m.loadRecent()
	case keys.Curation:
		return m.openCuration()
	case keys.Training:
		return m.openTraining()
	case keys.ShowJobs:
		return m.openJobs()
	case keys.Help:
		m.over = &overlay.Help{Theme: m.theme, Keys: m.keys, State: m.state()}
	case keys.Palette:
		m.over = &overlay.Palette{Theme: m.theme, Keys: m.keys, State: m.state()}
		m.chosen = func(r overlay.Result) tea.Cmd {
			if m.focus == onPrompt && m.keys.Of(r.Action).Where&keys.Prompt == 0 && b != nil {
				m.focus = onThought
			}
			return m.try(m.keys.Of(r.Action), "")
		}
	case keys.Suspend:
		return tea.Suspend
	case keys.Quit:
		return m.interrupt()
	case keys.QuitEmpty:
		return m.quit()
	}
	return nil
}

// enter means what the pane with the focus makes of it.
func (m *Model) enter() tea.Cmd {
	switch m.focus {
	case onTree:
		m.switchTo(m.chosenBranch())
		return nil
	case onTrials:
		return m.openTrial()
	}
	if m.scrubbing() && m.now().at >= 0 {
		return m.answerAtCursor()
	}
	if why, ok := m.keys.Of(keys.Fork).Enabled(m.state()); !ok { // it needs what a fork needs
		m.warn(why)
		return nil
	}
	return m.takeCandidate()
}

// interrupt stops what runs; pressed again it quits.
func (m *Model) interrupt() tea.Cmd {
	if m.quitArmed {
		return m.quit()
	}
	m.quitArmed = true
	stopped := 0
	for _, b := range m.branches {
		if b.running() {
			b.live.Send(trace.Command{Kind: trace.CommandStop})
			stopped++
		}
	}
	if stopped > 0 {
		m.say(m.keys.Text("stopped, everything is kept; {quit} again quits"))
	} else {
		m.say(m.keys.Text("{quit} again quits"))
	}
	return nil
}

// quit leaves; what still runs is told to stop, so that it is kept as stopped.
func (m *Model) quit() tea.Cmd {
	for _, b := range m.branches {
		if b.running() {
			b.live.Send(trace.Command{Kind: trace.CommandStop})
		}
	}
	return tea.Quit
}

func (m *Model) submit() tea.Cmd {
	q := m.promptPane.Editor.Value()
	if strings.TrimSpace(q) == "" {
		q = m.examples.offer()
	}
	m.promptPane.Keep(q)
	if m.thinker == nil {
		m.queued = q
		m.say("it will be asked as soon as the model is there")
		return nil
	}
	return m.ask(q)
}

func (m *Model) ask(q string) tea.Cmd {
	m.busy, m.fault = true, ""
	return m.startAsk(trace.Ask{
		System: m.opt.System, Prompt: q, ThinkFormat: m.opt.ThinkFormat, Budget: m.opt.Budget, Sampling: m.sampling, Pace: m.pace,
	})
}

func (m *Model) toggleDiff() {
	if !m.comparing {
		m.toggleCompare()
		m.comparePane.Diff = false
	}
	m.comparePane.Diff = !m.comparePane.Diff
}

func (m *Model) toggleCompare() {
	m.comparing = !m.comparing
	m.jump, m.more = m.comparing, nil
	if m.comparing && (m.other < 0 || m.other >= len(m.branches) || m.other == m.cur || m.branches[m.other].binned) {
		was := m.cur
		m.switchBy(-1)
		m.cur, m.other = was, m.cur
		if m.other == was {
			m.comparing = false
			m.warn("there is nothing else to compare it with")
		}
	}
}

func (m *Model) move(a keys.Action) {
	do := func(s *text.Scroll) { moveScroll(s, a) }
	switch {
	case m.moveIn(a):
	case m.comparing:
		m.comparePane.Each(do)
	default:
		do(m.scroll())
	}
}

// moveScroll moves a text.
func moveScroll(s *text.Scroll, a keys.Action) {
	switch a {
	case keys.LineUp:
		s.By(-1)
	case keys.LineDown:
		s.By(1)
	case keys.PageUp:
		s.Page(-1)
	case keys.PageDown:
		s.Page(1)
	case keys.HalfUp:
		s.Half(-1)
	case keys.HalfDown:
		s.Half(1)
	case keys.Top:
		s.Top()
	case keys.Bottom:
		s.Bottom()
	}
}

// oneLine makes a text fit for a notice.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, unicode.IsSpace), " ")
}
