package engine

import (
	"fmt"
	"slices"

	"s1/engine/schedule"
	"s1/engine/trace"
)

// Saved is a branch of a run that was kept.
type Saved struct {
	Branch  trace.Branch
	Tokens  []trace.Token  // its own, from index Branch.At on
	Receipt *trace.Receipt // nil when it never ended
	Notices []string
	// Resampled is what the user changed while the branch ran, ascending, within Branch.At and the end of Tokens.
	Resampled []trace.Resampled
}

// Restore brings back a run of another session, so that branches can go on from it: parents come before their children.
// The branches have ended; their logs are the whole paths. The keys and values are made again when a branch goes on.
func (m *Model) Restore(r trace.Run, saved []Saved) ([]*Live, error) {
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
		path, err := pathOf(s, paths)
		if err != nil {
			return nil, fmt.Errorf("run %s: %w", r.ID, err)
		}
		paths[b.ID] = path
		if l := m.branches[b.ID]; l != nil { // it is here already
			lives = append(lives, l)
			continue
		}
		lives = append(lives, &Live{branch: b, live: schedule.Ended(b, logOf(s, path)), run: tree, format: format})
	}
	for _, l := range lives {
		m.branches[l.Branch().ID] = l
	}
	m.runs[r.ID] = tree
	return lives, nil
}

// pathOf is the whole path of a branch: what it inherited, then its own tokens.
func pathOf(s Saved, paths map[trace.BranchID][]trace.Token) ([]trace.Token, error) {
	b := s.Branch
	var path []trace.Token
	if b.Parent != "" {
		parent, ok := paths[b.Parent]
		if !ok || b.At < 0 || b.At > len(parent) {
			return nil, fmt.Errorf("branch %s goes on from token %d of branch %s, which has %d tokens (known: %v)", b.ID, b.At, b.Parent, len(parent), ok)
		}
		path = slices.Clone(parent[:b.At])
	}
	for _, t := range s.Tokens {
		if t.Index != len(path) {
			return nil, fmt.Errorf("branch %s: token %d where %d was expected", b.ID, t.Index, len(path))
		}
		path = append(path, t)
	}
	return path, nil
}

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
		end.Receipt = spentOf(s.Branch, path)
	}
	log.Append(trace.Event{Kind: trace.EventState, State: trace.StateEnded})
	log.Append(end)
	return log
}

// spentOf is what is known of a branch that never ended: what it was asked, and what its tokens say.
func spentOf(b trace.Branch, path []trace.Token) *trace.Receipt {
	r := trace.Receipt{Outcome: "error", Cap: b.Budget.Cap, WaitsAsked: b.Budget.Waits, Seed: b.Sampling.Seed}
	for _, t := range path {
		switch t.Origin {
		case trace.OriginForced:
			r.Forced++
		case trace.OriginInjected:
			r.Injected++
		}
		if t.Counted {
			r.ThinkingTokens++
		}
		if t.Wished && t.Origin != trace.OriginForced {
			r.WaitsDone++
		}
		if t.Phase == trace.PhaseAnswer && t.Origin != trace.OriginForced {
			r.AnswerTokens++
		}
	}
	return &r
}
