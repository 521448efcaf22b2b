package interval

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestWilsonIntervals(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		hits, n   int
		low, high float64
	}{
		{785, 1000, .758, .809}, {938, 1000, .921, .951}, {1, 1000, 0, .006}, {0, 10, 0, .278}, {10, 10, .722, 1}, {0, 24, 0, .138}, {0, 0, 0, 1},
	} {
		share, low, high := Wilson(c.hits, c.n)
		if c.hits == 0 && low != 0 || c.hits == c.n && high != 1 || math.Abs(low-c.low) > 6e-4 || math.Abs(high-c.high) > 6e-4 || c.n > 0 && share != float64(c.hits)/float64(c.n) {
			t.Errorf("%d of %d: %v in [%.4f, %.4f], want [%.3f, %.3f]", c.hits, c.n, share, low, high, c.low, c.high)
		}
	}
}

// Of a mean the percentile interval is close to the one of the normal distribution.
func TestBootstrapOfAMean(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	x := make([]float64, 400)
	mean, squares := 0.0, 0.0
	for i := range x {
		x[i] = rng.NormFloat64()
		mean += x[i] / 400
		squares += x[i] * x[i] / 400
	}
	sd := math.Sqrt(squares - mean*mean)
	of := func(seed uint64) (float64, float64) {
		return Bootstrap(seed, 2000, func(rng *rand.Rand) float64 {
			sum := 0.0
			for range x {
				sum += x[rng.IntN(len(x))]
			}
			return sum / 400
		})
	}
	low, high := of(7)
	if half := 1.96 * sd / 20; math.Abs(low-(mean-half)) > .015 || math.Abs(high-(mean+half)) > .015 {
		t.Errorf("[%.3f, %.3f], want about [%.3f, %.3f]", low, high, mean-half, mean+half)
	}
	if l, h := of(7); l != low || h != high {
		t.Error("equal seeds give other intervals")
	}
	if l, h := of(8); l == low && h == high {
		t.Error("other seeds give the same interval")
	}
	if l, h := Bootstrap(1, 1, func(*rand.Rand) float64 { return 5 }); l != 5 || h != 5 {
		t.Errorf("one resample: [%v, %v]", l, h)
	}
}
