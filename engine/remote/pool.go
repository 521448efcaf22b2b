package remote

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Pool hands items out to several servers as they finish them, so that a slow one gets fewer. It knows neither what an item is
// nor what a server: T is whatever does the work.
//
//	queue --take--> a slot of a server --do--> done, once an item
//	  ^-------------- back, after a fault ---'   the server rests, is asked whether it is there, and comes back with one item
//
// An item that fails on the way (Transport) goes to another server before the same one has it again. A fault counts against
// the item only where the server was well right before it: an item that happens to meet a dead server is not given up for that.
type Pool[T any] struct {
	o       PoolOptions
	members []*member[T]

	mu      sync.Mutex
	changed *sync.Cond // of anything below, and of the queue
	q       *queue
	down    time.Time // since when every server has been failing; zero = one is well
	stop    error     // ends the run
}

// PoolOptions are how patient a pool is. The zero value is usable.
type PoolOptions struct {
	Tries    int           // faults of one item on servers that were well; 0 = 5
	Rest     time.Duration // of a server after a fault, doubled each time; 0 = 1 s
	Patience time.Duration // for how long every server may be failing; 0 = 15 min

	Tell  func(string)                                     // what a user should know of the servers; nil = nobody does
	Sleep func(ctx context.Context, d time.Duration) error // waits out a rest; nil = by the clock
	Now   func() time.Time                                 // nil = time.Now
}

// Member is a server of a pool.
type Member[T any] struct {
	Name string
	On   T
	Slot int // items at once; 0 = 1

	// Ready is asked before the first item and after every fault; nil = always. An error that is not of the way (Transport)
	// means that this server is not to be used at all.
	Ready func(ctx context.Context) error
}

// Health is how a server has done.
type Health struct {
	Name    string `json:"name"`
	Running int    `json:"-"`
	Done    int    `json:"done"`             // items
	Failed  int    `json:"faults,omitempty"` // tries, and times that it was not there
	Resting bool   `json:"-"`                // it failed, and is left alone for a while
	Out     bool   `json:"out,omitempty"`    // it is not to be used
	Last    string `json:"last_fault,omitempty"`
}

// Outcome is the end of one item.
type Outcome struct {
	Item   int
	Server string // that had it last
	Tries  int
	Err    error // Transport: no server could do it, which says nothing of the item unless Refused
}

// ErrDown says that every server failed for longer than the pool's patience.
var ErrDown = errors.New("no server answers")

const (
	maxRest   = time.Minute // a server is left alone at most
	downAfter = 2           // faults in a row until a server counts as down
)

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
	if o.Patience <= 0 {
		o.Patience = 15 * time.Minute
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Tell == nil {
		o.Tell = func(string) {}
	}
	p := &Pool[T]{o: o}
	p.changed = sync.NewCond(&p.mu)
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
		p.members = append(p.members, &member[T]{Member: m, number: i, ready: m.Ready == nil, h: Health{Name: m.Name}})
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
// that of ctx when it ended before the items, or ErrDown: those that are not told of then were not done.
func (p *Pool[T]) Run(ctx context.Context, n int, do func(ctx context.Context, on T, item int) error, done func(Outcome)) error {
	p.mu.Lock()
	p.q, p.stop, p.down = newQueue(n), nil, time.Time{}
	p.mu.Unlock()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(ctx, func() { p.set(p.changed.Broadcast) })()
	var wg sync.WaitGroup
	r := &handing[T]{Pool: p, do: do, done: done, end: cancel}
	for _, m := range p.members {
		for range m.Slot {
			wg.Go(func() {
				for {
					trial, ok := p.admit(ctx, cancel, m)
					if !ok || !r.one(ctx, m, trial) {
						return
					}
				}
			})
		}
	}
	wg.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.stop != nil:
		return p.stop
	case p.q.left() > 0:
		return context.Cause(ctx)
	}
	return nil
}

func (p *Pool[T]) set(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
}

// handing is one Run.
type handing[T any] struct {
	*Pool[T]
	do      func(ctx context.Context, on T, item int) error
	done    func(Outcome)
	end     context.CancelFunc
	telling sync.Mutex
}

// one takes an item and does it. false: there is nothing left to do. A server that is on trial has the others of its slots
// wait until this item has ended.
func (r *handing[T]) one(ctx context.Context, m *member[T], trial bool) bool {
	it, ok := r.take(ctx, m, trial)
	if !ok {
		r.set(func() { m.trying = m.trying && !trial; r.changed.Broadcast() })
		return false
	}
	err := r.do(ctx, m.On, it.number)
	over := Outcome{Item: it.number, Server: m.Name, Err: err}
	say := ""
	r.mu.Lock()
	m.h.Running--
	if trial {
		m.trying = false
	}
	it.tries++
	over.Tries = it.tries
	cut := err != nil && ctx.Err() != nil // it was neither done nor failed
	ended := false
	switch {
	case cut:
	case Transport(err):
		well := m.row == 0 || trial
		say = r.fault(m, err, !(Refused(err) && m.doubt.first()))
		if ended = r.strike(m, it, err, well); !ended {
			r.q.back(it)
		}
		r.impatient(r.end)
	default:
		m.h.Done++
		if say = r.well(m); err != nil {
			say = ""
		}
		ended = true
	}
	r.changed.Broadcast()
	r.mu.Unlock()
	if say != "" {
		r.o.Tell(say)
	}
	if ended {
		r.telling.Lock()
		r.done(over)
		r.telling.Unlock()
		r.set(func() { r.q.ended++; r.changed.Broadcast() })
	}
	return !cut
}

// strike counts a fault against an item, and says whether it is given up: every server has refused it, or it has failed too
// often and on every server that is well.
func (p *Pool[T]) strike(m *member[T], it *item, err error, well bool) bool {
	if !well && !Refused(err) {
		return false
	}
	it.strikes++
	it.refused = Refused(err) && (it.refused || it.strikes == 1)
	it.had[m.number] = true
	all, allWell := true, true
	for _, other := range p.members {
		had := other.h.Out || it.had[other.number]
		all = all && had
		allWell = allWell && (had || other.row > 0)
	}
	return it.refused && all || !it.refused && allWell && it.strikes >= p.o.Tries
}
