package scaling

import (
	"context"
	"fmt"
	"slices"

	"s1/engine/trace"
)

// thought is the trace of one item that the arms share, with all its Waits.
type thought struct {
	live    Thought
	arm     Arm // what it is itself
	written bool
	path    path
	wished  []int // see path.wished
	s       trace.Sampling
}

// from names the trace in the rows that share it.
func (t *thought) from() string {
	if !t.written {
		return ""
	}
	return t.arm.String()
}

// shared answers the arms that can be forked from one trace: no forcing, caps, Waits of every text, early exit, samples.
func (r *runner) shared(ctx context.Context, f *found) error {
	arms := slices.DeleteFunc(r.p.Arms(), func(a Arm) bool {
		_, _, preset := presetOf(a.Method)
		return preset || prompted(a.Method) || a.Method == MethodOwn
	})
	if len(arms) == 0 {
		return nil
	}
	most := 0 // Waits
	base := Arm{Method: MethodNone, Budget: -1}
	if r.p.has(MethodWait) {
		most = r.p.Waits[len(r.p.Waits)-1]
		base = Arm{Method: MethodWait, Budget: most}
	}
	t := &thought{arm: base, written: slices.Contains(arms, base), s: r.sampling(f.it)}
	var err error
	if t.live, err = r.m.Ask(ctx, r.ask(f.it, r.budgetOf(base), t.s)); err != nil {
		return err
	}
	defer r.m.Forget(t.live.Run().ID) // with every fork
	if t.path, err = read(ctx, t.live); err != nil {
		return err
	}
	if t.path.err != nil {
		return t.path.err
	}
	t.wished = t.path.wished()
	natural, err := r.waits(ctx, f, t, r.p.Texts[0])
	if err != nil {
		return err
	}
	if r.p.has(MethodNone) {
		a := Arm{Method: MethodNone, Budget: -1}
		f.rows[a] = renamed(natural.row, a, most > 0 && slices.Contains(r.p.Waits, 0))
	}
	if r.p.has(MethodWait) {
		for _, text := range r.p.Texts[1:] {
			if err := r.otherText(ctx, f, t, text, natural); err != nil {
				return err
			}
		}
	}
	if err := r.caps(ctx, f, t, natural); err != nil {
		return err
	}
	if err := r.exits(ctx, f, t, natural); err != nil {
		return err
	}
	return r.samples(ctx, f, t)
}

// forker is the model, where arms share.
func (r *runner) forker() Forker { return r.m.(Forker) }

// end is the thought as it ends by itself, with no Wait: the trace, or what forks from it at the first end.
type end struct {
	path path
	row  Row
}

// renamed is the row of an arm that comes out as another one does, at no cost of its own where that is written.
func renamed(row Row, a Arm, written bool) Row {
	row.Method, row.Budget, row.Text = a.Method, a.Budget, a.Text
	if written {
		row.Own = 0
	}
	return row
}

// side forks off the trace after its first at tokens.
func (r *runner) side(ctx context.Context, from Thought, at int, b trace.Budget, s trace.Sampling) (Thought, error) {
	l, err := r.forker().Side(ctx, from.Branch().ID, at, b, s)
	if err != nil {
		return nil, fmt.Errorf("fork after %d tokens: %w", at, err)
	}
	return l, nil
}

// waits answers every number of Waits of one text from the trace with the most of them: Wait k is the prefix of Wait k+1. It
// gives the thought with none.
func (r *runner) waits(ctx context.Context, f *found, t *thought, text string) (natural end, err error) {
	most := t.arm.Budget
	if t.arm.Method != MethodWait {
		most = 0
	}
	arm := func(k int) Arm { return Arm{Method: MethodWait, Budget: k, Text: r.p.textName(text)} }
	wanted := slices.Clone(r.p.Waits)
	if !r.p.has(MethodWait) {
		wanted = nil
	}
	if !slices.Contains(wanted, 0) && text == r.p.Texts[0] {
		wanted = append(wanted, 0)
	}
	forks := make([]Thought, len(wanted))
	for i, k := range wanted {
		if k < len(t.wished) && k < most {
			if forks[i], err = r.side(ctx, t.live, t.wished[k], r.budgetOf(arm(k)), t.s); err != nil {
				return natural, err
			}
		}
	}
	for i, k := range wanted {
		p, at := t.path, 0
		var row Row
		switch {
		case forks[i] != nil:
			at = t.wished[k]
			if p, err = read(ctx, forks[i]); err != nil {
				return natural, err
			}
			row = r.row(f.it, arm(k), &p, t.from(), at, t.s.Seed)
		default:
			row = renamed(r.row(f.it, t.arm, &p, "", 0, t.s.Seed), arm(k), t.written && k != most)
		}
		if k == 0 {
			natural = end{p, row}
		}
		if r.p.has(MethodWait) && slices.Contains(r.p.Waits, k) {
			f.rows[arm(k)] = row
		}
	}
	return natural, nil
}

// otherText answers the Waits of another text: its trace parts from the first one where that first wished to end.
func (r *runner) otherText(ctx context.Context, f *found, t *thought, text string, natural end) error {
	most := r.p.Waits[len(r.p.Waits)-1]
	arm := func(k int) Arm { return Arm{Method: MethodWait, Budget: k, Text: r.p.textName(text)} }
	if len(t.wished) == 0 || most == 0 {
		for _, k := range r.p.Waits {
			f.rows[arm(k)] = renamed(natural.row, arm(k), true)
		}
		return nil
	}
	o := &thought{arm: arm(most), written: true, s: t.s}
	b := r.budgetOf(o.arm)
	var err error
	if o.live, err = r.forker().Branch(ctx, t.live.Branch().ID, t.wished[0], b, t.s); err != nil {
		return err
	}
	if o.path, err = read(ctx, o.live); err != nil {
		return err
	}
	o.wished = o.path.wished()
	if _, err := r.waits(ctx, f, o, text); err != nil {
		return err
	}
	whole := f.rows[o.arm]
	whole.Own = o.path.drawn(t.wished[0]) // up to there it is the first text's
	f.rows[o.arm] = whole
	if _, ok := f.rows[arm(0)]; ok {
		f.rows[arm(0)] = renamed(natural.row, arm(0), true)
	}
	return nil
}
