package trace

import (
	"fmt"
	"slices"
)

// Saved is a branch of a run that was kept.
type Saved struct {
	Branch  Branch
	Tokens  []Token  // its own, from index Branch.At on
	Receipt *Receipt // nil when it never ended
	Notices []string
	// Resampled is what the user changed while the branch ran, ascending, within Branch.At and the end of Tokens.
	Resampled []Resampled
}

// Path is all tokens of a branch: what it inherited, out of the paths of those before it, then its own.
func (s Saved) Path(paths map[BranchID][]Token) ([]Token, error) {
	b := s.Branch
	var path []Token
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

// Log is the finished log of a branch with this path. One that never ended ends here with an error, and a receipt of what is known.
func (s Saved) Log(path []Token) *Log {
	log := NewLog()
	log.Append(Event{Kind: EventBudget, Budget: &s.Branch.Budget})
	changes := s.Resampled
	for i, t := range path {
		for ; len(changes) > 0 && changes[0].At <= i; changes = changes[1:] {
			log.Append(Event{Kind: EventSampling, Sampling: &changes[0].Sampling})
		}
		log.Append(Event{Kind: EventToken, Token: t})
	}
	for _, n := range s.Notices {
		log.Append(Event{Kind: EventNotice, Notice: n})
	}
	end := Event{Kind: EventEnd, Receipt: s.Receipt}
	if s.Receipt == nil {
		end.Err = &Interrupted{Branch: s.Branch.ID, Tokens: len(path)}
		end.Receipt = spentOf(s.Branch, path)
	}
	log.Append(Event{Kind: EventState, State: StateEnded})
	log.Append(end)
	return log
}

// Interrupted says of a branch that it never ended: its program was killed, or its machine went down.
type Interrupted struct {
	Branch BranchID
	Tokens int // of its whole path that were kept
}

func (e *Interrupted) Error() string {
	return fmt.Sprintf("branch %s was interrupted after %d tokens", e.Branch, e.Tokens)
}

// spentOf is what is known of a branch that never ended: what it was asked, and what its tokens say.
func spentOf(b Branch, path []Token) *Receipt {
	r := Receipt{Outcome: "error", Cap: b.Budget.Cap, WaitsAsked: b.Budget.Waits, Seed: b.Sampling.Seed}
	for _, t := range path {
		switch t.Origin {
		case OriginForced:
			r.Forced++
		case OriginInjected:
			r.Injected++
		}
		if t.Counted {
			r.ThinkingTokens++
		}
		if t.Wished && t.Origin != OriginForced {
			r.WaitsDone++
		}
		if t.Phase == PhaseAnswer && t.Origin != OriginForced {
			r.AnswerTokens++
		}
	}
	return &r
}
