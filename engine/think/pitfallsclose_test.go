package think

import (
	"slices"
	"strings"
	"testing"

	"s1/engine/trace"
)

// The pitfalls of closing a thought: what is fed, where it may stand, and what must not follow it.

func TestPitfall02OwnCloseBegunAtTheCapIsFinishedNotDoubled(t *testing.T) {
	t.Parallel()
	v := chatml()
	start(t, pieces(t), budget(4), Options{}, play(t, v, "ab</7<|im_end|>")).finish().want("[<t>]ab</[t>]|[\n]7")
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
