package ref

import (
	"cmp"
	"math"
	"slices"

	"s1/kernels"
)

func (m *Machine) logitRows(o kernels.Logits, b *kernels.Batch) {
	w := &m.p.Mats[o.W]
	v := m.p.Vocab
	m.each(v, w.Cols, func(r int, row []float32) {
		m.weights(o.W, r, row)
		for i := range b.Out {
			m.logits[i*v+r] = dot(row, m.row(o.X, i))
		}
	})
	for i := range b.Out {
		invT := float32(1)
		if b.InvT != nil {
			invT = b.InvT[i]
		}
		m.stats[i] = Stats(m.logits[i*v:(i+1)*v], invT)
	}
}

// Stats summarises one row of logits, exactly: sums in double, the likeliest by a full sort.
// A NaN sorts behind everything and makes the sums NaN.
func Stats(logits []float32, invT float32) kernels.LogitStats {
	s := kernels.LogitStats{LSE: float32(logSumExp(logits, 1)), LSET: float32(logSumExp(logits, float64(invT)))}
	lse := logSumExp(logits, 1)
	var entropy float64
	for _, x := range logits {
		if logp := float64(x) - lse; !math.IsInf(logp, -1) { // 0 log 0 = 0
			entropy -= math.Exp(logp) * logp
		}
	}
	s.Entropy = float32(entropy)

	ids := make([]int32, len(logits))
	for i := range ids {
		ids[i] = int32(i)
	}
	slices.SortFunc(ids, func(a, b int32) int {
		if c := cmp.Compare(logits[b], logits[a]); c != 0 {
			return c
		}
		return cmp.Compare(a, b)
	})
	for i := range s.TopIDs {
		s.TopIDs[i] = -1
		if i < len(ids) {
			s.TopIDs[i], s.TopLogits[i] = ids[i], logits[ids[i]]
		}
	}
	return s
}

func logSumExp(x []float32, scale float64) float64 {
	top := math.Inf(-1)
	for _, v := range x {
		top = max(top, float64(v)*scale)
	}
	if math.IsInf(top, -1) {
		return top
	}
	var sum float64
	for _, v := range x {
		sum += math.Exp(float64(v)*scale - top)
	}
	return top + math.Log(sum)
}
