package schedule

import (
	"errors"
	"fmt"
	"slices"

	"s1/engine/kv"
	"s1/engine/trace"
	"s1/kernels"
)

// share lets a branch that has to read take over what another one has read already: the prompt of a sibling, the part
// before a fork, the beginning of an earlier conversation. The last id always runs again, for its logits.
func (s *Scheduler) share(b *branch) {
	if b.seq.Len() > 0 && b.pending() <= maxAhead+1 {
		return
	}
	best, from := b.valid, (*branch)(nil)
	for _, x := range s.branches {
		if n := min(common(b.ids[:len(b.ids)-1], x.ids), x.valid); x != b && n > best {
			best, from = n, x
		}
	}
	if from == nil {
		return
	}
	b.release()
	b.seq, b.valid = from.seq.Fork(best), best
	from.used = s.ticks
}

// twin says that a branch in this batch is just reading what b would read, so that b had better wait and share.
func (s *Scheduler) twin(b *branch) bool {
	if b.pending() <= maxAhead+1 {
		return false
	}
	for _, p := range s.parts {
		if common(b.ids[:len(b.ids)-1], p.b.ids) > b.valid+maxAhead && p.b.valid <= b.valid {
			return true
		}
	}
	return false
}

// common is the length of the longest common beginning.
func common(a, b []int32) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// grow makes room for n more positions of b, at the cost of branches that do not run.
func (s *Scheduler) grow(b *branch, n int) bool {
	for {
		err := b.seq.Grow(n)
		if err == nil {
			return true
		}
		if !errors.Is(err, kv.ErrFull) || !s.evict(b) {
			return false
		}
	}
}

// evict takes the pages of the branch that needs them least: one that has ended, then an experiment that runs (it waits and
// reads again), then one that is paused; the least recently used first. If it goes on later, it reads again. For an experiment
// only those that have ended give theirs.
func (s *Scheduler) evict(not *branch) bool {
	var victim *branch
	worth := func(b *branch) int { // the least goes first
		switch idle := b.held && !b.pacing; {
		case b.dead:
			return 1
		case not.side:
			return 0
		case b.side && !s.planned(b):
			return 2
		case idle:
			return 3
		}
		return 0
	}
	for _, b := range s.branches {
		w := worth(b)
		if b == not || w == 0 || b.seq.Len() == 0 {
			continue
		}
		if victim == nil || w < worth(victim) || w == worth(victim) && b.used < victim.used {
			victim = b
		}
	}
	switch {
	case victim == nil:
		return false
	case victim.dead || !victim.side:
		victim.release()
	default:
		victim.park()
	}
	return true
}

// planned says that b is in the batch that is being filled.
func (s *Scheduler) planned(b *branch) bool {
	return slices.ContainsFunc(s.parts, func(p part) bool { return p.b == b })
}

// preempt is the last resort, when no branch can go on: the youngest that holds pages gives them up for the oldest, and
// waits; experiments before the others. The oldest alone with all the memory has nobody to wait for.
func (s *Scheduler) preempt(starved *branch) {
	oldest := s.oldest()
	for _, side := range []bool{true, false} {
		for _, b := range slices.Backward(s.branches) {
			if b.side == side && b.runs() && b != oldest && b.seq.Len() > 0 {
				b.park()
				return
			}
		}
	}
	if starved != oldest {
		starved.park()
		return
	}
	starved.fail(fmt.Errorf("the key/value memory (%d positions) is full", s.pool.Limit()*kernels.PageSize))
}

// runs says that a branch goes on by itself: it is alive, not waiting for room, and not paused.
func (b *branch) runs() bool { return !b.dead && !b.parked && (!b.held || b.pacing) }

// park takes a branch's pages. It reads again when there is room.
func (b *branch) park() {
	b.release()
	b.parked = true
	b.log.Append(trace.Event{Kind: trace.EventNotice, Notice: fmt.Sprintf(
		"the key/value memory (%d positions) is full; this branch waits until another one ends", b.s.pool.Limit()*kernels.PageSize)})
}

// oldest is the running branch that came first; an experiment only where nothing else runs.
func (s *Scheduler) oldest() (first *branch) {
	for _, b := range s.branches {
		switch {
		case !b.runs():
		case !b.side:
			return b
		case first == nil:
			first = b
		}
	}
	return first
}

// unpark lets a waiting branch back in once all it had read fits again, with a page to spare for everyone who runs. What a
// paused branch holds may be taken for it, unless it is an experiment.
func (s *Scheduler) unpark(b *branch) bool {
	free, running := s.pool.Available(), 0
	for _, x := range s.branches {
		switch {
		case x.runs():
			running++
		case !x.parked && (x.dead || !b.side):
			free += len(x.seq.Table()) // may be taken
		}
	}
	if running > 0 && free < kv.Pages(len(b.ids)+1)+running+1 {
		return false
	}
	b.parked = false
	return true
}
