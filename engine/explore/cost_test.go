package explore

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"s1/engine"
	"s1/engine/builtin"
	"s1/engine/enginetest"
	"s1/engine/trace"
	"s1/engine/weights"
	"s1/kernels"
)

// A branch from 4,000 tokens in runs nothing of the prefix again: the step that is under way when it is asked for passes, and
// the next one has its first token, beside the parent's.
func TestAForkFourThousandTokensInHasItsFirstTokenWithinTwoSteps(t *testing.T) {
	t.Parallel()
	const at = 4000
	v := enginetest.NewVocab()
	gate, stepped, reached := make(chan bool), make(chan int), make(chan struct{}, 1)
	passed := false // the gate is open
	r := scripted(t, rigOptions{script: minded(v, 3, func(int) string { return "7" }), context: 9000, before: func(_ context.Context, b *kernels.Batch) error {
		if b.Pos[0] >= at+10 && !passed {
			select {
			case reached <- struct{}{}:
			default: // nobody has waited for it since
			}
			passed = <-gate
			stepped <- len(b.Tokens)
		}
		return nil
	}})
	live := ask(t, r.Model, trace.Ask{Prompt: "q", Budget: trace.Budget{Cap: -1, AnswerCap: 32}})
	until(t, live, at)
	<-reached // a step is under way, and stands
	began := time.Now()
	fork, err := r.Branch(t.Context(), live.Branch().ID, at, live.Branch().Budget, trace.Sampling{Temperature: 1, Seed: 8})
	if err != nil {
		t.Fatal(err)
	}
	took := time.Since(began)
	var rows []int
	for range 2 {
		gate <- false
		rows = append(rows, <-stepped)
	}
	gate <- true // the third begins when the second has been settled
	<-stepped
	h := newHistory(fork.Branch())
	h.read(fork.Log())
	if len(h.path) <= at || rows[0]+rows[1] > 3 {
		t.Errorf("after two steps of %v rows the fork has %d tokens, %d inherited", rows, len(h.path), at)
	}
	t.Logf("two steps of %v rows; Branch itself took %v", rows, took)
	for _, l := range []*engine.Live{live, fork} {
		l.Send(trace.Command{Kind: trace.CommandAnswerNow})
		end(t, l)
	}
}

// cost scrubs a trace at 16 stops, and runs 16 capped runs one after the other, all with the same answers.
func cost(t testing.TB, m *engine.Model, q trace.Ask) (spent, tokens, capped int, traced, scrub, runs time.Duration) {
	began := time.Now()
	live := ask(t, m, q)
	h := end(t, live)
	traced = time.Since(began)
	var stops []int
	for i := range 16 {
		stops = append(stops, h.spent*(i+1)/16)
	}
	began = time.Now()
	by := scrubbed(t, m, live.Branch().ID, stops, 32)
	scrub = time.Since(began)
	began = time.Now()
	for _, c := range stops {
		q.Budget.Cap = c
		want := end(t, ask(t, m, q))
		capped += want.drawn
		tokens += by[c].Tokens
		if g := by[c]; g.Answer != want.text() || g.Spent != want.spent {
			t.Errorf("stop %d: %+v, the capped run has %q", c, g, want.text())
		}
	}
	return h.spent, tokens, capped, traced, scrub, time.Since(began)
}

// Budget: the trace and its 16 answers within a third of the time of 16 capped runs, and no more tokens than the trace's and
// 16 * 32. Prints both.
func BenchmarkScrub(b *testing.B) {
	for _, c := range []struct {
		name string
		open func(b *testing.B) (*engine.Model, trace.Ask)
	}{
		{"mini", func(b *testing.B) (*engine.Model, trace.Ask) {
			return mini(b), trace.Ask{Prompt: builtin.Examples(1)[0], Budget: trace.Budget{Cap: 800, Waits: 200, WaitText: "Wait"}, Sampling: trace.Sampling{Temperature: 1, Seed: 3}}
		}},
		{"synthetic2000", func(b *testing.B) (*engine.Model, trace.Ask) {
			s, err := weights.SynthShapeNamed("tiny-llama")
			if err != nil {
				b.Fatal(err)
			}
			s.Context = 4096
			path := filepath.Join(b.TempDir(), "m.gguf")
			if err := weights.Synth(path, s, kernels.Q8_0, 1); err != nil {
				b.Fatal(err)
			}
			m, err := engine.Open(b.Context(), path, engine.Options{Threads: 1})
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { m.Close() })
			return m, trace.Ask{Prompt: "a question", Budget: trace.Budget{Cap: 2000, Waits: 1000, WaitText: "Wait"}, Sampling: trace.Sampling{Temperature: 1, Seed: 3}}
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			m, q := c.open(b)
			q.Budget.AnswerCap = 32
			for b.Loop() {
				spent, tokens, capped, traced, scrub, runs := cost(b, m, q)
				b.ReportMetric(float64(traced+scrub)/float64(runs), "of-runs'-time")
				b.Logf("trace of %d thinking tokens: %v, 16 stops: %d tokens more in %v; 16 capped runs: %d tokens in %v", spent, traced.Round(time.Millisecond), tokens, scrub.Round(time.Millisecond), capped, runs.Round(time.Millisecond))
				if tokens > 16*32 {
					b.Errorf("%d tokens", tokens)
				}
			}
		})
	}
}

func TestScrubbingCostsTheAnswersOnly(t *testing.T) {
	t.Parallel()
	m := mini(t)
	q := trace.Ask{Prompt: builtin.Examples(1)[0], Budget: trace.Budget{Cap: 400, Waits: 200, WaitText: "Wait", AnswerCap: 32}, Sampling: trace.Sampling{Temperature: 1, Seed: 3}}
	spent, tokens, capped, traced, scrub, runs := cost(t, m, q)
	if spent < 300 || tokens > 16*32 || capped < 2000 {
		t.Errorf("%d thinking tokens, %d for the stops, %d for capped runs", spent, tokens, capped)
	}
	t.Logf("trace of %d thinking tokens: %v, 16 stops: %d tokens more in %v; 16 capped runs: %d tokens in %v", spent, traced, tokens, scrub, capped, runs)
}

// Budget: 5 ms on an idle core; it is the time from the key to the scheduler.
func BenchmarkForkCall4000(b *testing.B) {
	v := enginetest.NewVocab()
	r := scripted(b, rigOptions{script: enginetest.Random(v, 7), context: 9000})
	live := ask(b, r.Model, trace.Ask{Prompt: "q", Budget: trace.Budget{Cap: 4000, Waits: 4000, WaitText: "Wait", AnswerCap: 32}, Sampling: trace.Sampling{Temperature: 1}})
	end(b, live)
	for b.Loop() {
		l, err := r.Side(b.Context(), live.Branch().ID, 4000, live.Branch().Budget, trace.Sampling{Temperature: 1, Seed: 8})
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		r.ForgetBranch(l.Branch().ID)
		<-l.Log().Done()
		b.StartTimer()
	}
}
