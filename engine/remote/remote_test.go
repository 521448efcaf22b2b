package remote

import (
	"context"
	"errors"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"s1/engine/trace"
)

// quick are options for tests: nothing waits by the clock.
func quick() Options {
	return Options{Retries: 3, Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }}
}

func open(t *testing.T, f *fake, o Options) *Model {
	t.Helper()
	m, err := Open(t.Context(), f.start(t), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// told is all that a branch said.
type told struct {
	tokens  []trace.Token
	notices []string
	budgets []trace.Budget
	receipt trace.Receipt
	err     error
}

func (r *told) text(p trace.Phase) string {
	var b strings.Builder
	for _, k := range r.tokens {
		if k.Phase == p {
			b.WriteString(k.Text)
		}
	}
	return b.String()
}

func (r *told) answer() string { return strings.TrimSpace(r.text(trace.PhaseAnswer)) }

func (r *told) counted() (n int) {
	for _, k := range r.tokens {
		if k.Counted {
			n++
		}
	}
	return n
}

// end waits until a branch has ended.
func end(t *testing.T, l *Live) told {
	t.Helper()
	select {
	case <-l.Log().Done():
	case <-time.After(20 * time.Second):
		t.Fatal("the branch has not ended after 20 s")
	}
	var r told
	events, _ := l.Log().Since(0)
	for _, e := range events {
		switch e.Kind {
		case trace.EventToken:
			r.tokens = append(r.tokens, e.Token)
		case trace.EventNotice:
			r.notices = append(r.notices, e.Notice)
		case trace.EventBudget:
			r.budgets = append(r.budgets, *e.Budget)
		case trace.EventEnd:
			r.receipt, r.err = *e.Receipt, e.Err
		}
	}
	return r
}

func ask(t *testing.T, m *Model, b trace.Budget) told {
	t.Helper()
	l, err := m.Ask(t.Context(), trace.Ask{Prompt: "How many?", Budget: b})
	if err != nil {
		t.Fatal(err)
	}
	return end(t, l)
}

var free = trace.Budget{Cap: -1, AnswerCap: -1}

// servers are the kinds of server that are met, with what the probe must find of each.
var servers = []struct {
	name  string
	fake  fake
	route Route
	badge Badge
}{
	{"ids", fake{tokens: true, template: true, goOn: true, logprobs: true}, RouteIDs, Exact},
	{"ids, in vLLM's form", fake{vllm: true, goOn: true, field: "reasoning"}, RouteIDs, Exact},
	{"text", fake{tokens: true, template: true, goOn: true}, RouteText, Emulated},
	{"chat, tags in the text", fake{goOn: true}, RouteChat, Emulated},
	{"chat, tags, logprobs", fake{goOn: true, logprobs: true}, RouteChat, Emulated},
	{"chat, reasoning", fake{goOn: true, field: "reasoning"}, RouteChat, Emulated},
	{"chat, reasoning_content", fake{goOn: true, field: "reasoning_content"}, RouteChat, Emulated},
	{"chat, reasoning_details", fake{goOn: true, field: "reasoning_details"}, RouteChat, Emulated},
	{"chat, says it again", fake{goOn: true, echo: true}, RouteChat, Emulated},
	{"chat, no usage", fake{goOn: true, noUsage: true}, RouteChat, Emulated},
}

func TestABudgetHoldsOnEveryRoute(t *testing.T) {
	t.Parallel()
	for i := range servers {
		c := &servers[i]
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := fake{
				tokens: c.fake.tokens, template: c.fake.template, vllm: c.fake.vllm, goOn: c.fake.goOn, echo: c.fake.echo, field: c.fake.field,
				logprobs: c.fake.logprobs, noUsage: c.fake.noUsage, words: 40,
			}
			m := open(t, &f, quick())
			p := m.Probe()
			if p.Route != c.route || p.Badge != c.badge {
				t.Fatalf("route %q badge %q, want %q %q; %+v", p.Route, p.Badge, c.route, c.badge, p.Abilities())
			}
			for _, x := range []struct {
				name   string
				budget trace.Budget
				closed trace.Closed
				spent  int
				waits  int
				answer string
			}{
				{"no cap", free, trace.ClosedNatural, 40, 0, "It is 40."},
				{"cap", trace.Budget{Cap: 7, AnswerCap: -1}, trace.ClosedCap, 7, 0, "It is 7."},
				{"cap 0", trace.Budget{Cap: 0, AnswerCap: -1}, trace.ClosedCap, 0, 0, "It is 0."},
				{"cap beyond the thought", trace.Budget{Cap: 400, AnswerCap: -1}, trace.ClosedNatural, 40, 0, "It is 40."},
				{"wait", trace.Budget{Cap: -1, AnswerCap: -1, Waits: 2, WaitText: " Wait"}, trace.ClosedNatural, 52, 2, "It is 52."},
				{"wait and cap", trace.Budget{Cap: 45, AnswerCap: -1, Waits: 2, WaitText: " Wait"}, trace.ClosedCap, 45, 1, "It is 45."},
				{"answer cap", trace.Budget{Cap: 3, AnswerCap: 1}, trace.ClosedCap, 3, 0, "It"},
			} {
				got := ask(t, m, x.budget)
				if got.err != nil {
					t.Fatalf("%s: %v", x.name, got.err)
				}
				r := got.receipt
				if r.Closed != x.closed || r.ThinkingTokens != x.spent || got.counted() != x.spent || r.WaitsDone != x.waits || got.answer() != x.answer {
					t.Errorf("%s: closed %s, spent %d (%d counted), waits %d, answer %q; want %s, %d, %d, %q\nthought %q\nnotices %q",
						x.name, r.Closed, r.ThinkingTokens, got.counted(), r.WaitsDone, got.answer(), x.closed, x.spent, x.waits, x.answer, got.text(trace.PhaseThinking), got.notices)
				}
				if r.Enforcement != string(c.badge) || r.Cap != x.budget.Cap {
					t.Errorf("%s: receipt says %q and cap %d, want %q and %d", x.name, r.Enforcement, r.Cap, c.badge, x.budget.Cap)
				}
				for _, k := range got.tokens {
					if known := c.route == RouteIDs; known != (k.ID >= 0) {
						t.Fatalf("%s: token %q has id %d on route %s", x.name, k.Text, k.ID, c.route)
					}
				}
			}
		})
	}
}

func TestSignalsAreTheServersOrUnknown(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		f    *fake
		want bool
	}{
		{"told", &fake{tokens: true, template: true, goOn: true, logprobs: true}, true},
		{"told on the chat route", &fake{goOn: true, logprobs: true}, true},
		{"not told", &fake{goOn: true}, false},
	} {
		m := open(t, c.f, quick())
		got := ask(t, m, trace.Budget{Cap: 4, AnswerCap: -1})
		for _, k := range got.tokens {
			known := !math.IsNaN(float64(k.Logprob))
			if want := c.want && k.Origin == trace.OriginSampled; known != want {
				t.Errorf("%s: token %q (%s) has logprob %v, want known=%v", c.name, k.Text, k.Origin, k.Logprob, want)
			}
			if known && k.Counted && math.Abs(float64(k.EndProb)-0.125) > 1e-6 && c.name == "told on the chat route" {
				t.Errorf("%s: P(end) %v, want 0.125", c.name, k.EndProb)
			}
		}
	}
}

func TestCommandsWorkOnABranch(t *testing.T) {
	t.Parallel()
	for i := range servers {
		c := &servers[i]
		f := fake{tokens: c.fake.tokens, template: c.fake.template, vllm: c.fake.vllm, goOn: c.fake.goOn, echo: c.fake.echo, field: c.fake.field, logprobs: c.fake.logprobs}
		m := open(t, &f, quick())
		l, err := m.Ask(t.Context(), trace.Ask{Prompt: "How many?", Budget: free})
		if err != nil {
			t.Fatal(err)
		}
		whole := end(t, l)
		at := 0
		for n := 0; n < 5; at++ {
			if whole.tokens[at].Counted {
				n++
			}
		}
		for _, x := range []struct {
			name   string
			first  []trace.Command
			answer string
			spent  int
		}{
			{"answer now", []trace.Command{{Kind: trace.CommandAnswerNow}}, "It is 5.", 5},
			{"cap", []trace.Command{{Kind: trace.CommandCap, N: 8}}, "It is 8.", 8},
			{"inject", []trace.Command{{Kind: trace.CommandInject, Text: " Wait"}, {Kind: trace.CommandCap, N: 14}}, "It is 14.", 14},
			{"wait", []trace.Command{{Kind: trace.CommandWait, Text: " Wait"}}, "It is 18.", 18},
			{"paused, three steps, resumed", []trace.Command{{Kind: trace.CommandPause}, {Kind: trace.CommandStep}, {Kind: trace.CommandStep}, {Kind: trace.CommandStep}, {Kind: trace.CommandResume}}, "It is 12.", 12},
		} {
			l, err := m.Branch(t.Context(), l.Branch().ID, at, free, trace.Sampling{}, x.first...)
			if err != nil {
				t.Fatalf("%s: %s: %v", c.name, x.name, err)
			}
			got := end(t, l)
			if got.err != nil || got.answer() != x.answer || got.receipt.ThinkingTokens != x.spent {
				t.Errorf("%s: %s: answer %q after %d (%v), want %q after %d; thought %q %q", c.name, x.name, got.answer(), got.receipt.ThinkingTokens, got.err,
					x.answer, x.spent, got.text(trace.PhaseThinking), got.notices)
			}
		}
		closed := at
		for whole.tokens[closed].Counted {
			closed++
		}
		l, err = m.Branch(t.Context(), l.Branch().ID, closed, free, trace.Sampling{}, trace.Command{Kind: trace.CommandWait, Text: " Wait"})
		if err != nil {
			t.Fatal(err)
		}
		if got := end(t, l); got.answer() != "It is 18." || got.receipt.WaitsDone != 1 {
			t.Errorf("%s: a Wait at the close: %q, %+v", c.name, got.answer(), got.receipt)
		}
	}
}

func TestAPausedBranchKeepsStill(t *testing.T) {
	t.Parallel()
	m := open(t, &fake{goOn: true, words: 3000}, quick())
	l, err := m.Ask(t.Context(), trace.Ask{Prompt: "How many?", Budget: free})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Log().Wait(t.Context(), 20); err != nil {
		t.Fatal(err)
	}
	l.Send(trace.Command{Kind: trace.CommandPause})
	n := 0
	for state := trace.StateQueued; state != trace.StatePaused; { // its state says when it has taken effect
		if err := l.Log().Wait(t.Context(), n); err != nil {
			t.Fatal(err)
		}
		events, _ := l.Log().Since(n)
		for _, e := range events {
			if e.Kind == trace.EventState {
				state = e.State
			}
		}
		n += len(events)
	}
	l.Send(trace.Command{Kind: trace.CommandAnswerNow})
	l.Send(trace.Command{Kind: trace.CommandResume})
	got := end(t, l)
	if got.receipt.Closed != trace.ClosedAnswerNow || got.answer() != "It is "+strconv.Itoa(got.receipt.ThinkingTokens)+"." {
		t.Errorf("closed %s, answer %q after %d tokens", got.receipt.Closed, got.answer(), got.receipt.ThinkingTokens)
	}
}

func TestAServerThatBeginsAnewSaysWhatItCannotDo(t *testing.T) {
	t.Parallel()
	f := &fake{field: "reasoning", words: 100}
	m := open(t, f, quick())
	if p := m.Probe(); p.Route != RouteChat || p.Badge != Ignored || p.Native.Badge != Ignored {
		t.Fatalf("route %q badge %q, want chat and ignored: %+v", p.Route, p.Badge, p.Abilities())
	}
	if _, err := m.Ask(t.Context(), trace.Ask{Prompt: "How many?", Budget: trace.Budget{Cap: -1, AnswerCap: -1, Waits: 1, WaitText: " Wait"}}); err == nil || !strings.Contains(err.Error(), "anew") {
		t.Errorf("a Wait is not refused: %v", err)
	}
	got := ask(t, m, trace.Budget{Cap: 10, AnswerCap: -1})
	if got.receipt.Enforcement != string(Ignored) || got.receipt.Cap != 10 || got.receipt.ThinkingTokens != 100 || got.answer() != "It is 100." {
		t.Errorf("a cap that the server lied about: %+v, answer %q", got.receipt, got.answer())
	}
	l, err := m.Ask(t.Context(), trace.Ask{Prompt: "How many?", Budget: free, Pace: 1})
	if err != nil {
		t.Fatal(err)
	}
	l.Send(trace.Command{Kind: trace.CommandAnswerNow})
	l.Send(trace.Command{Kind: trace.CommandPace})
	if got := end(t, l); len(got.notices) == 0 || !strings.Contains(got.notices[0], "not steered") {
		t.Errorf("answer now: %q", got.notices)
	}
	if _, err := m.Branch(t.Context(), l.Branch().ID, 5, free, trace.Sampling{}); err == nil {
		t.Error("a branch in the middle is not refused")
	}
	l, err = m.Branch(t.Context(), l.Branch().ID, 0, free, trace.Sampling{})
	if err != nil {
		t.Fatal(err)
	}
	if got := end(t, l); got.answer() != "It is 100." {
		t.Errorf("a branch from the prompt: %q", got.answer())
	}
}

func TestABudgetOfTheServersOwnIsBelievedWhenItWorks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		f     *fake
		badge Badge
		want  Badge // of the ability
		spent int
	}{
		{"kept", &fake{field: "reasoning", words: 100, native: "thinking_token_budget"}, Exact, Exact, 10},
		{"another name", &fake{field: "reasoning_content", words: 100, native: "thinking_budget_tokens"}, Exact, Exact, 10},
		{"ignored", &fake{field: "reasoning", words: 100}, Ignored, Ignored, 100},
		{"a thought too short to see", &fake{field: "reasoning", words: 5, native: "thinking_token_budget"}, Hint, Hint, 5},
	} {
		m := open(t, c.f, quick())
		p := m.Probe()
		if p.Badge != c.badge || p.Native.Badge != c.want {
			t.Errorf("%s: badge %q, ability %+v", c.name, p.Badge, p.Native)
		}
		got := ask(t, m, trace.Budget{Cap: 10, AnswerCap: -1})
		if got.receipt.ThinkingTokens != c.spent || got.receipt.Enforcement != string(c.badge) {
			t.Errorf("%s: spent %d, enforcement %q; want %d, %q", c.name, got.receipt.ThinkingTokens, got.receipt.Enforcement, c.spent, c.badge)
		}
		if c.spent == 10 && got.receipt.Closed != trace.ClosedCap {
			t.Errorf("%s: closed %q by a budget that the server kept", c.name, got.receipt.Closed)
		}
	}
}

func TestAModelThatDoesNotThinkAnswers(t *testing.T) {
	t.Parallel()
	m := open(t, &fake{noThink: true}, quick())
	if m.Info().ThinkFormat != "none" {
		t.Errorf("think format %q", m.Info().ThinkFormat)
	}
	got := ask(t, m, free)
	if got.answer() != "It is so." || got.receipt.Closed != "" || got.receipt.AnswerTokens != 4 {
		t.Errorf("%q %+v", got.answer(), got.receipt)
	}
}

func TestARunIsRestoredFromItsBytes(t *testing.T) {
	t.Parallel()
	for i := range servers {
		c := &servers[i]
		f := &fake{tokens: c.fake.tokens, template: c.fake.template, vllm: c.fake.vllm, goOn: c.fake.goOn, echo: c.fake.echo, field: c.fake.field, logprobs: c.fake.logprobs}
		word := f.start(t)
		first, err := Open(t.Context(), word, quick())
		if err != nil {
			t.Fatal(err)
		}
		l, err := first.Ask(t.Context(), trace.Ask{Prompt: "How many?", Budget: trace.Budget{Cap: 9, AnswerCap: -1, Waits: 1, WaitText: " Wait"}})
		if err != nil {
			t.Fatal(err)
		}
		was := end(t, l)
		first.Close()
		again, err := Open(t.Context(), word, quick())
		if err != nil {
			t.Fatal(err)
		}
		lives, err := again.Restore(l.Run(), []trace.Saved{{Branch: l.Branch(), Tokens: was.tokens, Receipt: &was.receipt}})
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		got := end(t, lives[0])
		if len(got.tokens) != len(was.tokens) || got.answer() != was.answer() {
			t.Errorf("%s: restored %d tokens, %q", c.name, len(got.tokens), got.answer())
		}
		on, err := again.Branch(t.Context(), l.Branch().ID, 6, trace.Budget{Cap: 6, AnswerCap: -1}, trace.Sampling{})
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if got := end(t, on); got.answer() != "It is 6." {
			t.Errorf("%s: gone on: %q %v", c.name, got.answer(), got.err)
		}
		other := l.Run()
		other.Model = "http://elsewhere/v1#x"
		if _, err := again.Restore(other, nil); err == nil || !strings.Contains(err.Error(), "elsewhere") {
			t.Errorf("%s: another server's run: %v", c.name, err)
		}
		again.Close()
	}
}

func TestTheModelIsFoundByItsWord(t *testing.T) {
	t.Parallel()
	f := &fake{goOn: true}
	base := f.start(t)
	for _, c := range []struct{ word, fails string }{
		{base, ""},
		{base + "#fake-1", ""},
		{strings.TrimSuffix(base, "/v1"), ""},
		{base + "#other", "it has fake-1"},
		{base + "?key=x#fake-1", "query"},
		{"http://user:secret@host/v1", "does not belong"},
		{"http:///v1", "no host"},
	} {
		m, err := Open(t.Context(), c.word, quick())
		if err == nil {
			m.Close()
		}
		if c.fails == "" && err != nil || c.fails != "" && (err == nil || !strings.Contains(err.Error(), c.fails)) {
			t.Errorf("%s: %v, want %q", c.word, err, c.fails)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error shows the password: %v", c.word, err)
		}
	}
}

func TestACancelledBranchKeepsWhatItHasAndAsksNoMore(t *testing.T) {
	t.Parallel()
	f := &fake{goOn: true, words: 2000}
	m := open(t, f, quick())
	ctx, cancel := context.WithCancel(t.Context())
	l, err := m.Ask(ctx, trace.Ask{Prompt: "How many?", Budget: free})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Log().Wait(t.Context(), 30); err != nil {
		t.Fatal(err)
	}
	cancel()
	got := end(t, l)
	n := f.generations()
	if got.err != nil || got.receipt.Outcome != "stopped" || got.receipt.Closed != trace.ClosedStopped || got.counted() == 0 {
		t.Errorf("%+v %v", got.receipt, got.err)
	}
	if _, err := m.Ask(ctx, trace.Ask{Prompt: "How many?", Budget: free}); err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	m.Close()
	if f.generations() != n {
		t.Errorf("%d requests after the cancel", f.generations()-n)
	}
}

func TestAThoughtIsNotOpenedAgainInTheAnswer(t *testing.T) {
	t.Parallel()
	for i := range servers {
		c := &servers[i]
		if c.fake.field != "" {
			continue // the server itself takes the tag out
		}
		f := &fake{tokens: c.fake.tokens, template: c.fake.template, goOn: c.fake.goOn, echo: c.fake.echo, logprobs: c.fake.logprobs}
		m := open(t, f, quick())
		f.mu.Lock()
		f.again = true
		f.mu.Unlock()
		got := ask(t, m, trace.Budget{Cap: 0, AnswerCap: -1}) // the first token is one of the answer
		if got.err != nil || strings.Contains(got.answer(), "<think>") || !strings.HasSuffix(got.answer(), "It is 0.") {
			t.Errorf("%s: %q %v %+v", c.name, got.answer(), got.err, got.receipt)
		}
	}
}
