package sample

import (
	"math"
	"math/rand/v2"
	"slices"
	"sort"

	"s1/engine/trace"
	"s1/kernels"
)

// row makes the statistics of logits the plain way.
func row(logits []float32, p trace.Sampling) Row {
	order := make([]int32, len(logits))
	for i := range order {
		order[i] = int32(i)
	}
	sort.SliceStable(order, func(i, j int) bool { return logits[order[i]] > logits[order[j]] })
	st := &kernels.LogitStats{}
	best := float64(logits[order[0]])
	invT := InvT(p)
	var sum, sumT, dot float64
	for _, l := range logits {
		e := math.Exp(float64(l) - best)
		sum += e
		dot += e * float64(l)
		sumT += math.Exp((float64(l) - best) * float64(invT))
	}
	lse := best + math.Log(sum)
	st.LSE, st.LSET = float32(lse), float32(best*float64(invT)+math.Log(sumT))
	st.Entropy = float32(lse - dot/sum)
	for i := range st.TopIDs {
		st.TopIDs[i], st.TopLogits[i] = -1, float32(math.Inf(-1))
		if i < len(order) {
			st.TopIDs[i], st.TopLogits[i] = order[i], logits[order[i]]
		}
	}
	return Row{Logits: logits, Stats: st, InvT: invT}
}

// plain is the whole distribution a draw should follow: ids in the order of the draw with their probabilities, made by
// full passes and one sort, and the edited logits l.
func plain(logits []float32, p trace.Sampling, drawn, masked []int32) (ids []int32, probs []float64, l []float32) {
	l = slices.Clone(logits)
	if p.RepeatPenalty != 0 && p.RepeatPenalty != 1 {
		n := p.RepeatLast
		if n == 0 {
			n = 64
		}
		seen := map[int32]bool{}
		for i := max(0, len(drawn)-n); i < len(drawn); i++ {
			if id := drawn[i]; !seen[id] {
				seen[id] = true
				if l[id] > 0 {
					l[id] /= float32(p.RepeatPenalty)
				} else {
					l[id] *= float32(p.RepeatPenalty)
				}
			}
		}
	}
	for id, b := range p.LogitBias {
		l[id] += float32(b)
	}
	for _, id := range masked {
		l[id] = float32(math.Inf(-1))
	}
	order := make([]int32, len(l))
	for i := range order {
		order[i] = int32(i)
	}
	sort.SliceStable(order, func(i, j int) bool { return l[order[i]] > l[order[j]] })
	if p.Temperature < coldest {
		return order[:1], []float64{1}, l
	}
	softmax := func(ids []int32) []float64 {
		out, sum := make([]float64, len(ids)), 0.0
		for i, id := range ids {
			out[i] = math.Exp((float64(l[id]) - float64(l[order[0]])) / p.Temperature)
			sum += out[i]
		}
		for i := range out {
			out[i] /= sum
		}
		return out
	}
	ids = order
	if p.TopK > 0 && p.TopK < len(ids) {
		ids = ids[:p.TopK]
	}
	if p.TopP > 0 && p.TopP < 1 {
		cum := 0.0
		for i, q := range softmax(ids) {
			if cum += q; cum >= p.TopP {
				ids = ids[:i+1]
				break
			}
		}
	}
	if p.MinP > 0 {
		left := softmax(ids)
		for i, q := range left {
			if q < p.MinP*left[0] {
				ids = ids[:i]
				break
			}
		}
	}
	return ids, softmax(ids), l
}

// scene is a random vocabulary with random parameters.
func scene(rng *rand.Rand) (logits []float32, p trace.Sampling, drawn, masked []int32) {
	vocab := []int{5, 64, 65, 300, 1000}[rng.IntN(5)]
	spread := []float64{0.3, 2, 6}[rng.IntN(3)]
	logits = make([]float32, vocab)
	for i := range logits {
		logits[i] = float32(rng.NormFloat64() * spread)
		if rng.IntN(10) == 0 {
			logits[i] = float32(math.Round(float64(logits[i]))) // ties
		}
	}
	if rng.IntN(3) == 0 {
		logits[rng.IntN(vocab)] += 20
	}
	any := func() int32 {
		if rng.IntN(2) == 0 {
			return int32(rng.IntN(vocab))
		}
		return int32(slices.Index(logits, slices.Max(logits)))
	}
	p.Seed = rng.Uint64()
	p.Temperature = []float64{0, 0.05, 0.6, 1, 1.7}[rng.IntN(5)]
	if rng.IntN(2) == 0 {
		p.TopK = []int{1, 20, 64, 65, 200}[rng.IntN(5)]
	}
	if rng.IntN(2) == 0 {
		p.TopP = []float64{0.01, 0.5, 0.95, 0.999, 1}[rng.IntN(5)]
	}
	if rng.IntN(3) == 0 {
		p.MinP = []float64{0.01, 0.1, 1}[rng.IntN(3)]
	}
	if rng.IntN(2) == 0 {
		p.RepeatPenalty = []float64{1, 1.1, 3, 0.7}[rng.IntN(4)]
		p.RepeatLast = []int{0, 3, 100}[rng.IntN(3)]
		for range rng.IntN(120) {
			drawn = append(drawn, any())
		}
	}
	if rng.IntN(3) == 0 {
		p.LogitBias = map[int32]float64{}
		for range 1 + rng.IntN(4) {
			p.LogitBias[any()] = []float64{-100, -1, 0.5, 8, math.Inf(-1)}[rng.IntN(5)]
		}
	}
	if rng.IntN(3) == 0 {
		for range 1 + rng.IntN(3) {
			masked = append(masked, any())
		}
	}
	return logits, p, drawn, masked
}
