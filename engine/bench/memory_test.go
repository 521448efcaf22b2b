package bench

import "testing"

func TestMemoryIsALimitOnlyToWeightsThatItHoldsAlone(t *testing.T) {
	t.Parallel()
	const mega = 1 << 20
	for _, c := range []struct {
		tps     float64
		weights int64
		gbps    float64
		cache   int64
		want    float64 // 0 = none
	}{
		{50, 100_000_000, 10, 32 * mega, 0.5},
		{50, 100_000_000, 10, 0, 0.5},
		{50, 16 * mega, 10, 32 * mega, 0},  // they fit into the cache
		{500, 100_000_000, 10, 0, 0},       // and here they must have
		{0, 100_000_000, 10, 32 * mega, 0}, // nothing was decoded
		{50, 100_000_000, 0, 32 * mega, 0}, // memory was not measured
		{100, 100_000_000, 10, 32 * mega, 1},
	} {
		got := shareOfLimit(c.tps, c.weights, c.gbps, c.cache)
		if (got != nil) != (c.want > 0) || got != nil && *got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}
