package plot

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// slow is what Squeeze must give.
func slow(all []float32, w int) []float32 {
	w = min(w, len(all))
	out := make([]float32, w)
	for i := range out {
		out[i] = float32(math.NaN())
		for _, v := range all[i*len(all)/w : (i+1)*len(all)/w] {
			if v == v && !(out[i] >= v) {
				out[i] = v
			}
		}
	}
	return out
}

func TestSqueezeKeepsTheLargestOfEveryPart(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{1, 2, 7, 8, 9, 63, 64, 65, 513, 4097} {
		var s Series
		var all []float32
		for range n {
			v := rng.Float32()
			if rng.IntN(5) == 0 {
				v = float32(math.NaN())
			}
			s.Append(v)
			all = append(all, v)
			if len(all)%97 != 0 && len(all) != n {
				continue
			}
			for _, w := range []int{1, 3, 22, 60, 5000} {
				if got, want := fmt.Sprint(s.Squeeze(w)), fmt.Sprint(slow(all, w)); got != want {
					t.Fatalf("%d numbers to %d cells:\n got %s\nwant %s", len(all), w, got, want)
				}
			}
		}
	}
	if s := (&Series{}); s.Squeeze(9) != nil || s.Len() != 0 || s.Tail(3) != nil {
		t.Error("nothing is not empty")
	}
}

// Budget: 0.2 ms a frame, whatever the length.
func BenchmarkSqueeze100k(b *testing.B) {
	var s Series
	for i := range 100_000 {
		s.Append(float32(i % 977))
	}
	for b.Loop() {
		s.Squeeze(120)
	}
}
