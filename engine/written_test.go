package engine_test

import (
	"math"
	"strings"
	"testing"

	"s1/engine/trace"
)

func TestAWrittenThoughtIsOneThatCanBeGoneOnFromAndClaimsNoProbability(t *testing.T) {
	t.Parallel()
	m := scripted(t, nil, 1000)
	asked := question(-1, 7)
	asked.Budget.Cap = -1
	run, saved, err := m.Written(asked, " spiders have eight </think> legs \n", "8")
	if err != nil {
		t.Fatal(err)
	}
	thought, answer, forced, counted := "", "", 0, 0
	for i, x := range saved.Tokens {
		if x.Index != i || x.Logprob == x.Logprob || x.Entropy == x.Entropy || x.EndProb == x.EndProb || !math.IsNaN(float64(x.Logprob)) {
			t.Errorf("token %d claims what nobody knows: %+v", i, x)
		}
		switch {
		case x.Origin == trace.OriginForced:
			forced++
		case x.Phase == trace.PhaseThinking:
			thought += string(x.Bytes)
		default:
			answer += string(x.Bytes)
		}
		if x.Counted {
			counted++
		}
	}
	r := saved.Receipt
	if thought != "spiders have eight </think> legs" || answer != "8" { // an end that is spelled in the text is prose
		t.Errorf("thought %q, answer %q", thought, answer)
	}
	if counted == 0 || r.ThinkingTokens != counted || r.Forced != forced || r.AnswerTokens != 1 || r.Injected != counted+1 || r.Outcome != "answered" || r.PromptTokens != len(run.PromptIDs) {
		t.Errorf("%d counted, %d forced; the receipt says %+v", counted, forced, r)
	}
	lives, err := m.Restore(run, []trace.Saved{saved})
	if err != nil || len(lives) != 1 {
		t.Fatal(err)
	}
	l, err := m.Branch(t.Context(), saved.Branch.ID, 4, trace.Budget{Cap: 20, WaitText: "Wait", AnswerCap: 10}, asked.Sampling)
	if err != nil {
		t.Fatal(err)
	}
	tokens, _ := end(t, l)
	if len(tokens) <= 4 || sameIDs(saved.Tokens[:4], tokens[:4]) != nil {
		t.Errorf("a branch from token 4 has %d tokens that begin otherwise", len(tokens))
	}
}

func TestWhatCannotBeWrittenIsRefusedInOneSentence(t *testing.T) {
	t.Parallel()
	m := scripted(t, nil, 100)
	for _, c := range []struct{ format, prompt, thought, answer, says string }{
		{"auto", " ", "a thought", "1", "the prompt is empty"},
		{"auto", "go", " ", "", "neither a thought nor an answer"},
		{"none", "go", "a thought", "1", "no form for a thought"},
		{"auto", "go", strings.Repeat("x", 200), "1", "has room for"},
	} {
		if _, _, err := m.Written(trace.Ask{Prompt: c.prompt, ThinkFormat: c.format}, c.thought, c.answer); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
