package schedule

import (
	"testing"

	"s1/engine/enginetest"
	"s1/engine/trace"
)

// Budget: 50 us a token over the scripted model, which itself takes most of what is measured here.
func BenchmarkToken(b *testing.B) {
	for _, c := range []struct {
		name string
		p    trace.Sampling
		n    int
	}{
		{"greedy", trace.Sampling{}, 1},
		{"card", trace.Sampling{Temperature: 0.6, TopP: 0.95, TopK: 20, Seed: 1}, 1},
		{"card-8-branches", trace.Sampling{Temperature: 0.6, TopP: 0.95, TopK: 20, Seed: 1}, 8},
	} {
		b.Run(c.name, func(b *testing.B) {
			r := newRig(b, rigOptions{script: endless(enginetest.NewVocab()), context: 1 << 20, pages: 1 << 18})
			b.ReportAllocs()
			b.ResetTimer()
			for left := b.N; left > 0; left -= 1000 * c.n { // the model's own work grows with the history
				spec := r.spec(question, trace.Budget{Cap: min(1000, left/c.n+1), AnswerCap: 1}, c.p)
				var all []*Live
				for range c.n {
					all = append(all, r.start(spec))
				}
				for _, l := range all {
					r.end(l)
				}
			}
		})
	}
}
