package app

import (
	tea "github.com/charmbracelet/bubbletea"

	"s1/tui/keys"
)

// away says that one of the other rooms stands in the place of the page.
func (m *Model) away() bool {
	return m.shelf.open || m.bench.open || m.training.open || m.jobs.open || m.curation.open
}

// leaveRooms goes back to the page from whatever stands in its place. What runs there goes on, and a room is found as it was left.
func (m *Model) leaveRooms() {
	if !m.away() {
		return
	}
	m.shelf.open, m.bench.open, m.training.open, m.jobs.open, m.curation.open = false, false, false, false, false
	m.jobs.armed = ""
	if m.focus = onThought; m.now() == nil {
		m.focus = onPrompt
	}
}

// enterRoom goes to a room, from the page or from another room.
func (m *Model) enterRoom(a keys.Action) tea.Cmd {
	m.leaveRooms()
	m.forgetOldJobs()
	switch a {
	case keys.Study:
		return m.openBench()
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
	}
	return nil
}
