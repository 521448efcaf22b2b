package sample

import (
	"slices"

	"s1/engine/trace"
)

// window is the set of ids among the last size drawn ones, kept in order of id while tokens come and go: some model cards
// let the penalty look at the whole context, which must not be sorted for every token.
type window struct {
	size  int // 0 = the penalty is off
	ids   []int32
	times map[int32]int
}

func newWindow(p trace.Sampling) window {
	if p.RepeatPenalty == 0 || p.RepeatPenalty == 1 {
		return window{}
	}
	w := window{size: p.RepeatLast, times: map[int32]int{}}
	if w.size == 0 {
		w.size = defaultRepeatLast
	}
	return w
}

func (w *window) add(id int32) {
	if w.size == 0 {
		return
	}
	if w.times[id]++; w.times[id] == 1 {
		i, _ := slices.BinarySearch(w.ids, id)
		w.ids = slices.Insert(w.ids, i, id)
	}
}

func (w *window) remove(id int32) {
	if w.size == 0 {
		return
	}
	if w.times[id]--; w.times[id] == 0 {
		delete(w.times, id)
		i, _ := slices.BinarySearch(w.ids, id)
		w.ids = slices.Delete(w.ids, i, i+1)
	}
}
