package app

import (
	tea "github.com/charmbracelet/bubbletea"

	"s1/tui/keys"
	"s1/tui/text"
)

// press hears one key: an overlay first, then the table, then the prompt.
func (m *Model) press(k tea.KeyMsg) tea.Cmd {
	if k.Type == tea.KeyRunes && len(k.Runes) > 1 && !k.Paste && !k.Alt && (m.over != nil || m.away() || m.focus != onPrompt) {
		// Keys pressed faster than the terminal is read arrive together.
		var cmds []tea.Cmd
		for _, r := range k.Runes {
			cmds = append(cmds, m.press(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune{r}}))
		}
		return tea.Batch(cmds...)
	}
	if k.Type == tea.KeyEsc && k.Alt && !m.keys.Bound(k.String()) {
		// So do two escapes, and a terminal sends for alt+esc what it sends for them.
		once := tea.KeyMsg{Type: tea.KeyEsc}
		return tea.Batch(m.press(once), m.press(once))
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
	if m.focus == onPrompt && !m.away() {
		if typed != "" {
			m.promptPane.Editor.Insert(typed)
		} else {
			m.promptPane.Editor.Press(key)
		}
		return nil
	}
	switch {
	case len([]rune(typed)) > 1: // pasted text belongs to the prompt, wherever the focus was
		m.leaveRooms()
		m.focus = onPrompt
		m.promptPane.Editor.Insert(typed)
	case m.away():
		m.say(m.unheard(key, typed) + m.keys.Text(" does nothing here; {help} shows all keys"))
	default:
		m.say(m.unheard(key, typed) + m.keys.Text(" does nothing here; {help} shows all keys, {ask} goes to the prompt"))
	}
	return nil
}

// unheard names a key that nothing is bound to.
func (m *Model) unheard(key, typed string) string {
	return text.Clean(keys.Name(orElse(typed, key)), m.theme.ASCII)
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
