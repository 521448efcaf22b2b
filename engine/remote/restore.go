package remote

import (
	"fmt"

	"s1/engine/trace"
)

// Restore brings back a run of another session: parents come before their children. The branches have ended; their logs are
// the whole paths. A run is kept as its bytes, and with ids where the server told them; going on sends it to the server again.
func (m *Model) Restore(r trace.Run, saved []trace.Saved) ([]*Live, error) {
	if r.Model != m.word() {
		return nil, fmt.Errorf("run %s was thought by %s, and this is %s: going on with it needs that model", r.ID, r.Model, m.word())
	}
	if r.ID == "" {
		return nil, fmt.Errorf("the run has no name")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	tree, again := m.runs[r.ID]
	if !again {
		tree = &run{Run: r, route: m.probe.Route}
		if tree.route == RouteIDs && len(r.PromptIDs) == 0 || tree.route == RouteText && r.Rendered == "" {
			tree.route = RouteChat
		}
		backend := r.Backend
		if err := m.form(tree, r.ThinkFormat); err != nil {
			return nil, err
		}
		tree.Backend = backend
	}
	paths := map[trace.BranchID][]trace.Token{}
	var lives []*Live
	for _, s := range saved {
		b := s.Branch
		path, err := s.Path(paths)
		if err != nil {
			return nil, fmt.Errorf("run %s: %w", r.ID, err)
		}
		if _, err := withIDs(tree.v, path); err != nil {
			return nil, fmt.Errorf("run %s: branch %s: %w", r.ID, b.ID, err)
		}
		paths[b.ID] = path
		l := m.branches[b.ID]
		if l == nil {
			l = &Live{m: m, run: tree, branch: b, log: s.Log(path)}
		}
		lives = append(lives, l)
	}
	for _, l := range lives {
		m.branches[l.branch.ID] = l
	}
	m.runs[r.ID] = tree
	return lives, nil
}
