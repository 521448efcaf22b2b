package scaling

import (
	"math"
	"math/rand/v2"

	"s1/engine/scaling/interval"
)

// resamples of a paired bootstrap, as in the paper.
const resamples = 10_000

// Paired compares two arms on the same questions.
type Paired struct {
	N          int     `json:"n"`
	Difference float64 `json:"difference"` // of accuracies, in points of percent
	Low        float64 `json:"low"`        // 95 % interval of the paired bootstrap over questions
	High       float64 `json:"high"`
	Fixed      int     `json:"fixed"`  // wrong in the first, right in the second
	Broken     int     `json:"broken"` // the other way round
	P          float64 `json:"p"`      // exact McNemar test, two-sided
}

// Compare says how the second arm differs from the first; right[i] is of question i.
func Compare(first, second []bool, seed uint64) Paired {
	c := Paired{N: min(len(first), len(second))}
	for i := range c.N {
		switch {
		case second[i] && !first[i]:
			c.Fixed++
		case first[i] && !second[i]:
			c.Broken++
		}
	}
	c.P = McNemar(c.Fixed, c.Broken)
	if c.N == 0 {
		return c
	}
	n := float64(c.N)
	c.Difference = 100 * float64(c.Fixed-c.Broken) / n
	// A resample of questions is a draw of how many of them are fixed, broken and neither: only the first two count.
	c.Low, c.High = interval.Bootstrap(seed, resamples, func(rng *rand.Rand) float64 {
		fixed := binomial(rng, c.N, float64(c.Fixed)/n)
		broken := 0
		if c.Fixed < c.N {
			broken = binomial(rng, c.N-fixed, float64(c.Broken)/float64(c.N-c.Fixed))
		}
		return 100 * float64(fixed-broken) / n
	})
	return c
}

// binomial is the number of successes in n draws of probability p, by the gaps between them: it takes as many draws as there are
// successes, not n.
func binomial(rng *rand.Rand, n int, p float64) (hits int) {
	if p <= 0 {
		return 0
	}
	if p >= 1 {
		return n
	}
	if p > 0.5 {
		return n - binomial(rng, n, 1-p)
	}
	log := math.Log1p(-p)
	for at := 0; ; hits++ {
		gap := math.Log(1-rng.Float64()) / log
		if gap >= float64(n-at) {
			return hits
		}
		if at += int(gap) + 1; at > n {
			return hits
		}
	}
}

// McNemar is the exact two-sided probability that fixed and broken differ so much or more, if a question that changed were as
// likely to be fixed as to be broken.
func McNemar(fixed, broken int) float64 {
	n, k := fixed+broken, min(fixed, broken)
	if n == 0 {
		return 1
	}
	lgamma := func(x int) float64 { v, _ := math.Lgamma(float64(x) + 1); return v }
	tail := 0.0
	for i := 0; i <= k; i++ {
		tail += math.Exp(lgamma(n) - lgamma(i) - lgamma(n-i) - float64(n)*math.Ln2)
	}
	return min(1, 2*tail)
}
