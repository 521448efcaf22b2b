package probe

import (
	"context"
	"fmt"

	"s1/engine"
	"s1/engine/builtin/tape"
	"s1/engine/trace"
)

// Shown says what a person sees on the built-in examples, greedy, without choosing among them.
type Shown struct {
	CapWrong    Rate `json:"cap_wrong"`    // the thought cut at half its length, the answer wrong
	CapRepaired Rate `json:"cap_repaired"` // of all: that answer wrong, and right after Wait at its close
	Wrong       Rate `json:"wrong"`        // wrong at the natural end
	Repaired    Rate `json:"repaired"`     // of all: wrong at the natural end, right after at most two Waits
}

// shownExamples is how many examples are built in.
const shownExamples = 100

func shown(ctx context.Context, m *engine.Model, o Options) (*Shown, error) {
	o.Progress = nil
	type seen struct{ cut, cutThenWait, first, second outcome }
	all, err := each(ctx, tape.Examples(tape.ExamplesSeed, shownExamples), o, func(ctx context.Context, _ int, p tape.Problem) (s seen, err error) {
		c, err := thinks(ctx, m, o, p, trace.Sampling{}, o.Text, 2, nil)
		if err != nil {
			return s, err
		}
		s.first, s.second = c.waits[0], c.waits[2]
		s.cut, s.cutThenWait, err = cutThenWait(ctx, m, o, p, max(s.first.tokens/2, 1))
		return s, err
	})
	if err != nil {
		return nil, err
	}
	var cut, cutRepaired, wrong, repaired int
	for _, s := range all {
		cut += 1 - hit(s.cut)
		cutRepaired += (1 - hit(s.cut)) * hit(s.cutThenWait)
		wrong += 1 - hit(s.first)
		repaired += (1 - hit(s.first)) * hit(s.second)
	}
	n := len(all)
	return &Shown{NewRate(cut, n), NewRate(cutRepaired, n), NewRate(wrong, n), NewRate(repaired, n)}, nil
}

// cutThenWait answers under a cap, and then again with a Wait in place of the close and no cap, as a person does it.
func cutThenWait(ctx context.Context, m *engine.Model, o Options, p tape.Problem, limit int) (cut, then outcome, err error) {
	b := trace.Budget{Cap: limit, WaitText: o.Text, AnswerCap: answerCap}
	l, err := m.Ask(ctx, trace.Ask{Prompt: p.String(), ThinkFormat: o.format(), Budget: b})
	if err != nil {
		return cut, then, err
	}
	defer m.Forget(l.Run().ID)
	tokens, receipt, err := end(ctx, l)
	if err != nil {
		return cut, then, err
	}
	cut = answerOf(p, tokens, receipt)
	closed := 0
	for i, t := range tokens {
		if t.Counted {
			closed = i + 1
		}
	}
	b.Cap = o.Limit
	next, err := m.Branch(ctx, l.Branch().ID, closed, b, trace.Sampling{}, trace.Command{Kind: trace.CommandWait})
	if err != nil {
		return cut, then, fmt.Errorf("wait at the close of a thought of %d tokens: %w", limit, err)
	}
	tokens, receipt, err = end(ctx, next)
	return cut, answerOf(p, tokens, receipt), err
}
