package probe

import (
	"context"
	"errors"
	"fmt"

	"s1/engine"
	"s1/engine/builtin/tape"
	"s1/engine/trace"
)

// answerCap is the most tokens of an answer: its digits and the end, and one too many shows that it is none.
const answerCap = tape.MaxDigits + 2

// outcome is one answer, and what was thought before it.
type outcome struct {
	value    int
	answered bool // a number, and the end
	right    bool
	tokens   int // thinking tokens
}

// curve is one thought with all its Waits, and its forks.
type curve struct {
	waits  []outcome // after 0, 1, ... Waits
	caps   []outcome // in the order of the caps
	report tape.Report
	own    unasked
}

// thinks lets m think about p with waits times word, and forks off what it would have answered after fewer of them and under
// each cap. A fork is exact: its past is what a run with its own budget would have written, and draws depend on nothing but
// seed and position.
func thinks(ctx context.Context, m *engine.Model, o Options, p tape.Problem, s trace.Sampling, word string, waits int, caps []int) (c curve, err error) {
	base, err := m.Ask(ctx, trace.Ask{
		Prompt: p.String(), ThinkFormat: o.format(), Sampling: s,
		Budget: trace.Budget{Cap: o.Limit, Waits: waits, WaitText: word, AnswerCap: answerCap},
	})
	if err != nil {
		return c, err
	}
	defer m.Forget(base.Run().ID)
	tokens, receipt, err := end(ctx, base)
	if err != nil {
		return c, err
	}
	whole := answerOf(p, tokens, receipt)
	c.report, c.own = audit(p, tokens, receipt), unaskedIn(tokens)
	at := places(tokens)

	forks := make([]*engine.Live, waits+len(caps))
	for k := range waits {
		if k < len(at.waits) {
			b := trace.Budget{Cap: o.Limit, Waits: k, WaitText: word, AnswerCap: answerCap}
			if forks[k], err = m.Branch(ctx, base.Branch().ID, at.waits[k], b, s); err != nil {
				return c, fmt.Errorf("fork after %d Waits: %w", k, err)
			}
		}
	}
	natural := whole.tokens // of the thought without a Wait
	if len(at.waits) > 0 {
		natural = at.spent(at.waits[0])
	}
	for i, n := range caps {
		if n <= natural { // at its very end a cap closes before the model can
			b := trace.Budget{Cap: n, WaitText: word, AnswerCap: answerCap}
			if forks[waits+i], err = m.Branch(ctx, base.Branch().ID, at.after(n), b, s); err != nil {
				return c, fmt.Errorf("fork at a cap of %d: %w", n, err)
			}
		}
	}
	read := func(l *engine.Live, otherwise outcome) outcome {
		if l == nil || err != nil {
			return otherwise
		}
		var tokens []trace.Token
		var receipt trace.Receipt
		tokens, receipt, err = end(ctx, l)
		return answerOf(p, tokens, receipt)
	}
	for k := range waits {
		c.waits = append(c.waits, read(forks[k], whole))
	}
	c.waits = append(c.waits, whole)
	for i := range caps {
		c.caps = append(c.caps, read(forks[waits+i], c.waits[0]))
	}
	return c, err
}

func (o Options) format() string {
	if o.ThinkFormat == "" {
		return "auto"
	}
	return o.ThinkFormat
}

// samples gives the answers of o.Votes drafts at T = 1.
func samples(ctx context.Context, m *engine.Model, o Options, p tape.Problem, seed uint64) ([]outcome, error) {
	lives := make([]*engine.Live, 0, o.Votes)
	defer func() {
		for _, l := range lives {
			m.Forget(l.Run().ID)
		}
	}()
	for k := range o.Votes {
		l, err := m.Ask(ctx, trace.Ask{
			Prompt: p.String(), ThinkFormat: o.format(), Sampling: trace.Sampling{Temperature: 1, Seed: seed + uint64(k)},
			Budget: trace.Budget{Cap: o.Limit, AnswerCap: answerCap},
		})
		if err != nil {
			return nil, err
		}
		lives = append(lives, l)
	}
	var out []outcome
	for _, l := range lives {
		tokens, receipt, err := end(ctx, l)
		if err != nil {
			return nil, err
		}
		out = append(out, answerOf(p, tokens, receipt))
	}
	return out, nil
}

// end waits for the end of a branch and gives its tokens.
func end(ctx context.Context, l *engine.Live) (tokens []trace.Token, r trace.Receipt, err error) {
	for n, ended := 0, false; !ended; {
		if err := l.Log().Wait(ctx, n); err != nil {
			return nil, r, err
		}
		var events []trace.Event
		events, ended = l.Log().Since(n)
		n += len(events)
		for _, e := range events {
			switch e.Kind {
			case trace.EventToken:
				tokens = append(tokens, e.Token)
			case trace.EventEnd:
				r, err = *e.Receipt, e.Err
			}
		}
	}
	if err == nil && r.Outcome == "stopped" {
		if err = ctx.Err(); err == nil {
			err = errors.New("the branch was stopped")
		}
	}
	return tokens, r, err
}

// answerOf reads the answer behind the thought. Line breaks that a think format puts there are no part of it.
func answerOf(p tape.Problem, tokens []trace.Token, r trace.Receipt) outcome {
	o := outcome{tokens: r.ThinkingTokens}
	trace := tape.Audit(p, idsOf(tokens, r))
	o.value, o.answered, o.right = trace.Answer, trace.Answered, trace.Right == 1
	return o
}

// audit reads the whole trace. Where the model wished to end inside a line or before the last one, it skipped a step.
func audit(p tape.Problem, tokens []trace.Token, r trace.Receipt) tape.Report {
	a := tape.Audit(p, idsOf(tokens, r))
	if a.Slips == 0 && (a.Interrupted > 0 || a.Unfinished > 0 && r.Closed == trace.ClosedNatural) {
		a.Slips, a.Slip = 1, fmt.Sprintf("%s: the thought ended before its last line", p)
	}
	return a
}

// idsOf gives a trace as the tape's grammar has it: the thought, its close, the answer, its end.
func idsOf(tokens []trace.Token, r trace.Receipt) []int32 {
	ids := make([]int32, 0, len(tokens)+2)
	var answer []int32
	for _, t := range tokens {
		switch {
		case t.Counted:
			ids = append(ids, t.ID)
		case t.Phase == trace.PhaseAnswer && t.Origin == trace.OriginSampled && t.ID != tape.Newline:
			answer = append(answer, t.ID)
		}
	}
	ids = append(append(ids, tape.EndThink), answer...)
	if r.Outcome == "answered" {
		ids = append(ids, tape.End)
	}
	return ids
}

// place says where in a branch's tokens things are.
type place struct {
	waits   []int // the token before which the n-th end of thinking was suppressed
	counted []int // indices of the thinking tokens
}

func places(tokens []trace.Token) (at place) {
	for i, t := range tokens {
		if t.Counted {
			at.counted = append(at.counted, i)
		}
		if t.Wished && t.Phase == trace.PhaseThinking && t.Origin != trace.OriginForced {
			at.waits = append(at.waits, i)
		}
	}
	return at
}

// after is the place behind n thinking tokens, of which there are at least n.
func (p place) after(n int) int {
	switch {
	case n == 0:
		return 0 // before the opening: a branch without thought may open it in a way of its own
	case n < len(p.counted):
		return p.counted[n]
	}
	return p.counted[n-1] + 1
}

// spent is how many thinking tokens stand before index i.
func (p place) spent(i int) (n int) {
	for n < len(p.counted) && p.counted[n] < i {
		n++
	}
	return n
}
