package schedule

import (
	"context"
	"strings"
	"testing"

	"s1/engine/enginetest"
	"s1/engine/trace"
	"s1/kernels"
)

func TestPagesOfEndedBranchesAreTakenWhenTheyAreNeeded(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{context: 640, pages: 10})
	b := trace.Budget{Cap: 100, AnswerCap: 20}
	spec := r.spec(strings.Repeat("first ", 30), b, trace.Sampling{Temperature: 1, Seed: 1})
	want, _ := r.end(r.start(spec))
	for i := range 5 {
		if _, end := r.end(r.start(r.spec(strings.Repeat("other ", 40+i), b, trace.Sampling{Temperature: 1}))); end.Err != nil {
			t.Fatal(end.Err)
		}
	}
	if used := r.used(); used > 10 {
		t.Errorf("%d pages used of 10", used)
	}
	spec.Tokens = want[:len(want)/2] // its pages are gone: it reads again and goes on the same
	got, end := r.end(r.start(spec))
	if err := same(want, got); err != nil || end.Err != nil {
		t.Errorf("after eviction: %v, %v", err, end.Err)
	}
}

func TestWhenMemoryIsFullTheYoungestWaitsAndNothingIsLost(t *testing.T) {
	t.Parallel()
	b := trace.Budget{Cap: 250, Waits: 200, WaitText: "Wait", AnswerCap: 40}
	sampling := func(i int) trace.Sampling { return trace.Sampling{Temperature: 1, Seed: uint64(i)} }
	prompt := func(i int) string { return strings.Repeat("question ", 5+i) }
	wide := newRig(t, rigOptions{context: 640, pages: 400})
	tight := newRig(t, rigOptions{context: 640, pages: 10})
	var all []*Live
	const n = 6
	for i := range n {
		all = append(all, tight.start(tight.spec(prompt(i), b, sampling(i))))
	}
	waited := 0
	for i, l := range all {
		want, _ := wide.end(wide.start(wide.spec(prompt(i), b, sampling(i))))
		got, end := tight.end(l)
		if err := same(want, got); err != nil || end.Err != nil {
			t.Errorf("branch %d: %v, %v", i, err, end.Err)
		}
		events, _ := l.Log().Since(0)
		for _, e := range events {
			if e.Kind == trace.EventNotice && strings.Contains(e.Notice, "memory") {
				waited++
			}
		}
	}
	if waited == 0 {
		t.Error("nobody had to wait: the test is too small")
	}
}

func TestABranchWaitsForMemoryThatAPacedOneHolds(t *testing.T) {
	t.Parallel()
	clock := enginetest.NewClock()
	r := newRig(t, rigOptions{script: endless(enginetest.NewVocab()), context: 640, pages: 10, clock: clock})
	spec := r.spec(strings.Repeat("x", 500), trace.Budget{Cap: 50, AnswerCap: 2}, trace.Sampling{})
	spec.Pace = 1
	paced := r.start(spec)
	clock.AwaitTimer()
	second := r.start(r.spec(strings.Repeat("y", 200), trace.Budget{Cap: 5, AnswerCap: 2}, trace.Sampling{}))
	r.until(second, "notice", func(e trace.Event) bool { return e.Kind == trace.EventNotice && strings.Contains(e.Notice, "waits") })
	paced.Send(trace.Command{Kind: trace.CommandStop})
	if _, end := r.end(second); end.Err != nil || end.Receipt.ThinkingTokens != 5 {
		t.Errorf("end %+v", end)
	}
}

func TestAPausedBranchGivesItsPagesToOneThatRuns(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{context: 640, pages: 10})
	b := trace.Budget{Cap: 200, AnswerCap: 20}
	spec := r.spec(strings.Repeat("paused ", 50), b, trace.Sampling{Temperature: 1, Seed: 3})
	want, _ := newRig(t, rigOptions{context: 640, pages: 10}).run(spec)
	spec.First = []trace.Command{{Kind: trace.CommandPause}}
	l := r.start(spec)
	for range 5 {
		l.Send(trace.Command{Kind: trace.CommandStep})
	}
	r.until(l, "fifth token", func(e trace.Event) bool { return isToken(e) && e.Token.Index == 4 })
	if _, end := r.end(r.start(r.spec(strings.Repeat("running ", 40), b, trace.Sampling{Temperature: 1}))); end.Err != nil {
		t.Fatal(end.Err)
	}
	l.Send(trace.Command{Kind: trace.CommandResume})
	got, _ := r.end(l)
	if err := same(want, got); err != nil {
		t.Error(err)
	}
}

func (r *rig) run(spec Spec) ([]trace.Token, trace.Event) { return r.end(r.start(spec)) }

func TestALongPromptDelaysRunningBranchesByNoMoreThanASmallChunk(t *testing.T) {
	t.Parallel()
	most, mixed := 0, 0
	r := newRig(t, rigOptions{context: 9000, pages: 1000, maxRows: 512, before: func(_ context.Context, b *kernels.Batch) error {
		if len(b.Tables) > 1 {
			most = max(most, len(b.Tokens))
			mixed++
		}
		return nil
	}})
	first := r.spec(question, trace.Budget{Cap: -1, AnswerCap: -1}, trace.Sampling{})
	first.First = []trace.Command{{Kind: trace.CommandPause}}
	a := r.start(first)
	r.until(a, "pause", inState(trace.StatePaused))
	long := r.start(r.spec(strings.Repeat("a long question ", 300), trace.Budget{Cap: 0, AnswerCap: 2}, trace.Sampling{}))
	a.Send(trace.Command{Kind: trace.CommandResume})
	r.end(long)
	a.Send(trace.Command{Kind: trace.CommandStop})
	r.end(a)
	r.s.Close()
	if mixed == 0 || most > mixedChunk+maxAhead+1 {
		t.Errorf("%d mixed steps of up to %d rows", mixed, most)
	}
}

func TestWhatCannotRunIsRefusedWithItsNumbers(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{context: 64})
	for _, c := range []struct {
		spec Spec
		want string
	}{
		{r.spec(strings.Repeat("x", 64), trace.Budget{Cap: -1, AnswerCap: 1}, trace.Sampling{}), "prompt has 64 tokens and the context 64"},
		{r.spec("x", trace.Budget{Cap: 1000, AnswerCap: 1}, trace.Sampling{}), "1000"},
		{r.spec("x", trace.Budget{Cap: 1, AnswerCap: 1}, trace.Sampling{TopK: -5}), "top-k -5"},
		{Spec{}, "no tokens"},
		{Spec{Prompt: []int32{1, 99999}}, "99999"},
	} {
		if _, err := r.s.Start(t.Context(), c.spec); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want it to say %q", err, c.want)
		}
	}
	if _, err := New(Options{Model: r.model, Vocab: 10, Context: 1000, Pages: 3}); err == nil || !strings.Contains(err.Error(), "16 pages") {
		t.Errorf("3 pages for 1000 positions: %v", err)
	}
}
