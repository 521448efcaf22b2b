package remote

import (
	"context"
	"slices"
	"testing"
	"time"

	"s1/engine/enginetest"
	"s1/engine/think"
	"s1/engine/trace"
)

// rule carries out the local rule on a server's tokens, asking for one greedy token at a time with everything before it.
func rule(t *testing.T, m *Model, r trace.Run, b trace.Budget) (ids []int32, receipt trace.Receipt) {
	t.Helper()
	format, err := think.ResolveFormat(r.ThinkFormat, m.v, r.PromptIDs)
	if err != nil {
		t.Fatal(err)
	}
	machine, err := think.New(format, b, think.Options{Context: m.probe.Context - len(r.PromptIDs)})
	if err != nil {
		t.Fatal(err)
	}
	for len(ids) < 500 {
		switch a := machine.Next(); a.Kind {
		case think.Feed:
			ids = append(ids, a.ID)
			machine.Fed(think.Signals{})
		case think.Sample:
			id := greedy(t, m, slices.Concat(r.PromptIDs, ids), a.Mask)
			if machine.Took(id, think.Signals{}).Accepted {
				ids = append(ids, id)
			}
		case think.End:
			return ids, machine.Receipt()
		default:
			t.Fatalf("action %d of the rule", a.Kind)
		}
	}
	t.Fatal("the rule does not end")
	return nil, receipt
}

func greedy(t *testing.T, m *Model, prompt, mask []int32) int32 {
	t.Helper()
	bias := [][]any{}
	for _, id := range mask {
		bias = append(bias, []any{id, false})
	}
	var a struct {
		Tokens   []int32 `json:"tokens"`
		StopType string  `json:"stop_type"`
	}
	body := map[string]any{"prompt": prompt, "n_predict": 1, "temperature": 0, "return_tokens": true, "logit_bias": bias}
	if err := m.c.json(t.Context(), "POST", m.at.root()+"/completion", body, &a); err != nil {
		t.Fatal(err)
	}
	if a.StopType == "eos" || len(a.Tokens) == 0 {
		return m.v.ends[0]
	}
	return a.Tokens[0]
}

func TestRealServerKeepsBudgetsAsTheLocalRule(t *testing.T) {
	word := enginetest.Llama(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
	defer cancel()
	m, err := Open(ctx, word, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	p := m.Probe()
	for _, x := range []struct {
		got  Ability
		want Badge
	}{{p.IDs, Exact}, {p.Text, Emulated}, {p.GoOn, Emulated}, {p.Native, Ignored}} {
		if x.got.Badge != x.want {
			t.Errorf("%s: %s (%s), want %s", x.got.Name, x.got.Badge, x.got.Why, x.want)
		}
	}
	if p.Route != RouteIDs || p.Format != "s1" || !p.Logprobs {
		t.Fatalf("%+v", p)
	}
	for _, c := range []struct {
		prompt string
		b      trace.Budget
	}{
		{"What is 12 plus 30?", trace.Budget{Cap: 6, AnswerCap: 12}},
		{"What is 12 plus 30?", trace.Budget{Cap: 0, AnswerCap: 12}},
		{"What is 12 plus 30?", trace.Budget{Cap: 24, Waits: 2, WaitText: "Wait", AnswerCap: 12}},
		{"Name three animals, each with its emoji.", trace.Budget{Cap: 20, Waits: 1, WaitText: "Wait", AnswerCap: 10}},
		{"Why is the sky blue?", trace.Budget{Cap: 16, Waits: 1, AnswerCap: 8}},
	} {
		l, err := m.Ask(ctx, trace.Ask{Prompt: c.prompt, Budget: c.b})
		if err != nil {
			t.Fatal(err)
		}
		<-l.Log().Done()
		got := end(t, l)
		if got.err != nil {
			t.Fatal(got.err)
		}
		want, receipt := rule(t, m, l.Run(), c.b)
		var ids []int32
		for _, k := range got.tokens {
			ids = append(ids, k.ID)
		}
		if !slices.Equal(ids, want) {
			t.Errorf("%q %+v:\n got %v\nwant %v\n%q", c.prompt, c.b, ids, want, got.text(trace.PhaseThinking)+got.text(trace.PhaseAnswer))
		}
		r := got.receipt
		if r.ThinkingTokens != receipt.ThinkingTokens || r.WaitsDone != receipt.WaitsDone || r.Closed != receipt.Closed || r.AnswerTokens != receipt.AnswerTokens || r.Enforcement != string(Exact) {
			t.Errorf("%q %+v: receipt %+v, the rule's %+v", c.prompt, c.b, r, receipt)
		}
		t.Logf("%q cap %d waits %d: %d tokens equal, %d thinking, closed %s, %d of %d waits", c.prompt, c.b.Cap, c.b.Waits, len(ids), r.ThinkingTokens, r.Closed, r.WaitsDone, c.b.Waits)
	}
}

func TestRealServerOnEveryRoute(t *testing.T) {
	word := enginetest.Llama(t)
	for _, route := range []Route{RouteIDs, RouteText, RouteChat} {
		m, err := Open(t.Context(), word, Options{Route: route, Format: "s1"})
		if err != nil {
			t.Fatal(err)
		}
		l, err := m.Ask(t.Context(), trace.Ask{Prompt: "What is 12 plus 30?", Budget: trace.Budget{Cap: 6, AnswerCap: 8}})
		if err != nil {
			t.Fatal(err)
		}
		<-l.Log().Done()
		got := end(t, l)
		want := Emulated
		if route == RouteIDs {
			want = Exact
		}
		if r := got.receipt; got.err != nil || r.ThinkingTokens > 6 || r.AnswerTokens > 8 || r.Enforcement != string(want) {
			t.Errorf("%s: %v %+v", route, got.err, r)
		}
		t.Logf("%s: %q, %q, badge %s", route, got.text(trace.PhaseThinking), got.text(trace.PhaseAnswer), got.receipt.Enforcement)
		m.Close()
	}
}
