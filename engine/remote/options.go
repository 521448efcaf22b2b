package remote

import (
	"context"
	"net/http"
	"time"
)

// Options are how a server is talked to. The zero value is usable.
type Options struct {
	Key         string        // sent as a bearer token to this server alone; never stored, logged or told
	Concurrency int           // requests at once; 0 = 4
	Connect     time.Duration // until there is a connection; 0 = 10 s
	FirstByte   time.Duration // until the first token; 0 = 5 min, a long prompt is read first
	Idle        time.Duration // between two tokens; 0 = 2 min
	Retries     int           // of a request that nothing came of; 0 = 5, -1 = none
	Pause       time.Duration // before the first retry, doubled each time; 0 = 500 ms
	Seed        uint64        // of the jitter
	Format      string        // think format; "" or auto = what the probe sees

	Route   Route // "" = the best one
	Context int   // most tokens of a run, prompt included; 0 = what the server says

	// Sleep waits between retries; nil = by the clock. Tests replace it.
	Sleep func(ctx context.Context, d time.Duration) error
	// Now is the time that a Retry-After date is measured against; nil = time.Now.
	Now func() time.Time
	// Transport replaces the connection; nil = one of its own.
	Transport http.RoundTripper
}

const (
	maxPause      = 30 * time.Second // between two tries, where the server says nothing
	maxRetryAfter = 10 * time.Minute // a server that wants longer is not waited for
)

func (o Options) filled() Options {
	if o.Concurrency <= 0 {
		o.Concurrency = 4
	}
	set := func(d *time.Duration, to time.Duration) {
		if *d <= 0 {
			*d = to
		}
	}
	set(&o.Connect, 10*time.Second)
	set(&o.FirstByte, 5*time.Minute)
	set(&o.Idle, 2*time.Minute)
	set(&o.Pause, 500*time.Millisecond)
	switch {
	case o.Retries == 0:
		o.Retries = 5
	case o.Retries < 0:
		o.Retries = 0
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
