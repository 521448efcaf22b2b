package probe

import (
	"context"
	"math/rand/v2"

	"s1/engine"
	"s1/engine/builtin/tape"
	"s1/engine/trace"
	"s1/train/dataset"
)

// DraftOptions say which drafts a model is to write.
type DraftOptions struct {
	N           int
	Seed        uint64
	StepsMin    int
	StepsMax    int
	MaxValue    int
	Temperature float64
	Parallel    int // problems at once; 0 = 48
}

// Drafts lets m write first thoughts for problems that training may use, each of its own seed: what it gets wrong there is
// what it should learn to find. A thought that does not end within twice its tokens is cut, and then malformed.
func Drafts(ctx context.Context, m *engine.Model, d DraftOptions) ([]dataset.Draft, error) {
	rng := rand.New(rand.NewPCG(d.Seed, 0x647261667473))
	problems := make([]tape.Problem, 0, d.N)
	for len(problems) < d.N {
		if p := tape.Random(rng, d.StepsMin+rng.IntN(d.StepsMax-d.StepsMin+1), d.MaxValue, tape.Usual()); !p.Reserved() {
			problems = append(problems, p)
		}
	}
	o := Options{Parallel: d.Parallel}.filled()
	return each(ctx, problems, o, func(ctx context.Context, i int, p tape.Problem) (dataset.Draft, error) {
		l, err := m.Ask(ctx, trace.Ask{
			Prompt: p.String(), ThinkFormat: o.format(), Sampling: trace.Sampling{Temperature: d.Temperature, Seed: d.Seed + uint64(i)},
			Budget: trace.Budget{Cap: 2 * draftTokens * len(p.Ops), AnswerCap: answerCap},
		})
		if err != nil {
			return dataset.Draft{}, err
		}
		defer m.Forget(l.Run().ID)
		tokens, _, err := end(ctx, l)
		draft := dataset.Draft{Problem: p}
		for _, t := range tokens {
			if t.Phase != trace.PhaseThinking || t.ID == tape.EndThink {
				break
			}
			draft.IDs = append(draft.IDs, t.ID)
		}
		return draft, err
	})
}

// draftTokens is the most tokens of a draft's line: operation, its digits, the sign, digits, newline.
const draftTokens = 3 + 2*tape.MaxDigits
