package think

import (
	"slices"
	"strings"
	"testing"

	"s1/engine/trace"
)

// The pitfalls of facts/peers.md section 5 that belong to this layer, by their numbers.

func budget(limit int) trace.Budget { return trace.Budget{Cap: limit, AnswerCap: -1} }

func TestPitfall01TagsAreTheTokenizersOwnSpecials(t *testing.T) {
	t.Parallel()
	f := qwen3Format(t)
	v := qwen3()
	for _, p := range []struct {
		ids  []int32
		text string
	}{{f.Start, "<think>"}, {f.End, "</think>"}} {
		if id, _ := v.ID(p.text); !slices.Equal(p.ids, []int32{id}) {
			t.Errorf("%s is %v, the template's own id is %d", p.text, p.ids, id)
		}
	}
	// s1: one special, then prose; it ends a thought by the special alone.
	s := s1Format(t)
	if len(s.End) != 1 || len(s.Close) != 2 || s.Close[0] != s.End[0] {
		t.Errorf("s1 end %v, close %v", s.End, s.Close)
	}
	// A user who writes the tag writes prose.
	r := start(t, f, budget(-1), Options{}, play(t, v, "a</think>"))
	r.thought(1).command(trace.Command{Kind: trace.CommandInject, Text: "</think>"})
	r.finish()
	if n := r.m.Receipt().Injected; n != len("</think>") {
		t.Errorf("the tag went in as %d ids", n)
	}
}

func TestPitfall02OwnCloseBegunAtTheCapIsFinishedNotDoubled(t *testing.T) {
	t.Parallel()
	v := chatml()
	start(t, pieces(t), budget(4), Options{}, play(t, v, "ab</7<|im_end|>")).finish().want("[<t>]ab</[t>]|[\n]7")
}

func TestPitfall02MatcherFallsBackOnSelfOverlap(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		seq, in []int32
		want    []int // positions after which a match completes
	}{
		{[]int32{1, 1, 2}, []int32{1, 1, 1, 2}, []int{3}},
		{[]int32{1, 2, 1, 3}, []int32{1, 2, 1, 2, 1, 3}, []int{5}},
		{[]int32{1, 1, 1, 2, 1}, []int32{1, 1, 1, 1, 1, 2, 1, 1, 1, 2, 1}, []int{6}},
		{[]int32{5}, []int32{5, 4, 5}, []int{0, 2}},
		{nil, []int32{1}, nil},
	} {
		m := newMatcher(tc.seq)
		var got []int
		for i, id := range tc.in {
			if m.completes(id) {
				got = append(got, i)
			}
			m.push(id)
		}
		if !slices.Equal(got, tc.want) {
			t.Errorf("%v in %v completes at %v, want %v", tc.seq, tc.in, got, tc.want)
		}
	}
	start(t, pieces(t), budget(-1), Options{}, play(t, chatml(), "a<</t>7<|im_end|>")).finish().want("[<t>]a<</t>|7")
}

func TestPitfall03MissingTagsAreRefusedLoudly(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"tape", "think", "gpt-oss", "gemma", "mistral"} {
		_, err := ResolveFormat(name, chatml(), nil)
		if err == nil || !strings.Contains(err.Error(), "special token") {
			t.Errorf("%s on a tokenizer without its tags: %v", name, err)
		}
	}
	if _, err := ResolveFormat("thunk", chatml(), nil); err == nil || !strings.Contains(err.Error(), "auto, tape, think, gpt-oss, gemma, mistral, s1, none") {
		t.Errorf("unknown format: %v", err)
	}
}

func TestPitfall04OnlyTheEndOfThePromptSaysWhetherAThoughtIsOpen(t *testing.T) {
	t.Parallel()
	v := qwen3()
	old := "<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\n<think>\nx\n</think>\n\ny<|im_end|>\n"
	for _, tc := range []struct {
		name, prompt string
		open, closed bool
	}{
		{"open in the prompt", prompt + "<think>\n", true, false},
		{"open without a newline", prompt + "<think>", true, false},
		{"to be opened", prompt, false, false},
		{"old turns only", old + prompt, false, false},
		{"old turn, then open", old + prompt + "<think>\n", true, false},
		{"an unclosed old turn", prompt + "<think>\nhalf<|im_end|>\n" + prompt, false, false},
		{"the template's no-think form", prompt + "<think>\n\n</think>\n\n", false, true},
	} {
		f := format(t, "auto", v, tc.prompt)
		if f.Name != "think" || (len(f.Open) == 0 && !f.Closed) != tc.open || f.Closed != tc.closed {
			t.Errorf("%s: open %v closed %v name %s", tc.name, f.Open, f.Closed, f.Name)
		}
		if tc.closed {
			start(t, f, budget(-1), Options{}, play(t, v, "7<|im_end|>")).finish().want("|7")
			continue
		}
		rc := start(t, f, budget(-1), Options{}, play(t, v, "abc</think>7<|im_end|>")).finish().m.Receipt()
		if rc.ThinkingTokens != 3 {
			t.Errorf("%s: %d thinking tokens, want 3 (nothing of the prompt counts)", tc.name, rc.ThinkingTokens)
		}
	}
}

func TestPitfall05NewlineBeforeAForcedCloseOnlyWhenMissing(t *testing.T) {
	t.Parallel()
	v, q := chatml(), qwen3()
	start(t, s1Format(t), budget(2), Options{}, play(t, v, "ab7<|im_end|>")).finish().want("[<|im_start|>think]ab[\n<|im_start|>answer]|[\nFinal Answer:]7")
	start(t, s1Format(t), budget(2), Options{}, play(t, v, "a\n7<|im_end|>")).finish().want("[<|im_start|>think]a\n[<|im_start|>answer]|[\nFinal Answer:]7")
	start(t, qwen3Format(t), budget(2), Options{}, play(t, q, "ab7<|im_end|>")).finish().want("[<think>\n]ab[\n</think>]|[\n\n]7")
	start(t, qwen3Format(t), budget(2), Options{}, play(t, q, "a\n7<|im_end|>")).finish().want("[<think>\n]a\n[</think>]|[\n\n]7")
	// A natural close is never given a newline.
	start(t, s1Format(t), budget(-1), Options{}, play(t, v, "a<|im_start|>7<|im_end|>")).finish().want("[<|im_start|>think]a<|im_start|>[answer]|7")
}

func TestPitfall06NothingGoesInInsideACharacter(t *testing.T) {
	t.Parallel()
	v := chatml()
	euro := trace.Command{Kind: trace.CommandInject, Text: "Hmm"}
	r := start(t, s1Format(t), budget(-1), Options{}, play(t, v, "a€b<|im_start|>7<|im_end|>"))
	r.thought(2).command(euro) // one byte of three is out
	r.finish().want("[<|im_start|>think]a€{Hmm}b<|im_start|>[answer]|7")

	r = start(t, s1Format(t), budget(-1), Options{}, play(t, v, "a€b7<|im_end|>"))
	if note := r.thought(3).command(trace.Command{Kind: trace.CommandAnswerNow}); note == "" {
		t.Error("no word about the character that is finished first")
	}
	r.finish().want("[<|im_start|>think]a€[\n<|im_start|>answer]|[\nFinal Answer:]b7")

	// A model that never finishes its character cannot hold a command off for ever.
	r = start(t, s1Format(t), budget(-1), Options{}, play(t, v, "a\xE2\xE2\xE2\xE2\xE2\xE2\xE2\xE2\xE2"))
	r.thought(2).command(trace.Command{Kind: trace.CommandAnswerNow})
	r.until(func() bool { return !r.m.inThought() })
	if n := r.m.counted; n != 2+graceTokens {
		t.Errorf("closed after %d tokens, want %d", n, 2+graceTokens)
	}
}

func TestPitfall06ACharacterThatDoesNotFitUnderTheCapIsNotBegun(t *testing.T) {
	t.Parallel()
	v := chatml()
	for limit, want := range map[int]string{
		2: "[<|im_start|>think]a[\n<|im_start|>answer]|[\nFinal Answer:]7",
		3: "[<|im_start|>think]a[\n<|im_start|>answer]|[\nFinal Answer:]7",
		4: "[<|im_start|>think]a€[\n<|im_start|>answer]|[\nFinal Answer:]7",
	} {
		script := "a\xE2" + "7<|im_end|>"
		if limit == 4 {
			script = "a€7<|im_end|>"
		}
		rc := start(t, s1Format(t), budget(limit), Options{}, play(t, v, script)).finish().want(want).m.Receipt()
		if rc.Closed != trace.ClosedCap || rc.ThinkingTokens > limit {
			t.Errorf("cap %d: %+v", limit, rc)
		}
	}
}

func TestPitfall06ALoweredCapIsHardEvenInsideACharacter(t *testing.T) {
	t.Parallel()
	r := start(t, s1Format(t), budget(-1), Options{}, play(t, chatml(), "a€b"))
	r.thought(2).command(trace.Command{Kind: trace.CommandCap, N: 1})
	r.until(func() bool { return r.m.stage == answering })
	if r.m.counted != 2 {
		t.Errorf("%d thinking tokens, want the 2 already spent", r.m.counted)
	}
	if len(r.notices) != 1 || !strings.Contains(r.notices[0].Text, "inside a character") {
		t.Errorf("notices %v", r.notices)
	}
}

func TestPitfall07ForcedTokensKeepTrueLogprob(t *testing.T) {
	t.Parallel()
	r := start(t, s1Format(t), budget(2), Options{}, play(t, chatml(), "ab7<|im_end|>")).finish()
	at, ok := r.m.f.CloseAt(r.tokens)
	if !ok || at != 4 {
		t.Fatalf("close at %d, %v", at, ok)
	}
	var nats float32
	for _, tok := range r.tokens[at:] {
		if tok.Origin == trace.OriginForced {
			nats -= tok.Logprob
		}
	}
	rc := r.m.Receipt()
	if rc.CloseNats != nats || nats == 0 {
		t.Errorf("the close cost %v nats, its tokens %v", rc.CloseNats, nats)
	}
	if rc.EndProb != r.tokens[at].EndProb || rc.EndRank != r.tokens[at].EndRank || rc.EndRank == 0 {
		t.Errorf("end prob %v rank %d, at the close %v and %d", rc.EndProb, rc.EndRank, r.tokens[at].EndProb, r.tokens[at].EndRank)
	}
	if n := start(t, s1Format(t), budget(-1), Options{}, play(t, chatml(), "ab<|im_start|>7<|im_end|>")).finish().m.Receipt().CloseNats; n != 0 {
		t.Errorf("a natural close cost %v nats", n)
	}
}

func TestPitfall08NothingIsTokenisedAgainAtAJoin(t *testing.T) {
	t.Parallel()
	// "thinkWait" and ".Wait" would be other ids than their parts in many vocabularies; here only whole ids go in.
	b := trace.Budget{Cap: -1, Waits: 1, WaitText: "Wait", AnswerCap: -1}
	r := start(t, s1Format(t), b, Options{}, play(t, chatml(), "a.<|im_start|>b<|im_start|>7<|im_end|>")).finish()
	want := slices.Concat(ids(t, chatml(), "<|im_start|>think"), []int32{'a', '.'}, ids(t, chatml(), "Wait"), []int32{'b'}, ids(t, chatml(), "<|im_start|>answer"), []int32{'7'})
	if !slices.Equal(r.history, want) {
		t.Errorf("got %v, want %v", r.history, want)
	}
}

func TestPitfall11TagsAreMaskedAfterAForcedClose(t *testing.T) {
	t.Parallel()
	for _, f := range []Format{s1Format(t), qwen3Format(t)} {
		r := start(t, f, budget(1), Options{}, play(t, f.vocab, "a<|im_start|>7<|im_end|>"))
		r.until(func() bool { return r.m.stage == answering })
		seen := 0
		for r.m.stage != ended {
			if a := r.m.Next(); a.Kind == Sample {
				seen++
				for _, id := range []int32{f.Start[0], f.End[0]} {
					if !slices.Contains(a.Mask, id) {
						t.Errorf("%s: %d is not masked by %v", f.Name, id, a.Mask)
					}
				}
			}
			r.step()
		}
		if seen == 0 {
			t.Error("nothing was sampled")
		}
	}
	// Tags of several ids: what would complete one is masked, and only then.
	r := start(t, pieces(t), budget(1), Options{}, play(t, chatml(), "a<t/t>7<|im_end|>")).finish()
	if got := r.shape(); got != "[<t>]a[\n</t>]|[\n]<t/t>7" {
		t.Errorf("got %q", got)
	}
	r = start(t, pieces(t), budget(1), Options{}, play(t, chatml(), "a<t>7<|im_end|>")).finish()
	if got := r.shape(); got != "[<t>]a[\n</t>]|[\n]<t7" {
		t.Errorf("got %q", got)
	}
}

func TestPitfall12ReopenedThoughtGetsNoBudgetAndIsNoted(t *testing.T) {
	t.Parallel()
	r := start(t, qwen3Format(t), budget(-1), Options{}, play(t, qwen3(), "a</think>x<think><think>7<|im_end|>")).finish().
		want("[<think>\n]a</think>|x~7")
	if rc := r.m.Receipt(); !rc.Reentered || rc.ThinkingTokens != 1 {
		t.Errorf("receipt %+v", rc)
	}
	if len(r.notices) != 1 {
		t.Errorf("notices %v", r.notices)
	}
	if rc := start(t, qwen3Format(t), budget(-1), Options{}, play(t, qwen3(), "a</think>7<|im_end|>")).finish().m.Receipt(); rc.Reentered {
		t.Error("re-entered without cause")
	}
}

func TestPitfall13EmptyAnswerIsRetriedOnce(t *testing.T) {
	t.Parallel()
	v := chatml()
	r := start(t, s1Format(t), budget(-1), Options{}, play(t, v, "a<|im_start|>\n<|im_end|>7<|im_end|>")).finish().
		want("[<|im_start|>think]a<|im_start|>[answer]|\n[Final Answer:]7")
	if rc := r.m.Receipt(); !rc.Retried || rc.Outcome != "answered" {
		t.Errorf("receipt %+v", rc)
	}
	r = start(t, s1Format(t), budget(-1), Options{}, play(t, v, "a<|im_start|><|im_end|><|im_end|>")).finish().
		want("[<|im_start|>think]a<|im_start|>[answer]|[\nFinal Answer:]")
	if rc := r.m.Receipt(); !rc.Retried || rc.Outcome != "empty" {
		t.Errorf("receipt %+v", rc)
	}
	// An empty thought is no trouble either (the s1 code indexes its last character).
	start(t, s1Format(t), budget(0), Options{}, play(t, v, "7<|im_end|>")).finish().
		want("[<|im_start|>think\n<|im_start|>answer]|[\nFinal Answer:]7")
}

func TestPitfall13CapAndReserveMustFitTheContext(t *testing.T) {
	t.Parallel()
	_, err := New(s1Format(t), trace.Budget{Cap: 90, AnswerCap: 20}, Options{Context: 100})
	if err == nil || !strings.Contains(err.Error(), "cap 90 + 9 for its opening and close + answer reserve 20 = 119 tokens do not fit the 100 positions") {
		t.Errorf("got %v", err)
	}
	r := start(t, s1Format(t), trace.Budget{Cap: 20, AnswerCap: 20}, Options{Context: 100}, play(t, chatml(), "a"))
	if _, err := r.m.Command(trace.Command{Kind: trace.CommandCap, N: 90}); err == nil || !strings.Contains(err.Error(), "119") {
		t.Errorf("raising the cap past the context: %v", err)
	}
	if r.m.Budget().Cap != 20 {
		t.Errorf("a refused cap stayed: %d", r.m.Budget().Cap)
	}
}

func TestPitfall13ContextEndClosesAndLeavesTheReserve(t *testing.T) {
	t.Parallel()
	f := s1Format(t)
	md := random{seed: 3, pEnd: 1e-9, end: f.End, ids: []int32{'a'}}
	r := start(t, f, trace.Budget{Cap: -1, AnswerCap: 20}, Options{Context: 100}, md).finish()
	r.check()
	rc := r.m.Receipt()
	if rc.Closed != trace.ClosedContext || rc.ThinkingTokens != 100-9-20 || rc.AnswerTokens != 20 || rc.Outcome != "cut" {
		t.Errorf("receipt %+v", rc)
	}
}

func TestPitfall14CapZeroIsNoThinkingAndMinusOneIsNoCap(t *testing.T) {
	t.Parallel()
	q := qwen3()
	for _, tc := range []struct{ prompt, want string }{
		{prompt, "[<think>\n\n</think>\n\n]|7"},      // Qwen3's own no-think form
		{prompt + "<think>\n", "[\n</think>\n\n]|7"}, // R1: the prompt has opened the thought
		{prompt + "<think>", "[\n\n</think>\n\n]|7"}, // the newline is not lost at budget 0
	} {
		rc := start(t, format(t, "think", q, tc.prompt), budget(0), Options{}, play(t, q, "7<|im_end|>")).finish().want(tc.want).m.Receipt()
		if rc.ThinkingTokens != 0 || rc.Closed != trace.ClosedCap || rc.CloseNats <= 0 || rc.EndRank == 0 {
			t.Errorf("%q: receipt %+v", tc.prompt, rc)
		}
	}
	long := strings.Repeat("a", 5000)
	if rc := start(t, qwen3Format(t), budget(-1), Options{}, play(t, q, long+"</think>7<|im_end|>")).finish().m.Receipt(); rc.ThinkingTokens != 5000 {
		t.Errorf("without a cap: %+v", rc)
	}
	if _, err := New(s1Format(t), budget(-2), Options{Context: 100}); err == nil {
		t.Error("cap -2 was taken")
	}
}

func TestPitfall15TheHardLimitDependsOnNothingSoft(t *testing.T) {
	t.Parallel()
	// Everything soft at once: a landing that never comes, Waits, injected text, a loop that is only reported.
	b := trace.Budget{Cap: 40, Waits: 9, WaitText: "Wait", AnswerCap: 5}
	r := start(t, s1Format(t), b, Options{SoftLanding: 10}, play(t, chatml(), strings.Repeat("ab<|im_start|>", 40)))
	r.thought(3).command(trace.Command{Kind: trace.CommandInject, Text: "so on"})
	r.finish().check()
	if rc := r.m.Receipt(); rc.ThinkingTokens > 40 || rc.Outcome != "cut" {
		t.Errorf("receipt %+v", rc)
	}
}

func TestPitfall16LoopIsReportedNotActedOnUnlessTold(t *testing.T) {
	t.Parallel()
	script := strings.Repeat("abcde", 40) + "<|im_start|>7<|im_end|>"
	r := start(t, s1Format(t), budget(-1), Options{}, play(t, chatml(), script)).finish()
	if rc := r.m.Receipt(); rc.Closed != trace.ClosedNatural || rc.ThinkingTokens != 200 {
		t.Errorf("unasked: %+v", rc)
	}
	if len(r.notices) != 1 || !r.notices[0].Loop || !strings.Contains(r.notices[0].Text, "15 tokens repeat: 3 times the same 5") {
		t.Errorf("notices %v", r.notices)
	}
	r = start(t, s1Format(t), budget(-1), Options{OnLoop: LoopClose}, play(t, chatml(), script)).until(func() bool { return true })
	r.until(func() bool { return !r.m.inThought() })
	if r.m.closed != trace.ClosedLoop || r.m.counted != 16 {
		t.Errorf("told to: closed %s after %d", r.m.closed, r.m.counted)
	}
	if r := start(t, s1Format(t), budget(-1), Options{NoLoopGuard: true}, play(t, chatml(), script)).finish(); len(r.notices) != 0 {
		t.Errorf("guard off: %v", r.notices)
	}
}

func TestPitfall16NearIdenticalSentencesAreALoop(t *testing.T) {
	t.Parallel()
	s := "Wait, let me check the sum of these two numbers again. "
	other := "So I will now look at something else entirely here. "
	script := s + other + strings.ToUpper(s) + "And that gives us the very last of all cases. " + s
	r := start(t, s1Format(t), budget(-1), Options{}, play(t, chatml(), script+"<|im_start|>7<|im_end|>")).finish()
	if len(r.notices) != 1 || !r.notices[0].Loop || !strings.Contains(r.notices[0].Text, "same sentence") {
		t.Errorf("notices %v", r.notices)
	}
	r = start(t, s1Format(t), budget(-1), Options{}, play(t, chatml(), s+other+s+"<|im_start|>7<|im_end|>")).finish()
	if len(r.notices) != 0 {
		t.Errorf("two are no loop: %v", r.notices)
	}
}

func TestPitfall16WaitsAreLimitedAndQuickEndsReported(t *testing.T) {
	t.Parallel()
	b := trace.Budget{Cap: -1, Waits: 3, WaitText: "Wait", AnswerCap: -1}
	script := "abcdefghij" + strings.Repeat("<|im_start|>x", 6) + "<|im_end|>"
	r := start(t, s1Format(t), b, Options{}, play(t, chatml(), script)).finish()
	if rc := r.m.Receipt(); rc.WaitsDone != 3 || rc.WaitsAsked != 3 {
		t.Errorf("receipt %+v", rc)
	}
	if len(r.notices) == 0 || !r.notices[0].Loop || !strings.Contains(r.notices[0].Text, "after each Wait") {
		t.Errorf("notices %v", r.notices)
	}
	r = start(t, s1Format(t), b, Options{OnLoop: LoopClose}, play(t, chatml(), script)).finish()
	if rc := r.m.Receipt(); rc.WaitsDone != 2 || rc.Closed != trace.ClosedNatural {
		t.Errorf("told to stop: %+v", rc)
	}
}

func TestPitfall18WaitTextsSpeakInTheFirstPerson(t *testing.T) {
	t.Parallel()
	for _, s := range WaitTexts() {
		if low := " " + strings.ToLower(s) + " "; s == "" || strings.Contains(low, " you ") || strings.Contains(low, "the model") {
			t.Errorf("%q speaks to the model", s)
		}
	}
}

func TestPitfall21SoftLandingEndsAtABoundaryBeforeTheCap(t *testing.T) {
	t.Parallel()
	v := chatml()
	for _, tc := range []struct {
		name, script, want string
		limit, soft        int
	}{
		{"off", "ab. cdef", "ab. cdef[\n", 8, 0},
		{"sentence", "ab. cdef", "ab. cd.[\n", 9, 3},
		{"too early to count", "ab. cdef", "ab. cdef[\n", 8, 4},
		{"not inside maths", "a $x. y", "a $x. y[\n", 7, 3},
		{"not inside code", "```a.\nb", "```a.\nb[\n", 7, 3},
		{"after the code", "```a```.b", "```a```.[\n", 9, 3},
	} {
		script := tc.script
		if tc.name == "sentence" {
			script = "ab. cd.ef"
		}
		r := start(t, s1Format(t), budget(tc.limit), Options{SoftLanding: tc.soft}, play(t, v, script+"7")).until(func() bool { return true })
		r.until(func() bool { return r.m.stage == answering })
		got := strings.TrimPrefix(r.shape(), "[<|im_start|>think]")
		if !strings.HasPrefix(got, tc.want) || r.m.counted > tc.limit || r.m.closed != trace.ClosedCap {
			t.Errorf("%s: got %q, want %q...", tc.name, got, tc.want)
		}
	}
	r := start(t, s1Format(t), budget(4), Options{}, play(t, v, "a $x")).finish()
	if len(r.notices) == 0 || !strings.Contains(r.notices[0].Text, "leaves a formula open") {
		t.Errorf("notices %v", r.notices)
	}
}

func harmony() *words {
	return &words{
		specials: []string{"<|start|>", "<|end|>", "<|channel|>", "<|message|>", "<|return|>"}, eos: []string{"<|return|>"},
		list: []string{"analysis", "assistant", "final"},
	}
}

func TestPitfall22TableOfFormats(t *testing.T) {
	t.Parallel()
	gemma := &words{specials: []string{"<|channel>", "<channel|>", "<turn|>"}, eos: []string{"<turn|>"}, list: []string{"thought"}}
	mistral := &words{specials: []string{"[THINK]", "[/THINK]", "</s>"}, eos: []string{"</s>"}}
	for _, tc := range []struct {
		v                          *words
		prompt, name, end          string
		natural, forced, noThought string
	}{
		{chatml(), prompt, "s1", "<|im_start|>", "[<|im_start|>think]ab<|im_start|>[answer]|7", "[<|im_start|>think]a[\n<|im_start|>answer]|[\nFinal Answer:]7", "[<|im_start|>think\n<|im_start|>answer]|[\nFinal Answer:]7"},
		{qwen3(), prompt, "think", "</think>", "[<think>\n]ab</think>|7", "[<think>\n]a[\n</think>]|[\n\n]7", "[<think>\n\n</think>\n\n]|7"},
		{qwen3(), prompt + "<think>\n", "think", "</think>", "ab</think>|7", "a[\n</think>]|[\n\n]7", "[\n</think>\n\n]|7"},
		{calculator(), "7<think>", "tape", "</think>", "12</think>|7", "1[</think>]|7", "[</think>]|7"},
		{gemma, "q", "gemma", "<channel|>", "[<|channel>thought\n]ab<channel|>|7", "[<|channel>thought\n]a[\n<channel|>]|7", "[<|channel>thought\n<channel|>]|7"},
		{mistral, "q", "mistral", "[/THINK]", "[[THINK]]ab[/THINK]|7", "[[THINK]]a[[/THINK]]|7", "[[THINK][/THINK]]|7"},
		{harmony(), "<|start|>assistant", "gpt-oss", "<|end|>", "[<|channel|>analysis<|message|>]ab<|end|>[<|start|>assistant<|channel|>final<|message|>]|7", "[<|channel|>analysis<|message|>]a[<|end|><|start|>assistant<|channel|>final<|message|>]|7", "[<|channel|>final<|message|>]|7"},
	} {
		f := format(t, "auto", tc.v, tc.prompt)
		if f.Name != tc.name {
			t.Errorf("auto takes %s, want %s", f.Name, tc.name)
		}
		if id, _ := tc.v.ID(tc.end); f.EndID() != id {
			t.Errorf("%s: EndID %d, want %d", tc.name, f.EndID(), id)
		}
		eos := tc.v.eos[0]
		one, two := "a", "b"
		if tc.name == "tape" {
			one, two = "1", "2"
		}
		start(t, f, budget(-1), Options{}, play(t, tc.v, one+two+tc.end+"7"+eos)).finish().want(tc.natural)
		start(t, f, budget(1), Options{}, play(t, tc.v, one+"7"+eos)).finish().want(tc.forced)
		start(t, f, budget(0), Options{}, play(t, tc.v, "7"+eos)).finish().want(tc.noThought)
	}
}

func TestPitfall23HarmonyCloseGoesOnToTheFinalChannel(t *testing.T) {
	t.Parallel()
	v := harmony()
	f := format(t, "gpt-oss", v, "<|start|>assistant")
	rc := start(t, f, budget(1), Options{}, play(t, v, "a7<|end|>")).finish().want("[<|channel|>analysis<|message|>]a[<|end|><|start|>assistant<|channel|>final<|message|>]|7").m.Receipt()
	if rc.Outcome != "answered" { // <|end|> closes the answer, though it is also the end of a thought
		t.Errorf("receipt %+v", rc)
	}
}

func TestPitfall24S1IsOpenedForTheModel(t *testing.T) {
	t.Parallel()
	r := start(t, s1Format(t), budget(-1), Options{}, play(t, chatml(), "a"))
	if a := r.m.Next(); a.Kind != Feed || a.ID != r.m.f.Open[0] || a.Origin != trace.OriginForced || a.Counted {
		t.Errorf("first action %+v", a)
	}
}

func TestPitfall25EndOfTurnInsideAThoughtIsOnlyAWish(t *testing.T) {
	t.Parallel()
	r := start(t, s1Format(t), budget(-1), Options{}, play(t, chatml(), "a<|im_end|>7<|im_end|>")).finish().
		want("[<|im_start|>think]a[~<|im_start|>answer]|7")
	if rc := r.m.Receipt(); rc.Closed != trace.ClosedNatural || rc.Outcome != "answered" || rc.EndRank == 0 {
		t.Errorf("receipt %+v", rc)
	}
	b := trace.Budget{Cap: -1, Waits: 1, WaitText: "Wait", AnswerCap: -1}
	start(t, s1Format(t), b, Options{}, play(t, chatml(), "a<|im_end|>b<|im_start|>7<|im_end|>")).finish().
		want("[<|im_start|>think]a{~Wait}b<|im_start|>[answer]|7")
}

func TestPitfall26StoppedInsideTheThoughtIsThoughtNotAnswer(t *testing.T) {
	t.Parallel()
	r := start(t, s1Format(t), budget(-1), Options{}, play(t, chatml(), "abc"))
	r.thought(3).command(trace.Command{Kind: trace.CommandStop})
	rc := r.finish().want("[<|im_start|>think]abc").m.Receipt()
	if rc.Closed != trace.ClosedStopped || rc.Outcome != "stopped" || rc.AnswerTokens != 0 {
		t.Errorf("receipt %+v", rc)
	}
}

func TestPitfall27CountsByIDAndSeparately(t *testing.T) {
	t.Parallel()
	b := trace.Budget{Cap: 9, Waits: 1, WaitText: "Wait, no", AnswerCap: -1}
	rc := start(t, s1Format(t), b, Options{}, play(t, chatml(), "ab<|im_start|>cde7<|im_end|>")).finish().
		want("[<|im_start|>think]ab{~Wait, no}cd[\n<|im_start|>answer]|[\nFinal Answer:]e7").m.Receipt()
	// "Wait" is one id, ", no" four; the opening is two, the close seven.
	if rc.ThinkingTokens != 9 || rc.Injected != 5 || rc.Forced != 9 || rc.AnswerTokens != 2 {
		t.Errorf("receipt %+v", rc)
	}
}

func TestPitfall28OneTotalOverAllWaitRounds(t *testing.T) {
	t.Parallel()
	b := trace.Budget{Cap: 6, Waits: 3, WaitText: "Wait", AnswerCap: -1}
	rc := start(t, s1Format(t), b, Options{}, play(t, chatml(), "aa<|im_start|>bb<|im_start|>7<|im_end|>")).finish().
		want("[<|im_start|>think]aa{~Wait}bb[~\n<|im_start|>answer]|[\nFinal Answer:]7").m.Receipt()
	// The second Wait would be the sixth token, with nothing after it: the cap closes instead.
	if rc.ThinkingTokens != 5 || rc.WaitsDone != 1 || rc.Closed != trace.ClosedCap {
		t.Errorf("receipt %+v", rc)
	}
}

func TestPitfall29OutcomesAreToldApart(t *testing.T) {
	t.Parallel()
	for script, want := range map[string]string{
		"a<|im_start|>7<|im_end|>":              "answered",
		"a<|im_start|> \n<|im_end|> <|im_end|>": "empty",
		"a<|im_start|>1234567":                  "cut",
	} {
		b := trace.Budget{Cap: -1, AnswerCap: 5}
		if got := start(t, s1Format(t), b, Options{}, play(t, chatml(), script)).finish().m.Receipt().Outcome; got != want {
			t.Errorf("%q: %s, want %s", script, got, want)
		}
	}
}

func TestPitfall32ForkKeepsMatcherAndUnfinishedCharacter(t *testing.T) {
	t.Parallel()
	v := chatml()
	script := play(t, v, "a\xE2\x82\xAC</t>7<|im_end|>")
	r := start(t, pieces(t), budget(-1), Options{}, script)
	r.thought(6) // inside the close
	c, err := r.cutOff(len(r.tokens), r.m.Budget(), r.m.o)
	if err != nil {
		t.Fatal(err)
	}
	clone := r.m.Clone()
	for name, m := range map[string]*Machine{"replay": c.m, "clone": clone} {
		if m.end.n != r.m.end.n || m.end.n == 0 || m.text != r.m.text {
			t.Errorf("%s: matcher %d text %+v, want %d %+v", name, m.end.n, m.text, r.m.end.n, r.m.text)
		}
	}
	r2 := start(t, pieces(t), budget(-1), Options{}, play(t, v, "a\xE2\x82"))
	r2.thought(3)
	if got := r2.m.Clone().text.missing(); got != 1 {
		t.Errorf("%d bytes missing, want 1", got)
	}
}

func TestPitfall33ABudgetThatIsOffMasksNothing(t *testing.T) {
	t.Parallel()
	r := start(t, s1Format(t), budget(-1), Options{}, play(t, chatml(), "abc<|im_start|>7<|im_end|>"))
	r.before = func(r *run) {
		if a := r.m.Next(); len(a.Mask) > 0 {
			t.Errorf("mask %v", a.Mask)
		}
	}
	r.finish()
}

// Budget: 1 microsecond a token, against milliseconds of the smallest model's step.
func BenchmarkToken(b *testing.B) {
	f := s1Format(b)
	m, err := New(f, trace.Budget{Cap: -1, AnswerCap: -1}, Options{Context: 1 << 40})
	if err != nil {
		b.Fatal(err)
	}
	for m.Next().Kind == Feed {
		m.Fed(Signals{})
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		_ = m.Next()
		m.Took(int32('a'+(i*i+i/7)%26), Signals{})
	}
}
