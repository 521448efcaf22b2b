package schedule

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"

	"s1/engine/enginetest"
	"s1/engine/think"
	"s1/engine/trace"
)

// randomCommand is anything a user can do. Pauses are rare, because a run only goes on when somebody resumes it.
func randomCommand(rng *rand.Rand) trace.Command {
	switch rng.IntN(14) {
	case 0:
		return trace.Command{Kind: trace.CommandWait, Text: []string{"", "Wait", "é so"}[rng.IntN(3)]}
	case 1:
		return trace.Command{Kind: trace.CommandCap, N: rng.IntN(120) - 2}
	case 2:
		return trace.Command{Kind: trace.CommandAnswerNow}
	case 3:
		return trace.Command{Kind: trace.CommandPause}
	case 4, 5, 6:
		return trace.Command{Kind: trace.CommandResume}
	case 7, 8:
		return trace.Command{Kind: trace.CommandStep}
	case 9, 10:
		return trace.Command{Kind: trace.CommandInject, Text: []string{"", "Wait", " the number is </think>", "\xc3"}[rng.IntN(4)]}
	case 11:
		return trace.Command{Kind: trace.CommandPace, N: rng.IntN(3) * 100000}
	case 12:
		return trace.Command{Kind: trace.CommandSampling, Sampling: &trace.Sampling{Temperature: rng.Float64() * 2, Seed: rng.Uint64(), TopK: rng.IntN(5) - 1}}
	default:
		if rng.IntN(20) == 0 {
			return trace.Command{Kind: trace.CommandStop}
		}
		return trace.Command{Kind: trace.CommandResume}
	}
}

// check reads a finished log from its beginning.
func check(log *trace.Log, at int) error {
	events, ended := log.Since(0)
	if !ended || events[len(events)-1].Kind != trace.EventEnd {
		return fmt.Errorf("the log does not end with its end")
	}
	cap, index, counted := -1, 0, 0
	exact := true // the published presets count in their own ways
	var t time.Duration
	for i, e := range events {
		switch e.Kind {
		case trace.EventBudget:
			cap, exact = e.Budget.Cap, e.Budget.Preset == ""
		case trace.EventToken:
			if e.Token.Index != index {
				return fmt.Errorf("event %d: token %d, want %d", i, e.Token.Index, index)
			}
			index++
			if e.Token.Counted {
				counted++
				if exact && index > at && cap >= 0 && counted > cap {
					return fmt.Errorf("event %d: thinking token %d with a cap of %d in force", i, counted, cap)
				}
			}
			if index > at && (e.Token.Time < t || e.Token.Bytes == nil || len(e.Token.Top) != 10) {
				return fmt.Errorf("event %d: incomplete or out of time: %+v", i, e.Token)
			}
			if index > at {
				t = e.Token.Time
			}
		case trace.EventEnd:
			if e.Err != nil {
				return e.Err
			}
			if e.Receipt.ThinkingTokens != counted {
				return fmt.Errorf("receipt says %d thinking tokens, the log has %d", e.Receipt.ThinkingTokens, counted)
			}
			if e.Receipt.Outcome == "" {
				return fmt.Errorf("no outcome: %+v", e.Receipt)
			}
		}
	}
	return nil
}

// 150 runs of 4 to 7 branches with commands from another goroutine at any moment, in memory that is too small for all.
func TestRandomCommandsAtRandomMomentsNeverBreakARun(t *testing.T) {
	runs := uint64(150)
	if testing.Short() {
		runs = 30
	}
	branches, commands := 0, 0
	for seed := range runs {
		rng := rand.New(rand.NewPCG(seed, 3))
		v := enginetest.NewVocab()
		r := newRig(t, rigOptions{
			script: enginetest.Random(v, seed), context: 320, pages: 5 + rng.IntN(30), maxRows: 1 + rng.IntN(70),
		})
		var all []*Live
		var at []int
		var specs []Spec
		start := func() {
			b := trace.Budget{Cap: rng.IntN(150) - 1, Waits: rng.IntN(4), WaitText: []string{"", "Wait"}[rng.IntN(2)], AnswerCap: 1 + rng.IntN(30)}
			if rng.IntN(4) == 0 {
				b.Preset, b.Cap, b.WaitText = []string{"s1-readme", "s1-harness"}[rng.IntN(2)], 1+rng.IntN(60), "Wait"
			}
			spec := r.spec(strings.Repeat("q ", 1+rng.IntN(50)), b, trace.Sampling{Temperature: float64(rng.IntN(2)), Seed: rng.Uint64(), RepeatPenalty: float64(rng.IntN(2)) * 1.1})
			if len(all) > 0 && rng.IntN(2) == 0 { // fork a branch that runs or has run
				from := rng.IntN(len(all))
				events, _ := all[from].Log().Since(0)
				tokens := tokensOf(events)
				spec.Prompt, spec.Format = specs[from].Prompt, specs[from].Format
				spec.Tokens = tokens[:rng.IntN(len(tokens)+1)]
				closeAt, ok := spec.Format.CloseAt(tokens)
				spec.Think = think.Options{AtClose: ok && closeAt == len(spec.Tokens)}
			}
			l, err := r.s.Start(t.Context(), spec)
			if err != nil {
				if strings.Contains(err.Error(), "replay") {
					t.Errorf("seed %d: %v", seed, err)
				}
				return // the budget does not fit; that is said and nothing else happens
			}
			all, specs, at = append(all, l), append(specs, spec), append(at, len(spec.Tokens))
		}
		for range 4 {
			start()
		}
		for {
			open := 0
			for _, l := range all {
				if _, ended := l.Log().Since(0); !ended {
					open++
					l.Send(randomCommand(rng))
					commands++
				}
			}
			if open == 0 {
				break
			}
			if len(all) < 7 && rng.IntN(10) == 0 {
				start()
			}
			for range rng.IntN(20) {
				runtime.Gosched()
			}
		}
		for i, l := range all {
			if err := check(l.Log(), at[i]); err != nil {
				t.Errorf("seed %d branch %d: %v", seed, i, err)
			}
		}
		branches += len(all)
		r.s.Close()
		if used := r.s.pool.Used(); used != 0 {
			t.Errorf("seed %d: %d pages leaked", seed, used)
		}
		if t.Failed() {
			return
		}
	}
	t.Logf("%d branches, %d commands", branches, commands)
}

func TestNothingRunsAfterClose(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 20 {
		r := newRig(t, rigOptions{script: endless(enginetest.NewVocab()), context: 100000, pages: 2000})
		for range 3 {
			r.start(r.spec(question, trace.Budget{Cap: -1, AnswerCap: 1}, trace.Sampling{}))
		}
		r.s.Close()
	}
	for late := time.Now().Add(10 * time.Second); time.Now().Before(late); { // those that are just ending, on a busy machine
		if runtime.NumGoroutine() <= before {
			return
		}
		runtime.Gosched()
	}
	t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
}
