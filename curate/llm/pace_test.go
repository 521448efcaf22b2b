package llm

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"s1/engine/remote"
)

// clocked answers at once and writes down when it was asked, by a clock that only pauses move.
type clocked struct {
	mu   sync.Mutex
	now  time.Time
	sent []time.Duration // since the beginning
}

func (c *clocked) Identity() Identity { return Identity{Provider: "engine", Model: "m"} }

func (c *clocked) Generate(context.Context, Request) (Reply, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent = append(c.sent, c.now.Sub(time.Unix(1e9, 0)))
	return Reply{Text: "4", Usage: Usage{Prompt: 10, Completion: 5}}, nil
}

func (c *clocked) open(t *testing.T, o Options) *Client {
	t.Helper()
	c.now = time.Unix(1e9, 0)
	o.Dir = t.TempDir()
	o.Now = func() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.now }
	o.Sleep = func(ctx context.Context, d time.Duration) error {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.now = c.now.Add(max(0, d))
		return ctx.Err()
	}
	client, err := Open(c, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func TestNoMinuteHasMoreRequestsOrTokensThanAllowed(t *testing.T) {
	t.Parallel()
	one := question(10)
	tokens := one.promptBound() + one.most() // of each of the requests below
	for name, c := range map[string]struct {
		o       Options
		each    int // of what is limited, a request
		most    int // of that, a minute
		atLeast time.Duration
	}{
		"requests":              {Options{RequestsPerMinute: 30}, 1, 30, 170 * time.Second},
		"few requests":          {Options{RequestsPerMinute: 1}, 1, 1, 89 * time.Minute},
		"tokens":                {Options{TokensPerMinute: 10 * tokens}, tokens, 10 * tokens, 530 * time.Second},
		"a request is larger":   {Options{TokensPerMinute: tokens / 4}, tokens, tokens / 4, 350 * time.Minute},
		"both, tokens decide":   {Options{RequestsPerMinute: 1000, TokensPerMinute: 10 * tokens}, tokens, 10 * tokens, 530 * time.Second},
		"both, requests decide": {Options{RequestsPerMinute: 30, TokensPerMinute: 1000 * tokens}, 1, 30, 170 * time.Second},
		"no limit":              {Options{}, 0, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const n = 90
			p := &clocked{}
			c.o.Concurrency = 1
			client := p.open(t, c.o)
			for i := range n {
				if _, err := client.Ask(t.Context(), question(10+i)); err != nil {
					t.Fatal(err)
				}
			}
			if !slices.IsSorted(p.sent) || len(p.sent) != n {
				t.Fatalf("sent at %v", p.sent)
			}
			// What may come at once, ten seconds' worth, goes over a minute's limit once.
			burst := max(1, c.most/6, c.each)
			for i, from := range p.sent {
				in := 0
				for _, at := range p.sent[i:] {
					if at < from+time.Minute {
						in += c.each
					}
				}
				if in > c.most+burst {
					t.Fatalf("%d in the minute from %v, at most %d and %d at once", in, from, c.most, burst)
				}
			}
			took := p.sent[n-1]
			if took < c.atLeast-time.Duration(float64(c.atLeast)*0.1) || took > c.atLeast+time.Duration(float64(c.atLeast)*0.1) {
				t.Errorf("took %v, want about %v", took, c.atLeast)
			}
		})
	}
}

func TestPausesAreToldWithTheirCause(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		faults []string
		cause  string
	}{
		{[]string{"429 after"}, "429 Too Many Requests: slow down"},
		{[]string{"500", "500"}, "500 Internal Server Error"},
		{[]string{"500", "500", "500"}, "500 Internal Server Error"}, // the breaker rests
		{nil, ""},
	} {
		t.Run(fmt.Sprint(c.faults), func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			var told []string
			client, _ := start(t, &faulty{faults: c.faults}, t.TempDir(), Options{Trip: 3, Waiting: func(w Waiting) {
				mu.Lock()
				defer mu.Unlock()
				told = append(told, w.String())
			}})
			defer client.Close()
			if _, err := client.Ask(t.Context(), question(1)); err != nil {
				t.Fatal(err)
			}
			if (len(told) > 0) != (c.cause != "") || len(told) < len(c.faults) {
				t.Fatalf("told %q of %q", told, c.faults)
			}
			for _, s := range told {
				if !strings.HasPrefix(s, "waiting ") || !strings.Contains(s, " s for m: ") || !strings.Contains(s, c.cause) {
					t.Errorf("told %q, want the cause %q", s, c.cause)
				}
			}
		})
	}
}

func TestAServerIsReadyThatAnswersAndTakesTheKey(t *testing.T) {
	t.Parallel()
	for status, ready := range map[int]bool{0: false, http.StatusOK: true, http.StatusNotFound: true, http.StatusServiceUnavailable: true, http.StatusTooManyRequests: true, http.StatusUnauthorized: false, http.StatusForbidden: false} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			asked := 0
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { asked++; w.WriteHeader(status) }))
			defer s.Close()
			if status == 0 {
				s.Close()
			}
			caller, err := remote.NewCaller(s.URL+"/v1#m", remote.Options{Key: "sk-secret"})
			if err != nil {
				t.Fatal(err)
			}
			c, err := Open(Server(caller), Options{Dir: t.TempDir()})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			err = c.Ready(t.Context())
			if (err == nil) != ready || asked > 1 {
				t.Errorf("after %d requests: %v", asked, err)
			}
			if err != nil && (strings.Contains(err.Error(), "sk-secret") || !strings.Contains(err.Error(), "cannot be asked")) {
				t.Error(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if err := c.Ready(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("after an end: %v", err)
			}
		})
	}
}
