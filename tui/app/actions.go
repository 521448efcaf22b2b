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
	"s1/tui/text"
)

// paces are the steps of < and >; 0 = as fast as it goes, the fastest.
var paces = []int{2, 5, 10, 20, 30, 50, 100, 200, 0}

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
	if k.Type == tea.KeyRunes && !k.Alt {
		typed = string(k.Runes)
	}
	if k.Type == tea.KeySpace && !k.Alt {
		typed = " "
	}
	if m.over != nil && key != "ctrl+z" {
		return m.pressOver(key, typed)
	}
	if key != "ctrl+c" {
		m.quitArmed = false
	}
	if !k.Paste && key != "" {
		if b, ok := keys.Find(m.state(), key); ok && !m.typing(b) {
			if b.Action != keys.Stop || m.fault == "" {
				m.notice, m.alarm = "", false
			}
			return m.try(b, key)
		}
	}
	m.notice, m.alarm = "", false
	if m.focus == onPrompt {
		if key == "esc" {
			m.back()
			return nil
		}
		if typed != "" {
			m.promptPane.Editor.Insert(typed)
		} else {
			m.promptPane.Editor.Press(key)
		}
		return nil
	}
	if typed != "" && len([]rune(typed)) == 1 {
		m.say(fmt.Sprintf("%s does nothing here; ? shows all keys, i goes to the prompt", text.Clean(typed, m.theme.ASCII)))
	} else if typed != "" {
		// Pasted text belongs to the prompt, wherever the focus was.
		m.focus = onPrompt
		m.promptPane.Editor.Insert(typed)
	}
	return nil
}

// typing says that a key the table knows is meant for the text after all.
func (m *Model) typing(b keys.Binding) bool {
	return m.focus == onPrompt && b.Action == keys.QuitEmpty && m.promptPane.Editor.Value() != ""
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
	case m.comparing && (b == nil || !b.running()):
		m.comparing = false
	case b != nil && b.running() || b == nil:
		return false
	default: // ended: back to following, which is where one started
		m.thoughtsPane.Scroll.Bottom()
		m.notice, m.alarm = "", false
	}
	return true
}

// send gives a command to the branch in view; it takes effect before the next token.
func (m *Model) send(c trace.Command) { m.now().live.Send(c) }

func (m *Model) act(a keys.Action, key string) tea.Cmd {
	b := m.now()
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
	case keys.NextBr:
		m.switchTo((m.cur + 1) % len(m.branches))
	case keys.PrevBr:
		m.switchTo((m.cur + len(m.branches) - 1) % len(m.branches))
	case keys.PickBr:
		if i := int(key[0] - '1'); i < len(m.branches) {
			m.switchTo(i)
		} else {
			m.warn(fmt.Sprintf("there are %d branches", len(m.branches)))
		}
	case keys.Focus:
		m.focus = (m.focus + 1) % 3
	case keys.FocusBack:
		m.focus = (m.focus + 2) % 3
	case keys.LineUp, keys.LineDown, keys.PageUp, keys.PageDown, keys.HalfUp, keys.HalfDown, keys.Top, keys.Bottom:
		m.move(a)
	case keys.Recent:
		return m.loadRecent()
	case keys.Help:
		m.over = &overlay.Help{Theme: m.theme, State: m.state()}
	case keys.Palette:
		m.over = &overlay.Palette{Theme: m.theme, State: m.state()}
		m.chosen = func(r overlay.Result) tea.Cmd {
			if m.focus == onPrompt && keys.Of(r.Action).Where&keys.Prompt == 0 && b != nil {
				m.focus = onThought
			}
			return m.try(keys.Of(r.Action), "")
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
		m.say("stopped, everything is kept; ctrl+c again quits")
	} else {
		m.say("ctrl+c again quits")
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

func (m *Model) waitText() string { return orElse(m.opt.Budget.WaitText, "Wait") }

// wait suppresses the next end of thinking; after the end it goes back to the close and thinks on as a new branch.
func (m *Model) wait(s string) tea.Cmd {
	b := m.now()
	c := trace.Command{Kind: trace.CommandWait, Text: s}
	if b.running() {
		m.send(c)
		m.say(fmt.Sprintf("the next end of thinking becomes %q", s))
		return nil
	}
	at, _ := b.closeAt()
	budget := b.budget
	if budget.Cap >= 0 && b.spent >= budget.Cap {
		budget.Cap = -1
		if m.opt.Budget.Cap > b.spent {
			budget.Cap = m.opt.Budget.Cap
		}
		m.say("the cap was spent: the new branch thinks on without it")
	}
	return m.grow(at, budget, "think on", false, c)
}

// grow starts a branch from the one in view.
func (m *Model) grow(at int, b trace.Budget, what string, beside bool, first ...trace.Command) tea.Cmd {
	if m.busy {
		m.warn("a branch is being made already")
		return nil
	}
	m.busy, m.fault = true, ""
	return m.startBranch(m.now(), at, b, what, beside, first...)
}

// pausePoint returns the last point at which the ended branch was paused, at or before the end of what is in view.
func (m *Model) pausePoint() int {
	b := m.now()
	at := b.pauses[0]
	end := m.thoughtsPane.Scroll.End()
	for _, p := range b.pauses {
		if m.thoughtsPane.Scroll.Following() || b.offset(p, trace.PhaseThinking) <= end {
			at = p
		}
	}
	return at
}

func (m *Model) answerNow() tea.Cmd {
	c := trace.Command{Kind: trace.CommandAnswerNow}
	if m.now().running() {
		m.send(c)
		return nil
	}
	return m.grow(m.pausePoint(), m.now().budget, "answer from there", false, c)
}

func (m *Model) inject(s string) tea.Cmd {
	c := trace.Command{Kind: trace.CommandInject, Text: s}
	if m.now().running() {
		m.send(c)
		return nil
	}
	return m.grow(m.pausePoint(), m.now().budget, "go on from there", false, c)
}

// setCap changes the cap of a running branch. Of an ended one it makes a new branch: from the token at which a smaller
// cap would have closed the thought, or from the close that a larger one would not have forced.
func (m *Model) setCap(n int) tea.Cmd {
	b := m.now()
	if b.running() {
		m.send(trace.Command{Kind: trace.CommandCap, N: n})
		return nil
	}
	budget := b.budget
	budget.Cap = n
	if n >= 0 && n < b.spent {
		return m.grow(b.countedAt(n), budget, "cap it there", false)
	}
	if b.receipt != nil && (b.receipt.Closed == trace.ClosedCap || b.receipt.Closed == trace.ClosedAnswerNow || b.receipt.Closed == trace.ClosedStopped) {
		at, _ := b.closeAt()
		return m.grow(at, budget, "think on", false)
	}
	m.warn(fmt.Sprintf("it closed by itself after %d tokens, a higher cap changes nothing; w makes it think on", b.spent))
	return nil
}

func (m *Model) nudgeCap(up bool) tea.Cmd {
	b := m.now()
	if b.budget.Cap < 0 {
		m.warn("there is no cap to move; c sets one")
		return nil
	}
	return m.setCap(nudged(b.budget.Cap, up))
}

func nudged(n int, up bool) int {
	if up {
		return n + max(n/4, 1)
	}
	return max(n-max(n/5, 1), 0)
}

func (m *Model) hotter() {
	m.sampling.Temperature = min(m.sampling.Temperature+0.3, 2)
	s := m.sampling
	m.send(trace.Command{Kind: trace.CommandSampling, Sampling: &s})
	m.now().loop = false
	m.say(fmt.Sprintf("temperature %.1f from the next token on", s.Temperature))
}

func (m *Model) changePace(faster bool) {
	i := slices.IndexFunc(paces, func(p int) bool { return p == 0 || m.pace > 0 && p >= m.pace })
	if m.pace == 0 {
		i = len(paces) - 1
	}
	if faster {
		if paces[i] == m.pace {
			i = min(i+1, len(paces)-1)
		}
	} else {
		i = max(i-1, 0)
	}
	m.pace = paces[i]
	for _, b := range m.branches {
		if b.running() {
			b.live.Send(trace.Command{Kind: trace.CommandPace, N: m.pace})
		}
	}
	if m.pace == 0 {
		m.say("pace: as fast as the model goes")
	} else {
		m.say(fmt.Sprintf("pace: at most %d tokens per second", m.pace))
	}
}

func (m *Model) toggleCompare() {
	m.comparing = !m.comparing
	m.jump = m.comparing
	if m.comparing && (m.other < 0 || m.other >= len(m.branches) || m.other == m.cur) {
		m.other = (m.cur + len(m.branches) - 1) % len(m.branches)
	}
}

func (m *Model) move(a keys.Action) {
	do := func(s *text.Scroll) {
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
	if m.comparing {
		m.comparePane.Each(do)
		return
	}
	do(m.scroll())
}

// oneLine makes a text fit for a notice.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, unicode.IsSpace), " ")
}
