package scaling

import (
	"context"
	"sync"
	"time"

	"s1/engine"
	"s1/engine/remote"
	"s1/engine/trace"
)

// Crew is who carries out a sweep: a model of this machine, or several servers that have one model. Every item is done by one
// hand of it from the first arm to the last, and hands take the next item as they finish.
type Crew struct {
	info   trace.ModelInfo // what all hands have in common
	served string          // how servers keep budgets; "" = this machine keeps them itself
	badge  remote.Badge    // of servers
	hands  []*hand
	forks  bool             // arms share traces
	refuse func(Plan) error // what cannot be measured; nil = everything can
	pool   remote.PoolOptions
}

// hand is one model or server.
type hand struct {
	name  string
	slots int // items at once; 0 = as many as the sweep says
	ready func(ctx context.Context) error

	mu sync.Mutex
	m  Thinker // nil until it is ready
}

func (h *hand) thinker() Thinker {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.m
}

func (h *hand) set(m Thinker) {
	h.mu.Lock()
	h.m = m
	h.mu.Unlock()
}

// Local is the crew of one model of this machine.
func Local(m *engine.Model) *Crew {
	return &Crew{info: m.Info(), forks: true, hands: []*hand{{name: "this machine", m: local{m}}}}
}

// Info is the model.
func (c *Crew) Info() trace.ModelInfo { return c.info }

// Served says how servers keep budgets, "" where there are none.
func (c *Crew) Served() string { return c.served }

// Slots is how many items are done at once, for a crew that says so itself; 0 = it does not.
func (c *Crew) Slots() (n int) {
	for _, h := range c.hands {
		n += h.slots
	}
	return n
}

// Shares says whether arms share traces.
func (c *Crew) Shares() bool { return c.forks }

// apart says whether every arm is a run of its own. A server draws a stream with one seed: a fork in the middle of a sampled one
// would draw otherwise than the run that went through, so there only greedy arms share. Votes fork at the question, and may.
func (c *Crew) apart(p Plan) bool { return !c.forks || c.served != "" && p.Sampling.Temperature > 0 }

// pooled makes the pool that hands items out.
func (c *Crew) pooled(parallel int) (*remote.Pool[*hand], error) {
	members := make([]remote.Member[*hand], len(c.hands))
	for i, h := range c.hands {
		slots := h.slots
		if slots == 0 {
			slots = parallel
		}
		members[i] = remote.Member[*hand]{Name: h.name, On: h, Slot: slots, Ready: h.ready}
	}
	return remote.NewPool(c.pool, members...)
}

// defaultParallel is how many items make a good batch on this machine.
const defaultParallel = 16

// sweeping is a sweep under way.
type sweeping struct {
	r     *runner
	res   *Result
	items []Item
	file  *rowFile
	by    *receiptFile
	o     Options
	began time.Time
	pool  *remote.Pool[*hand]

	mu     sync.Mutex
	done   int
	tokens int
}

// run hands out the items that are not done, in order. The first error that is not of one item's way ends all.
func (s *sweeping) run(ctx context.Context) (err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var todo []int
	for i := range s.items {
		if s.res.Items[i] == nil {
			todo = append(todo, i)
		}
	}
	parallel := s.o.Parallel
	if parallel <= 0 {
		parallel = defaultParallel
	}
	s.done = s.res.Resumed
	if s.pool, err = s.r.crew.pooled(max(1, min(parallel, len(todo)))); err != nil {
		return err
	}
	s.tell()
	rows := make([][]Row, len(todo)) // of items that are done and not written yet
	var left undone
	err = s.pool.Run(ctx, len(todo), func(ctx context.Context, h *hand, k int) (err error) {
		if s.o.Gate.wait(ctx); ctx.Err() != nil {
			return ctx.Err()
		}
		rows[k], err = s.r.with(h.thinker()).item(ctx, s.items[todo[k]])
		return err
	}, func(o remote.Outcome) {
		i := todo[o.Item]
		got := rows[o.Item]
		rows[o.Item] = nil
		switch {
		case remote.Refused(o.Err): // by every server: it is about the item
			got = s.r.refused(s.items[i], o.Err)
		case remote.Transport(o.Err):
			left.add(s.items[i].ID, o)
			return
		case o.Err != nil:
			cancel(itemError(s.items[i].ID, o.Err))
			return
		}
		if err := s.keep(i, got, o); err != nil {
			cancel(itemError(s.items[i].ID, err))
		}
	})
	s.res.Servers = s.servers()
	if err != nil {
		if cause := context.Cause(ctx); ctx.Err() != nil {
			err = cause
		}
		return err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	s.res.Tokens = s.tokens
	return left.err(len(s.items))
}

// keep writes who did an item, then its rows: rows without the other are never there.
func (s *sweeping) keep(i int, rows []Row, o remote.Outcome) error {
	if s.r.crew.served != "" {
		for k := range rows {
			rows[k].server = o.Server
		}
	}
	if s.by != nil {
		if err := s.by.add(receiptOf(rows, o.Tries)); err != nil {
			return err
		}
	}
	if s.file != nil {
		if err := s.file.add(rows); err != nil {
			return err
		}
	}
	s.finished(i, rows)
	return nil
}

// servers is how the servers have done; nothing on this machine.
func (s *sweeping) servers() []remote.Health {
	if s.r.crew.served == "" || s.pool == nil {
		return nil
	}
	return s.pool.Health()
}

func (s *sweeping) finished(i int, rows []Row) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.res.Items[i] = rows
	s.done++
	for _, r := range rows {
		s.tokens += r.Own
	}
	if s.o.Finished != nil {
		s.o.Finished(i, rows)
	}
	s.tell()
}

func (s *sweeping) tell() {
	if s.o.Progress == nil {
		return
	}
	p := Progress{
		Done: s.done, Items: len(s.items), Resumed: s.res.Resumed, Tokens: s.tokens, Elapsed: time.Since(s.began) - s.o.Gate.paused(), Servers: s.servers(),
	}
	if now := s.done - s.res.Resumed; now > 0 {
		p.Left = time.Duration(float64(p.Elapsed) / float64(now) * float64(p.Items-p.Done))
	}
	s.o.Progress(p)
}
