package scaling

import (
	"context"
	"slices"

	"s1/engine/trace"
)

// atOnce is how many samples are drawn in one batch beyond those of the vote.
const atOnce = 8

// sample is one run at the plan's temperature.
type sample struct {
	row     Row
	natural bool // its thought ended by itself
}

// sampleSampling is that of sample k.
func (r *runner) sampleSampling(it Item, k int) trace.Sampling {
	s := r.p.Sampling
	s.Temperature, s.Seed = r.p.Temperature, seedOf(r.p.Seed, it.ID, k+1)
	return s
}

// sampleBudget is that of sample k. A vote takes thoughts of any length; what only a rejection will see need not go further than
// one token past the largest limit, which decides.
func (r *runner) sampleBudget(k int) trace.Budget {
	b := r.budgetOf(Arm{Method: MethodNone, Budget: -1})
	if r.p.has(MethodReject) && k >= r.mostVotes() {
		if stop := r.p.Limits[len(r.p.Limits)-1] + 1; b.Cap < 0 || stop < b.Cap {
			b.Cap = stop
		}
	}
	return b
}

func (r *runner) mostVotes() int {
	if !r.p.has(MethodMajority) {
		return 0
	}
	return r.p.Votes[len(r.p.Votes)-1]
}

// samples answers votes and rejection sampling from one list of samples, forked off right after the question.
func (r *runner) samples(ctx context.Context, f *found, t *thought) error {
	votes, reject := r.mostVotes(), r.p.has(MethodReject)
	if votes == 0 && !reject {
		return nil
	}
	var draws []sample
	for {
		n := atOnce
		if len(draws) < votes {
			n = votes - len(draws)
		} else if !reject || accepted(draws, r.p.Limits[0]) >= 0 || len(draws) >= r.p.Tries {
			break
		} else if len(draws)+n > r.p.Tries {
			n = r.p.Tries - len(draws)
		}
		more, err := r.draws(ctx, f.it, t, len(draws), n)
		if err != nil {
			return err
		}
		draws = append(draws, more...)
	}
	own := 0
	for _, d := range draws {
		own += d.row.Own
	}
	if votes > 0 {
		for _, n := range r.p.Votes {
			a := Arm{Method: MethodMajority, Budget: n}
			row := r.vote(a, draws[:n])
			if row.Own = 0; n == votes {
				row.Own, own = own, 0
			}
			f.rows[a] = row
		}
	}
	if reject {
		for i, limit := range r.p.Limits {
			a := Arm{Method: MethodReject, Budget: limit}
			row := r.rejected(f.it, a, draws)
			if row.Own = 0; i == 0 {
				row.Own = own
			}
			f.rows[a] = row
		}
	}
	return nil
}

func (r *runner) draws(ctx context.Context, it Item, t *thought, first, n int) ([]sample, error) {
	lives := make([]Thought, n)
	for i := range lives {
		var err error
		if lives[i], err = r.side(ctx, t.live, 0, r.sampleBudget(first+i), r.sampleSampling(it, first+i)); err != nil {
			return nil, err
		}
	}
	out := make([]sample, n)
	for i, l := range lives {
		p, err := read(ctx, l)
		if err != nil {
			return nil, err
		}
		out[i] = r.sampleOf(it, &p, first+i)
		r.forker().ForgetBranch(l.Branch().ID)
	}
	return out, nil
}

func (r *runner) sampleOf(it Item, p *path, k int) sample {
	row := r.row(it, Arm{Method: MethodMajority, Budget: 1}, p, "", 0, r.sampleSampling(it, k).Seed)
	return sample{row, p.receipt.Closed == trace.ClosedNatural}
}

// accepted is the first sample whose thought ended by itself within the limit, -1 = none.
func accepted(draws []sample, limit int) int {
	for k, d := range draws {
		if d.natural && d.row.Tokens <= limit {
			return k
		}
	}
	return -1
}

// rejected is the row of rejection sampling: the first sample that is short enough. Tokens are those of that sample, as the
// paper counts; Alone has also what the refused ones would have cost, each up to one token past the limit.
func (r *runner) rejected(it Item, a Arm, draws []sample) Row {
	k := accepted(draws, a.Budget)
	tries := draws[:min(len(draws), r.p.Tries)]
	if k < 0 || k >= r.p.Tries {
		row := Row{Item: it.ID, Method: a.Method, Budget: a.Budget, Tries: len(tries), Outcome: OutcomeCut, Closed: "refused", Seed: r.sampleSampling(it, 0).Seed, IDs: []int32{}}
		for _, d := range tries {
			row.Alone += min(d.row.Tokens, a.Budget+1)
		}
		return row
	}
	row := draws[k].row
	row.Method, row.Budget, row.Tries = a.Method, a.Budget, k+1
	for _, d := range draws[:k] {
		row.Alone += min(d.row.Tokens, a.Budget+1)
	}
	return row
}

// vote takes the most frequent answer of the samples, which are counted by what they mean and not by how they are written: 1/2
// and 0.5 are two votes for one answer. Of equally frequent ones it is the first. A sample without an answer has no vote. Where
// nobody has one, the vote is what the first sample is.
func (r *runner) vote(a Arm, draws []sample) Row {
	row := draws[0].row
	most, best := 0, -1
	firsts, count := []int{}, []int{} // of each answer: its first sample, its votes
	for i, d := range draws {
		if o := d.row.Outcome; o != OutcomeRight && o != OutcomeWrong {
			continue
		}
		k := slices.IndexFunc(firsts, func(first int) bool {
			said := draws[first].row.Answer
			return said == d.row.Answer || r.same(said, d.row.Answer)
		})
		if k < 0 {
			k = len(firsts)
			firsts, count = append(firsts, i), append(count, 0)
		}
		count[k]++
	}
	for k, n := range count {
		if n > most {
			most, best = n, firsts[k]
		}
	}
	if best >= 0 {
		row = draws[best].row
	}
	row.Method, row.Budget, row.Tries = a.Method, a.Budget, len(draws)
	row.Tokens, row.Said, row.Alone = 0, 0, 0
	for _, d := range draws {
		row.Tokens += d.row.Tokens
		row.Said += d.row.Said
		row.Alone += d.row.Alone
		row.Any = row.Any || d.row.Outcome == OutcomeRight
	}
	return row
}

// sampledApart is the row of an arm that samples, from runs of its own.
func (r *runner) sampledApart(ctx context.Context, it Item, a Arm) (Row, error) {
	var draws []sample
	most := a.Budget
	if a.Method == MethodReject {
		most = r.p.Tries
	}
	for k := 0; k < most && (a.Method == MethodMajority || accepted(draws, a.Budget) < 0); k++ {
		b := r.budgetOf(Arm{Method: MethodNone, Budget: -1})
		if a.Method == MethodReject && (b.Cap < 0 || a.Budget+1 < b.Cap) {
			b.Cap = a.Budget + 1
		}
		p, err := r.whole(ctx, r.ask(it, b, r.sampleSampling(it, k)))
		if err != nil {
			if err := over(ctx, err); err != nil {
				return Row{}, err
			}
			return r.failed(it, a, err), nil
		}
		draws = append(draws, r.sampleOf(it, &p, k))
	}
	if a.Method == MethodMajority {
		return r.vote(a, draws), nil
	}
	return r.rejected(it, a, draws), nil
}
