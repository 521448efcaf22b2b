package llm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"s1/engine/remote"
)

// faulty is a server that answers the n-th request as its list of faults says, and well after its end. It counts what it bills.
type faulty struct {
	faults []string // "" = well

	mu     sync.Mutex
	n      int
	billed int
	asked  map[string]int // answers given in full, by prompt and seed
}

func (f *faulty) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var q struct {
		Messages []struct{ Content string }
		Seed     uint64
	}
	_ = json.NewDecoder(io.LimitReader(r.Body, 1<<20)).Decode(&q)
	f.mu.Lock()
	fault := ""
	if f.n < len(f.faults) {
		fault = f.faults[f.n]
	}
	f.n++
	f.mu.Unlock()
	switch fault {
	case "429":
		http.Error(w, "slow down", http.StatusTooManyRequests)
		return
	case "429 after":
		w.Header().Set("Retry-After", "7")
		http.Error(w, "slow down", http.StatusTooManyRequests)
		return
	case "500", "400", "401":
		var code int
		fmt.Sscan(fault, &code)
		http.Error(w, `{"error":{"message":"no"}}`, code)
		return
	case "wrong json":
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, "data: {\"choices\":[{]\n\n")
		return
	case "nonsense":
		fmt.Fprint(w, "<html>hello</html>")
		return
	case "slow":
		<-r.Context().Done()
		return
	case "disconnect":
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", "text/event-stream")
	fmt.Fprintf(w, "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"hm\"}}]}\n\n")
	if fault == "half" {
		return
	}
	text := "It is " + q.Messages[len(q.Messages)-1].Content
	b, _ := json.Marshal(text)
	fmt.Fprintf(w, "data: {\"choices\":[{\"delta\":{\"content\":%s},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":5}}\n\ndata: [DONE]\n\n", b)
	f.mu.Lock()
	f.billed += 15
	f.asked[fmt.Sprint(text, q.Seed)]++
	f.mu.Unlock()
}

// asked starts a client of a faulty server whose pauses take no time and are written down.
func start(t *testing.T, f *faulty, dir string, o Options) (*Client, *[]time.Duration) {
	t.Helper()
	f.asked = map[string]int{}
	s := httptest.NewServer(f)
	t.Cleanup(s.Close)
	caller, err := remote.NewCaller(s.URL+"/v1#m", remote.Options{FirstByte: 200 * time.Millisecond, Concurrency: 64, Key: "sk-secret"})
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var slept []time.Duration
	now := time.Unix(1e9, 0)
	o.Dir = dir
	o.Now = func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	o.Sleep = func(ctx context.Context, d time.Duration) error {
		mu.Lock()
		defer mu.Unlock()
		if d > 0 {
			slept, now = append(slept, d), now.Add(d)
		}
		return ctx.Err()
	}
	c, err := Open(named{Server(caller)}, o)
	if err != nil {
		t.Fatal(err)
	}
	return c, &slept
}

// named has the same identity on every port.
type named struct{ Provider }

func (named) Identity() Identity { return Identity{Provider: "server", Model: "m"} }

func question(i int) Request {
	return Request{Prompt: fmt.Sprint("q", i), Thinking: 20, Answer: 20, Seed: uint64(i)}
}

func askAll(c *Client, n int) (replies []Reply, errs []error) {
	replies, errs = make([]Reply, n), make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { replies[i], errs[i] = c.Ask(context.Background(), question(i)) })
	}
	wg.Wait()
	return replies, errs
}

func TestEveryFaultEndsInAnAnswerOrACause(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		fault string
		times int
		cause string // "" = an answer
		tries int
	}{
		{"429", 2, "", 3},
		{"429 after", 1, "", 2},
		{"500", 2, "", 3},
		{"half", 2, "", 3},
		{"wrong json", 2, "", 3},
		{"nonsense", 2, "", 3},
		{"slow", 1, "", 2},
		{"disconnect", 2, "", 3},
		{"429", 99, causeLimited, 4},
		{"500", 99, causeServer, 3},
		{"half", 99, causeTransport, 3},
		{"nonsense", 99, causeTransport, 3},
		{"400", 99, causeRefused, 1},
		{"401", 99, causeKey, 1},
	} {
		t.Run(fmt.Sprint(c.fault, " x ", c.times), func(t *testing.T) {
			t.Parallel()
			f := &faulty{}
			for range c.times {
				f.faults = append(f.faults, c.fault)
			}
			client, slept := start(t, f, t.TempDir(), Options{Retries: &Retries{Limited: 3, Server: 2, Transport: 2}})
			defer client.Close()
			r, err := client.Ask(t.Context(), question(1))
			var failed *Failed
			switch {
			case c.cause == "" && (err != nil || r.Text != "It is q1" || r.Thinking != "hm" || r.Attempt != c.tries):
				t.Errorf("got %+v, %v; want an answer at try %d", r, err, c.tries)
			case c.cause != "" && (!errors.As(err, &failed) || failed.Cause != c.cause || failed.Tries != c.tries):
				t.Errorf("got %v, want cause %s after %d tries", err, c.cause, c.tries)
			}
			if c.fault == "429 after" && (len(*slept) == 0 || (*slept)[0] < 7*time.Second) {
				t.Errorf("paused %v, and Retry-After said 7 s", *slept)
			}
		})
	}
}

func TestASecondRunSendsNothingAndAQuestionIsPaidForOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f := &faulty{faults: []string{"429", "500", "half", "", "nonsense", "disconnect", "wrong json", "500", "429 after"}}
	c, _ := start(t, f, dir, Options{})
	_, errs := askAll(c, 40)
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	for q, n := range f.asked {
		if n != 1 {
			t.Errorf("%s was answered %d times", q, n)
		}
	}
	spent := c.Spent()
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	again := &faulty{}
	c, _ = start(t, again, dir, Options{})
	defer c.Close()
	replies, errs := askAll(c, 40)
	if err := errors.Join(errs...); err != nil || again.n != 0 || !replies[7].Cached || replies[7].Text != "It is q7" {
		t.Errorf("second run: %d requests, %v, %+v", again.n, err, replies[7])
	}
	if s := c.Spent(); s.Tokens != spent.Tokens || s.HeldTokens != 0 || s.Tokens < 40*15 {
		t.Errorf("spent %+v, before %+v", s, spent)
	}
}

func TestSpendStaysWithinTheCap(t *testing.T) {
	t.Parallel()
	f := &faulty{faults: []string{"half", "500", "half"}}
	const most = 3000
	c, _ := start(t, f, t.TempDir(), Options{Cap: Cap{Tokens: most}, Concurrency: 8})
	defer c.Close()
	_, errs := askAll(c, 400)
	answered := 0
	for _, err := range errs {
		var failed *Failed
		if err == nil {
			answered++
		} else if !errors.As(err, &failed) || failed.Cause != "cap" {
			t.Fatal(err)
		}
	}
	if s := c.Spent(); s.Tokens > most || f.billed > most || answered == 0 || answered == 400 {
		t.Errorf("%d answered, spent %+v, billed %d, cap %d", answered, s, f.billed, most)
	}
}

func TestAnUnreadableReplyHasABudgetOfItsOwn(t *testing.T) {
	t.Parallel()
	f := &faulty{faults: []string{"500"}}
	c, _ := start(t, f, t.TempDir(), Options{Retries: &Retries{Server: 1, Parse: 2}})
	defer c.Close()
	_, err := c.AskFor(t.Context(), question(1), func(Reply) error { return errors.New("no verdict") })
	var failed *Failed
	if !errors.As(err, &failed) || failed.Cause != "unreadable" || failed.Tries != 3 || f.n != 4 {
		t.Errorf("%v after %d requests; want unreadable after 3 answers and one 500", err, f.n)
	}
}

func TestTheKeyIsNowhere(t *testing.T) {
	t.Parallel()
	f := &faulty{faults: []string{"401"}}
	c, _ := start(t, f, t.TempDir(), Options{})
	defer c.Close()
	if _, err := c.Ask(t.Context(), question(1)); err == nil || strings.Contains(err.Error(), "sk-secret") {
		t.Error(err)
	}
	if _, err := c.Ask(t.Context(), question(2)); err == nil || f.n != 1 {
		t.Errorf("%v; %d requests after a wrong key, want 1", err, f.n)
	}
}
