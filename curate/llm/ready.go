package llm

import (
	"context"
	"fmt"
	"time"
)

// Waiting is a pause before something is tried again.
type Waiting struct {
	Model string
	For   time.Duration
	Cause error // the newest failure
}

// String is a sentence for people.
func (w Waiting) String() string {
	return fmt.Sprintf("waiting %d s for %s: %.200s", int(w.For.Round(time.Second).Seconds()), w.Model, fmt.Sprint(w.Cause))
}

// Ready asks the provider once, for nothing, whether it is there. One that cannot be asked so is: it runs here.
func (c *Client) Ready(ctx context.Context) error {
	p, ok := c.p.(interface{ Ready(context.Context) error })
	if !ok {
		return nil
	}
	if err := p.Ready(ctx); err != nil {
		return fmt.Errorf("the model %s cannot be asked: %w", c.p.Identity().Model, err)
	}
	return nil
}

// Answered says whether any reply of the model is kept.
func (c *Client) Answered() bool {
	c.cache.mu.Lock()
	defer c.cache.mu.Unlock()
	return len(c.cache.index) > 0
}

// shortWait is not worth telling of.
const shortWait = time.Second / 2

// waits tells of a pause. Failures before it say what it is for.
func (c *Client) waits(d time.Duration, cause error) {
	if cause != nil {
		c.mu.Lock()
		c.newest = cause
		c.mu.Unlock()
	}
	if c.o.Waiting == nil || d < shortWait {
		return
	}
	c.mu.Lock()
	w := Waiting{c.p.Identity().Model, d, c.newest}
	c.mu.Unlock()
	if w.Cause != nil {
		c.o.Waiting(w)
	}
}
