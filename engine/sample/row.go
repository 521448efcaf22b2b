package sample

import (
	"fmt"
	"math"

	"s1/engine/trace"
	"s1/kernels"
)

// Row is what a backend says about the token after one position.
type Row struct {
	Logits []float32 // (V)
	Stats  *kernels.LogitStats
	InvT   float32 // that Stats.LSET was made with
}

// RankBeyond is the EndRank of an id that is not among the kernels.TopM likeliest: this rank or worse. Its exact rank
// would cost a pass over the vocabulary for every token.
const RankBeyond = kernels.TopM + 1

// topShown is how many candidates a token keeps.
const topShown = 10

// Check says that the row holds numbers one can draw from.
func (r Row) Check() error {
	lse, best := float64(r.Stats.LSE), float64(r.Stats.TopLogits[0])
	if math.IsNaN(lse) || math.IsInf(lse, 0) || math.IsNaN(best) || math.IsInf(best, 0) || r.Stats.TopIDs[0] < 0 {
		return fmt.Errorf("the model's logits are not finite (log-sum-exp %v, likeliest id %d at %v): "+
			"the weights are damaged or a kernel is wrong", lse, r.Stats.TopIDs[0], best)
	}
	return nil
}

// Logprob is the log-probability of an id, in nats, in the model's own distribution.
func (r Row) Logprob(id int32) float32 { return r.Logits[id] - r.Stats.LSE }

// Rank is the rank of an id, 1 = likeliest, or RankBeyond.
func (r Row) Rank(id int32) int32 {
	if r.Logits[id] < r.Stats.TopLogits[kernels.TopM-1] && r.Stats.TopIDs[kernels.TopM-1] >= 0 {
		return RankBeyond
	}
	for i, top := range r.Stats.TopIDs {
		if top == id {
			return int32(i + 1)
		}
	}
	return RankBeyond
}

// Describe fills the numbers of t, whose ID was chosen at this row; Top has the candidates. end is the first id of the
// close of thinking, -1 if there is none; its probability and rank then stay 0.
func (r Row) Describe(t *trace.Token, end int32) {
	t.Logprob = r.Logprob(t.ID)
	t.Entropy = r.Stats.Entropy
	if end >= 0 && int(end) < len(r.Logits) {
		t.EndProb = float32(math.Exp(float64(r.Logprob(end))))
		t.EndRank = r.Rank(end)
	}
}

// Top is the likeliest ids, at most ten, likeliest first.
func (r Row) Top() []trace.Candidate {
	top := make([]trace.Candidate, 0, topShown)
	for i := range topShown {
		if id := r.Stats.TopIDs[i]; id >= 0 {
			top = append(top, trace.Candidate{ID: id, Logprob: r.Stats.TopLogits[i] - r.Stats.LSE})
		}
	}
	return top
}
