package scaling

import (
	"math"
)

// XY is a point of a curve: mean thinking tokens, and accuracy in percent.
type XY struct{ Tokens, Percent float64 }

// Control is the paper's first metric: the share of runs, in percent, whose mean thinking tokens lie within what was asked for.
// within says it of each run; where they are equal, it lies within.
func Control(within []bool) float64 {
	if len(within) == 0 {
		return math.NaN()
	}
	n := 0
	for _, ok := range within {
		if ok {
			n++
		}
	}
	return 100 * float64(n) / float64(len(within))
}

// Slope is the paper's second metric, Scaling: the mean over all pairs of points of the slope between them, in percent per
// doubling of the thinking tokens. The paper's formula does not say so, but its numbers are those of log2; with tokens as they are,
// its table 3 does not come out. Points without tokens have no logarithm and pairs of equal tokens no slope: they are left out,
// and n says how many pairs were counted.
func Slope(points []XY) (slope float64, n int) {
	sum := 0.0
	for i, a := range points {
		for _, b := range points[:i] {
			if a.Tokens <= 0 || b.Tokens <= 0 || a.Tokens == b.Tokens {
				continue
			}
			sum += (a.Percent - b.Percent) / (math.Log2(a.Tokens) - math.Log2(b.Tokens))
			n++
		}
	}
	if n == 0 {
		return math.NaN(), 0
	}
	return sum / float64(n), n
}

// Performance is the paper's third metric: the highest accuracy of the curve, in percent.
func Performance(points []XY) float64 {
	best := math.NaN()
	for _, p := range points {
		if !(p.Percent <= best) {
			best = p.Percent
		}
	}
	return best
}
