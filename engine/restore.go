package engine

import (
	"fmt"

	"s1/engine/schedule"
	"s1/engine/trace"
)

// Restore brings back a run of another session, so that branches can go on from it: parents come before their children.
// The branches have ended; their logs are the whole paths. The keys and values are made again when a branch goes on.
func (m *Model) Restore(r trace.Run, saved []trace.Saved) ([]*Live, error) {
	info := m.parts.Info
	if r.ModelSHA256 != "" && info.SHA256 != "" && r.ModelSHA256 != info.SHA256 {
		return nil, fmt.Errorf("run %s was made by %s (sha256 %.12s), and this is %s (%.12s): its tokens mean something else here",
			r.ID, r.Model, r.ModelSHA256, info.Name, info.SHA256)
	}
	if r.ID == "" || len(r.PromptIDs) == 0 {
		return nil, fmt.Errorf("run %q has %d prompt tokens: nothing to go on from", r.ID, len(r.PromptIDs))
	}
	format, err := m.format(r.ThinkFormat, r.PromptIDs)
	if err != nil {
		return nil, err
	}
	if m.parts.Question != nil && r.Expected == "" {
		if _, expected, err := m.parts.Question(r.Prompt); err == nil {
			r.Expected = expected
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	tree, again := m.runs[r.ID]
	if !again {
		tree = &run{Run: r}
	}
	paths := map[trace.BranchID][]trace.Token{}
	lives := make([]*Live, 0, len(saved))
	for _, s := range saved {
		b := s.Branch
		path, err := s.Path(paths)
		if err != nil {
			return nil, fmt.Errorf("run %s: %w", r.ID, err)
		}
		paths[b.ID] = path
		if l := m.branches[b.ID]; l != nil { // it is here already
			lives = append(lives, l)
			continue
		}
		lives = append(lives, &Live{branch: b, live: schedule.Ended(b, s.Log(path)), run: tree, format: format})
	}
	for _, l := range lives {
		m.branches[l.Branch().ID] = l
	}
	m.runs[r.ID] = tree
	return lives, nil
}
