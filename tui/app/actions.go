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
		if b.interrupted() {
			return m.goOn()
		}
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
			m.warn(fmt.Sprintf("there are %d branches", m.standing()))
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
			m.inputAnchor()
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
	case keys.Rows:
		m.inputRows()
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
	case keys.Study, keys.Recent, keys.Curation, keys.Training, keys.ShowJobs:
		return m.enterRoom(a)
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
