package scaling

import (
	"context"
	"slices"
)

// guessCap is the most answer tokens of a guess along a thought.
const guessCap = 16

// cuts says where a run under each cap would part from the thought without Waits; -1 where the cap changes nothing.
func (r *runner) cuts(t *thought, natural end, caps []int) ([]int, error) {
	b := r.budgetOf(Arm{Method: MethodNone, Budget: -1})
	return r.forker().Cuts(t.live.Branch().ID, natural.path.tokens, b, caps)
}

// caps answers every cap from the one trace: up to where it closes, a capped run is the same.
func (r *runner) caps(ctx context.Context, f *found, t *thought, natural end) error {
	if !r.p.has(MethodCap) {
		return nil
	}
	at, err := r.cuts(t, natural, r.p.Caps)
	if err != nil {
		return err
	}
	arm := func(i int) Arm { return Arm{Method: MethodCap, Budget: r.p.Caps[i]} }
	forks := make([]Thought, len(at))
	for i := range at {
		if at[i] >= 0 {
			if forks[i], err = r.side(ctx, t.live, at[i], r.budgetOf(arm(i)), t.s); err != nil {
				return err
			}
		}
	}
	free := r.p.has(MethodNone) || r.p.has(MethodWait) && slices.Contains(r.p.Waits, 0) // the natural end is paid for already
	for i := range at {
		if forks[i] == nil {
			f.rows[arm(i)] = renamed(natural.row, arm(i), free)
			free = true
			continue
		}
		p, err := read(ctx, forks[i])
		if err != nil {
			return err
		}
		f.rows[arm(i)] = r.row(f.it, arm(i), &p, t.from(), at[i], t.s.Seed)
	}
	return nil
}

// exits answers the first-stable-answer exit: guesses are asked for at equal distances along the thought, and it closes at the
// first place where as many in a row were equal. What the guesses cost is in Own.
func (r *runner) exits(ctx context.Context, f *found, t *thought, natural end) error {
	if !r.p.has(MethodExit) {
		return nil
	}
	var stops []int
	for n := r.p.Every; n < natural.path.receipt.ThinkingTokens; n += r.p.Every {
		stops = append(stops, n)
	}
	at, err := r.cuts(t, natural, stops)
	if err != nil {
		return err
	}
	g := guesser{r: r, t: t, stops: stops, at: at}
	for _, stay := range r.p.Stays {
		a := Arm{Method: MethodExit, Budget: stay}
		stop, cost, err := g.stable(ctx, stay)
		if err != nil {
			return err
		}
		if stop < 0 {
			row := renamed(natural.row, a, true)
			row.Own += cost
			row.Alone += cost
			f.rows[a] = row
			continue
		}
		l, err := r.side(ctx, t.live, at[stop], r.budgetOf(Arm{Method: MethodCap, Budget: stops[stop]}), t.s)
		if err != nil {
			return err
		}
		p, err := read(ctx, l)
		if err != nil {
			return err
		}
		row := r.row(f.it, a, &p, t.from(), at[stop], t.s.Seed)
		row.Own += cost
		row.Alone += cost
		f.rows[a] = row
	}
	return nil
}

// guesser asks for guesses along a thought, each once.
type guesser struct {
	r         *runner
	t         *thought
	stops, at []int
	said      []string
	cost      []int
}

// stable is the first stop at which stay guesses in a row were equal and not empty, -1 where there is none, and what the
// guesses up to there have cost.
func (g *guesser) stable(ctx context.Context, stay int) (stop, cost int, err error) {
	run := 0
	for i := range g.stops {
		if i == len(g.said) {
			if err := g.more(ctx, stay); err != nil {
				return -1, 0, err
			}
		}
		cost += g.cost[i]
		switch {
		case g.said[i] == "":
			run = 0
		case i > 0 && g.said[i] == g.said[i-1]:
			run++
		default:
			run = 1
		}
		if run >= stay && g.at[i] >= 0 {
			return i, cost, nil
		}
	}
	return -1, cost, nil
}

// more asks for the next n guesses, in one batch.
func (g *guesser) more(ctx context.Context, n int) error {
	first := len(g.said)
	forks := make([]Thought, 0, n)
	for i := first; i < min(first+n, len(g.stops)); i++ {
		b := g.r.budgetOf(Arm{Method: MethodCap, Budget: g.stops[i]})
		b.AnswerCap = min(b.AnswerCap, guessCap)
		if g.at[i] < 0 {
			forks = append(forks, nil)
			continue
		}
		l, err := g.r.side(ctx, g.t.live, g.at[i], b, g.t.s)
		if err != nil {
			return err
		}
		forks = append(forks, l)
	}
	for k, l := range forks {
		said, cost := "", 0
		if l != nil {
			p, err := read(ctx, l)
			if err != nil {
				return err
			}
			said, cost = p.answer(), p.drawn(g.at[first+k])
		}
		g.said, g.cost = append(g.said, said), append(g.cost, cost)
	}
	return nil
}
