package scaling

import (
	"context"
	"path/filepath"

	"s1/engine"
)

// Study is the paper in miniature, on a model whose thoughts are some tens of tokens long: everything greedy, and the Waits again
// with sampling, as a vote has to be.
type Study struct {
	Greedy, Sampled *Result
}

// StudySize is how many questions a study asks.
func StudySize(quick bool) int {
	if quick {
		return 240
	}
	return 1000
}

// studyPlans are what a study measures. Waits go on to eight, where the paper's curve has flattened.
func studyPlans(quick bool, seed uint64) (greedy, sampled Plan) {
	greedy = Plan{
		Methods: []string{MethodNone, MethodCap, MethodWait, MethodMajority, MethodReject, MethodExit},
		Caps:    []int{0, 8, 16, 24, 32, 48, 64, 80, 96, 128}, Waits: []int{0, 1, 2, 3, 4, 6, 8}, Texts: []string{"Wait", "Again", ""},
		Votes: []int{1, 2, 3, 4, 5, 8}, Limits: []int{48, 56, 64, 80, 96, 128}, Tries: 32, Stays: []int{2, 3}, Every: 8, AnswerCap: 8, Seed: seed,
	}
	sampled = Plan{Methods: []string{MethodWait}, Waits: []int{0, 1, 2, 3, 4}, AnswerCap: 8, Seed: seed}
	sampled.Sampling.Temperature = 1
	if quick {
		greedy.Waits, greedy.Tries, greedy.Votes = []int{0, 1, 2, 4}, 16, []int{1, 2, 3, 4, 5}
		sampled.Waits = []int{0, 1, 2}
	}
	return greedy, sampled
}

// RunStudy measures all of it. With a folder, the rows are in its folders greedy and sampled, and it goes on where it was.
func RunStudy(ctx context.Context, m *engine.Model, items []Item, quick bool, seed uint64, o Options) (s Study, err error) {
	dir := o.Dir
	greedy, sampled := studyPlans(quick, seed)
	for _, part := range []struct {
		name string
		plan Plan
		to   **Result
	}{{"greedy", greedy, &s.Greedy}, {"sampled", sampled, &s.Sampled}} {
		if dir != "" {
			o.Dir = filepath.Join(dir, part.name)
		}
		if *part.to, err = Run(ctx, Local(m), part.plan, items, o); err != nil {
			return s, err
		}
	}
	return s, nil
}
