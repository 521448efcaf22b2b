package feed

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"s1/engine/trace"
)

func token(i int) trace.Event {
	return trace.Event{Kind: trace.EventToken, Token: trace.Token{Index: i}}
}

func TestEventsArriveOnceInOrderAndMerged(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	a, b := trace.NewLog(), trace.NewLog()
	f := New(ctx)
	ia, ib := f.Follow(a), f.Follow(b)
	const n = 5000
	go func() {
		for i := range n {
			a.Append(token(i))
			b.Append(token(i))
		}
		a.Append(trace.Event{Kind: trace.EventEnd})
		b.Append(trace.Event{Kind: trace.EventEnd})
	}()
	got, batches := map[int]int{}, 0
	for got[ia] <= n || got[ib] <= n {
		next := f.Next(ctx)
		if next == nil {
			t.Fatalf("the feed ended early: %v", got)
		}
		for _, batch := range next {
			batches++
			for _, e := range batch.Events {
				if e.Kind == trace.EventToken && e.Token.Index != got[batch.Source] {
					t.Fatalf("source %d: token %d, want %d", batch.Source, e.Token.Index, got[batch.Source])
				}
				got[batch.Source]++
			}
		}
	}
	if batches > n/10 {
		t.Errorf("%d tokens came in %d batches", 2*n, batches)
	}
}

func TestNextEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	f := New(ctx)
	f.Follow(trace.NewLog())
	cancel()
	if got := f.Next(ctx); got != nil {
		t.Errorf("got %v, want nothing", got)
	}
}

func TestBatchesKeepTheFrameAlsoWithSeveralLogs(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	a, b := trace.NewLog(), trace.NewLog()
	f := New(ctx)
	f.Follow(a)
	f.Follow(b)
	a.Append(token(0))
	f.Next(ctx)
	start := time.Now()
	b.Append(token(0))
	f.Next(ctx)
	if took := time.Since(start); took < Frame/2 {
		t.Errorf("two batches within %v, want about %v", took, Frame)
	}
}

func TestAfterAKeyNothingWaitsForAFrame(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		hurry bool
		most  time.Duration
	}{{"without a key", false, 2 * Frame}, {"after a key", true, 2 * Brisk}} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			log := trace.NewLog()
			f := New(ctx)
			f.Follow(log)
			log.Append(token(0))
			f.Next(ctx)
			synctest.Wait() // the watcher rests
			start := time.Now()
			if c.hurry {
				f.Hurry()
			}
			log.Append(token(1))
			f.Next(ctx)
			took := time.Since(start)
			if took > c.most || !c.hurry && took < Frame {
				t.Errorf("%s the next batch comes after %v, want at most %v", c.name, took, c.most)
			}
			// And a frame later all is as before.
			time.Sleep(2 * Frame) // of the test's own clock
			log.Append(token(2))
			f.Next(ctx)
			start = time.Now()
			log.Append(token(3))
			f.Next(ctx)
			if took := time.Since(start); took < Frame {
				t.Errorf("%s two batches follow within %v long after, want %v", c.name, took, Frame)
			}
			log.Append(trace.Event{Kind: trace.EventEnd})
			f.Next(ctx)
		})
	}
}
