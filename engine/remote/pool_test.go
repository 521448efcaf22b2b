package remote

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"s1/engine/trace"
)

func noWait(ctx context.Context, _ time.Duration) error { return ctx.Err() }

func TestEveryItemIsDoneOnceWhateverTheServersDo(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 1))
		const n = 300
		var mu sync.Mutex
		did := make([]int, n)
		p, err := NewPool(PoolOptions{Tries: 50, Sleep: noWait},
			Member[string]{Name: "good", On: "good", Slot: 3}, Member[string]{Name: "bad", On: "bad", Slot: 2}, Member[string]{Name: "dead", On: "dead"})
		if err != nil {
			t.Fatal(err)
		}
		told := make([]int, n)
		err = p.Run(t.Context(), n, func(_ context.Context, on string, i int) error {
			mu.Lock()
			defer mu.Unlock()
			if on == "dead" || on == "bad" && random.IntN(2) == 0 {
				return &Failure{Doing: on, Says: "no"}
			}
			did[i]++
			if i%7 == 0 {
				return errors.New("an item of its own trouble")
			}
			return nil
		}, func(o Outcome) {
			told[o.Item]++
			if own := o.Err != nil && !Transport(o.Err); own != (o.Item%7 == 0) && !Transport(o.Err) {
				t.Errorf("item %d: %v", o.Item, o.Err)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		for i := range n {
			if told[i] != 1 || did[i] > 1 {
				t.Fatalf("seed %d: item %d was done %d times and told %d times", seed, i, did[i], told[i])
			}
		}
		done := 0
		for _, h := range p.Health() {
			done += h.Done
			if h.Running != 0 || h.Name == "dead" && (h.Done != 0 || h.Failed > 0 && (!h.Resting || h.Last == "")) {
				t.Errorf("%+v", h)
			}
		}
		if done == 0 {
			t.Error("nothing was done")
		}
	}
}

func TestAnItemThatNoServerCanDoIsToldSo(t *testing.T) {
	t.Parallel()
	p, err := NewPool(PoolOptions{Tries: 4, Sleep: noWait}, Member[int]{}, Member[int]{})
	if err != nil {
		t.Fatal(err)
	}
	tries := 0
	if err := p.Run(t.Context(), 1, func(context.Context, int, int) error { return &Failure{Says: "down"} }, func(o Outcome) {
		if tries = o.Tries; !Transport(o.Err) {
			t.Errorf("%+v", o)
		}
	}); err != nil || tries != 4 {
		t.Errorf("%v after %d tries", err, tries)
	}
	if _, err := NewPool[int](PoolOptions{}); err == nil {
		t.Error("a pool of no servers")
	}
	if err := p.Run(t.Context(), 0, nil, nil); err != nil {
		t.Errorf("no items: %v", err)
	}
}

func TestACancelledPoolHandsOutNothingMore(t *testing.T) {
	t.Parallel()
	p, err := NewPool(PoolOptions{}, Member[int]{Slot: 4})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var started, told atomic.Int32
	err = p.Run(ctx, 1000, func(ctx context.Context, _, i int) error {
		if started.Add(1) == 10 {
			cancel()
		}
		if i >= 6 {
			<-ctx.Done()
			return ctx.Err()
		}
		return nil
	}, func(Outcome) { told.Add(1) })
	if !errors.Is(err, context.Canceled) || told.Load() != 6 || started.Load() > 10 {
		t.Errorf("%v: %d told, %d started", err, told.Load(), started.Load())
	}
}

// A server that fails in the middle of answers costs no item, and no answer is judged that is not one.
func TestASweepOverSeveralServersLosesNothing(t *testing.T) {
	t.Parallel()
	good, bad := &fake{tokens: true, template: true, goOn: true, logprobs: true}, &fake{field: "reasoning"}
	a, b := open(t, good, quick()), open(t, bad, quick())
	bad.broken = func(n int) int {
		if n%2 == 0 {
			return 5
		}
		return -1
	}
	p, err := NewPool(PoolOptions{Tries: 30, Sleep: noWait}, Member[*Model]{Name: "good", On: a, Slot: 2}, Member[*Model]{Name: "bad", On: b, Slot: 2})
	if err != nil {
		t.Fatal(err)
	}
	const n = 40
	answers := make([]string, n)
	err = p.Run(t.Context(), n, func(ctx context.Context, m *Model, i int) error {
		l, err := m.Ask(ctx, trace.Ask{Prompt: "How many?", Budget: free})
		if err != nil {
			return err
		}
		got := end(t, l)
		answers[i] = got.answer()
		return got.err
	}, func(o Outcome) {
		if o.Err != nil {
			t.Errorf("item %d: %v", o.Item, o.Err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, got := range answers {
		if got != "It is 12." {
			t.Errorf("item %d: %q", i, got)
		}
	}
}

// What fails everywhere is told as that; what one server alone refuses is done by another, and a server that is not to be used
// is left out without costing an item.
func TestAPoolTellsAnItemsFaultFromAServers(t *testing.T) {
	t.Parallel()
	refusal := &Failure{Status: 400, Says: "too long"}
	p, err := NewPool(PoolOptions{Sleep: noWait},
		Member[string]{Name: "a", On: "a", Slot: 2}, Member[string]{Name: "b", On: "b"},
		Member[string]{Name: "c", On: "c", Ready: func(context.Context) error { return errors.New("it is another model") }})
	if err != nil {
		t.Fatal(err)
	}
	told := map[int]Outcome{}
	err = p.Run(t.Context(), 50, func(_ context.Context, on string, i int) error {
		switch {
		case on == "c":
			t.Error("the other model had an item")
		case i == 7 || i == 20 && on == "b":
			return refusal
		case i == 30:
			return &Failure{Status: 500, Says: "oh"}
		}
		return nil
	}, func(o Outcome) { told[o.Item] = o })
	if err != nil {
		t.Fatal(err)
	}
	for i := range 50 {
		o, ok := told[i]
		if want := i == 7 || i == 30; !ok || (o.Err != nil) != want || Refused(o.Err) != (i == 7) {
			t.Errorf("item %d: %+v, %v", i, o, ok)
		}
	}
	if h := p.Health()[2]; !h.Out || h.Done != 0 {
		t.Errorf("%+v", h)
	}
}

func TestAPoolWhoseServersAreAllDownEndsAfterItsPatience(t *testing.T) {
	t.Parallel()
	now := time.Unix(0, 0)
	said := 0
	p, err := NewPool(PoolOptions{Patience: time.Minute, Tell: func(string) { said++ }, Now: func() time.Time { return now }, Sleep: func(ctx context.Context, d time.Duration) error {
		now = now.Add(d)
		return ctx.Err()
	}}, Member[int]{Name: "a", Ready: func(context.Context) error { return &Failure{Says: "connection refused"} }})
	if err != nil {
		t.Fatal(err)
	}
	err = p.Run(t.Context(), 5, func(context.Context, int, int) error { t.Error("it had an item"); return nil }, func(Outcome) { t.Error("an item ended") })
	if !errors.Is(err, ErrDown) || said == 0 || now.Sub(time.Unix(0, 0)) < time.Minute {
		t.Errorf("%v, told %d times, at %v", err, said, now)
	}
}
