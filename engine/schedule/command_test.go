package schedule

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"s1/engine/enginetest"
	"s1/engine/trace"
	"s1/kernels"
)

func isToken(e trace.Event) bool { return e.Kind == trace.EventToken }

func inState(s trace.State) func(trace.Event) bool {
	return func(e trace.Event) bool { return e.Kind == trace.EventState && e.State == s }
}

// endless never wants to end a thought or a turn.
func endless(v *enginetest.Vocab) enginetest.Script {
	return func(history []int32) map[int32]float32 {
		return map[int32]float32{int32('a' + len(history)%26): 5, v.Special(enginetest.ThinkClose): -3}
	}
}

func TestACommandDuringAStepGoesBeforeTheTokenThatTheStepAllows(t *testing.T) {
	t.Parallel()
	v := enginetest.NewVocab()
	inStep, goOn := make(chan struct{}), make(chan struct{})
	var steps atomic.Int64
	r := newRig(t, rigOptions{script: endless(v), before: func(context.Context, *kernels.Batch) error {
		if steps.Add(1) == 5 {
			close(inStep)
			<-goOn
		}
		return nil
	}})
	l := r.start(r.spec(question, trace.Budget{Cap: 500, AnswerCap: 2}, trace.Sampling{}))
	<-inStep
	events, _ := l.Log().Since(0)
	before := len(tokensOf(events))
	l.Send(trace.Command{Kind: trace.CommandAnswerNow})
	close(goOn)
	tokens, end := r.end(l)
	if tokens[before].Origin != trace.OriginForced || end.Receipt.Closed != trace.ClosedAnswerNow {
		t.Errorf("after the command came %+v; closed %s", tokens[before], end.Receipt.Closed)
	}
}

func TestACommandOvertakesIdsThatAreJustBeingFed(t *testing.T) {
	t.Parallel()
	script := enginetest.Random(enginetest.NewVocab(), 1)
	inStep, goOn := make(chan struct{}), make(chan struct{})
	var once atomic.Bool
	r := newRig(t, rigOptions{script: script, before: func(_ context.Context, b *kernels.Batch) error {
		if len(b.Out) > 8 && once.CompareAndSwap(false, true) { // the injected text
			close(inStep)
			<-goOn
		}
		return nil
	}})
	spec := r.spec(question, trace.Budget{Cap: 100, AnswerCap: 5}, trace.Sampling{})
	spec.First = []trace.Command{{Kind: trace.CommandInject, Text: "0123456789"}}
	l := r.start(spec)
	<-inStep
	l.Send(trace.Command{Kind: trace.CommandAnswerNow})
	close(goOn)
	tokens, end := r.end(l)
	if end.Receipt.Closed != trace.ClosedAnswerNow || end.Receipt.Injected != 0 {
		t.Errorf("%q: %+v", text(tokens), end.Receipt)
	}
	// What was fed ahead and taken back left nothing behind in the model.
	history := append([]int32(nil), spec.Prompt...)
	for _, tok := range tokens {
		logits := script(history)
		l, named := logits[tok.ID]
		if !named {
			l = enginetest.Floor
		}
		if want := l - lse(logits, r.v.Size()); diff(tok.Logprob, want) > 1e-3 {
			t.Errorf("token %d (%s): logprob %v, want %v", tok.Index, tok.Bytes, tok.Logprob, want)
		}
		history = append(history, tok.ID)
	}
}

func TestPauseStepResumeStop(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{script: endless(enginetest.NewVocab()), context: 100000, pages: 2000})
	spec := r.spec(question, trace.Budget{Cap: -1, AnswerCap: 2}, trace.Sampling{})
	spec.First = []trace.Command{{Kind: trace.CommandPause}}
	l := r.start(spec)
	r.until(l, "pause", inState(trace.StatePaused))
	steps := r.model.Steps()
	for want := 1; want <= 3; want++ {
		l.Send(trace.Command{Kind: trace.CommandStep})
		r.until(l, "token", func(e trace.Event) bool { return isToken(e) && e.Token.Index == want-1 })
	}
	l.Send(trace.Command{Kind: trace.CommandInject, Text: "Wait"})
	if used := r.used(); used == 0 { // also: everything sent before has been seen
		t.Error("a paused branch holds no pages")
	}
	events, _ := l.Log().Since(0)
	if n := len(tokensOf(events)); n != 3 {
		t.Errorf("%d tokens after 3 single steps", n)
	}
	if got := r.model.Steps() - steps; got > 3 {
		t.Errorf("%d model steps for 3 single steps", got)
	}
	l.Send(trace.Command{Kind: trace.CommandResume})
	r.until(l, "injected token", func(e trace.Event) bool {
		return isToken(e) && e.Token.Origin == trace.OriginInjected && string(e.Token.Bytes) == "Wait"
	})
	l.Send(trace.Command{Kind: trace.CommandStop})
	_, end := r.end(l)
	if end.Receipt.Outcome != "stopped" || end.Receipt.Closed != trace.ClosedStopped || end.Err != nil {
		t.Errorf("end %+v", end)
	}
	l.Send(trace.Command{Kind: trace.CommandResume}) // after the end: nothing
}

func TestAPausedBranchCanBeStopped(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	spec := r.spec(question, trace.Budget{Cap: -1, AnswerCap: 2}, trace.Sampling{})
	spec.First = []trace.Command{{Kind: trace.CommandPause}}
	l := r.start(spec)
	r.until(l, "pause", inState(trace.StatePaused))
	l.Send(trace.Command{Kind: trace.CommandStop})
	if tokens, end := r.end(l); len(tokens) != 0 || end.Receipt.Outcome != "stopped" {
		t.Errorf("%d tokens, %+v", len(tokens), end)
	}
}

func TestStopEndsTheReadingOfALongPromptWithinOneChunk(t *testing.T) {
	t.Parallel()
	first, goOn := make(chan struct{}), make(chan struct{})
	var once atomic.Bool
	r := newRig(t, rigOptions{context: 30000, pages: 500, maxRows: 64, before: func(context.Context, *kernels.Batch) error {
		if once.CompareAndSwap(false, true) {
			close(first)
			<-goOn
		}
		return nil
	}})
	l := r.start(r.spec(strings.Repeat("a long question ", 1000), trace.Budget{Cap: -1, AnswerCap: 2}, trace.Sampling{}))
	<-first
	l.Send(trace.Command{Kind: trace.CommandStop})
	close(goOn)
	if _, end := r.end(l); end.Receipt.Outcome != "stopped" {
		t.Errorf("end %+v", end)
	}
	if n := r.model.Steps(); n != 1 {
		t.Errorf("%d steps, want the one that was under way", n)
	}
}

func TestTheContextOfABranchStopsIt(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{script: endless(enginetest.NewVocab()), context: 100000, pages: 2000})
	ctx, cancel := context.WithCancel(t.Context())
	l, err := r.s.Start(ctx, r.spec(question, trace.Budget{Cap: -1, AnswerCap: 2}, trace.Sampling{}))
	if err != nil {
		t.Fatal(err)
	}
	r.until(l, "token", isToken)
	cancel()
	if _, end := r.end(l); end.Receipt.Outcome != "stopped" {
		t.Errorf("end %+v", end)
	}
}

func TestClosingTheSchedulerEndsEveryBranchWithAnError(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{script: endless(enginetest.NewVocab()), context: 100000, pages: 2000})
	var all []*Live
	for range 3 {
		all = append(all, r.start(r.spec(question, trace.Budget{Cap: -1, AnswerCap: 2}, trace.Sampling{})))
	}
	r.until(all[0], "token", isToken)
	r.s.Close()
	for _, l := range all {
		if _, end := r.end(l); !errors.Is(end.Err, ErrClosed) {
			t.Errorf("end %+v", end)
		}
	}
	if _, err := r.s.Start(t.Context(), r.spec(question, trace.Budget{Cap: 1, AnswerCap: 2}, trace.Sampling{})); !errors.Is(err, ErrClosed) {
		t.Errorf("Start after Close: %v", err)
	}
}

func TestAModelThatFailsEndsItsBranchesWithTheReason(t *testing.T) {
	t.Parallel()
	var steps atomic.Int64
	r := newRig(t, rigOptions{before: func(context.Context, *kernels.Batch) error {
		if steps.Add(1) == 3 {
			return errors.New("page fault in layer 7")
		}
		return nil
	}})
	spec := r.spec(question, trace.Budget{Cap: 30, AnswerCap: 2}, trace.Sampling{Temperature: 1})
	tokens, end := r.end(r.start(spec))
	if end.Err == nil || !strings.Contains(end.Err.Error(), "layer 7") || end.Receipt.Outcome != "error" {
		t.Errorf("end %+v", end)
	}
	spec.Tokens = tokens // the branch can be continued, and nothing of the failed step is believed
	again, end := r.end(r.start(spec))
	if end.Err != nil || len(again) <= len(tokens) {
		t.Errorf("after the failure: %d tokens, then %d, %v", len(tokens), len(again), end.Err)
	}
}

func TestSamplingChangesFromTheNextToken(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{script: endless(enginetest.NewVocab())})
	spec := r.spec(question, trace.Budget{Cap: -1, AnswerCap: 2}, trace.Sampling{})
	spec.First = []trace.Command{{Kind: trace.CommandPause}}
	l := r.start(spec)
	r.until(l, "pause", inState(trace.StatePaused))
	l.Send(trace.Command{Kind: trace.CommandSampling, Sampling: &trace.Sampling{LogitBias: map[int32]float64{'!': 100}}})
	l.Send(trace.Command{Kind: trace.CommandSampling, Sampling: &trace.Sampling{TopP: 7}}) // refused, said, without effect
	r.until(l, "notice of the refusal", func(e trace.Event) bool { return e.Kind == trace.EventNotice && strings.Contains(e.Notice, "top-p 7") })
	l.Send(trace.Command{Kind: trace.CommandStep})
	at := r.until(l, "token", isToken)
	events, _ := l.Log().Since(at)
	if got := events[0].Token; got.ID != '!' || got.Logprob > -30 {
		t.Errorf("drew %q with log-probability %v, want ! with the model's own (below -30)", got.Bytes, got.Logprob)
	}
}

func TestThePaceIsOfTheReaderAndOfNobodyElse(t *testing.T) {
	t.Parallel()
	clock := enginetest.NewClock()
	r := newRig(t, rigOptions{script: endless(enginetest.NewVocab()), clock: clock})
	spec := r.spec(question, trace.Budget{Cap: 50, AnswerCap: 2}, trace.Sampling{})
	spec.Pace = 10
	slow := r.start(spec)
	count := func() int {
		r.used() // the loop has been round
		events, _ := slow.Log().Since(0)
		return len(tokensOf(events))
	}
	for want := 1; want <= 5; want++ {
		if d := clock.AwaitTimer(); d != 100*time.Millisecond {
			t.Fatalf("waits %v for token %d, want 100 ms", d, want)
		}
		if got := count(); got != want {
			t.Fatalf("%d tokens after %d intervals", got, want-1)
		}
		clock.Advance(99 * time.Millisecond)
		if got := count(); got != want {
			t.Fatalf("%d tokens 1 ms before the %dth is due", got, want+1)
		}
		clock.Advance(time.Millisecond)
		r.until(slow, "next token", func(e trace.Event) bool { return isToken(e) && e.Token.Index == want })
	}
	// Another branch is not slowed, while the clock stands still.
	r.end(r.start(r.spec(question, trace.Budget{Cap: 20, AnswerCap: 2}, trace.Sampling{})))
	before := count()
	slow.Send(trace.Command{Kind: trace.CommandInject, Text: "Wait"}) // wakes it at once
	r.until(slow, "injected token", func(e trace.Event) bool { return isToken(e) && e.Token.Origin == trace.OriginInjected })
	if got := count(); got != before+1 {
		t.Errorf("%d tokens after the injection, %d before", got, before)
	}
	slow.Send(trace.Command{Kind: trace.CommandPace})
	_, end := r.end(slow)
	if end.Receipt.ThinkingTokens != 50 {
		t.Errorf("receipt %+v", end.Receipt)
	}
}
