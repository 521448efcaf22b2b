package explore

import (
	"context"
	"fmt"
	"sync"
	"time"

	"s1/engine"
	"s1/engine/trace"
)

const (
	trialsAtOnce = 32
	trialsMost   = 4096                  // of one experiment: each holds its whole path
	reportEvery  = 50 * time.Millisecond // twenty a second
)

// Try carries out an experiment: every arm goes on from its token as often as the others, sample by sample, as many at once as
// the scheduler takes in. report gets the whole of it at most twenty times a second, and at the end. When ctx ends, the samples
// that run are stopped, and the report of what there is comes before the return. The trials stay for Open until the next Try.
func (x *Explorer) Try(ctx context.Context, t trace.Trials, report func(trace.TrialsReport)) error {
	live, err := branch(x.m, t.From)
	if err != nil {
		return err
	}
	if n := len(t.Arms) * t.Samples; n < 1 || n > trialsMost {
		return fmt.Errorf("%d arms of %d samples: there must be 1 to %d trials", len(t.Arms), t.Samples, trialsMost)
	}
	x.forgetTrials()
	e := newExperiment(x.m, t, live.Run().Expected)
	err = e.run(ctx, func() { report(e.report()) })
	e.stopAll()
	x.mu.Lock()
	for _, s := range e.sides {
		if s != nil {
			x.trials = append(x.trials, s.id())
		}
	}
	x.mu.Unlock()
	if err != nil && ctx.Err() == nil {
		x.forgetTrials()
		return err
	}
	e.ended = true
	report(e.report())
	return err
}

func (x *Explorer) forgetTrials() {
	x.mu.Lock()
	ids := x.trials
	x.trials = nil
	x.mu.Unlock()
	for _, id := range ids {
		x.m.ForgetBranch(id)
	}
}

// experiment is a Try at work. Trials are numbered sample by sample: trial i is sample i / arms of arm i % arms.
type experiment struct {
	m        *engine.Model
	t        trace.Trials
	expected string
	sides    []*side // by trial; nil until it has started
	done     []bool
	ended    bool
	tally    *tally
}

func newExperiment(m *engine.Model, t trace.Trials, expected string) *experiment {
	n := len(t.Arms) * t.Samples
	return &experiment{m: m, t: t, expected: expected, sides: make([]*side, n), done: make([]bool, n), tally: newTally(t, expected, m.Same())}
}

func (e *experiment) run(ctx context.Context, report func()) error {
	var waiting sync.WaitGroup
	quit := make(chan struct{})
	defer waiting.Wait()
	defer close(quit)
	ends := make(chan int, trialsAtOnce)
	tick := time.NewTicker(reportEvery)
	defer tick.Stop()
	next, running := 0, 0
	for {
		for ; running < trialsAtOnce && next < len(e.sides) && ctx.Err() == nil; next++ {
			if err := e.start(ctx, next); err != nil {
				return err
			}
			running++
			i := next
			waiting.Go(func() {
				select {
				case <-e.sides[i].live.Log().Done():
					ends <- i
				case <-quit:
				}
			})
		}
		if running == 0 {
			return ctx.Err()
		}
		select {
		case i := <-ends:
			running--
			e.finish(i)
			if e.t.Decided && e.tally.decided() != "" {
				return nil
			}
		case <-tick.C:
			report()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (e *experiment) start(ctx context.Context, i int) error {
	arm, n := e.t.Arms[i%len(e.t.Arms)], i/len(e.t.Arms)
	s := e.t.Sampling
	s.Seed += uint64(n)
	side, err := startSide(ctx, e.m, e.t.From, arm.At, arm.Budget, s, arm.First...)
	if err != nil {
		return fmt.Errorf("arm %q: %w", arm.Name, err)
	}
	e.sides[i] = side
	return nil
}

// finish takes over a trial that has ended. One that failed has the outcome error; the others go on.
func (e *experiment) finish(i int) {
	s := e.sides[i]
	s.read(s.live.Log())
	e.done[i] = s.receipt.Outcome != "stopped"
	if e.done[i] {
		e.tally.add(i%len(e.t.Arms), i/len(e.t.Arms), s.text(), s.receipt)
	}
}

// stopAll ends what still runs, but for what was opened meanwhile, and waits for it.
func (e *experiment) stopAll() {
	var stopping []*side
	for _, s := range e.sides {
		if s != nil && s.receipt == nil && e.m.StopSide(s.id()) {
			stopping = append(stopping, s)
		}
	}
	for _, s := range stopping {
		<-s.live.Log().Done()
		s.read(s.live.Log())
	}
}

func (e *experiment) report() trace.TrialsReport {
	r := trace.TrialsReport{Ended: e.ended}
	arms := len(e.t.Arms)
	running, tokens := make([]int, arms), make([]int, arms)
	for a := range arms {
		for n := range e.t.Samples {
			k := trace.Trial{Arm: a, N: n}
			if s := e.sides[n*arms+a]; s != nil {
				s.read(s.live.Log())
				k.Branch, k.Done, k.Answer, k.Spent, k.Tokens = s.id(), e.done[n*arms+a], s.text(), s.spent, s.drawn
				if s.receipt != nil {
					k.Outcome, k.Verdict = s.receipt.Outcome, e.m.Same().Judge(e.expected, k.Answer, s.receipt)
				} else {
					running[a]++
				}
				tokens[a] += k.Tokens
				r.Tokens += k.Tokens
			}
			r.Trials = append(r.Trials, k)
		}
	}
	r.Tallies = e.tally.arms(running, tokens)
	r.Decided = e.tally.decided()
	r.Shift = e.tally.shift(e.ended)
	return r
}
