package remote

import (
	"fmt"

	"s1/engine/trace"
)

// Saved is a branch of a run that was kept.
type Saved struct {
	Branch    trace.Branch
	Tokens    []trace.Token  // its own, from index Branch.At on
	Receipt   *trace.Receipt // nil when it never ended
	Notices   []string
	Resampled []trace.Resampled
}

// Restore brings back a run of another session: parents come before their children. The branches have ended; their logs are
// the whole paths. A run is kept as its bytes, and with ids where the server told them; going on sends it to the server again.
func (m *Model) Restore(r trace.Run, saved []Saved) ([]*Live, error) {
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
		var path []trace.Token
		if b.Parent != "" {
			parent, ok := paths[b.Parent]
			if !ok || b.At < 0 || b.At > len(parent) {
				return nil, fmt.Errorf("run %s: branch %s goes on from token %d of branch %s, which has %d tokens (known: %v)", r.ID, b.ID, b.At, b.Parent, len(parent), ok)
			}
			path = append(path, parent[:b.At]...)
		}
		for _, t := range s.Tokens {
			if t.Index != len(path) {
				return nil, fmt.Errorf("run %s: branch %s: token %d where %d was expected", r.ID, b.ID, t.Index, len(path))
			}
			path = append(path, t)
		}
		if _, err := withIDs(tree.v, path); err != nil {
			return nil, fmt.Errorf("run %s: branch %s: %w", r.ID, b.ID, err)
		}
		paths[b.ID] = path
		l := m.branches[b.ID]
		if l == nil {
			l = &Live{m: m, run: tree, branch: b, log: logOf(s, path)}
		}
		lives = append(lives, l)
	}
	for _, l := range lives {
		m.branches[l.branch.ID] = l
	}
	m.runs[r.ID] = tree
	return lives, nil
}

// logOf is the finished log of a kept branch.
func logOf(s Saved, path []trace.Token) *trace.Log {
	log := trace.NewLog()
	log.Append(trace.Event{Kind: trace.EventBudget, Budget: &s.Branch.Budget})
	changes := s.Resampled
	for i, t := range path {
		for ; len(changes) > 0 && changes[0].At <= i; changes = changes[1:] {
			log.Append(trace.Event{Kind: trace.EventSampling, Sampling: &changes[0].Sampling})
		}
		log.Append(trace.Event{Kind: trace.EventToken, Token: t})
	}
	for _, n := range s.Notices {
		log.Append(trace.Event{Kind: trace.EventNotice, Notice: n})
	}
	end := trace.Event{Kind: trace.EventEnd, Receipt: s.Receipt}
	if s.Receipt == nil {
		end.Err = fmt.Errorf("branch %s was interrupted before its end", s.Branch.ID)
		end.Receipt = &trace.Receipt{Outcome: "error"}
	}
	log.Append(trace.Event{Kind: trace.EventState, State: trace.StateEnded})
	log.Append(end)
	return log
}
