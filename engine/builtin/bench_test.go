package builtin

import (
	"fmt"
	"testing"
	"time"

	"s1/engine"
	"s1/engine/bench"
	"s1/engine/trace"
)

// BenchmarkNaturalThought is greedy thoughts of the first examples to their own ends, each a whole ask: reading the question,
// sampling, the receipt. Tokens are those of thought and answer; on average they stand at position 60 or so.
// Budget: 5,000 tokens/s.
func BenchmarkNaturalThought(b *testing.B) {
	m := open(b)
	questions := Examples(20)
	tokens, asked := 0, 0
	for b.Loop() {
		live, events := run(b, m, trace.Ask{Prompt: questions[asked%len(questions)], Budget: trace.Budget{Cap: -1, AnswerCap: 16}})
		r := events[len(events)-1].Receipt
		tokens += r.ThinkingTokens + r.AnswerTokens
		asked++
		m.Forget(live.Run().ID)
	}
	b.ReportMetric(float64(tokens)/b.Elapsed().Seconds(), "tokens/s")
	b.ReportMetric(float64(tokens)/float64(asked), "tokens/thought")
}

// BenchmarkDecode is what the backend alone gives for the 64 tokens from a position on, one branch: the median of the steps.
// Budget: 5,000 tokens/s at either.
func BenchmarkDecode(b *testing.B) {
	p, err := Load(b.Context(), engine.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = p.Backend.Close()
		_ = p.Close()
	})
	r, err := bench.NewRunner(p.Backend, p.Vocab, p.Context, p.Pages)
	if err != nil {
		b.Fatal(err)
	}
	for _, position := range []int{0, 512} {
		b.Run(fmt.Sprintf("position=%d", position), func(b *testing.B) {
			sum, n := 0.0, 0
			for b.Loop() {
				speed, err := r.Decode(b.Context(), position, 1)
				if err != nil {
					b.Fatal(err)
				}
				sum += speed
				n++
			}
			b.ReportMetric(sum/float64(n), "tokens/s")
		})
	}
}

// BenchmarkLoad is from nothing to a model that can be asked, inside a running process.
func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		m, err := Open(b.Context(), engine.Options{})
		if err != nil {
			b.Fatal(err)
		}
		if err := m.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(time.Millisecond), "ms/load")
}
