package explore

import (
	"context"
	"fmt"

	"s1/engine"
	"s1/engine/trace"
)

const (
	scrubAnswer = 32 // tokens of an answer, where nothing else is asked for
	scrubAtOnce = 16 // stops that are being answered at the same time
)

// Scrub is the function Scrub for the explorer's model, with answers of up to 32 tokens.
func (x *Explorer) Scrub(ctx context.Context, from trace.BranchID, stops []int, report func(trace.Guess)) error {
	return Scrub(ctx, x.m, from, stops, scrubAnswer, report)
}

// Scrub says what the answer had been if the thought of a branch had closed at each of the stops (thinking tokens,
// ascending): the answer that a run of the same question, seed and sampling gives under a cap of as many tokens and an answer
// cap of answerCap. It costs the answers only, because the branches share the trace up to where they close.
//
// A stop that the thought of an ended trace did not reach has the trace's own answer, at no cost. Stops beyond what a running
// or a stopped branch has thought are left out. The answers come from coarse to fine: the last stop and the first, the middle,
// and so on. The published presets count in their own ways; what is answered here is the exact rule's cap.
func Scrub(ctx context.Context, m *engine.Model, from trace.BranchID, stops []int, answerCap int, report func(trace.Guess)) error {
	live, err := branch(m, from)
	if err != nil {
		return err
	}
	for i, s := range stops {
		if s < 0 || i > 0 && s <= stops[i-1] {
			return fmt.Errorf("stop %d of %v: stops are thinking tokens, 0 or more and ascending", i, stops)
		}
	}
	if answerCap < 1 {
		return fmt.Errorf("an answer of %d tokens; at least 1", answerCap)
	}
	h := newHistory(live.Branch())
	ended := h.read(live.Log())
	b := h.budget
	b.AnswerCap, b.Preset = answerCap, ""
	cuts, err := m.Cuts(from, h.path, b, stops)
	if err != nil {
		return fmt.Errorf("find where branch %s would have closed: %w", from, err)
	}
	expected := live.Run().Expected
	answered := ended && h.receipt.Outcome != "stopped" && h.receipt.Outcome != "error"

	order := coarse(len(stops))
	forks := make([]*side, len(order)) // by place in the order
	defer func() {
		for _, f := range forks {
			if f != nil {
				drop(m, f)
			}
		}
	}()
	started := 0
	for k, i := range order {
		for ; started < len(order) && started < k+scrubAtOnce; started++ {
			stop := order[started]
			if at := cuts[stop]; at >= 0 {
				b.Cap = stops[stop]
				if forks[started], err = closeAt(ctx, m, live, at, b, h.samplingAt(at)); err != nil {
					return err
				}
			}
		}
		f := forks[k]
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case f != nil:
			if err := f.await(ctx); err != nil {
				return fmt.Errorf("answer after %d thinking tokens of branch %s: %w", stops[i], from, err)
			}
			report(f.guess(cuts[i], expected, m.Same()))
			drop(m, f)
			forks[k] = nil
		case answered:
			at, _ := live.CloseAt(h.path)
			own := h.guess(at, expected, m.Same())
			own.Tokens, own.Fed = 0, 0
			report(own)
		}
	}
	return nil
}

// coarse is an order of 0..n-1 that is spread over the whole from its first entries on: the ends, the middle, the quarters.
func coarse(n int) []int {
	var order []int
	seen := make([]bool, n)
	add := func(i int) {
		if i >= 0 && i < n && !seen[i] {
			seen[i] = true
			order = append(order, i)
		}
	}
	add(n - 1)
	add(0)
	for parts := 2; len(order) < n; parts *= 2 {
		for k := 1; k < parts; k += 2 {
			add((n - 1) * k / parts)
		}
		if parts > n {
			for i := range n {
				add(i)
			}
		}
	}
	return order
}
