package think

import (
	"strings"
	"testing"

	"s1/engine/trace"
)

// The pitfalls of what a cap counts, and of where it may close.

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
