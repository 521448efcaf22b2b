package llm

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// pace decides when the next request may go: requests and tokens a minute, how many at once, and no sooner than the server asked.
// How many at once adapts: one more for a round that went well, half of them after a refusal. After trip failures in a row, one
// request at a time tries the server, after a rest that doubles (the circuit breaker).
type pace struct {
	requests, tokens *rate.Limiter // nil = no limit
	now              func() time.Time
	sleep            func(context.Context, time.Duration) error
	most             float64
	trip             int
	rest             time.Duration
	rests            func(time.Duration) // told before the rest of an open breaker, or of a server that asked for it

	mu      sync.Mutex
	limit   float64
	active  int
	until   time.Time // nothing is sent before
	halved  time.Time // requests from before then say nothing new
	failed  int       // in a row
	trips   int       // without a success between them
	changed chan struct{}
}

func newLimiter(perMinute int) *rate.Limiter {
	if perMinute <= 0 {
		return nil
	}
	return rate.NewLimiter(rate.Limit(float64(perMinute)/60), max(1, perMinute/6)) // ten seconds' worth at once
}

// enter waits for a place. leave gives it back.
func (p *pace) enter(ctx context.Context, tokens int) (began time.Time, err error) {
	if err := p.place(ctx); err != nil {
		return began, err
	}
	for _, l := range []struct {
		limiter *rate.Limiter
		n       int
	}{{p.requests, 1}, {p.tokens, tokens}} {
		if l.limiter == nil {
			continue
		}
		for n := l.n; n > 0; { // a request may be larger than what may come at once
			now, part := p.now(), min(n, l.limiter.Burst())
			if err := p.sleep(ctx, l.limiter.ReserveN(now, part).DelayFrom(now)); err != nil {
				p.give()
				return began, err
			}
			n -= part
		}
	}
	for {
		p.mu.Lock()
		d := p.until.Sub(p.now())
		p.mu.Unlock()
		if d <= 0 {
			return p.now(), nil
		}
		p.rests(d)
		if err := p.sleep(ctx, d); err != nil {
			p.give()
			return began, err
		}
	}
}

func (p *pace) place(ctx context.Context) error {
	for {
		p.mu.Lock()
		if p.active < max(1, int(p.limit)) {
			p.active++
			p.mu.Unlock()
			return ctx.Err()
		}
		changed := p.changed
		p.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (p *pace) give() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.giveLocked()
}

func (p *pace) giveLocked() {
	p.active--
	close(p.changed)
	p.changed = make(chan struct{})
}

// leave tells how a request ended. after is what the server asked for. down says that the server is given up.
func (p *pace) leave(began time.Time, ok, crowded bool, after time.Duration, trips int) (down bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.giveLocked()
	now := p.now()
	if until := now.Add(after); after > 0 && until.After(p.until) {
		p.until = until
	}
	if ok {
		p.failed, p.trips = 0, 0
		p.limit = min(p.most, p.limit+1/p.limit)
		return false
	}
	if crowded && !began.Before(p.halved) {
		p.limit, p.halved = max(1, p.limit/2), now
	}
	if p.failed++; p.failed >= p.trip {
		p.failed = 0
		p.trips++
		p.limit = 1
		if until := now.Add(p.rest << min(p.trips-1, 8)); until.After(p.until) {
			p.until = until
		}
	}
	return p.trips >= trips
}
