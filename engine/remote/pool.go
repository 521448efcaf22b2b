package remote

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Pool hands items out to several servers as they finish them. It knows neither what an item is nor what a server: T is
// usually *Model.
//
// An item that fails on the way (Transport) goes to another server, and back into the queue before it is given up; the
// server rests, longer each time, and comes back with one item. No item is lost, and none is handed to done twice.
type Pool[T any] struct {
	o       PoolOptions
	members []*member[T]

	mu sync.Mutex
}

// PoolOptions are how patient a pool is. The zero value is usable.
type PoolOptions struct {
	Tries int           // of one item, on any server; 0 = 5
	Rest  time.Duration // of a server after a failure, doubled each time; 0 = 1 s

	// Sleep waits out a rest; nil = by the clock.
	Sleep func(ctx context.Context, d time.Duration) error
}

// Member is a server of a pool.
type Member[T any] struct {
	Name string
	On   T
	Slot int // items at once; 0 = 1
}

// Health is how a server has done.
type Health struct {
	Name    string
	Running int
	Done    int    // items
	Failed  int    // tries
	Resting bool   // it failed, and is left alone for a while
	Last    string // its newest failure
}

// Outcome is the end of one item.
type Outcome struct {
	Item   int
	Server string // that had it last
	Tries  int
	Err    error // Transport: no server could do it, which says nothing of the item
}

type member[T any] struct {
	Member[T]
	h   Health
	row int // failures since the last success
}

// maxRest is how long a server is left alone at most.
const maxRest = time.Minute

// NewPool makes a pool of servers.
func NewPool[T any](o PoolOptions, members ...Member[T]) (*Pool[T], error) {
	if len(members) == 0 {
		return nil, errors.New("a pool needs a server")
	}
	if o.Tries <= 0 {
		o.Tries = 5
	}
	if o.Rest <= 0 {
		o.Rest = time.Second
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	p := &Pool[T]{o: o}
	for i, m := range members {
		if m.Slot < 0 {
			return nil, fmt.Errorf("server %q of the pool: %d items at once", m.Name, m.Slot)
		}
		if m.Slot == 0 {
			m.Slot = 1
		}
		if m.Name == "" {
			m.Name = fmt.Sprintf("server %d", i+1)
		}
		p.members = append(p.members, &member[T]{Member: m, h: Health{Name: m.Name}})
	}
	return p, nil
}

// Health is how every server stands.
func (p *Pool[T]) Health() []Health {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := make([]Health, len(p.members))
	for i, m := range p.members {
		list[i] = m.h
	}
	return list
}

// Run does the items 0 to n-1 and tells of each as it ends, one at a time. do must return when its ctx ends. The error is
// that of ctx, when it ended before the items: those that are not told of then were not done.
func (p *Pool[T]) Run(ctx context.Context, n int, do func(ctx context.Context, on T, item int) error, done func(Outcome)) error {
	q := newQueue(n)
	stop := context.AfterFunc(ctx, q.close)
	defer stop()
	var wg sync.WaitGroup
	var telling sync.Mutex
	for _, m := range p.members {
		for range m.Slot {
			wg.Go(func() {
				for {
					if err := p.rest(ctx, m, q); err != nil {
						return
					}
					it, ok := q.take()
					if !ok {
						return
					}
					p.count(func() { m.h.Running++ })
					err := do(ctx, m.On, it.number)
					p.count(func() { m.h.Running-- })
					it.tries++
					if ctx.Err() != nil && err != nil { // cut off: it was neither done nor failed
						q.end()
						return
					}
					if Transport(err) {
						p.failed(m, err)
						if it.tries < p.o.Tries {
							q.back(it)
							continue
						}
					} else {
						p.count(func() { m.h.Done++; m.row, m.h.Resting = 0, false })
					}
					telling.Lock()
					done(Outcome{Item: it.number, Server: m.Name, Tries: it.tries, Err: err})
					telling.Unlock()
					q.end()
				}
			})
		}
	}
	wg.Wait()
	if q.left() {
		return context.Cause(ctx)
	}
	return nil
}

func (p *Pool[T]) count(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
}

func (p *Pool[T]) failed(m *member[T], err error) {
	p.count(func() { m.h.Failed++; m.row++; m.h.Resting, m.h.Last = true, err.Error() })
}

// rest waits until a server that failed may try again. It ends early when nothing is left to do.
func (p *Pool[T]) rest(ctx context.Context, m *member[T], q *queue) error {
	p.mu.Lock()
	row := m.row
	p.mu.Unlock()
	if row == 0 {
		return ctx.Err()
	}
	d := p.o.Rest << min(row-1, 16)
	if d > maxRest || d <= 0 {
		d = maxRest
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() { // the last item may end while this server rests
		select {
		case <-q.empty:
			cancel()
		case <-ctx.Done():
		}
	}()
	return p.o.Sleep(ctx, d)
}

// item is one that is not done.
type item struct{ number, tries int }

// queue holds the items that nobody has. An item that comes back is the next to be taken.
type queue struct {
	mu     sync.Mutex
	ready  *sync.Cond
	next   int
	n      int
	again  []item
	ended  int
	closed bool
	empty  chan struct{} // closed when every item has ended, or the queue was closed
}

func newQueue(n int) *queue {
	q := &queue{n: max(0, n), empty: make(chan struct{})}
	q.ready = sync.NewCond(&q.mu)
	if q.n == 0 {
		close(q.empty)
	}
	return q
}

// take waits for an item. false: there will be none any more.
func (q *queue) take() (item, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for {
		switch {
		case q.closed || q.ended >= q.n:
			return item{}, false
		case len(q.again) > 0:
			it := q.again[0]
			q.again = q.again[1:]
			return it, true
		case q.next < q.n:
			q.next++
			return item{number: q.next - 1}, true
		}
		q.ready.Wait() // those that others have may come back
	}
}

func (q *queue) back(it item) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.again = append(q.again, it)
	q.ready.Signal()
}

func (q *queue) end() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.ended++; q.ended == q.n {
		if !q.closed {
			close(q.empty)
		}
		q.ready.Broadcast()
	}
}

func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.closed && q.ended < q.n {
		close(q.empty)
	}
	q.closed = true
	q.ready.Broadcast()
}

func (q *queue) left() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.ended < q.n
}
