package llm

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

// Retries are budgets of tries after the first, each for its own kind of failure.
type Retries struct {
	Limited   int // 429
	Server    int // 408, 5xx
	Transport int // no connection, half an answer, one that is no protocol
	Parse     int // an answer that came and cannot be read
}

// Options are how a provider is asked. The zero value is usable.
type Options struct {
	Dir               string // of replies and of what was spent
	RequestsPerMinute int    // 0 = no limit
	TokensPerMinute   int    // prompt and completion as they may come to; 0 = no limit
	Concurrency       int    // most requests at once; 0 = 16
	Retries           *Retries
	Again             bool          // replies of earlier runs that could not be read do not count among the tries
	Pause             time.Duration // before the first retry, doubled; 0 = 1 s
	Trip              int           // failures in a row that open the breaker; 0 = 8
	Trips             int           // after which the server is given up; 0 = 5
	Rest              time.Duration // of an open breaker, doubled; 0 = 10 s
	Cap               Cap
	Books             *Books // what others spend too; nil = only this client's, in Dir, under Cap
	Prices            Prices
	Seed              uint64        // of the jitter
	Waiting           func(Waiting) // told of pauses, from any goroutine; nil = nobody looks on
	Now               func() time.Time
	Sleep             func(context.Context, time.Duration) error
}

const maxPause = time.Minute

// Client asks one provider. It is safe for concurrent use.
type Client struct {
	p      Provider
	o      Options
	cache  *cache
	ledger *ledger
	pace   *pace

	mu     sync.Mutex
	jitter *rand.Rand
	down   error                    // the server is given up, for this reason
	newest error                    // the last failure that is tried again
	under  map[string]chan struct{} // keys being asked for
}

// Open opens the cache in o.Dir, which belongs to this client until Close.
func Open(p Provider, o Options) (*Client, error) {
	o.Concurrency, o.Pause = cmp.Or(o.Concurrency, 16), cmp.Or(o.Pause, time.Second)
	o.Trip, o.Trips, o.Rest = cmp.Or(o.Trip, 8), cmp.Or(o.Trips, 5), cmp.Or(o.Rest, 10*time.Second)
	if o.Retries == nil {
		o.Retries = &Retries{Limited: 10, Server: 5, Transport: 5, Parse: 3}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	c, err := openCache(o.Dir)
	if err != nil {
		return nil, err
	}
	var l *ledger
	if o.Books != nil {
		l = o.Books.ledger
	} else if l, err = openLedger(o.Dir, o.Cap); err != nil {
		return nil, errors.Join(err, c.close())
	}
	client := &Client{
		p: p, o: o, cache: c, ledger: l, under: map[string]chan struct{}{}, jitter: rand.New(rand.NewPCG(o.Seed, 0x11a)),
		pace: &pace{
			requests: newLimiter(o.RequestsPerMinute), tokens: newLimiter(o.TokensPerMinute), now: o.Now, sleep: o.Sleep, most: float64(o.Concurrency),
			trip: o.Trip, rest: o.Rest, limit: float64(min(4, o.Concurrency)), changed: make(chan struct{}),
		},
	}
	client.pace.rests = func(d time.Duration) { client.waits(d, nil) }
	return client, nil
}

// Identity is the model that answers.
func (c *Client) Identity() Identity { return c.p.Identity() }

// Concurrency is the most requests at once.
func (c *Client) Concurrency() int { return c.o.Concurrency }

// Spent is what was spent from this folder.
func (c *Client) Spent() Spent { return c.ledger.now() }

// Close ends the client. Nothing may be under way.
func (c *Client) Close() error {
	err := c.cache.close()
	if c.o.Books == nil {
		err = errors.Join(err, c.ledger.close())
	}
	return err
}

// Ask gives the answer that is kept, or asks for it and keeps it.
func (c *Client) Ask(ctx context.Context, r Request) (Reply, error) {
	key := Key(c.p.Identity(), r)
	for {
		c.mu.Lock()
		wait := c.under[key]
		if wait == nil {
			c.under[key] = make(chan struct{})
		}
		c.mu.Unlock()
		if wait == nil {
			break
		}
		select { // the same question is under way: it is paid for once
		case <-wait:
		case <-ctx.Done():
			return Reply{}, ctx.Err()
		}
	}
	defer func() {
		c.mu.Lock()
		close(c.under[key])
		delete(c.under, key)
		c.mu.Unlock()
	}()
	if reply, ok, err := c.cache.get(key); ok || err != nil {
		return reply, err
	}
	return c.send(ctx, key, r)
}

// AskFor asks until read takes a reply. One that it does not take is asked for anew as another request, which is kept for itself. What
// is kept is read to its end, however many tries it took: equal caches give equal answers.
func (c *Client) AskFor(ctx context.Context, r Request, read func(Reply) error) (Reply, error) {
	made := 0 // tries, but for those of earlier runs
	for r.Try = 0; ; r.Try++ {
		reply, err := c.Ask(ctx, r)
		if err != nil {
			return reply, err
		}
		why := read(reply)
		if why == nil {
			return reply, nil
		}
		if !c.o.Again || !reply.Cached {
			made++
		}
		next := r
		next.Try++
		if made > c.o.Retries.Parse && !c.cache.has(Key(c.p.Identity(), next)) {
			return reply, &Failed{Cause: "unreadable", Tries: r.Try + 1, Err: why}
		}
	}
}

// send tries as long as the budget of the failures allows.
func (c *Client) send(ctx context.Context, key string, r Request) (Reply, error) {
	left := map[string]int{causeLimited: c.o.Retries.Limited, causeServer: c.o.Retries.Server, causeTransport: c.o.Retries.Transport}
	for try := 1; ; try++ {
		c.mu.Lock()
		down := c.down
		c.mu.Unlock()
		if down != nil {
			return Reply{}, &Failed{Cause: "down", Tries: try - 1, Err: down}
		}
		reply, err := c.once(ctx, key, r, try)
		if err == nil {
			return reply, nil
		}
		if ctx.Err() != nil {
			return Reply{}, context.Cause(ctx)
		}
		if errors.Is(err, ErrCap) {
			return Reply{}, &Failed{Cause: "cap", Tries: try - 1, Err: err}
		}
		if own := (*Failed)(nil); errors.As(err, &own) {
			return reply, own
		}
		cause, after := classify(err)
		if left[cause] == 0 {
			return Reply{}, &Failed{Cause: cause, Tries: try, Err: err}
		}
		left[cause]--
		pause := max(after, c.backOff(try))
		c.waits(pause, err)
		if err := c.o.Sleep(ctx, pause); err != nil {
			return Reply{}, err
		}
	}
}

// once reserves, waits for its turn, and sends.
func (c *Client) once(ctx context.Context, key string, r Request, try int) (Reply, error) {
	began, err := c.pace.enter(ctx, r.promptBound()+max(0, r.most()))
	if err != nil {
		return Reply{}, err
	}
	held, err := c.ledger.hold(ctx, key, r, c.o.Prices)
	if err != nil {
		c.pace.give()
		if !errors.Is(err, ErrCap) && ctx.Err() == nil {
			err = &Failed{Cause: causeBooks, Tries: try - 1, Err: err}
		}
		return Reply{}, err
	}
	started := c.o.Now()
	reply, err := c.p.Generate(ctx, r)
	cause, after := classify(err)
	free := err != nil && unbilled(err)
	if free {
		reply.Usage = Usage{}
	}
	cost, booked := c.ledger.settle(held, reply.Usage, err != nil && !free, c.o.Prices)
	crowded := cause == causeLimited || cause == causeServer || cause == causeTransport
	down := c.pace.leave(began, err == nil || cause == causeRefused, crowded, after, c.o.Trips)
	if err != nil {
		if down || cause == causeKey {
			c.giveUp(err)
		}
		return Reply{}, err
	}
	if booked != nil {
		return Reply{}, &Failed{Cause: causeBooks, Tries: try, Err: booked}
	}
	reply.Key, reply.Identity, reply.Cost, reply.Attempt = key, c.p.Identity(), cost, try
	reply.Time, reply.Latency = started.UTC(), c.o.Now().Sub(started)
	if err := c.cache.put(reply); err != nil {
		return reply, &Failed{Cause: causeBooks, Tries: try, Err: err}
	}
	return reply, nil
}

func (c *Client) giveUp(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.down == nil {
		c.down = fmt.Errorf("the model was given up: %w", err)
	}
}

func (c *Client) backOff(try int) time.Duration {
	most := min(maxPause, c.o.Pause<<min(try-1, 10))
	c.mu.Lock()
	defer c.mu.Unlock()
	return most/2 + time.Duration(c.jitter.Int64N(int64(most/2)+1))
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
