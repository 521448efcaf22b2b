package sample

import (
	"math/rand/v2"
	"testing"

	"s1/engine/trace"
)

// Budget of each: 20 us for a draw and its signals at a vocabulary of 152,000, the size of Qwen's. The far tail, which
// needs passes over the vocabulary, has no budget; it is 1 draw in 50 at temperature 1.
func BenchmarkDrawOf152k(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	logits := make([]float32, 152_000)
	for i := range logits {
		logits[i] = float32(rng.NormFloat64() * 2)
	}
	for i := range 40 { // a few likely ones, as a language model has
		logits[rng.IntN(len(logits))] = 22 - float32(i)/4
	}
	var drawn []int32
	for range 200 {
		drawn = append(drawn, int32(rng.IntN(len(logits))))
	}
	for _, c := range []struct {
		name string
		p    trace.Sampling
		mask []int32
	}{
		{"greedy", trace.Sampling{}, nil},
		{"greedy-masked", trace.Sampling{}, []int32{1, 2, 3}},
		{"card", trace.Sampling{Temperature: 0.6, TopP: 0.95, TopK: 20}, nil},
		{"temperature", trace.Sampling{Temperature: 0.6}, nil},
		{"top-p", trace.Sampling{Temperature: 1, TopP: 0.95}, nil},
		{"min-p", trace.Sampling{Temperature: 1, MinP: 0.05}, nil},
		{"penalty", trace.Sampling{Temperature: 0.6, TopP: 0.95, TopK: 20, RepeatPenalty: 1.1}, []int32{1, 2, 3}},
		{"penalty-on-everything", trace.Sampling{Temperature: 0.6, TopP: 0.95, TopK: 20, RepeatPenalty: 1.1, RepeatLast: 32768}, nil},
		{"far-tail", trace.Sampling{Temperature: 2}, nil},
	} {
		b.Run(c.name, func(b *testing.B) {
			s, r := sampler(b, c.p, len(logits), drawn), row(logits, c.p)
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				id, err := s.Draw(r, i, 0, c.mask)
				if err != nil {
					b.Fatal(err)
				}
				tok := trace.Token{ID: id}
				r.Describe(&tok, 77)
				tok.Top = r.Top()
				i++
			}
		})
	}
}
