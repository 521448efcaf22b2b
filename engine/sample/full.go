package sample

import (
	"math"
	"slices"
)

// The passes over the whole vocabulary, for what the row's statistics cannot answer.

// each calls f for every id that is not forbidden, in order of id, with its edited logit.
func each(r Row, edits []edit, f func(candidate)) {
	for id, l := range r.Logits {
		if len(edits) > 0 && edits[0].id == int32(id) {
			l, edits = edits[0].new, edits[1:]
		}
		if !math.IsInf(float64(l), -1) {
			f(candidate{int32(id), l})
		}
	}
}

// best is the k likeliest ids in order.
func (s *Sampler) best(r Row, edits []edit, k int) []candidate {
	k = min(k, len(r.Logits))
	out := make([]candidate, 0, 2*k)
	shrink := func() {
		slices.SortFunc(out, likelier)
		out = out[:min(k, len(out))]
	}
	enough := float32(math.Inf(-1)) // the k-th best when out was last sorted
	each(r, edits, func(c candidate) {
		if c.logit < enough {
			return
		}
		if out = append(out, c); len(out) == cap(out) {
			shrink()
			enough = out[k-1].logit
		}
	})
	shrink()
	return out
}

// survivors is every id that top-k, top-p and min-p may keep, in order, and the total for keep.
func (s *Sampler) survivors(r Row, edits []edit, top float32) (all []candidate, total float64) {
	if s.params.TopK > 0 {
		return s.best(r, edits, s.params.TopK), 0
	}
	least := s.params.MinP
	if s.usesTopP() {
		each(r, edits, func(c candidate) { total += s.weight(c.logit, top) })
		// All ids below an equal share of what top-p drops cannot together be more than it drops. Half, for rounding.
		least = max(least, (1-s.params.TopP)/float64(len(r.Logits))*total/2)
	}
	each(r, edits, func(c candidate) {
		if s.weight(c.logit, top) >= least {
			all = append(all, c)
		}
	})
	slices.SortFunc(all, likelier)
	return all, total
}

// pickFromTail draws from the whole vocabulary: the head in its order, then the rest in order of id.
func (s *Sampler) pickFromTail(r Row, edits []edit, head []candidate, u float64) int32 {
	top, total := head[0].logit, 0.0
	each(r, edits, func(c candidate) { total += s.weight(c.logit, top) })
	if id := s.pick(head, total, u); id >= 0 {
		return id
	}
	left := u*total - s.sum(head)
	s.ids = s.ids[:0]
	for _, c := range head {
		s.ids = append(s.ids, c.id)
	}
	slices.Sort(s.ids)
	skip := s.ids
	chosen, last := int32(-1), head[0].id
	each(r, edits, func(c candidate) {
		if len(skip) > 0 && skip[0] == c.id {
			skip = skip[1:]
			return
		}
		w := s.weight(c.logit, top)
		if chosen >= 0 || w == 0 {
			return
		}
		last = c.id
		if left -= w; left < 0 {
			chosen = c.id
		}
	})
	if chosen < 0 {
		return last // u is within rounding of 1
	}
	return chosen
}
