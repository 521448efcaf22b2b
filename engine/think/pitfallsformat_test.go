package think

import (
	"slices"
	"strings"
	"testing"

	"s1/engine/trace"
)

// The pitfalls of what opens and closes a thought, and of how it is found.

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
