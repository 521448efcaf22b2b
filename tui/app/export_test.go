package app

import tea "github.com/charmbracelet/bubbletea"

// EditorGot is what an editor gets of the branch in view, and EditorEnded the message with which it comes back: for drivers, which
// have no terminal to give away.
func EditorGot(m *Model) string { return m.now().written() }

func EditorEnded(m *Model, was, path string, err error) tea.Msg {
	return edited{branch: m.now(), was: was, path: path, err: err}
}
