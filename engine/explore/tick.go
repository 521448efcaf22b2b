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
// What the guesses cost stays within a share of the thinking tokens at every moment, see allowance; only the first one, which
// comes at once, may be over it alone. With t.Stay, so many equal answers in a row close the thought (CommandAnswerNow, once).
// Where a guess finds no room (memory, the end of the context), or is cancelled, its cost is reported as a void one.
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
	if !(t.Share > 0) || math.IsInf(t.Share, 0) || t.Most < 1 || t.Stay < 0 || t.Extra < 0 {
		return fmt.Errorf("ticker with a share of %v, %d answer tokens, a stay of %d and %d extra tokens so far: share and answer tokens must be above 0, the others not below", t.Share, t.Most, t.Stay, t.Extra)
	}
	h := newHistory(live.Branch())
	k := newTicker(t, live.CloseMost())
	for {
		if h.read(live.Log()) || h.closed {
			return nil
		}
		room := k.room(h.spent, h.budget.Cap)
		if h.spent < k.again || room < 1 || !whole(h.path) {
			if err := live.Log().Wait(ctx, h.next); err != nil {
				return err
			}
			continue
		}
		g, err := guessNow(ctx, m, live, h, room)
		k.spend(&g, h.budget.Cap)
		if err != nil {
			if g.Extra() > 0 {
				report(g)
			}
			switch {
			case ctx.Err() != nil:
				return ctx.Err()
			case k.guesses == 0 && k.failed == 0:
				return err // it can never be done
			}
			k.failed++
			k.again = h.spent + max(k.due()-h.spent, t.Most)
			continue
		}
		stay := k.took(&g)
		report(g)
		if stay {
			live.Send(trace.Command{Kind: trace.CommandAnswerNow})
		}
	}
}

// ticker decides when to guess, and when to stop.
type ticker struct {
	allowance
	again   int // thinking tokens before which there is no guess after one that found no room
	guesses int
	failed  int

	stay    int // close the thought after so many, 0 = never
	answer  string
	equal   int // guesses in a row with this answer
	stopped bool
}

func newTicker(t trace.Ticker, closing int) *ticker {
	return &ticker{stay: t.Stay, allowance: allowance{share: t.Share, most: t.Most, fed: closing, extra: t.Extra, begun: t.Extra > 0}}
}

// took takes in an answer, sets the guess's Every, and says whether the thought is to be closed now.
func (k *ticker) took(g *trace.Guess) (stay bool) {
	k.guesses++
	k.answered(g.Tokens, g.Cut)
	g.Every = max(k.due()-g.Spent, 1)
	if k.equal++; g.Answer != k.answer {
		k.answer, k.equal = g.Answer, 1
	}
	if stay = k.stay > 0 && !k.stopped && g.Answer != "" && k.equal >= k.stay; stay {
		k.stopped = true
	}
	return stay
}

// guessNow closes a copy of the thought where it is, for an answer of at most so many tokens. The guess that comes with an
// error is a void one with what it has cost.
func guessNow(ctx context.Context, m *engine.Model, live *engine.Live, h *history, most int) (trace.Guess, error) {
	b, s, at := h.budget, h.samplingAt(len(h.path)), len(h.path)
	b.Cap, b.AnswerCap, b.Preset = h.spent, most, ""
	s.Temperature = 0
	void := trace.Guess{At: at, Spent: h.spent, Void: true}
	f, err := closeAt(ctx, m, live, at, b, s)
	if err != nil {
		return void, err
	}
	err = f.await(ctx)
	drop(m, f)
	if err != nil {
		f.read(f.live.Log()) // it has ended only now
		void.Tokens, void.Fed = f.drawn, f.fed
		return void, fmt.Errorf("guess the answer of branch %s after token %d: %w", live.Branch().ID, at, err)
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
