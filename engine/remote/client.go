package remote

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"mime"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"
)

// client sends requests to one server: at most so many at once, again where nothing came of one, never after a cancel.
type client struct {
	at    Address
	o     Options
	http  *http.Client
	slots chan struct{}

	mu     sync.Mutex
	jitter *rand.Rand
}

func newClient(at Address, o Options) *client {
	o = o.filled()
	transport := o.Transport
	if transport == nil {
		transport = &http.Transport{
			Proxy:                 http.ProxyFromEnvironment,
			DialContext:           (&net.Dialer{Timeout: o.Connect}).DialContext,
			TLSHandshakeTimeout:   o.Connect,
			ResponseHeaderTimeout: o.FirstByte,
			MaxIdleConnsPerHost:   o.Concurrency,
			IdleConnTimeout:       time.Minute,
		}
	}
	c := &client{at: at, o: o, slots: make(chan struct{}, o.Concurrency), jitter: rand.New(rand.NewPCG(o.Seed, 0x5eed))}
	c.http = &http.Client{Transport: transport, CheckRedirect: c.redirect}
	return c
}

// redirect follows on the same host alone. net/http would drop the key on the way to another one, but the prompt is the
// user's as well, and a server that sends it elsewhere is not the one that was named.
func (c *client) redirect(r *http.Request, via []*http.Request) error {
	if len(via) >= 3 {
		return errors.New("it redirects more than 3 times")
	}
	if r.URL.Host != via[0].URL.Host || r.URL.Scheme != via[0].URL.Scheme {
		return fmt.Errorf("it redirects to another server (%s), which was not asked; name that one", r.URL.Host)
	}
	return nil
}

// Failure is what a server, or the way to it, did instead of answering. Nothing can be said of an answer after it.
type Failure struct {
	Doing  string // what was tried
	Status int    // of HTTP, 0 = there was none
	Says   string // the server's own words, or what went wrong
	again  bool   // another try may help
	after  time.Duration
}

func (f *Failure) Error() string {
	if f.Status != 0 {
		return fmt.Sprintf("%s: the server answers %d %s: %s", f.Doing, f.Status, http.StatusText(f.Status), f.Says)
	}
	return fmt.Sprintf("%s: %s", f.Doing, f.Says)
}

// secret takes the key out of a text: servers quote it in their refusals.
func (c *client) secret(s string) string {
	if c.o.Key != "" {
		s = strings.ReplaceAll(s, c.o.Key, "[key]")
	}
	return s
}

func (c *client) failure(doing string, err error) *Failure {
	return &Failure{Doing: doing, Says: c.secret(err.Error()), again: true}
}

// slot waits until there may be another request; free gives it back.
func (c *client) slot(ctx context.Context) (free func(), err error) {
	select {
	case c.slots <- struct{}{}:
		return sync.OnceFunc(func() { <-c.slots }), nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// send returns an answer with status 200. The slot that is held goes with release, which closes the body too, or with the error.
func (c *client) send(ctx context.Context, free func(), method, to string, body any) (resp *http.Response, release func(), err error) {
	var payload []byte
	if body != nil {
		if payload, err = json.Marshal(body); err != nil {
			free()
			return nil, nil, fmt.Errorf("make a request to %s: %w", to, err)
		}
	}
	for try := 0; ; try++ {
		resp, err := c.once(ctx, method, to, payload)
		if err == nil {
			return resp, func() { resp.Body.Close(); free() }, nil
		}
		var f *Failure
		if ctx.Err() != nil || !errors.As(err, &f) || !f.again || try >= c.o.Retries {
			free()
			if ctx.Err() != nil {
				err = context.Cause(ctx)
			}
			return nil, nil, err
		}
		if err := c.o.Sleep(ctx, c.pause(try, f.after)); err != nil {
			free()
			return nil, nil, context.Cause(ctx)
		}
	}
}

// pause is how long to wait before try+1: what the server asks for, or a random part of a doubling time.
func (c *client) pause(try int, after time.Duration) time.Duration {
	most := c.o.Pause << min(try, 16)
	if most > maxPause || most <= 0 {
		most = maxPause
	}
	c.mu.Lock()
	d := most/2 + time.Duration(c.jitter.Int64N(int64(most/2)+1))
	c.mu.Unlock()
	return max(d, after)
}

func (c *client) once(ctx context.Context, method, to string, payload []byte) (*http.Response, error) {
	doing := method + " " + to
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, method, to, bytes.NewReader(payload))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	r.Header.Set("Accept", "text/event-stream, application/json")
	r.Header.Set("User-Agent", "s1")
	if payload != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if c.o.Key != "" {
		r.Header.Set("Authorization", "Bearer "+c.o.Key)
	}
	resp, err := c.http.Do(r)
	if err != nil {
		return nil, c.failure(doing, bare(err))
	}
	if resp.StatusCode == http.StatusOK {
		return resp, nil
	}
	defer resp.Body.Close()
	f := &Failure{Doing: doing, Status: resp.StatusCode, Says: c.secret(errorText(resp.Body))}
	f.again = resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusRequestTimeout || resp.StatusCode >= 500 && resp.StatusCode != http.StatusNotImplemented
	if f.after = retryAfter(resp.Header.Get("Retry-After"), c.o.Now()); f.after > maxRetryAfter {
		f.again = false
		f.Says += fmt.Sprintf(" (it asks to come back in %v)", f.after.Round(time.Second))
	}
	return nil, f
}

// json sends a request and reads an answer that is no stream.
func (c *client) json(ctx context.Context, method, to string, body, answer any) error {
	free, err := c.slot(ctx) // waiting for one's turn is no fault of the server's
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, c.o.FirstByte, &Failure{Doing: method + " " + to, Says: fmt.Sprintf("no answer in %v", c.o.FirstByte)})
	defer cancel()
	resp, release, err := c.send(ctx, free, method, to, body)
	if err != nil {
		return err
	}
	defer release()
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	switch {
	case err != nil:
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return c.failure(method+" "+to, err)
	case len(b) > maxBody:
		return &Failure{Doing: method + " " + to, Says: fmt.Sprintf("the answer has over %d bytes", maxBody)}
	}
	if err := json.Unmarshal(b, answer); err != nil {
		return &Failure{Doing: method + " " + to, Says: fmt.Sprintf("the answer is no JSON that is understood here (%s): %v", contentType(resp), err)}
	}
	return nil
}

func contentType(r *http.Response) string {
	t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return "no content type"
	}
	return t
}

// bare drops the addresses that net/http and net put before every error: one stands there already.
func bare(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	var dial *net.OpError
	if errors.As(err, &dial) && dial.Op == "dial" {
		err = dial.Err
	}
	var call *os.SyscallError
	if errors.As(err, &call) && call.Syscall == "connect" {
		err = call.Err
	}
	return err
}

// errorText is what a server says of a refusal, in a line: {"error":{"message":...}}, {"error":...}, {"detail":...}, or text.
func errorText(r io.Reader) string {
	b, _ := io.ReadAll(io.LimitReader(r, maxError)) // what came is what can be said
	var e struct {
		Error   json.RawMessage `json:"error"`
		Detail  json.RawMessage `json:"detail"`
		Message string          `json:"message"`
	}
	text := string(b)
	if json.Unmarshal(b, &e) == nil {
		for _, raw := range []json.RawMessage{e.Error, e.Detail} {
			var inner struct {
				Message string `json:"message"`
			}
			var s string
			if json.Unmarshal(raw, &inner) == nil && inner.Message != "" {
				e.Message = inner.Message
			} else if json.Unmarshal(raw, &s) == nil && s != "" {
				e.Message = s
			}
		}
		if e.Message != "" {
			text = e.Message
		}
	}
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "\uFFFD")), " ")
	if text == "" {
		return "and says no more"
	}
	if r := []rune(text); len(r) > 300 {
		text = string(r[:299]) + "…"
	}
	return text
}

// retryAfter reads a Retry-After header: seconds, or a date.
func retryAfter(h string, now time.Time) time.Duration {
	h = strings.TrimSpace(h)
	if h == "" {
		return 0
	}
	if t, err := http.ParseTime(h); err == nil {
		return max(0, t.Sub(now))
	}
	var seconds float64
	if _, err := fmt.Sscanf(h, "%g", &seconds); err != nil || !(seconds > 0) {
		return 0
	}
	return time.Duration(min(seconds, 1e6) * float64(time.Second))
}

// Transport says whether an error is of the server or the way to it: nothing can be said of an answer then.
func Transport(err error) bool {
	var f *Failure
	return errors.As(err, &f)
}

// Refused says whether a server answered that it does not take what it was asked: too long, not understood. Another one may.
func Refused(err error) bool {
	var f *Failure
	return errors.As(err, &f) && (f.Status == http.StatusBadRequest || f.Status == http.StatusRequestEntityTooLarge || f.Status == http.StatusUnprocessableEntity)
}
