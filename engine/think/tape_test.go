package think

import (
	"slices"
	"strings"
	"testing"

	"s1/engine/trace"
)

// calculator is a vocabulary like the built-in reasoner's: digits and a few words, and no letters.
func calculator() *words {
	return &words{
		specials: []string{"<think>", "</think>", "<end>"}, eos: []string{"<end>"},
		list: []string{"Wait", " sure", " ok", "c8", "r8"}, lacks: "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ: ",
	}
}

func TestTapeThoughtsHaveNothingAroundTheirTags(t *testing.T) {
	t.Parallel()
	v := calculator()
	f := format(t, "auto", v, "3,+4<think>")
	if f.Name != "tape" || f.Open != nil || f.Newline != nil || f.Skip != nil || f.Retry != nil || !slices.Equal(f.Forced, f.Close) {
		t.Errorf("format %+v", f)
	}
	// A vocabulary with the same tags and letters of its own keeps the format of its kind.
	if g := format(t, "auto", qwen3(), prompt+"<think>"); g.Name != "think" {
		t.Errorf("auto takes %s for a chat model", g.Name)
	}
}

func TestTapeWaitIsOneTokenAndTheModelSaysWhatFollows(t *testing.T) {
	t.Parallel()
	v := calculator()
	f := format(t, "auto", v, "3,+4<think>")
	b := trace.Budget{Cap: -1, Waits: 2, WaitText: "Wait", AnswerCap: -1}
	start(t, f, b, Options{}, play(t, v, "+4=8\n</think>\n3+4=8? ok\n</think> sure\n</think>7<end>")).finish().
		want("+4=8\n{~Wait}\n3+4=8? ok\n{~Wait} sure\n</think>|7")
}

func TestATextThatTheVocabularyCannotWriteIsRefused(t *testing.T) {
	t.Parallel()
	v := calculator()
	f := format(t, "auto", v, "3,+4<think>")
	if _, err := New(f, trace.Budget{Cap: -1, WaitText: "Wait, no", AnswerCap: -1}, Options{Context: 100}); err == nil || !strings.Contains(err.Error(), `no tokens for all of "Wait, no"`) {
		t.Errorf("a Wait text with letters: %v", err)
	}
	r := start(t, f, budget(-1), Options{}, play(t, v, "+4=7\n</think>7<end>"))
	for _, c := range []trace.Command{{Kind: trace.CommandWait, Text: "Hmm"}, {Kind: trace.CommandInject, Text: "+4=a"}} {
		if _, err := r.m.Command(c); err == nil || !strings.Contains(err.Error(), "no tokens for all of") {
			t.Errorf("%v: %v", c, err)
		}
	}
	r.finish().want("+4=7\n</think>|7")
}
