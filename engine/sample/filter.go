package sample

import (
	"math"

	"s1/kernels"
)

const (
	// largestLSET is the normaliser beyond which its float32 steps (3e-5 at 512) would show in a probability.
	largestLSET = 512
	// leastRest is the share of the normaliser that must be left after taking edited ids out; below it the difference of
	// two float32 sums would be mostly rounding.
	leastRest = 1.0 / 16
	// negligible is the share of a tail that no draw of 53 bits and no reader can tell from nothing.
	negligible = 1e-9
)

// filters says whether top-k, top-p or min-p is on.
func (s *Sampler) filters() bool { return s.params.TopK > 0 || s.usesTopP() || s.params.MinP > 0 }

func (s *Sampler) usesTopP() bool { return s.params.TopP > 0 && s.params.TopP < 1 }

// keep is the part of the head that top-k, top-p and min-p leave, and whether the head reached far enough to say so.
// Each of the three keeps a prefix of the order of likelihood, so together they keep the shortest. whole says that no id
// outside the head can matter; total is the sum of the weights of the whole vocabulary, 0 = unknown.
func (s *Sampler) keep(head []candidate, whole bool, total float64) ([]candidate, bool) {
	if k := s.params.TopK; k > 0 {
		// top-p's share is of what top-k left.
		total = 0
		if len(head) >= k {
			head, whole = head[:k], true
		}
	}
	goal := math.Inf(1)
	if s.usesTopP() {
		if total == 0 && !whole {
			return nil, false
		}
		if total == 0 {
			total = s.sum(head)
		}
		goal = s.params.TopP * total
	} else if s.params.MinP == 0 {
		return head, whole
	}
	sum := 0.0
	for i, c := range head {
		w := s.weight(c.logit, head[0].logit)
		if w < s.params.MinP {
			return head[:i], true
		}
		if sum += w; sum >= goal {
			return head[:i+1], true
		}
	}
	return head, whole
}

// total is the sum of the weights of the whole edited vocabulary, as far as the row's statistics give it without a pass;
// 0 = unknown.
func (s *Sampler) total(r Row, edits []edit, head []candidate, whole bool) float64 {
	if whole {
		return s.sum(head)
	}
	if lset := float64(r.Stats.LSET); r.InvT == float32(s.invT) && math.Abs(lset) <= largestLSET {
		all := math.Exp(lset - float64(head[0].logit)*s.invT)
		rest, added := all, 0.0
		for _, e := range edits {
			rest -= s.weight(e.old, head[0].logit)
			added += s.weight(e.new, head[0].logit)
		}
		if rest > all*leastRest {
			return rest + added
		}
	}
	// Everything outside the head weighs at most what its last entry does.
	sum := s.sum(head)
	last := s.weight(max(head[len(head)-1].logit, r.Stats.TopLogits[kernels.TopM-1]), head[0].logit)
	if last*float64(len(r.Logits)) < negligible*sum {
		return sum
	}
	return 0
}
