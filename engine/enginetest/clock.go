package enginetest

import (
	"sync"
	"time"
)

// Clock stands still until Advance.
type Clock struct {
	mu     sync.Mutex
	cond   *sync.Cond
	now    time.Time
	timers map[*timer]bool
}

type timer struct {
	at time.Time
	c  chan time.Time
}

// NewClock starts in the year 2000.
func NewClock() *Clock {
	c := &Clock{now: time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), timers: map[*timer]bool{}}
	c.cond = sync.NewCond(&c.mu)
	return c
}

// Now is the time that Advance has reached.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Timer sends once when Advance has moved the time by d.
func (c *Clock) Timer(d time.Duration) (<-chan time.Time, func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := &timer{at: c.now.Add(d), c: make(chan time.Time, 1)}
	c.timers[t] = true
	c.cond.Broadcast()
	return t.c, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.timers, t)
		c.cond.Broadcast()
	}
}

// Advance moves the time and fires what is due.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	for t := range c.timers {
		if !t.at.After(c.now) {
			t.c <- c.now
			delete(c.timers, t)
		}
	}
}

// AwaitTimer blocks until somebody waits for a timer, and says for how long.
func (c *Clock) AwaitTimer() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.timers) == 0 {
		c.cond.Wait()
	}
	var d time.Duration = -1
	for t := range c.timers {
		if left := t.at.Sub(c.now); d < 0 || left < d {
			d = left
		}
	}
	return d
}
