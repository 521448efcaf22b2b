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
func (s *Sampler) edit(r Row, window, masked []int32) []edit {
	e := s.edits[:0]
	add := func(id int32) {
		if id >= 0 && int(id) < len(r.Logits) {
			e = append(e, edit{id: id})
		}
	}
	for _, id := range window {
		add(id)
	}
	for _, b := range s.biases {
		add(b.id)
	}
	for _, id := range masked {
		add(id)
	}
	slices.SortFunc(e, func(a, b edit) int { return int(a.id) - int(b.id) })
	e = slices.CompactFunc(e, func(a, b edit) bool { return a.id == b.id })
	for i := range e {
		e[i].old = r.Logits[e[i].id]
		e[i].new = e[i].old
	}
	s.ids = append(s.ids[:0], window...)
	slices.Sort(s.ids)
	for _, id := range slices.Compact(s.ids) {
		x := find(e, id)
		if x == nil {
			continue
		}
		if penalty := float32(s.params.RepeatPenalty); x.new > 0 {
			x.new /= penalty
		} else {
			x.new *= penalty
		}
	}
	for _, b := range s.biases {
		if x := find(e, b.id); x != nil {
			x.new += b.add
		}
	}
	for _, id := range masked {
		if x := find(e, id); x != nil {
			x.new = float32(math.Inf(-1))
		}
	}
	s.edits = e
	return e
}

// find is the edit of an id, or nil.
func find(edits []edit, id int32) *edit {
	if len(edits) == 0 {
		return nil
	}
	i, ok := slices.BinarySearchFunc(edits, id, func(e edit, id int32) int { return int(e.id) - int(id) })
	if !ok {
		return nil
	}
	return &edits[i]
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
		if len(edits) > 0 && (find(edits, id) != nil || !whole && l <= floor) {
			continue
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
