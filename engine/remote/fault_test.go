package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"s1/engine/trace"
)

// slept is a clock that only writes down how long it was asked to wait.
type slept struct {
	mu   sync.Mutex
	list []time.Duration
}

func (s *slept) sleep(ctx context.Context, d time.Duration) error {
	s.mu.Lock()
	s.list = append(s.list, d)
	s.mu.Unlock()
	return ctx.Err()
}

// after lets n generations through and hands the following ones to do, k times (-1 = always).
func after(m *fake, k int, do func(w http.ResponseWriter, r *http.Request)) {
	from, did := m.generations(), 0
	var mu sync.Mutex
	m.fault = func(n int, w http.ResponseWriter, r *http.Request) bool {
		mu.Lock()
		defer mu.Unlock()
		if n < from || k >= 0 && did >= k {
			return false
		}
		did++
		do(w, r)
		return true
	}
}

func flush(w http.ResponseWriter, events string) {
	w.Header().Set("Content-Type", "text/event-stream")
	_, _ = io.WriteString(w, events)
	w.(http.Flusher).Flush()
}

func TestWhatAServerDoesWrongIsTriedAgain(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name string
		do   func(w http.ResponseWriter, r *http.Request)
		wait time.Duration // at least
	}{
		{"429", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(429) }, 0},
		{"429 with seconds", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Retry-After", "7"); w.WriteHeader(429) }, 7 * time.Second},
		{"503 with a date", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", now.Add(40*time.Second).Format(http.TimeFormat))
			w.WriteHeader(503)
		}, 40 * time.Second},
		{"500", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "oh", 500) }, 0},
		{"a connection that closes at once", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 0},
		{"no event at all", func(w http.ResponseWriter, _ *http.Request) { flush(w, "") }, 0},
		{"wrong JSON", func(w http.ResponseWriter, _ *http.Request) { flush(w, "data: {\"choices\":[{]}\n\n") }, 0},
		{"an error as an event", func(w http.ResponseWriter, _ *http.Request) { flush(w, "data: {\"error\":{\"message\":\"busy\"}}\n\n") }, 0},
		{"half an event", func(w http.ResponseWriter, _ *http.Request) { flush(w, "data: {\"choices\":[{\"delta\":{\"con") }, 0},
		{"done without a reason", func(w http.ResponseWriter, _ *http.Request) { flush(w, "data: [DONE]\n\n") }, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var clock slept
			f := &fake{goOn: true}
			m := open(t, f, Options{Retries: 3, Sleep: clock.sleep, Now: func() time.Time { return now }})
			after(f, 2, c.do)
			got := ask(t, m, trace.Budget{Cap: 6, AnswerCap: -1})
			if got.err != nil || got.answer() != "It is 6." {
				t.Fatalf("%q, %v", got.answer(), got.err)
			}
			if len(clock.list) != 2 || clock.list[0] < c.wait || clock.list[1] < c.wait {
				t.Errorf("waited %v, want twice at least %v", clock.list, c.wait)
			}
			after(f, -1, c.do)
			got = ask(t, m, trace.Budget{Cap: 6, AnswerCap: -1})
			if !Transport(got.err) || got.receipt.Outcome != "error" {
				t.Errorf("a server that does not recover: %v, outcome %q", got.err, got.receipt.Outcome)
			}
		})
	}
}

func TestWhatCannotGetBetterIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, says string
		do         func(w http.ResponseWriter, r *http.Request)
	}{
		{"400", "too long", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(400)
			fmt.Fprint(w, `{"error":{"message":"too long"}}`)
		}},
		{"401", "no", func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, `{"error":"no key"}`, http.StatusUnauthorized)
		}},
		{"a page", "text/html", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, "<h1>hello</h1>")
		}},
		{"Retry-After of a day", "come back", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "86400")
			w.WriteHeader(429)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := &fake{goOn: true}
			m := open(t, f, quick())
			after(f, -1, c.do)
			n := f.generations()
			got := ask(t, m, free)
			if !Transport(got.err) || !strings.Contains(got.err.Error(), c.says) || f.generations() != n+1 {
				t.Errorf("%v after %d tries, want %q after one", got.err, f.generations()-n, c.says)
			}
		})
	}
}

func TestAHalfStreamIsGoneOnFrom(t *testing.T) {
	t.Parallel()
	for i := range servers {
		c := &servers[i]
		f := &fake{tokens: c.fake.tokens, template: c.fake.template, vllm: c.fake.vllm, goOn: c.fake.goOn, echo: c.fake.echo, field: c.fake.field, logprobs: c.fake.logprobs}
		m := open(t, f, quick())
		want := ask(t, m, free)
		from := f.generations()
		f.broken = func(n int) int {
			if n >= from && n < from+3 {
				return 6
			}
			return -1
		}
		got := ask(t, m, free)
		if got.err != nil || got.answer() != want.answer() || got.text(trace.PhaseThinking) != want.text(trace.PhaseThinking) || len(got.notices) != 3 {
			t.Errorf("%s: three breaks: %q %q, want %q %q; %v %q", c.name, got.text(trace.PhaseThinking), got.answer(), want.text(trace.PhaseThinking), want.answer(), got.err, got.notices)
		}
	}
	f := &fake{field: "reasoning"}
	m := open(t, f, quick())
	f.broken = func(int) int { return 6 }
	if got := ask(t, m, free); !Transport(got.err) || got.receipt.Outcome != "error" || got.counted() == 0 {
		t.Errorf("a break that cannot be gone on from: %v, %+v", got.err, got.receipt)
	}
}

func TestNothingWaitsBeyondItsTime(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		do   func(w http.ResponseWriter, r *http.Request)
	}{
		{"no header", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }},
		{"no event", func(w http.ResponseWriter, r *http.Request) { flush(w, ": hello\n\n"); <-r.Context().Done() }},
		{"nothing but keep-alives", func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				flush(w, ": still here\n\n")
			}
		}},
		{"one token", func(w http.ResponseWriter, r *http.Request) {
			flush(w, "data: {\"choices\":[{\"delta\":{\"content\":\"<think>\\nw\"}}]}\n\n")
			<-r.Context().Done()
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := &fake{goOn: true}
			o := quick()
			m := open(t, f, o)
			m.c.o.FirstByte, m.c.o.Idle, m.c.o.Retries = 300*time.Millisecond, 300*time.Millisecond, 1
			after(f, -1, c.do)
			if got := ask(t, m, free); !Transport(got.err) { // without the bounds on waiting, nothing ends it
				t.Error(got.err)
			}
		})
	}
}

func TestALineWithoutEndTakesNoMemory(t *testing.T) {
	t.Parallel()
	f := &fake{goOn: true}
	m := open(t, f, quick())
	block := strings.Repeat("x", 1<<20)
	after(f, -1, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, err := io.WriteString(w, "data: ")
		for i := 0; i < 1<<10 && err == nil; i++ { // a gigabyte, if somebody reads it
			_, err = io.WriteString(w, block)
		}
	})
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	got := ask(t, m, free)
	runtime.ReadMemStats(&now)
	if !Transport(got.err) || !strings.Contains(got.err.Error(), "more than can be a token") {
		t.Errorf("%v", got.err)
	}
	if grown := int64(now.HeapSys) - int64(before.HeapSys); grown > 128<<20 {
		t.Errorf("the heap grew by %d MB", grown>>20)
	}
}

func TestTheKeyGoesNowhereElse(t *testing.T) {
	t.Parallel()
	const key = "sk-very-secret"
	var elsewhere []*http.Request
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { elsewhere = append(elsewhere, r) }))
	defer other.Close()
	f := &fake{goOn: true}
	o := quick()
	o.Key = key
	m := open(t, f, o)
	for _, r := range f.seen {
		if r.Header.Get("Authorization") != "Bearer "+key {
			t.Fatalf("%s went without the key", r.URL.Path)
		}
	}
	after(f, -1, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL+"/v1/chat/completions", http.StatusTemporaryRedirect)
	})
	got := ask(t, m, free)
	if got.err == nil || !strings.Contains(got.err.Error(), "another server") || len(elsewhere) != 0 {
		t.Errorf("%v; %d requests elsewhere", got.err, len(elsewhere))
	}
	after(f, -1, func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "bad "+r.Header.Get("Authorization"), http.StatusForbidden)
	})
	got = ask(t, m, free)
	for what, text := range map[string]string{"error": got.err.Error(), "model": fmt.Sprintf("%+v", m.Info()), "receipt": fmt.Sprintf("%+v", got.receipt)} {
		if strings.Contains(text, key) {
			t.Errorf("the %s shows the key: %s", what, text)
		}
	}
}

func TestKeysComeFromTheEnvironment(t *testing.T) {
	at, err := Parse("http://Some-Host:8000/v1#x")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"OPENAI_API_KEY", "S1_API_KEY", "S1_API_KEY_SOME_HOST_8000"} {
		t.Setenv(name, "")
	}
	if got := KeyFor(at); got != "" {
		t.Errorf("a key from nowhere: %q", got)
	}
	for _, name := range []string{"OPENAI_API_KEY", "S1_API_KEY", "S1_API_KEY_SOME_HOST_8000"} { // the later wins
		t.Setenv(name, "of "+name)
		if got := KeyFor(at); got != "of "+name {
			t.Errorf("with %s: %q", name, got)
		}
	}
}

func TestNoMoreThanSoManyRequestsAtOnce(t *testing.T) {
	t.Parallel()
	f := &fake{goOn: true, noThink: true}
	o := quick()
	o.Concurrency = 3
	m := open(t, f, o)
	var mu sync.Mutex
	at, most := 0, 0
	f.fault = func(int, http.ResponseWriter, *http.Request) bool {
		mu.Lock()
		at++
		most = max(most, at)
		mu.Unlock()
		for range 200 {
			runtime.Gosched()
		}
		mu.Lock()
		at--
		mu.Unlock()
		return false
	}
	var lives []*Live
	for range 12 {
		l, err := m.Ask(t.Context(), trace.Ask{Prompt: "How many?", Budget: free})
		if err != nil {
			t.Fatal(err)
		}
		lives = append(lives, l)
	}
	for _, l := range lives {
		if got := end(t, l); got.err != nil || got.answer() != "It is so." {
			t.Errorf("%q %v", got.answer(), got.err)
		}
	}
	if most > 3 || most == 0 {
		t.Errorf("%d requests at once, want at most 3", most)
	}
}

func TestNoRequestAfterACancel(t *testing.T) {
	t.Parallel()
	f := &fake{goOn: true}
	m := open(t, f, Options{Retries: 100, Sleep: func(ctx context.Context, _ time.Duration) error { <-ctx.Done(); return ctx.Err() }})
	asked := make(chan struct{}, 100)
	after(f, -1, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500); asked <- struct{}{} })
	ctx, cancel := context.WithCancel(t.Context())
	l, err := m.Ask(ctx, trace.Ask{Prompt: "How many?", Budget: free})
	if err != nil {
		t.Fatal(err)
	}
	<-asked
	cancel()
	if got := end(t, l); got.err != nil || got.receipt.Outcome != "stopped" {
		t.Errorf("%v %+v", got.err, got.receipt)
	}
	n := f.generations()
	m.Close()
	if f.generations() != n {
		t.Errorf("%d requests after the cancel", f.generations()-n)
	}
}

func TestEqualSeedsWaitEquallyLong(t *testing.T) {
	t.Parallel()
	at, _ := Parse("http://x/v1")
	a, b, c := newClient(at, Options{Seed: 7}), newClient(at, Options{Seed: 7}), newClient(at, Options{Seed: 8})
	differ := false
	for i := range 12 {
		x, y, z := a.pause(i, 0), b.pause(i, 0), c.pause(i, 0)
		if x != y || x <= 0 || x > maxPause {
			t.Errorf("try %d: %v and %v", i, x, y)
		}
		differ = differ || x != z
	}
	if !differ {
		t.Error("another seed waits as long")
	}
}

func TestRetryAfterIsSecondsOrADate(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		header string
		want   time.Duration
	}{
		{"", 0},
		{"3", 3 * time.Second},
		{"0.5", 500 * time.Millisecond},
		{"-4", 0},
		{"soon", 0},
		{"NaN", 0},
		{"1e99", 1e6 * time.Second},
		{"Fri, 01 May 2026 12:01:00 GMT", time.Minute},
		{"Fri, 01 May 2026 11:00:00 GMT", 0},
	} {
		if got := retryAfter(c.header, now); got != c.want {
			t.Errorf("%q: %v, want %v", c.header, got, c.want)
		}
	}
}

func TestAFailureIsToldFromAnAnswer(t *testing.T) {
	t.Parallel()
	if Transport(errors.New("x")) || Transport(nil) || !Transport(fmt.Errorf("item 3: %w", &Failure{})) {
		t.Error("Transport does not tell a failure of the way from another error")
	}
}
