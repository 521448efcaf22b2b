package engine

// Forget drops a run with all its branches: those that still run are stopped, and nothing can go on from any of them here.
// Their logs stay with whoever holds them. A measurement that asks thousands of questions needs it; a person's session does not.
func (m *Model) Forget(run string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, l := range m.branches {
		if l.run.ID == run {
			l.live.Forget()
			delete(m.branches, id)
		}
	}
	for id, l := range m.sides {
		if l.run.ID == run {
			l.live.Forget()
			delete(m.sides, id)
		}
	}
	for side, id := range m.opened {
		if m.branches[id] == nil {
			delete(m.opened, side)
		}
	}
	delete(m.runs, run)
}
