package think

import (
	"errors"
	"strings"
	"testing"

	"s1/engine/trace"
)

func waits(n int, text string) trace.Budget {
	return trace.Budget{Cap: -1, Waits: n, WaitText: text, AnswerCap: -1}
}

func TestWaitBeforeTheEndSuppressesTheNextEnd(t *testing.T) {
	t.Parallel()
	v := chatml()
	r := start(t, s1Format(t), waits(0, ""), Options{}, play(t, v, "ab<|im_start|>cd<|im_start|>7<|im_end|>"))
	r.thought(1).command(trace.Command{Kind: trace.CommandWait, Text: "Hmm"})
	rc := r.finish().want("[<|im_start|>think]ab{~Hmm}cd<|im_start|>[answer]|7").m.Receipt()
	if rc.WaitsAsked != 1 || rc.WaitsDone != 1 || r.m.Budget().Waits != 1 {
		t.Errorf("receipt %+v", rc)
	}
}

func TestWaitTextsOfTheUserComeBeforeTheBudgets(t *testing.T) {
	t.Parallel()
	v := chatml()
	r := start(t, s1Format(t), waits(1, "Wait"), Options{}, play(t, v, "a<|im_start|>b<|im_start|>c<|im_start|>7<|im_end|>"))
	r.thought(1).command(trace.Command{Kind: trace.CommandWait, Text: "Hmm"})
	r.finish().want("[<|im_start|>think]a{~Hmm}b{~Wait}c<|im_start|>[answer]|7")
}

func TestWaitWithoutATextOnlySuppresses(t *testing.T) {
	t.Parallel()
	v := chatml()
	r := start(t, s1Format(t), waits(1, ""), Options{}, play(t, v, "a<|im_start|><|im_start|><|im_end|>b<|im_start|>7<|im_end|>"))
	r.thought(1).step()
	a := r.m.Next()
	if a.Kind != Sample || len(a.Mask) != 2 || a.Draw != 1 {
		t.Errorf("after the suppressed end: %+v", a)
	}
	rc := r.finish().want("[<|im_start|>think]a~b<|im_start|>[answer]|7").m.Receipt()
	if rc.WaitsDone != 1 || rc.Injected != 0 {
		t.Errorf("receipt %+v", rc)
	}
}

func TestFirstTokenAfterAWaitIsNoEnd(t *testing.T) {
	t.Parallel()
	start(t, s1Format(t), waits(1, "Wait"), Options{}, play(t, chatml(), "a<|im_start|><|im_start|><|im_end|>b<|im_start|>7<|im_end|>")).finish().
		want("[<|im_start|>think]a{~Wait}b<|im_start|>[answer]|7")
}

// The key w after the end: a new branch at the close, with the Wait at once.
func TestWaitAfterTheEndBranchesAtTheClose(t *testing.T) {
	t.Parallel()
	v := chatml()
	for _, tc := range []struct {
		script, want string
		b            trace.Budget
		closed       trace.Closed
	}{
		{"ab<|im_start|>7<|im_end|>", "[<|im_start|>think]ab{~Wait}cd<|im_start|>[answer]|8", waits(0, ""), trace.ClosedNatural},
		{"ab7<|im_end|>", "[<|im_start|>think]ab{Wait}cd<|im_start|>[answer]|8", trace.Budget{Cap: 2, AnswerCap: -1}, trace.ClosedCap},
	} {
		r := start(t, s1Format(t), tc.b, Options{}, play(t, v, tc.script)).finish()
		if _, err := r.m.Command(trace.Command{Kind: trace.CommandWait}); !errors.Is(err, ErrEnded) {
			t.Errorf("wait on an ended branch: %v", err)
		}
		at, ok := r.m.f.CloseAt(r.tokens)
		if !ok || at != 4 {
			t.Fatalf("close at %d, %v", at, ok)
		}
		r.model = play(t, v, "cd<|im_start|>8<|im_end|>")
		c, err := r.cutOff(at, trace.Budget{Cap: -1, AnswerCap: -1}, Options{Context: 1000, AtClose: true, Closed: tc.closed})
		if err != nil {
			t.Fatal(err)
		}
		c.command(trace.Command{Kind: trace.CommandWait, Text: "Wait"})
		rc := c.finish().want(tc.want).m.Receipt()
		if rc.WaitsAsked != 1 || rc.WaitsDone != 1 || rc.Closed != trace.ClosedNatural {
			t.Errorf("receipt %+v", rc)
		}
	}
}

func TestWaitOnceClosedSaysWhereToBranch(t *testing.T) {
	t.Parallel()
	r := start(t, s1Format(t), waits(0, ""), Options{}, play(t, chatml(), "ab<|im_start|>7<|im_end|>"))
	r.until(func() bool { return r.m.stage == answering })
	for _, k := range []trace.CommandKind{trace.CommandWait, trace.CommandCap, trace.CommandAnswerNow} {
		if _, err := r.m.Command(trace.Command{Kind: k, N: 7}); err == nil || !strings.Contains(err.Error(), "has closed (natural)") {
			t.Errorf("command %d: %v", k, err)
		}
	}
}

func TestWaitThatDoesNotFitUnderTheCapIsRefused(t *testing.T) {
	t.Parallel()
	r := start(t, s1Format(t), budget(3), Options{}, play(t, chatml(), "ab"))
	_, err := r.thought(2).m.Command(trace.Command{Kind: trace.CommandWait, Text: "Wait"})
	if err == nil || !strings.Contains(err.Error(), "the text has 1 tokens and 1 are left before the limit (cap)") {
		t.Errorf("got %v", err)
	}
	if r.m.Budget().Waits != 0 {
		t.Error("a refused Wait was asked")
	}
}

func TestCapCanBeLoweredRaisedAndLifted(t *testing.T) {
	t.Parallel()
	v := chatml()
	lower := start(t, s1Format(t), budget(-1), Options{}, play(t, v, "abcd7<|im_end|>"))
	if note := lower.thought(3).command(trace.Command{Kind: trace.CommandCap, N: 2}); !strings.Contains(note, "below the 3 thinking tokens already spent") {
		t.Errorf("note %q", note)
	}
	rc := lower.finish().want("[<|im_start|>think]abc[\n<|im_start|>answer]|[\nFinal Answer:]d7").m.Receipt()
	if rc.Cap != 2 || rc.ThinkingTokens != 3 || rc.Closed != trace.ClosedCap {
		t.Errorf("receipt %+v", rc)
	}
	for _, n := range []int{-1, 10} { // at the very moment of the close, too
		up := start(t, s1Format(t), budget(2), Options{}, play(t, v, "abcd<|im_start|>7<|im_end|>"))
		up.thought(1).command(trace.Command{Kind: trace.CommandCap, N: n})
		up.finish().want("[<|im_start|>think]abcd<|im_start|>[answer]|7")
	}
	early := start(t, qwen3Format(t), budget(0), Options{}, play(t, qwen3(), "ab</think>7<|im_end|>"))
	early.command(trace.Command{Kind: trace.CommandCap, N: 9})
	early.finish().want("[<think>\n]ab</think>|7")
}

func TestAnswerNowClosesBeforeTheNextToken(t *testing.T) {
	t.Parallel()
	r := start(t, s1Format(t), waits(2, "Wait"), Options{}, play(t, chatml(), "abc7<|im_end|>"))
	r.thought(2).command(trace.Command{Kind: trace.CommandAnswerNow})
	rc := r.finish().want("[<|im_start|>think]ab[\n<|im_start|>answer]|[\nFinal Answer:]c7").m.Receipt()
	if rc.Closed != trace.ClosedAnswerNow || rc.CloseNats <= 0 || rc.WaitsDone != 0 {
		t.Errorf("receipt %+v", rc)
	}
	// While a Wait text goes in, and while the thought is being opened.
	r = start(t, s1Format(t), waits(1, "no no"), Options{}, play(t, chatml(), "a<|im_start|>7<|im_end|>"))
	r.thought(3).command(trace.Command{Kind: trace.CommandAnswerNow})
	r.finish().want("[<|im_start|>think]a{~no}[\n<|im_start|>answer]|[\nFinal Answer:]7")
	r = start(t, s1Format(t), budget(-1), Options{}, play(t, chatml(), "7<|im_end|>"))
	r.command(trace.Command{Kind: trace.CommandAnswerNow})
	r.finish().want("[<|im_start|>think\n<|im_start|>answer]|[\nFinal Answer:]7")
}

func TestInjectGoesInWhereItIsAsked(t *testing.T) {
	t.Parallel()
	r := start(t, s1Format(t), budget(-1), Options{}, play(t, chatml(), "ab<|im_start|>7890<|im_end|>"))
	r.command(trace.Command{Kind: trace.CommandInject, Text: "1"})
	r.thought(2).command(trace.Command{Kind: trace.CommandInject, Text: "so"})
	r.until(func() bool { return r.m.answered == 1 }).command(trace.Command{Kind: trace.CommandInject, Text: "-"})
	rc := r.finish().want("[<|im_start|>think]{1}a{so}b<|im_start|>[answer]|7{-}890").m.Receipt()
	if rc.ThinkingTokens != 5 || rc.AnswerTokens != 5 || rc.Injected != 4 {
		t.Errorf("receipt %+v", rc)
	}
}

func TestInjectThatDoesNotFitIsRefusedWithTheNumbers(t *testing.T) {
	t.Parallel()
	r := start(t, s1Format(t), trace.Budget{Cap: 5, AnswerCap: 3}, Options{Context: 60}, play(t, chatml(), "ab<|im_start|>7890"))
	r.thought(2)
	for text, want := range map[string]string{
		"xxxx":                           "the text has 4 tokens and 3 are left before the limit (cap)",
		"":                               "the text is empty",
		strings.Repeat("x", textLimit+1): "too long",
	} {
		if _, err := r.m.Command(trace.Command{Kind: trace.CommandInject, Text: text}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.8q: %v, want %q", text, err, want)
		}
	}
	r.until(func() bool { return r.m.answered == 1 })
	if _, err := r.m.Command(trace.Command{Kind: trace.CommandInject, Text: "xxx"}); err == nil || !strings.Contains(err.Error(), "2 are left of the answer cap 3") {
		t.Errorf("in the answer: %v", err)
	}
	// One that fits exactly is taken, and then the cap closes.
	r = start(t, s1Format(t), budget(5), Options{}, play(t, chatml(), "ab7<|im_end|>"))
	r.thought(2).command(trace.Command{Kind: trace.CommandInject, Text: "xxx"})
	r.finish().want("[<|im_start|>think]ab{xxx}[\n<|im_start|>answer]|[\nFinal Answer:]7")
	// The cap may come down while it goes in: what is left of it is dropped, and said.
	r = start(t, s1Format(t), budget(9), Options{}, play(t, chatml(), "ab7<|im_end|>"))
	r.thought(2).command(trace.Command{Kind: trace.CommandInject, Text: "xyz"})
	r.thought(3).command(trace.Command{Kind: trace.CommandCap, N: 3})
	r.finish().want("[<|im_start|>think]ab{x}[\n<|im_start|>answer]|[\nFinal Answer:]7")
	if len(r.notices) != 1 || !strings.Contains(r.notices[0].Text, "2 tokens of an injected text") {
		t.Errorf("notices %v", r.notices)
	}
}

func TestPauseStepResume(t *testing.T) {
	t.Parallel()
	r := start(t, s1Format(t), waits(1, ""), Options{}, play(t, chatml(), "ab<|im_start|>cd<|im_start|>7<|im_end|>"))
	if _, err := r.m.Command(trace.Command{Kind: trace.CommandStep}); err == nil {
		t.Error("a step without a pause was taken")
	}
	r.thought(2).command(trace.Command{Kind: trace.CommandPause})
	if r.m.Next().Kind != Hold || r.m.State() != trace.StatePaused {
		t.Errorf("paused: %+v, state %d", r.m.Next(), r.m.State())
	}
	if v := r.m.Took('x', Signals{}); v.Accepted {
		t.Error("a token was taken while paused")
	}
	for n := range 4 { // a step is one token, even where an end is suppressed first
		have := len(r.tokens)
		r.command(trace.Command{Kind: trace.CommandStep})
		r.finish()
		if len(r.tokens) != have+1 {
			t.Fatalf("step %d gave %d tokens: %s", n, len(r.tokens)-have, r.shape())
		}
	}
	r.command(trace.Command{Kind: trace.CommandResume})
	r.finish().want("[<|im_start|>think]ab~cd<|im_start|>[answer]|7")
}

func TestStopWhilePausedKeepsEverything(t *testing.T) {
	t.Parallel()
	r := start(t, s1Format(t), budget(-1), Options{}, play(t, chatml(), "ab<|im_start|>78"))
	r.until(func() bool { return r.m.answered == 1 }).command(trace.Command{Kind: trace.CommandPause})
	r.command(trace.Command{Kind: trace.CommandStop})
	rc := r.finish().want("[<|im_start|>think]ab<|im_start|>[answer]|7").m.Receipt()
	if rc.Closed != trace.ClosedNatural || rc.Outcome != "stopped" || r.m.State() != trace.StateEnded {
		t.Errorf("receipt %+v", rc)
	}
	if _, err := r.m.Command(trace.Command{Kind: trace.CommandResume}); !errors.Is(err, ErrEnded) {
		t.Errorf("resume after the end: %v", err)
	}
}

func TestAModelThatDoesNotThinkOnlyAnswers(t *testing.T) {
	t.Parallel()
	llama := &words{specials: []string{"<|eot_id|>"}, eos: []string{"<|eot_id|>"}}
	f := format(t, "auto", llama, "q")
	if f.Name != None || f.EndID() != -1 {
		t.Errorf("auto takes %s, end %d", f.Name, f.EndID())
	}
	rc := start(t, f, budget(-1), Options{}, play(t, llama, "hi<|eot_id|>")).finish().want("|hi").m.Receipt()
	if rc.Closed != "" || rc.AnswerTokens != 2 || rc.Outcome != "answered" || rc.ThinkFormat != None {
		t.Errorf("receipt %+v", rc)
	}
	start(t, f, budget(0), Options{}, play(t, llama, "hi<|eot_id|>")).finish().want("|hi")
	for _, b := range []trace.Budget{budget(5), waits(1, "Wait")} {
		if _, err := New(f, b, Options{Context: 100}); err == nil || !strings.Contains(err.Error(), "no think format (none)") {
			t.Errorf("%+v: %v", b, err)
		}
	}
	r := start(t, f, budget(-1), Options{}, play(t, llama, "hi"))
	if _, err := r.m.Command(trace.Command{Kind: trace.CommandWait}); err == nil || !strings.Contains(err.Error(), "no thought to control") {
		t.Errorf("wait: %v", err)
	}
	r.command(trace.Command{Kind: trace.CommandInject, Text: "x"})
	r.finish().want("|{x}hi")
}

// The receipt for every way a thought can close.
func TestReceiptForEveryClose(t *testing.T) {
	t.Parallel()
	v := chatml()
	type do func(r *run)
	base := trace.Receipt{Cap: -1, Enforcement: "exact", ThinkFormat: "s1", Outcome: "answered"}
	for _, tc := range []struct {
		name   string
		b      trace.Budget
		o      Options
		script string
		do     do
		want   func(r *trace.Receipt)
		price  bool
	}{
		{name: "natural", b: waits(1, "Wait"), script: "ab<|im_start|>c<|im_start|>78<|im_end|>", want: func(r *trace.Receipt) {
			r.Closed, r.ThinkingTokens, r.WaitsAsked, r.WaitsDone, r.Injected, r.Forced, r.AnswerTokens = trace.ClosedNatural, 4, 1, 1, 1, 3, 2
		}},
		{name: "cap", b: budget(2), script: "ab78<|im_end|>", price: true, want: func(r *trace.Receipt) {
			r.Closed, r.Cap, r.ThinkingTokens, r.Forced, r.AnswerTokens = trace.ClosedCap, 2, 2, 9, 2
		}},
		{name: "answer now", b: budget(-1), script: "ab78<|im_end|>", price: true, do: func(r *run) {
			r.thought(2).command(trace.Command{Kind: trace.CommandAnswerNow})
		}, want: func(r *trace.Receipt) {
			r.Closed, r.ThinkingTokens, r.Forced, r.AnswerTokens = trace.ClosedAnswerNow, 2, 9, 2
		}},
		{name: "context", b: budget(-1), o: Options{Context: 15, AnswerReserve: 3}, script: "abc78<|im_end|>", price: true, want: func(r *trace.Receipt) {
			r.Closed, r.ThinkingTokens, r.Forced, r.AnswerTokens = trace.ClosedContext, 3, 9, 2
		}},
		{name: "loop", b: budget(-1), o: Options{OnLoop: LoopClose}, script: "abcdabcdabcdabcd78<|im_end|>", price: true, want: func(r *trace.Receipt) {
			r.Closed, r.ThinkingTokens, r.Forced, r.AnswerTokens = trace.ClosedLoop, 16, 9, 2
		}},
		{name: "stopped", b: budget(-1), script: "abc", do: func(r *run) {
			r.thought(2).command(trace.Command{Kind: trace.CommandStop})
		}, want: func(r *trace.Receipt) {
			r.Closed, r.ThinkingTokens, r.Forced, r.Outcome = trace.ClosedStopped, 2, 2, "stopped"
		}},
	} {
		r := start(t, s1Format(t), tc.b, tc.o, play(t, v, tc.script))
		if tc.do != nil {
			tc.do(r)
		}
		r.finish().check()
		got, want := r.m.Receipt(), base
		tc.want(&want)
		if (got.CloseNats > 0) != tc.price {
			t.Errorf("%s: the close cost %v nats", tc.name, got.CloseNats)
		}
		if at, ok := r.m.f.CloseAt(r.tokens); ok {
			want.EndProb, want.EndRank = r.tokens[at].EndProb, r.tokens[at].EndRank
		}
		if ok := got.EndRank > 0; ok != (tc.name != "stopped") {
			t.Errorf("%s: end rank %d", tc.name, got.EndRank)
		}
		got.CloseNats = 0
		if got != want {
			t.Errorf("%s:\n got %+v\nwant %+v\n%s", tc.name, got, want, r.shape())
		}
	}
}

func TestReplayRefusesTokensThatAreNotOfThisFormat(t *testing.T) {
	t.Parallel()
	f := s1Format(t)
	for name, tokens := range map[string][]trace.Token{
		"no opening":     {{ID: 'a', Origin: trace.OriginSampled, Phase: trace.PhaseThinking, Counted: true}},
		"a prompt token": {{ID: f.Open[0]}},
		"another close": {
			{ID: f.Open[0], Origin: trace.OriginForced, Phase: trace.PhaseThinking},
			{ID: f.Open[1], Origin: trace.OriginForced, Phase: trace.PhaseThinking},
			{ID: 'x', Origin: trace.OriginForced, Phase: trace.PhaseThinking},
		},
	} {
		if _, err := Replay(f, budget(-1), Options{Context: 100}, tokens); err == nil || !strings.Contains(err.Error(), "replay token") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Saved sessions come from outside: whatever the tokens say, Replay answers with a machine that ends or an error.
func FuzzReplay(f *testing.F) {
	f.Add([]byte{0, 0, 1, 0}, uint8(0), 3, 2, "Wait")
	f.Add([]byte("ab\x00c"), uint8(1), -1, 0, "")
	f.Fuzz(func(t *testing.T, data []byte, which uint8, limit, waits int, wait string) {
		formats := []Format{s1Format(t), qwen3Format(t), pieces(t), format(t, "none", chatml(), "")}
		fm := formats[int(which)%len(formats)]
		all := []int32{'a', '\n', 0xE2, 256, 257, 258, 259, 1000, 1002, 1003, 1004, 1005, 1006, -1, 1 << 30}
		var tokens []trace.Token
		for _, b := range data[:min(len(data), 200)] {
			tokens = append(tokens, trace.Token{
				ID: all[int(b)%len(all)], Origin: trace.Origin(b >> 4 & 3), Phase: trace.Phase(b >> 6 & 3), Counted: b&1 > 0, Wished: b&8 > 0,
			})
		}
		presets := []string{"", PresetReadme, PresetHarness}
		b := trace.Budget{Cap: limit, Waits: waits, WaitText: wait, AnswerCap: -1, Preset: presets[int(which>>4)%3]}
		m, err := Replay(fm, b, Options{Context: 300}, tokens)
		if err != nil {
			return
		}
		end := fm.EOS[0]
		if len(fm.End) == 1 {
			end = fm.End[0]
		}
		r := &run{t: t, m: m, model: random{seed: 1, pEnd: 0.1, end: []int32{end}, ids: []int32{'a', 0xE2, '\n'}}}
		for _, tok := range tokens {
			r.history = append(r.history, tok.ID)
		}
		r.finish()
	})
}
