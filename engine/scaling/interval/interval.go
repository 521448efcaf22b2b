// Package interval says how far a measured share or a statistic may be from the true one: Wilson's interval for shares, and
// a bootstrap for everything else. It knows numbers only, and nothing of what they were measured on.
package interval

import (
	"math"
	"math/rand/v2"
	"slices"
)

const z = 1.959964 // of 95 %

// Wilson is hits of n as a share, with its 95 % interval (Wilson 1927), all within 0..1. Of nothing, anything may be true.
func Wilson(hits, n int) (share, low, high float64) {
	if n == 0 {
		return 0, 0, 1
	}
	p, m := float64(hits)/float64(n), float64(n)
	mid := (p + z*z/(2*m)) / (1 + z*z/m)
	half := z / (1 + z*z/m) * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	low, high = max(mid-half, 0), min(mid+half, 1)
	if hits == 0 {
		low = 0 // which rounding misses
	}
	if hits == n {
		high = 1
	}
	return p, low, high
}

// Bootstrap is the 95 % percentile interval of a statistic: stat is asked that many times for its value on a resample, which
// it draws with rng. Equal seeds give equal intervals.
func Bootstrap(seed uint64, resamples int, stat func(rng *rand.Rand) float64) (low, high float64) {
	rng := rand.New(rand.NewPCG(seed, 0x626f6f74))
	values := make([]float64, max(resamples, 1))
	for i := range values {
		values[i] = stat(rng)
	}
	slices.Sort(values)
	return quantile(values, 0.025), quantile(values, 0.975)
}

// quantile of sorted values, between neighbours where it falls between them.
func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}
