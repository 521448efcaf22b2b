package schedule

import (
	"fmt"

	"s1/engine/sample"
	"s1/engine/think"
	"s1/engine/trace"
)

// Follow is a stored path to carry out again from the prompt, token by token: what was drawn is drawn again and compared,
// the rest is fed as it is stored. The branch ends at the end of the path, or after the first token that is another one.
type Follow struct {
	Tokens   []trace.Token     // the whole path
	Sampling []trace.Resampled // what held from where on, ascending, the first from 0 on
	Waits    []int             // see think.NewFollower
}

type follow struct {
	*think.Follower
	sampling []trace.Resampled
}

func (b *branch) followAlong(spec Spec) error {
	for _, t := range spec.Follow.Tokens {
		if t.ID < 0 || int(t.ID) >= b.s.o.Known {
			return fmt.Errorf("token id %d is outside the model's vocabulary of %d", t.ID, b.s.o.Known)
		}
	}
	f, err := think.NewFollower(spec.Format, spec.Branch.Budget, spec.Think, spec.Follow.Tokens, spec.Follow.Waits)
	if err != nil {
		return err
	}
	b.follow = &follow{Follower: f, sampling: spec.Follow.Sampling}
	b.machine = f.Machine()
	return nil
}

// again is decide for a stored path.
func (b *branch) again(row sample.Row) (id int32, decided bool) {
	stored, how, ok := b.follow.Next()
	if !ok || len(b.ids) >= b.s.o.Context {
		b.finish(nil)
		return 0, false
	}
	for len(b.follow.sampling) > 0 && b.follow.sampling[0].At <= b.tokens {
		if err := b.sampler.Set(b.follow.sampling[0].Sampling); err != nil {
			b.fail(fmt.Errorf("position %d: %w", len(b.ids), err))
			return 0, false
		}
		b.follow.sampling = b.follow.sampling[1:]
	}
	t := trace.Token{ID: stored.ID, Origin: stored.Origin, Phase: stored.Phase, Counted: stored.Counted, Wished: stored.Wished}
	if how.Kind == think.Sample {
		var err error
		if t.ID, err = b.draw(row, how); err != nil {
			b.fail(fmt.Errorf("position %d: %w", len(b.ids), err))
			return 0, false
		}
		b.sampler.Accept(t.ID)
	}
	row.Describe(&t, b.end)
	b.append(t, row, false)
	if t.ID != stored.ID {
		b.finish(nil)
		return 0, false
	}
	if err := b.follow.Took(); err != nil {
		b.fail(err)
		return 0, false
	}
	return t.ID, true
}
