package schedule

import (
	"context"
	"strings"
	"testing"

	"s1/engine/enginetest"
	"s1/engine/trace"
	"s1/kernels"
)

const question = "How many letters has the word number? <think>\n"

func TestARunThinksUnderItsCapAndAnswers(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	tokens, end := r.end(r.start(r.spec("Q: is it so?", trace.Budget{Cap: 20, AnswerCap: 10}, trace.Sampling{Temperature: 1, Seed: 4})))
	if end.Err != nil {
		t.Fatal(end.Err)
	}
	counted := 0
	for i, tok := range tokens {
		if tok.Index != i {
			t.Errorf("token %d has index %d", i, tok.Index)
		}
		if tok.Counted {
			counted++
		}
		if string(tok.Bytes) != string(r.v.Piece(tok.ID)) || len(tok.Top) != 10 || tok.Entropy < 0 || tok.EndProb <= 0 || tok.EndRank < 1 {
			t.Errorf("token %d is not complete: %+v", i, tok)
		}
	}
	rc := end.Receipt
	if counted == 0 || counted != rc.ThinkingTokens || counted > 20 || rc.AnswerTokens > 10 || rc.PromptTokens != len(r.encode("Q: is it so?")) {
		t.Errorf("%d counted tokens, receipt %+v", counted, rc)
	}
	if rc.TokensPerSecond <= 0 || rc.Seed != 4 {
		t.Errorf("speed %v, seed %d", rc.TokensPerSecond, rc.Seed)
	}
}

func TestTheLogTellsTheStatesInOrder(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{maxRows: 32})
	prompt := strings.Repeat("a longer question ", 10)
	total := len(r.encode(prompt))
	l := r.start(r.spec(prompt, trace.Budget{Cap: 5, AnswerCap: 3}, trace.Sampling{Seed: 1, Temperature: 1}))
	r.end(l)
	events, _ := l.Log().Since(0)
	var states []trace.State
	done := -1
	for i, e := range events {
		switch e.Kind {
		case trace.EventState:
			if e.State == trace.StateReading {
				if e.Done <= done || e.Total != total {
					t.Errorf("reading %d of %d after %d", e.Done, e.Total, done)
				}
				done = e.Done
			}
			if len(states) == 0 || states[len(states)-1] != e.State {
				states = append(states, e.State)
			}
		case trace.EventToken:
			if e.Token.Phase == trace.PhaseAnswer && states[len(states)-1] == trace.StateReading {
				t.Errorf("event %d: a token of the answer while reading", i)
			}
		}
	}
	want := []trace.State{trace.StateQueued, trace.StateReading, trace.StateThinking, trace.StateAnswering, trace.StateEnded}
	if len(states) != len(want) {
		t.Fatalf("states %v, want %v", states, want)
	}
	for i := range want {
		if states[i] != want[i] {
			t.Fatalf("states %v, want %v", states, want)
		}
	}
	if done != total {
		t.Errorf("read %d of %d", done, total)
	}
}

func TestEqualSeedsGiveEqualTokensWhateverElseRuns(t *testing.T) {
	t.Parallel()
	for _, p := range []trace.Sampling{{}, {Temperature: 1, Seed: 9}, {Temperature: 0.8, TopP: 0.9, RepeatPenalty: 1.2, Seed: 9}} {
		b := trace.Budget{Cap: 60, Waits: 2, WaitText: "Wait", AnswerCap: 30}
		alone := newRig(t, rigOptions{})
		want, _ := alone.end(alone.start(alone.spec(question, b, p)))
		crowd := newRig(t, rigOptions{maxRows: 24})
		for i := range 6 {
			crowd.start(crowd.spec(strings.Repeat("something else ", i+1), b, trace.Sampling{Temperature: 1, Seed: uint64(i)}))
		}
		got, _ := crowd.end(crowd.start(crowd.spec(question, b, p)))
		if err := same(want, got); err != nil {
			t.Errorf("%+v: alone and in a crowd differ: %v", p, err)
		}
		if len(want) < 20 {
			t.Errorf("only %d tokens compared", len(want))
		}
	}
}

func TestForkThenContinueEqualsTheUninterruptedRun(t *testing.T) {
	t.Parallel()
	for _, p := range []trace.Sampling{{}, {Temperature: 1, Seed: 5}, {Temperature: 0.9, RepeatPenalty: 1.3, Seed: 6}} {
		r := newRig(t, rigOptions{})
		b := trace.Budget{Cap: 150, AnswerCap: 20}
		spec := r.spec(question, b, p)
		want, _ := r.end(r.start(spec))
		for at := 0; at < len(want); at += 1 + len(want)/12 {
			fork := spec
			fork.Tokens = want[:at]
			got, end := r.end(r.start(fork))
			if err := same(want, got); err != nil {
				t.Errorf("%+v: fork at %d of %d: %v (%v)", p, at, len(want), err, end.Err)
			}
		}
	}
}

func TestAForkReadsNothingAgainAndHasItsFirstTokenAfterOneStep(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{context: 4000})
	spec := r.spec(strings.Repeat("a long question ", 60), trace.Budget{Cap: 300, AnswerCap: 5}, trace.Sampling{Temperature: 1, Seed: 2})
	want, _ := r.end(r.start(spec))
	at := len(want) / 2
	rows, steps := r.model.Rows(), r.model.Steps()
	spec.Tokens = want[:at]
	got, _ := r.end(r.start(spec))
	steps, rows = r.model.Steps()-steps, r.model.Rows()-rows
	if fresh := len(got) - at; rows > fresh+1 || steps > fresh+1 {
		t.Errorf("%d new tokens took %d rows in %d steps", fresh, rows, steps)
	}
}

func TestSamplesOfOnePromptReadItOnce(t *testing.T) {
	t.Parallel()
	gate := make(chan struct{})
	r := newRig(t, rigOptions{maxRows: 256, before: func(context.Context, *kernels.Batch) error {
		<-gate
		return nil
	}})
	prompt := strings.Repeat("a long question ", 50)
	var all []*Live
	for i := range 5 {
		all = append(all, r.start(r.spec(prompt, trace.Budget{Cap: 0, AnswerCap: 1}, trace.Sampling{Temperature: 1, Seed: uint64(i)})))
	}
	close(gate)
	for _, l := range all {
		r.end(l)
	}
	if n := len(r.encode(prompt)); r.model.Rows() > n+5*12 {
		t.Errorf("%d rows for a prompt of %d tokens and 5 short answers", r.model.Rows(), n)
	}
}

func TestFedIdsRunInOneStepWithTheirTrueLogprobs(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{})
	spec := r.spec(question, trace.Budget{Cap: 3, AnswerCap: 1}, trace.Sampling{})
	tokens, _ := r.end(r.start(spec))
	script := enginetest.Random(r.v, 1)
	history := append([]int32(nil), spec.Prompt...)
	forced := 0
	for _, tok := range tokens {
		if tok.Origin == trace.OriginForced {
			forced++
		}
		l, named := script(history)[tok.ID]
		if !named {
			l = enginetest.Floor
		}
		if want := l - lse(script(history), r.v.Size()); diff(tok.Logprob, want) > 1e-3 {
			t.Errorf("token %d (%s): logprob %v, want %v", tok.Index, tok.Bytes, tok.Logprob, want)
		}
		history = append(history, tok.ID)
	}
	if forced < 2 {
		t.Fatalf("%d forced tokens, want a close of several", forced)
	}
	// One step for the prompt, one for each sampled token but the last, one for all forced ones.
	if got, most := r.model.Steps(), 1+len(tokens)-forced+1; got > most {
		t.Errorf("%d steps for %d tokens of which %d were fed; want at most %d", got, len(tokens), forced, most)
	}
}
