package think

import (
	"math/rand/v2"
	"strings"
	"testing"

	"s1/engine/trace"
)

func take(id int32) trace.Command { return trace.Command{Kind: trace.CommandTake, N: int(id)} }

func TestATokenThatTheUserTakesGoesInAndCounts(t *testing.T) {
	t.Parallel()
	v := qwen3()
	f := qwen3Format(t)
	r := start(t, f, budget(-1), Options{}, play(t, v, "abc</think>\nxyz<|im_end|>")).thought(2)
	r.command(take(ids(t, v, "Q")[0]))
	r.until(func() bool { return r.m.stage == answering && r.m.answered == 2 })
	r.command(take(ids(t, v, "Q")[0]))
	r.finish().want("[<think>\n]ab{Q}c</think>|\nx{Q}yz")
	if rc := r.m.Receipt(); rc.ThinkingTokens != 4 || rc.Injected != 2 || rc.Closed != trace.ClosedNatural || rc.AnswerTokens != 5 {
		t.Errorf("receipt %+v", rc)
	}
}

func TestTheCapHoldsForTakenTokens(t *testing.T) {
	t.Parallel()
	v := qwen3()
	r := start(t, qwen3Format(t), budget(2), Options{}, play(t, v, "abcdefgh<|im_end|>")).thought(1)
	r.command(take('Q'))
	if _, err := r.m.Command(take('R')); err == nil || !strings.Contains(err.Error(), "no thinking token is left before the limit (cap)") {
		t.Errorf("a second one: %v", err)
	}
	r.finish()
	if rc := r.m.Receipt(); rc.ThinkingTokens != 2 || rc.Injected != 1 || rc.Closed != trace.ClosedCap {
		t.Errorf("%s, receipt %+v", r.shape(), rc)
	}
	r.check()
}

func TestTakingTheEndClosesTheThoughtByTheUsersWill(t *testing.T) {
	t.Parallel()
	v := qwen3()
	b := budget(-1)
	b.Waits, b.WaitText = 3, "Wait"
	r := start(t, qwen3Format(t), b, Options{}, play(t, v, "abcxyz<|im_end|>")).thought(3)
	end, _ := v.ID("</think>")
	r.command(take(end))
	r.finish().want("[<think>\n]abc{</think>}|xyz")
	rc := r.m.Receipt()
	if rc.Closed != trace.ClosedAnswerNow || rc.ThinkingTokens != 3 || rc.WaitsDone != 0 || rc.CloseNats <= 0 || rc.Injected != 1 {
		t.Errorf("receipt %+v", rc)
	}
	if at, ok := r.m.f.CloseAt(r.tokens); !ok || r.tokens[at].ID != end {
		t.Errorf("closed at %d, %v", at, ok)
	}
	for n := range len(r.tokens) + 1 { // and a branch goes on from anywhere in it
		c, err := r.cutOff(n, b, Options{Context: 1 << 20, Closed: trace.ClosedAnswerNow})
		if err != nil {
			t.Fatalf("after %d tokens: %v", n, err)
		}
		if got := c.m.Receipt(); n > 5 && (got.Closed != rc.Closed || got.CloseNats <= 0 || got.ThinkingTokens != 3) {
			t.Errorf("after %d tokens: %+v", n, got)
		}
	}
}

func TestTakesThatWouldMakeTheMachineLieAreRefused(t *testing.T) {
	t.Parallel()
	v := qwen3()
	id := func(s string) int { n, _ := v.ID(s); return int(n) }
	in := func(n int, b trace.Budget, text string) *run {
		return start(t, qwen3Format(t), b, Options{}, play(t, v, text)).thought(n)
	}
	answering := func() *run {
		r := in(1, budget(-1), "a</think>\nxyz")
		return r.until(func() bool { return r.m.answered == 2 })
	}
	waited := budget(-1)
	waited.Waits, waited.WaitText = 1, "Wait"
	after := in(1, waited, "a</think>bcdef")
	after.until(func() bool { return after.m.waitsDone == 1 })
	full := budget(-1)
	full.AnswerCap = 2
	preset := budget(20)
	preset.Preset = PresetReadme
	pieced := start(t, pieces(t), budget(-1), Options{}, play(t, chatml(), "ab<xx")).thought(2)
	for _, c := range []struct {
		name string
		r    *run
		n    int
		want string
	}{
		{"outside the vocabulary", in(1, budget(-1), "ab"), 1 << 20, "no token 1048576"},
		{"beyond 32 bits", in(1, budget(-1), "ab"), 1 << 40, "no token"},
		{"negative", in(1, budget(-1), "ab"), -1, "no token -1"},
		{"end of turn in the thought", in(1, budget(-1), "ab"), id("<|im_end|>"), "answer now"},
		{"end right after a Wait", after, id("</think>"), "undo it"},
		{"half a character at the cap", in(1, budget(3), "abc"), 0xE2, "would cut"},
		{"a part of a tag", pieced, '<', "one of the 4 tokens"},
		{"end of turn in the answer", answering(), id("<|im_end|>"), "stop ends the branch"},
		{"a tag in the answer", answering(), id("<think>"), "tag of a thought"},
		{"the end in the answer", answering(), id("</think>"), "tag of a thought"},
		{"the answer cap", func() *run {
			r := in(1, full, "a</think>\nxyz")
			return r.until(func() bool { return r.m.answered == 1 })
		}(), 'q', ""},
		{"under a preset", in(1, preset, "ab"), 'q', "cannot be steered"},
	} {
		before := c.r.m.Clone()
		_, err := c.r.m.Command(trace.Command{Kind: trace.CommandTake, N: c.n})
		if c.want == "" {
			if err != nil {
				t.Errorf("%s: the first: %v", c.name, err)
			}
			if _, err = c.r.m.Command(trace.Command{Kind: trace.CommandTake, N: c.n}); err == nil || !strings.Contains(err.Error(), "answer cap 2") {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want one sentence with %q", c.name, err, c.want)
		}
		if len(c.r.m.insert) != len(before.insert) || c.r.m.b != before.b {
			t.Errorf("%s: the refused command changed something", c.name)
		}
	}
}

// The promises of this package hold with taken tokens, too, and a run with them can be gone on from.
func TestTakenTokensKeepTheRulesUnderRandomCommands(t *testing.T) {
	t.Parallel()
	taken, ends := 0, 0
	for seed := range uint64(1500) {
		s, g := scenes(t, seed)
		m, err := New(s.f, s.b, s.o)
		if err != nil {
			t.Fatal(err)
		}
		r := &run{t: t, m: m, model: s.r}
		for m.stage != ended {
			switch c := randomTake(g, s); {
			case g.IntN(6) > 0:
			case c.Kind == trace.CommandStop || c.Kind == trace.CommandPause:
			default:
				_, _ = m.Command(c)
			}
			n := len(r.tokens)
			if !r.step() {
				break
			}
			r.rules(n)
		}
		r.finish().check()
		for _, tok := range r.tokens {
			if tok.Origin == trace.OriginInjected {
				taken++
				if !tok.Counted && tok.Phase == trace.PhaseThinking {
					ends++
				}
			}
		}
		if _, err := Replay(s.f, m.Budget(), Options{Context: s.o.Context, Closed: m.closed, AnswerReserve: 1}, r.tokens); err != nil && !strings.Contains(err.Error(), "do not fit") {
			t.Errorf("seed %d: %v in %s", seed, err, r.shape())
		}
		if t.Failed() {
			t.Fatalf("seed %d: %s", seed, r.shape())
		}
	}
	if taken < 1000 || ends < 50 {
		t.Errorf("%d taken tokens, %d ends: the test does not test it", taken, ends)
	}
}

func randomTake(g *rand.Rand, s scene) trace.Command {
	if g.IntN(3) == 0 {
		return randomCommand(g)
	}
	pool := append(append([]int32{-3, 1 << 20}, s.r.ids...), s.r.end...)
	return take(pool[g.IntN(len(pool))])
}
