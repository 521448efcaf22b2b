package scaling

import (
	"context"
	"sync"
	"time"
)

// Gate pauses a sweep: while it is shut no item begins, and those under way end. The zero value is open.
type Gate struct {
	mu    sync.Mutex
	shut  chan struct{} // closed when the gate opens; nil while it is open
	since time.Time
	spent time.Duration
}

// Shut holds items back until Open.
func (g *Gate) Shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut == nil {
		g.shut, g.since = make(chan struct{}), time.Now()
	}
}

// Open lets them go on.
func (g *Gate) Open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut != nil {
		g.spent += time.Since(g.since)
		close(g.shut)
		g.shut = nil
	}
}

// wait returns when the gate is open, or ctx has ended.
func (g *Gate) wait(ctx context.Context) {
	if g == nil {
		return
	}
	g.mu.Lock()
	shut := g.shut
	g.mu.Unlock()
	if shut == nil {
		return
	}
	select {
	case <-shut:
	case <-ctx.Done():
	}
}

// paused is how long the gate has been shut in all.
func (g *Gate) paused() time.Duration {
	if g == nil {
		return 0
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut != nil {
		return g.spent + time.Since(g.since)
	}
	return g.spent
}
