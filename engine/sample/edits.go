package sample

import (
	"math"
	"slices"
)

// edit is one id whose logit is not the model's.
type edit struct {
	id       int32
	old, new float32
}

// candidate is an id with its edited logit.
type candidate struct {
	id    int32
	logit float32
}

// likelier orders candidates: larger logit first, ties by lower id.
func likelier(a, b candidate) int {
	switch {
	case a.logit > b.logit:
		return -1
	case a.logit < b.logit:
		return 1
	default:
		return int(a.id) - int(b.id)
	}
}

// edit collects, in order of id, what penalty, bias and mask do to the row.
func (s *Sampler) edit(r Row, masked []int32) []edit {
	e := s.edits[:0]
	penalty := float32(s.params.RepeatPenalty)
	for _, id := range s.window.ids {
		x := edit{id: id, old: r.Logits[id]}
		if x.old > 0 {
			x.new = x.old / penalty
		} else {
			x.new = x.old * penalty
		}
		e = append(e, x)
	}
	// at is the place of an id's edit, which is made where there is none.
	at := func(id int32) int {
		i, found := place(e, id)
		if !found {
			e = slices.Insert(e, i, edit{id: id, old: r.Logits[id], new: r.Logits[id]})
		}
		return i
	}
	for _, b := range s.biases {
		i := at(b.id) // may move e
		e[i].new += b.add
	}
	for _, id := range masked {
		if id >= 0 && int(id) < len(r.Logits) {
			i := at(id)
			e[i].new = float32(math.Inf(-1))
		}
	}
	s.edits = e
	return e
}

func place(edits []edit, id int32) (int, bool) {
	return slices.BinarySearchFunc(edits, id, func(e edit, id int32) int { return int(e.id) - int(id) })
}

// head is the beginning of the edited vocabulary in order of likelihood, as far as the row's TopM prove it, and whether
// that is all of it. Ids outside the list have at most the logit of its last entry, the floor; an edit that lands at or
// below the floor cannot be placed, and ends the head.
func (s *Sampler) head(r Row, edits []edit) (head []candidate, whole bool) {
	head = s.cands[:0]
	defer func() { s.cands = head }()
	whole = len(r.Logits) <= len(r.Stats.TopIDs)
	floor := r.Stats.TopLogits[len(r.Stats.TopLogits)-1]
	for i, id := range r.Stats.TopIDs {
		if id < 0 {
			break
		}
		l := r.Stats.TopLogits[i]
		if len(edits) > 0 {
			if _, edited := place(edits, id); edited || !whole && l <= floor {
				continue
			}
		}
		head = append(head, candidate{id, l})
	}
	sorted := len(head)
	for _, e := range edits {
		if whole || e.new > floor {
			head = append(head, candidate{e.id, e.new})
		}
	}
	if len(head) > sorted {
		slices.SortFunc(head, likelier)
	}
	return head, whole
}
