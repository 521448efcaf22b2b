package remote

import (
	"context"
	"slices"
)

// item is one that is not done.
type item struct {
	number, tries int
	strikes       int          // faults on servers that were well
	refused       bool         // every one of them was a refusal
	had           map[int]bool // servers that struck
}

// queue holds the items that nobody has, in order; those that came back go first. The pool's lock holds for it.
type queue struct {
	next, n, ended int
	again          []*item
}

func newQueue(n int) *queue { return &queue{n: max(0, n)} }

func (q *queue) left() int { return q.n - q.ended }

func (q *queue) back(it *item) { q.again = append(q.again, it) }

// pick gives an item to a server: one that came back from another, else a new one, else one that it has failed on itself, where
// no other server is well that has not had it. A server on trial had better show what it can on a new one.
func (q *queue) pick(server int, trial bool, waitedFor func(*item) bool) *item {
	fresh := func(it *item) bool { return !it.had[server] && (!trial || len(it.had) == 0) }
	if at := slices.IndexFunc(q.again, fresh); at >= 0 {
		return q.takeAgain(at)
	}
	if q.next < q.n {
		q.next++
		return &item{number: q.next - 1, had: map[int]bool{}}
	}
	if at := slices.IndexFunc(q.again, func(it *item) bool { return !waitedFor(it) }); at >= 0 {
		return q.takeAgain(at)
	}
	return nil
}

func (q *queue) takeAgain(at int) *item {
	it := q.again[at]
	q.again = slices.Delete(q.again, at, at+1)
	return it
}

// waitedFor says whether a server other than m is well and has not had an item yet.
func (p *Pool[T]) waitedFor(m *member[T], it *item) bool {
	return slices.ContainsFunc(p.members, func(other *member[T]) bool {
		return other != m && !other.h.Out && other.row == 0 && !it.had[other.number]
	})
}

// take waits for an item: those that others have may come back. false: there will be none any more.
func (p *Pool[T]) take(ctx context.Context, m *member[T], trial bool) (*item, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		if ctx.Err() != nil || p.q.left() == 0 {
			return nil, false
		}
		if it := p.q.pick(m.number, trial, func(it *item) bool { return p.waitedFor(m, it) }); it != nil {
			m.h.Running++
			return it, true
		}
		p.changed.Wait()
	}
}
