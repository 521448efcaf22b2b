package explore

import (
	"context"
	"fmt"
	"strings"

	"s1/engine"
	"s1/engine/trace"
)

// Replay carries a stored branch out again: what its tokens say was drawn is drawn again from the same state, and compared;
// what was forced or injected is fed as it is stored. saved has the branch and all it grew from, parents first. The whole path
// is carried out, token by token as it was made, the parts of its parents with their sampling; nothing of it is kept.
func Replay(ctx context.Context, m *engine.Model, run trace.Run, saved []trace.Saved, id trace.BranchID) (trace.Agreement, error) {
	l, path, err := m.Again(context.WithoutCancel(ctx), run, saved, id)
	if err != nil {
		return trace.Agreement{}, err
	}
	s := &side{live: l}
	defer drop(m, s)
	if err := s.await(ctx); err != nil {
		return trace.Agreement{}, fmt.Errorf("carry branch %s out again: %w", id, err)
	}
	h := newHistory(l.Branch())
	h.read(l.Log())
	a := trace.Agreement{Of: len(path)}
	for a.Same < len(h.path) && h.path[a.Same].ID == path[a.Same].ID {
		if path[a.Same].Origin == trace.OriginSampled {
			a.Drawn++
		}
		a.Same++
	}
	if a.Same == a.Of {
		return a, nil
	}
	a.Stored = path[a.Same].ID
	if a.Same < len(h.path) {
		a.Now = h.path[a.Same].ID
		a.Reason = reason(a, m.Info(), run, saved, id)
	} else {
		a.Reason = fmt.Sprintf("the context of %d positions ends here", m.Info().Context)
	}
	return a, nil
}

// reason is why two runs may part, the likeliest cause first.
func reason(a trace.Agreement, now trace.ModelInfo, run trace.Run, saved []trace.Saved, id trace.BranchID) string {
	var why []string
	switch {
	case run.ModelSHA256 != "" && now.SHA256 != "" && run.ModelSHA256 != now.SHA256:
		why = append(why, fmt.Sprintf("another model: it was %s (sha256 %.12s), this is %s (%.12s)", run.Model, run.ModelSHA256, now.Name, now.SHA256))
	case run.ModelSHA256 == "" || now.SHA256 == "":
		why = append(why, fmt.Sprintf("perhaps another model: it was %s, this is %s, and a hash is missing", run.Model, now.Name))
	}
	if run.Backend != now.Backend {
		why = append(why, fmt.Sprintf("another backend: it was %q, this is %q, whose sums are rounded differently", run.Backend, now.Backend))
	}
	if len(why) == 0 {
		for _, s := range saved {
			switch {
			case s.Branch.ID != id:
			case s.Receipt == nil:
				why = append(why, "the branch was cut off before its end, so that it is not known how its thought had closed")
			case s.Branch.At > 0 && a.Same >= s.Branch.At:
				why = append(why, fmt.Sprintf("the %d tokens it grew from may have been read in one batch then, and are read one by one now", s.Branch.At))
			}
		}
	}
	if run.ModelSHA256 == now.SHA256 && run.Backend == now.Backend {
		why = append(why, "model and backend are the same: perhaps the sampling was changed by hand while the branch ran and that was not kept, or the stored tokens were changed")
	}
	return strings.Join(why, "; ")
}
