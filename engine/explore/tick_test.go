package explore

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"s1/engine"
	"s1/engine/enginetest"
	"s1/engine/trace"
	"s1/kernels"
)

// minded is a model that thinks for ever until it is closed, and then answers what it has in mind after so many thinking
// tokens: a letter.
func minded(v *enginetest.Vocab, prompt int, mind func(spent int) string) enginetest.Script {
	closed, turn := v.Special(enginetest.ThinkClose), v.Special(enginetest.TurnEnd)
	return func(history []int32) map[int32]float32 {
		at := slices.Index(history, closed)
		if at < 0 {
			return map[int32]float32{int32('a' + len(history)%7): 4, 'z': 3}
		}
		answer := mind(at - prompt)
		if said := len(history) - at - 2; said >= 0 && said < len(answer) { // "</think>\n\n" is two tokens
			return map[int32]float32{int32(answer[said]): 4, 'z': 1}
		}
		return map[int32]float32{turn: 4}
	}
}

// At no moment after the first guess has been made good do the extra tokens exceed the share; what a cap will allow for
// bounds the first one.
func TestTheTickerGuessesWithinItsShare(t *testing.T) {
	t.Parallel()
	for seed := range uint64(24) {
		v := enginetest.NewVocab()
		limit := []int{-1, 900, 300, 160, 40}[seed%5]
		started := make(chan struct{})
		r := scripted(t, rigOptions{script: enginetest.Random(v, seed), context: 1500, before: func(context.Context, *kernels.Batch) error {
			<-started
			for range 100 { // let the guesses have a word
				runtime.Gosched()
			}
			return nil
		}})
		q := thought(limit, trace.Sampling{Temperature: 1, Seed: seed})
		q.Budget.Waits = 4000
		live := ask(t, r.Model, q)
		close(started)
		k := trace.Ticker{Share: []float64{0, 0.05, 0.5}[seed%3], Most: int(seed % 7), Extra: []int{0, 0, 30}[seed/3%3]}
		share, most := k.Share, k.Most
		if share == 0 {
			share = tickShare
		}
		if most == 0 {
			most = tickMost
		}
		extra, spent, n := k.Extra, 0, 0
		err := Tick(t.Context(), r.Model, live.Branch().ID, k, func(g trace.Guess) {
			if g.Tokens > most || g.Every < 1 || g.Spent < spent || g.Fed < 1 || g.Void {
				t.Errorf("seed %d: %+v", seed, g)
			}
			spent, n = g.Spent, n+1
			extra += g.Extra()
			first := n == 1 && k.Extra == 0
			switch {
			case !first && float64(extra) > share*float64(spent):
				t.Errorf("seed %d: %d extra tokens after %d thinking tokens, share %v", seed, extra, spent, share)
			case first && extra > max(int(share*float64(max(spent, limit))), live.CloseMost()+min(most, firstAnswer)):
				t.Errorf("seed %d: the first guess at %d has cost %d, cap %d, share %v", seed, spent, extra, limit, share)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		if k.Extra == 0 && n == 0 {
			t.Errorf("seed %d: no guess", seed)
		}
		end(t, live)
		nothingLeft(t, r.Model, -1)
	}
}

func TestTheTickerSaysWhatTheModelHasInMindAndStopsWhenItStays(t *testing.T) {
	t.Parallel()
	v := enginetest.NewVocab()
	const stay = 3
	r := scripted(t, rigOptions{context: 40000, script: minded(v, len("q")+2, func(spent int) string {
		switch { // a newline may stand before the close
		case spent < 40:
			return "" // nothing yet: the end of the turn, however often it is asked
		case spent < 300:
			return fmt.Sprint(spent)
		}
		return " 42 "
	})})
	live := ask(t, r.Model, trace.Ask{Prompt: "q", Budget: trace.Budget{Cap: -1, AnswerCap: 32}})
	var all []trace.Guess
	if err := Tick(t.Context(), r.Model, live.Branch().ID, trace.Ticker{Stay: stay, Share: 0.3}, func(g trace.Guess) { all = append(all, g) }); err != nil {
		t.Fatal(err)
	}
	h := end(t, live)
	if h.receipt.Closed != trace.ClosedAnswerNow || h.text() != "42" {
		t.Errorf("closed %s with %q", h.receipt.Closed, h.text())
	}
	stayed := 0
	for i, g := range all {
		right := g.Answer == "42"
		switch {
		case g.Spent < 39:
			right = g.Answer == ""
		case g.Spent > 40 && g.Spent < 299:
			right = g.Answer == fmt.Sprint(g.Spent) || g.Answer == fmt.Sprint(g.Spent+1)
		}
		if !right && g.Spent != 39 && g.Spent != 40 && g.Spent != 299 || g.Prob <= 0 || g.Prob > 1 || g.Cut || g.CloseProb <= 0 || g.Tokens != len(g.Answer)+2*stayedSpaces(g) {
			t.Errorf("guess %d: %+v", i, g)
		}
		if g.Answer == "42" {
			stayed++
		}
	}
	if stayed < stay {
		t.Errorf("it stayed for %d guesses", stayed)
	}
	nothingLeft(t, r.Model, -1)
}

// stayedSpaces is how many tokens around an answer are not in it, on each side.
func stayedSpaces(g trace.Guess) int {
	if g.Answer == "42" {
		return 1
	}
	return 0
}

func TestStayCountsEqualGuessesInARowAndNoEmptyOnes(t *testing.T) {
	t.Parallel()
	k := newTicker(trace.Ticker{Share: 0.1, Stay: 3, Most: 16}, 1)
	said := 0
	for i, a := range strings.Split(",,,,7,7,8,8,,8,8,7,8,8,8,8,8,8,8", ",") {
		g := trace.Guess{Answer: a, Tokens: 1, Spent: 10 * i}
		if k.took(&g) {
			if said++; i != 14 {
				t.Errorf("stays at guess %d", i)
			}
		}
	}
	if said != 1 {
		t.Errorf("said %d times", said)
	}
}

func TestATickerThatIsCancelledLeavesNothing(t *testing.T) {
	v := enginetest.NewVocab()
	r := scripted(t, rigOptions{script: minded(v, 3, func(int) string { return strings.Repeat("long ", 100) }), context: 40000, pages: 2000})
	live := ask(t, r.Model, trace.Ask{Prompt: "q", Budget: trace.Budget{Cap: -1, AnswerCap: 32}})
	until(t, live, 1)
	before := runtime.NumGoroutine()
	for n := range 5 {
		ctx, cancel := context.WithCancel(t.Context())
		guesses := 0
		err := Tick(ctx, r.Model, live.Branch().ID, trace.Ticker{Share: 10, Most: 1 + 50*n}, func(trace.Guess) {
			if guesses++; guesses == 2 {
				cancel()
			}
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
		cancel()
		nothingLeft(t, r.Model, -1)
	}
	noGoroutineLeft(t, before)
	live.Send(trace.Command{Kind: trace.CommandStop})
	end(t, live)
}

func TestTickersThatCannotBeAreRefused(t *testing.T) {
	t.Parallel()
	r := scripted(t, rigOptions{})
	live := ask(t, r.Model, thought(10, trace.Sampling{}))
	for _, k := range []trace.Ticker{{Share: -1}, {Most: -1}, {Stay: -2}, {Extra: -1}} {
		if err := Tick(t.Context(), r.Model, live.Branch().ID, k, func(trace.Guess) { t.Error("a guess") }); err == nil {
			t.Errorf("%+v passed", k)
		}
	}
	if err := Tick(t.Context(), r.Model, "nobody", trace.Ticker{}, nil); err == nil || !strings.Contains(err.Error(), "nobody") {
		t.Errorf("a branch that is not: %v", err)
	}
}

// A step takes as long as it takes; the branch that the user watches is in every one of them, with and without experiments,
// in memory that hardly suffices for itself.
func TestTheWatchedBranchIsNeitherSlowedNorChangedByExperiments(t *testing.T) {
	t.Parallel()
	for _, pages := range []int{400, 18, 17, 16} {
		v := enginetest.NewVocab()
		q := trace.Ask{Prompt: "q", Budget: trace.Budget{Cap: 700, Waits: 100, WaitText: "Wait", AnswerCap: 100}, Sampling: trace.Sampling{Temperature: 1, Seed: 3}}
		// steps of the model until the watched branch has ended
		steps, most, watched := 0, 0, make(chan *engine.Live, 1)
		var live *engine.Live
		count := func(_ context.Context, b *kernels.Batch) error {
			if live == nil {
				live = <-watched
			}
			select {
			case <-live.Log().Done():
			default:
				steps++
				most = max(most, len(b.Tokens))
			}
			for range 100 { // let the others have a word
				runtime.Gosched()
			}
			return nil
		}
		alone := scripted(t, rigOptions{script: enginetest.Random(v, 7), context: 1000, pages: pages, before: count})
		l := ask(t, alone.Model, q)
		watched <- l
		want := end(t, l)
		least := steps

		steps, live = 0, nil
		r := scripted(t, rigOptions{script: enginetest.Random(v, 7), context: 1000, pages: pages, before: count})
		l = ask(t, r.Model, q)
		watched <- l
		id := l.Branch().ID
		experiments := make(chan error, 3)
		guesses, scrubs := 0, 0
		go func() {
			experiments <- Tick(t.Context(), r.Model, id, trace.Ticker{Share: 2}, func(trace.Guess) { guesses++ })
		}()
		until(t, l, 200)
		x := New(r.Model)
		go func() {
			arm := trace.Arm{At: 100, Budget: trace.Budget{Cap: 600, AnswerCap: 50}}
			experiments <- x.Try(t.Context(), trace.Trials{From: id, Arms: []trace.Arm{arm, arm}, Samples: 20, Sampling: q.Sampling}, func(trace.TrialsReport) {})
		}()
		go func() {
			experiments <- Scrub(t.Context(), r.Model, id, []int{10, 20, 50, 100, 150}, 32, func(trace.Guess) { scrubs++ })
		}()
		got := end(t, l)
		for range 3 {
			if err := <-experiments; err != nil {
				t.Errorf("%d pages: %v", pages, err)
			}
		}
		if !slices.Equal(ids(want.path), ids(got.path)) || got.text() != want.text() {
			t.Errorf("%d pages: the branch was changed", pages)
		}
		for _, e := range events(l) {
			if e.Kind == trace.EventNotice && strings.Contains(e.Notice, "memory") {
				t.Errorf("%d pages: %s", pages, e.Notice)
			}
		}
		if steps != least {
			t.Errorf("%d pages: the branch took %d steps, alone %d", pages, steps, least)
		}
		if guesses == 0 || scrubs != 5 {
			t.Errorf("%d pages: %d guesses, %d scrubs: the test does not test it", pages, guesses, scrubs)
		}
		t.Logf("%d pages: %d steps, up to %d rows, %d guesses", pages, steps, most, guesses)
		x.forgetTrials()
		nothingLeft(t, r.Model, -1)
	}
}
