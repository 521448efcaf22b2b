package explore

import (
	"context"
	"fmt"
	"math"
	"unicode/utf8"

	"s1/engine"
	"s1/engine/trace"
)

const (
	tickShare = 0.1 // of the thinking tokens, where nothing else is asked for
	tickMost  = 16  // answer tokens of a guess
)

// Tick is the function Tick for the explorer's model.
func (x *Explorer) Tick(ctx context.Context, of trace.BranchID, t trace.Ticker, report func(trace.Guess)) error {
	return Tick(ctx, x.m, of, t, report)
}

// Tick guesses the answer of a branch again and again while it thinks: a side branch closes the thought where it is and
// answers. It returns when the thought has closed. A guess takes the likeliest tokens whatever the branch's temperature is,
// so that a guess which changes is a change of mind and not another draw.
//
// A guess begins when the extra tokens so far are within the share of the thinking tokens so far: they never exceed it by more
// than one guess, and the first comes with the first thinking token. With t.Stay, so many equal answers in a row close the
// thought (CommandAnswerNow, once). Where a guess finds no room (memory, the end of the context), there is none.
func Tick(ctx context.Context, m *engine.Model, of trace.BranchID, t trace.Ticker, report func(trace.Guess)) error {
	live, err := branch(m, of)
	if err != nil {
		return err
	}
	if t.Share == 0 {
		t.Share = tickShare
	}
	if t.Most == 0 {
		t.Most = tickMost
	}
	if !(t.Share > 0) || math.IsInf(t.Share, 0) || t.Most < 1 || t.Stay < 0 {
		return fmt.Errorf("ticker with a share of %v, %d answer tokens and a stay of %d: share and tokens must be above 0, the stay not below", t.Share, t.Most, t.Stay)
	}
	h := newHistory(live.Branch())
	k := ticker{Ticker: t, next: 1}
	for {
		if h.read(live.Log()) || h.closed {
			return nil
		}
		if h.spent < k.next || !whole(h.path) {
			if err := live.Log().Wait(ctx, h.next); err != nil {
				return err
			}
			continue
		}
		g, err := guessNow(ctx, m, live, h, t.Most)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && k.guesses == 0 && k.failed == 0:
			return err // it can never be done
		case err != nil:
			k.failed++
			k.next = h.spent + max(k.every, t.Most)
			continue
		}
		stay := k.took(&g)
		report(g)
		if stay {
			live.Send(trace.Command{Kind: trace.CommandAnswerNow})
		}
	}
}

// ticker decides when to guess.
type ticker struct {
	trace.Ticker
	next    int // thinking tokens from which the next guess is due
	every   int
	extra   int // tokens generated for all guesses
	guesses int
	failed  int

	answer  string
	equal   int // guesses in a row with this answer
	stopped bool
}

// took accounts for a guess, sets its Every, and says whether the thought is to be closed now.
func (k *ticker) took(g *trace.Guess) (stay bool) {
	k.guesses++
	k.extra += max(g.Tokens, 1) // one that says nothing has cost a step, too
	due := math.Ceil(float64(k.extra) / k.Share)
	k.every = int(min(max(due-float64(g.Spent), 1), math.MaxInt32))
	k.next = g.Spent + k.every
	g.Every = k.every
	if k.equal++; g.Answer != k.answer {
		k.answer, k.equal = g.Answer, 1
	}
	if stay = k.Stay > 0 && !k.stopped && g.Answer != "" && k.equal >= k.Stay; stay {
		k.stopped = true
	}
	return stay
}

// guessNow closes a copy of the thought where it is.
func guessNow(ctx context.Context, m *engine.Model, live *engine.Live, h *history, most int) (trace.Guess, error) {
	b, s, at := h.budget, h.samplingAt(len(h.path)), len(h.path)
	b.Cap, b.AnswerCap, b.Preset = h.spent, most, ""
	s.Temperature = 0
	f, err := closeAt(ctx, m, live, at, b, s)
	if err != nil {
		return trace.Guess{}, err
	}
	defer drop(m, f)
	if err := f.await(ctx); err != nil {
		return trace.Guess{}, fmt.Errorf("guess the answer of branch %s after token %d: %w", live.Branch().ID, at, err)
	}
	return f.guess(at, live.Run().Expected, m.Same()), nil
}

// whole says that a path does not end inside a character.
func whole(path []trace.Token) bool {
	var b []byte
	for _, t := range path[max(0, len(path)-utf8.UTFMax):] {
		b = append(b, t.Bytes...)
	}
	for i := 1; i <= min(utf8.UTFMax, len(b)); i++ {
		if utf8.RuneStart(b[len(b)-i]) {
			return utf8.FullRune(b[len(b)-i:])
		}
	}
	return true
}
