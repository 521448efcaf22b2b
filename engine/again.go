package engine

import (
	"context"
	"fmt"
	"slices"

	"s1/engine/schedule"
	"s1/engine/think"
	"s1/engine/trace"
)

// Again carries a stored branch out once more, from the prompt and token by token, as a side branch: what was drawn is drawn
// again from the same state with the sampling that held there, what was forced or injected is fed as it is stored. It ends at
// the end of the path, or after the first token that is another one. saved has the branch and all it grew from, parents first;
// path is the branch's whole path. The run need not be of this model: as far as its ids mean something here, it is tried.
func (m *Model) Again(ctx context.Context, r trace.Run, saved []trace.Saved, id trace.BranchID) (l *Live, path []trace.Token, err error) {
	format, err := m.format(r.ThinkFormat, r.PromptIDs)
	if err != nil {
		return nil, nil, err
	}
	paths := map[trace.BranchID][]trace.Token{}
	var chain []trace.Saved // from the branch up to its root
	for _, s := range saved {
		if paths[s.Branch.ID], err = s.Path(paths); err != nil {
			return nil, nil, fmt.Errorf("run %s: %w", r.ID, err)
		}
	}
	for at := id; at != ""; at = chain[len(chain)-1].Branch.Parent {
		i := slices.IndexFunc(saved, func(s trace.Saved) bool { return s.Branch.ID == at })
		if i < 0 {
			return nil, nil, fmt.Errorf("run %s has no branch %q", r.ID, at)
		}
		chain = append(chain, saved[i])
	}
	slices.Reverse(chain)
	b := chain[len(chain)-1]
	st := start{branch: b.Branch, format: format, side: true, follow: &schedule.Follow{
		Tokens: paths[id], Sampling: held(chain), Waits: waitsAtClose(format, chain, paths),
	}}
	if b.Receipt != nil {
		st.think.Closed = b.Receipt.Closed
	}
	if l, err = m.start(ctx, &run{Run: r}, st); err != nil {
		return nil, nil, fmt.Errorf("carry branch %s out again: %w", id, err)
	}
	return l, paths[id], nil
}

// held is which sampling held from where on along a path.
func held(chain []trace.Saved) []trace.Resampled {
	var all []trace.Resampled
	for i, s := range chain {
		until := len(s.Tokens) + s.Branch.At
		if i+1 < len(chain) {
			until = chain[i+1].Branch.At
		}
		all = append(all, trace.Resampled{At: s.Branch.At, Sampling: s.Branch.Sampling})
		for _, c := range s.Resampled {
			if c.At < until {
				all = append(all, c)
			}
		}
	}
	return all
}

// waitsAtClose is where along a path a branch began with a Wait at the close of its parent's thought.
func waitsAtClose(f think.Format, chain []trace.Saved, paths map[trace.BranchID][]trace.Token) []int {
	var at []int
	for _, s := range chain {
		b := s.Branch
		if b.Cause != trace.CauseWait || len(s.Tokens) == 0 {
			continue
		}
		fed := s.Tokens[0].Origin == trace.OriginInjected || b.Budget.WaitText == ""
		if closed, did := f.CloseAt(paths[b.Parent]); fed && did && closed == b.At {
			at = append(at, b.At)
		}
	}
	return at
}
