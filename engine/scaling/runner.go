package scaling

import (
	"context"
	"fmt"

	"s1/engine/remote"
	"s1/engine/trace"
)

// runner asks one model about items. What is said of the way to a server (remote.Transport) is no row, and ends the item.
type runner struct {
	crew  *Crew
	m     Thinker // of the hand that has the item
	p     Plan    // filled and checked
	judge Judge
	same  Same

	separate bool // every arm by runs of its own
}

func newRunner(c *Crew, p Plan, o Options) (*runner, error) {
	p = p.filled()
	if err := p.check(); err != nil {
		return nil, err
	}
	for _, method := range p.Methods {
		if prompted(method) && c.info.Hint != "" {
			return nil, fmt.Errorf("method %s writes into the question, and model %s takes one kind of question only (%s)", method, c.info.Name, c.info.Hint)
		}
	}
	if p.Limit >= 0 && len(p.Caps) > 0 && p.Caps[len(p.Caps)-1] > p.Limit {
		return nil, fmt.Errorf("a cap of %d is above the most thinking tokens of any thought, %d", p.Caps[len(p.Caps)-1], p.Limit)
	}
	if c.refuse != nil {
		if err := c.refuse(p); err != nil {
			return nil, err
		}
	}
	r := &runner{crew: c, p: p, separate: c.apart(p), judge: o.Judge, same: o.Same}
	if r.judge == nil {
		r.judge = Exact
	}
	known := r.judge
	r.judge = func(pred, gold string) Verdict {
		if gold == "" {
			return Unjudged
		}
		return known(pred, gold)
	}
	if r.same == nil {
		r.same = func(a, b string) bool { return a == b }
	}
	return r, nil
}

// with is the runner for a hand of the crew.
func (r *runner) with(m Thinker) *runner {
	own := *r
	own.m = m
	return &own
}

// found is what is known of one item so far.
type found struct {
	it   Item
	rows map[Arm]Row
}

// item answers an item under every arm. The error is that of ctx, or of the way to a server; what fails for one arm is a row of
// its own.
func (r *runner) item(ctx context.Context, it Item) ([]Row, error) {
	if r.separate {
		return r.allApart(ctx, it)
	}
	f := &found{it: it, rows: map[Arm]Row{}}
	for _, do := range []func(context.Context, *found) error{r.shared, r.own} {
		if err := do(ctx, f); err != nil {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if remote.Transport(err) {
				return nil, err
			}
			r.fail(f, err)
		}
	}
	if len(f.rows) != len(r.p.Arms()) {
		return nil, fmt.Errorf("%d of %d arms have a row", len(f.rows), len(r.p.Arms()))
	}
	return r.inOrder(f), nil
}

// inOrder are the rows in the order of the plan's arms.
func (r *runner) inOrder(f *found) []Row {
	rows := make([]Row, 0, len(f.rows))
	for _, a := range r.p.Arms() {
		rows = append(rows, f.rows[a])
	}
	return rows
}

// fail gives every arm that has no row yet one that says why.
func (r *runner) fail(f *found, err error) {
	for _, a := range r.p.Arms() {
		if _, ok := f.rows[a]; !ok {
			f.rows[a] = r.failed(f.it, a, err)
		}
	}
}

func (r *runner) failed(it Item, a Arm, err error) Row {
	return Row{Item: it.ID, Method: a.Method, Budget: a.Budget, Text: a.Text, Outcome: OutcomeError, Error: err.Error(), Seed: r.sampling(it).Seed, IDs: []int32{}}
}

// over is the error that ends an item: what came of it is not about its arms.
func over(ctx context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case remote.Transport(err):
		return err
	}
	return nil
}

// refused are the rows of an item that no server takes.
func (r *runner) refused(it Item, err error) []Row {
	f := &found{it: it, rows: map[Arm]Row{}}
	r.fail(f, err)
	return r.inOrder(f)
}

// row is what a path makes of an item for an arm; its first at tokens come from another arm, or from nothing that is written.
func (r *runner) row(it Item, a Arm, p *path, from string, at int, seed uint64) Row {
	row := Row{
		Item: it.ID, Method: a.Method, Budget: a.Budget, Text: a.Text, Tokens: p.receipt.ThinkingTokens, Said: p.receipt.AnswerTokens,
		Own: p.drawn(at), Alone: p.drawn(0), Tries: 1, Answer: p.answer(), Closed: string(p.receipt.Closed), Waits: p.receipt.WaitsDone,
		Seed: seed, From: from, At: at,
	}
	if from == "" {
		row.At = 0
	}
	row.IDs = p.ids(row.At)
	if r.crew.served != "" {
		row.Badge = p.receipt.Enforcement
	}
	row.Outcome = r.outcome(it, p, row.Answer)
	if p.err != nil {
		row.Error = p.err.Error()
	}
	return row
}

func (r *runner) outcome(it Item, p *path, answer string) Outcome {
	switch {
	case p.err != nil:
		return OutcomeError
	case p.receipt.Outcome == "cut":
		return OutcomeCut
	case answer == "":
		return OutcomeEmpty
	}
	return Outcome(r.judge(answer, it.Gold))
}

// sampling is that of the arms that do not sample on purpose.
func (r *runner) sampling(it Item) trace.Sampling {
	s := r.p.Sampling
	s.Seed = seedOf(r.p.Seed, it.ID, 0)
	return s
}

func (r *runner) ask(it Item, b trace.Budget, s trace.Sampling) trace.Ask {
	b.AnswerCap = r.p.AnswerCap
	system := it.System
	if system == "" {
		system = r.p.System
	}
	return trace.Ask{System: system, Prompt: it.Prompt, ThinkFormat: r.p.ThinkFormat, Budget: b, Sampling: s}
}

// whole is a run of its own from the question to the answer.
func (r *runner) whole(ctx context.Context, q trace.Ask) (path, error) {
	l, err := r.m.Ask(ctx, q)
	if err != nil {
		return path{}, err
	}
	defer r.m.Forget(l.Run().ID)
	return read(ctx, l)
}

// budgetOf is what an arm of budget forcing, or of no forcing, asks for.
func (r *runner) budgetOf(a Arm) trace.Budget {
	b := trace.Budget{Cap: r.p.Limit, WaitText: r.p.Texts[0], AnswerCap: r.p.AnswerCap}
	method := a.Method
	if preset, forced, ok := presetOf(method); ok {
		b.Preset = preset
		method = map[string]string{"cap": MethodCap, "wait": MethodWait}[forced]
	}
	switch method {
	case MethodCap, MethodTokensBF:
		b.Cap = a.Budget
	case MethodWait:
		b.Waits = a.Budget
		switch a.Text {
		case "":
		case nothing:
			b.WaitText = ""
		default:
			b.WaitText = a.Text
		}
	}
	return b
}

// own answers what shares nothing: published presets, prompts that say how long to think, and budgets that questions bring along.
func (r *runner) own(ctx context.Context, f *found) error {
	for _, a := range r.p.Arms() {
		if _, _, preset := presetOf(a.Method); !preset && !prompted(a.Method) && a.Method != MethodOwn {
			continue
		}
		row, err := r.apart(ctx, f.it, a)
		if err != nil {
			return err
		}
		f.rows[a] = row
	}
	return nil
}

// apart is the row of an arm from a run, or runs, of its own.
func (r *runner) apart(ctx context.Context, it Item, a Arm) (Row, error) {
	switch a.Method {
	case MethodMajority, MethodReject:
		return r.sampledApart(ctx, it, a)
	}
	s := r.sampling(it)
	asked := it
	asked.Prompt = conditioned(a, it.Prompt)
	q := r.ask(asked, r.budgetOf(a), s)
	if a.Method == MethodOwn {
		s = it.Own.Sampling
		q.Budget, q.Sampling = it.Own.Budget, s
	}
	p, err := r.whole(ctx, q)
	if err != nil {
		if err := over(ctx, err); err != nil {
			return Row{}, err
		}
		return r.failed(it, a, err), nil
	}
	return r.row(it, a, &p, "", 0, s.Seed), nil
}

func (r *runner) allApart(ctx context.Context, it Item) (rows []Row, err error) {
	for _, a := range r.p.Arms() {
		if a.Method == MethodExit {
			continue
		}
		row, err := r.apart(ctx, it, a)
		if err != nil {
			return nil, err
		}
		row.Own = row.Alone
		rows = append(rows, row)
	}
	return rows, nil
}
