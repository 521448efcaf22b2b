package think

import (
	"strings"
	"testing"

	"s1/engine/trace"
)

// The pitfalls of facts/peers.md section 5 that belong to this layer, by their numbers.

func budget(limit int) trace.Budget { return trace.Budget{Cap: limit, AnswerCap: -1} }

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
