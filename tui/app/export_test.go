package app

import tea "github.com/charmbracelet/bubbletea"

// EditorGot is what an editor gets of the branch in view. EditWith runs a program as $EDITOR is run on such a text, with its file in
// dir, and returns the message with which it comes back: for drivers, which have no terminal to give away.
func EditorGot(m *Model) string { return m.now().written() }

func EditWith(m *Model, was, dir string, words ...string) tea.Msg {
	e := &editor{words: words, was: was, dir: dir}
	err := e.Run()
	return edited{m.now(), e.was, e.is, e.kept, err}
}

// JobsTick is what the clock says while a job runs; JobsTicking tells whether it was asked to.
func JobsTick() tea.Msg { return jobsTicked{} }

func JobsTicking(m *Model) bool { return m.jobs.ticking }

// SavedNow is what the library says now of what is on disk, as it comes to the screen later.
func SavedNow(m *Model) tea.Msg {
	ok, reason := m.opt.Library.Saved()
	return savedChecked{m.begun, ok, reason}
}
