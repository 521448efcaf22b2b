// Package probe measures a trained tape model with the engine itself: accuracy against caps and against Waits, what a Wait
// fixes and breaks, how reliable its checks are, and what the same tokens give without checks. It knows tape problems and
// engine.Model; it knows neither weights nor training.
//
//	test problems -> one thought each, with all Waits -> audit
//	                   |-> forks at each Wait, and at each cap: exactly what a run of its own with that budget would be
//	                   +-> controls: another word in place of Wait, a vote of samples
package probe

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"s1/engine"
	"s1/engine/builtin/tape"
	"s1/engine/trace"
	"s1/train/dataset"
)

// Options say what is measured. The zero value of a field leaves that part out, unless it says otherwise.
type Options struct {
	N        int    // problems; 0 = 2000
	Seed     uint64 // of the problems and of sampling
	StepsMin int    // 0 = 2
	StepsMax int    // 0 = 8
	MaxValue int    // 0 = tape.MaxValue

	Caps    []int  // thinking tokens
	Waits   int    // 0 to so many of them
	Sampled bool   // caps and Waits at T = 1 too
	Again   int    // the control: 0 to so many times AgainText in place of Wait, greedy
	Votes   int    // the control: majority of 1 to so many drafts at T = 1
	Shown   bool   // what a person sees on the built-in examples
	Text    string // the Wait text; "" = "Wait"
	// AgainText is the neutral word of the control; "" = "Again", which the tape knows as "think again without a check".
	AgainText string

	Limit       int    // most thinking tokens of any thought, for a model that does not stop yet; 0 = what the context holds
	ThinkFormat string // "" = auto
	Parallel    int    // problems at once; 0 = 48
	Progress    func(done, total int)
}

func (o Options) filled() Options {
	def := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	def(&o.N, 2000)
	def(&o.StepsMin, 2)
	def(&o.StepsMax, 8)
	def(&o.MaxValue, tape.MaxValue)
	def(&o.Parallel, 48)
	def(&o.Limit, -1)
	if o.Text == "" {
		o.Text = "Wait"
	}
	if o.AgainText == "" {
		o.AgainText = "Again"
	}
	o.Caps = slices.Compact(slices.Sorted(slices.Values(o.Caps)))
	return o
}

func (o Options) check() error {
	if o.N < 1 || o.Parallel < 1 || o.Waits < 0 || o.Again < 0 || o.Votes < 0 {
		return fmt.Errorf("probe: %d problems, %d at once, %d Waits, %d times Again, %d votes: none may be negative, and there must be a problem", o.N, o.Parallel, o.Waits, o.Again, o.Votes)
	}
	if o.StepsMin < 1 || o.StepsMax > tape.MaxSteps || o.StepsMin > o.StepsMax || o.MaxValue < 10 || o.MaxValue > tape.MaxValue {
		return fmt.Errorf("probe: %d..%d steps and values to %d: the tape has 1..%d steps and values from 10 to %d", o.StepsMin, o.StepsMax, o.MaxValue, tape.MaxSteps, tape.MaxValue)
	}
	if len(o.Caps) > 0 && o.Caps[0] < 0 {
		return fmt.Errorf("probe: a cap of %d thinking tokens", o.Caps[0])
	}
	return nil
}

// Run measures m. The problems are of those kept out of training.
func Run(ctx context.Context, m *engine.Model, o Options) (Result, error) {
	o = o.filled()
	if err := o.check(); err != nil {
		return Result{}, err
	}
	began := time.Now()
	problems := dataset.TestProblems(o.Seed, o.N, o.StepsMin, o.StepsMax, o.MaxValue)
	measured, err := each(ctx, problems, o, func(ctx context.Context, i int, p tape.Problem) (measurement, error) {
		return measure(ctx, m, o, p, o.Seed*1_000_003+uint64(i)*1009)
	})
	if err != nil {
		return Result{}, err
	}
	r := reduce(o, problems, measured)
	if o.Shown {
		if r.Shown, err = shown(ctx, m, o); err != nil {
			return Result{}, err
		}
	}
	r.Model, r.SHA256 = m.Info().Name, m.Info().SHA256
	r.Seconds = time.Since(began).Seconds()
	return r, nil
}

// each runs f over problems, some at once, so that the engine has many branches to put into one step. Results are in order.
// The first error ends all.
func each[T any](ctx context.Context, problems []tape.Problem, o Options, f func(context.Context, int, tape.Problem) (T, error)) ([]T, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	out := make([]T, len(problems))
	var next, done atomic.Int64
	var wg sync.WaitGroup
	for range min(o.Parallel, len(problems)) {
		wg.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(problems) {
					return
				}
				v, err := f(ctx, i, problems[i])
				if err != nil {
					cancel(fmt.Errorf("probe: %s: %w", problems[i], err))
					return
				}
				out[i] = v
				if n := int(done.Add(1)); o.Progress != nil {
					o.Progress(n, len(problems))
				}
			}
		})
	}
	wg.Wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return out, nil
}

// measurement is what was found for one problem.
type measurement struct {
	greedy  curve
	sampled curve
	again   []outcome // by number of words
	votes   []outcome // the samples, in order
}

// measure asks for everything about one problem.
func measure(ctx context.Context, m *engine.Model, o Options, p tape.Problem, seed uint64) (r measurement, err error) {
	if r.greedy, err = thinks(ctx, m, o, p, trace.Sampling{}, o.Text, o.Waits, o.Caps); err != nil {
		return r, err
	}
	if o.Sampled {
		if r.sampled, err = thinks(ctx, m, o, p, trace.Sampling{Temperature: 1, Seed: seed}, o.Text, o.Waits, o.Caps); err != nil {
			return r, err
		}
	}
	if o.Again > 0 {
		c, err := thinks(ctx, m, o, p, trace.Sampling{}, o.AgainText, o.Again, nil)
		if err != nil {
			return r, err
		}
		r.again = c.waits
	}
	r.votes, err = samples(ctx, m, o, p, seed+1)
	return r, err
}
