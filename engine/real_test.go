package engine_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"s1/engine"
	"s1/engine/trace"
	"s1/engine/weights"
	"s1/kernels"
)

// tiny opens a random model of a named shape.
func tiny(t *testing.T, shape string, o engine.Options) *engine.Model {
	t.Helper()
	return open(t, tinyFile(t, shape), o)
}

func tinyFile(t *testing.T, shape string) string {
	t.Helper()
	s, err := weights.SynthShapeNamed(shape)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), shape+".gguf")
	if err := weights.Synth(path, s, kernels.Q8_0, 1); err != nil {
		t.Fatal(err)
	}
	return path
}

// smollm2 opens the real model named in the environment.
func smollm2(t *testing.T, o engine.Options) *engine.Model {
	t.Helper()
	path := os.Getenv("S1_SMOLLM2")
	if path == "" {
		t.Skip("needs SmolLM2-135M-Instruct as GGUF in S1_SMOLLM2: run `make test-real`")
	}
	return open(t, path, o)
}

func open(t *testing.T, path string, o engine.Options) *engine.Model {
	t.Helper()
	m, err := engine.Open(t.Context(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

// end waits for the end of a branch and returns its tokens and its last event.
func end(t *testing.T, l *engine.Live) ([]trace.Token, trace.Event) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	for n := 0; ; {
		if err := l.Log().Wait(ctx, n); err != nil {
			t.Fatal(err)
		}
		events, ended := l.Log().Since(0)
		if n = len(events); !ended {
			continue
		}
		var tokens []trace.Token
		for _, e := range events {
			if e.Kind == trace.EventToken {
				tokens = append(tokens, e.Token)
			}
		}
		return tokens, events[n-1]
	}
}

func ask(t *testing.T, m *engine.Model, a trace.Ask) *engine.Live {
	t.Helper()
	l, err := m.Ask(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func text(tokens []trace.Token) (s string) {
	for _, tok := range tokens {
		s += tok.Text
	}
	return s
}

// sameIDs compares what was said and who said it.
func sameIDs(want, got []trace.Token) error {
	for i := range min(len(want), len(got)) {
		w, g := want[i], got[i]
		if w.ID != g.ID || w.Phase != g.Phase || w.Origin != g.Origin || w.Text != g.Text {
			return fmt.Errorf("token %d of %d: %d %q and %d %q", i, len(want), w.ID, w.Text, g.ID, g.Text)
		}
	}
	if len(want) != len(got) {
		return fmt.Errorf("%d and %d tokens", len(want), len(got))
	}
	return nil
}

var samplings = map[string]trace.Sampling{
	"greedy": {},
	"seeded": {Temperature: 0.8, TopP: 0.95, TopK: 40, RepeatPenalty: 1.1, Seed: 11},
}

// forks checks that a branch from any token of a finished run says what the run said.
func forks(t *testing.T, m *engine.Model, a trace.Ask, places int) {
	t.Helper()
	l := ask(t, m, a)
	want, last := end(t, l)
	if last.Err != nil || len(want) < 10 {
		t.Fatalf("%d tokens, %v", len(want), last.Err)
	}
	for i := range places {
		at := i * len(want) / places
		fork, err := m.Branch(t.Context(), l.Branch().ID, at, a.Budget, a.Sampling)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := end(t, fork)
		if err := sameIDs(want, got); err != nil {
			t.Errorf("fork at token %d: %v", at, err)
		}
	}
}

// crowd checks that a run says the same alone and beside others.
func crowd(t *testing.T, m *engine.Model, a trace.Ask) {
	t.Helper()
	want, _ := end(t, ask(t, m, a))
	var others []*engine.Live
	for i := range 4 {
		o := a
		o.Prompt = fmt.Sprintf("%d: tell me something else, at some length, about the number %d", i, i)
		o.Sampling = trace.Sampling{Temperature: 1, Seed: uint64(i)}
		others = append(others, ask(t, m, o))
	}
	got, _ := end(t, ask(t, m, a))
	for _, o := range others {
		end(t, o)
	}
	if err := sameIDs(want, got); err != nil {
		t.Errorf("alone and in a crowd: %v", err)
	}
}

func TestForksOfARealModelEqualTheUninterruptedRun(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		backend, shape string
		cap            int
	}{{"cpu", "tiny-llama", 90}, {"cpu", "tiny-qwen2", 90}, {"cpu", "tiny-qwen3", 90}, {"ref", "tiny-qwen3", 30}} {
		t.Run(c.backend+"/"+c.shape, func(t *testing.T) {
			t.Parallel()
			m := tiny(t, c.shape, engine.Options{Backend: c.backend})
			for name, p := range samplings {
				a := trace.Ask{Prompt: "How many legs has a spider?", Budget: trace.Budget{Cap: c.cap, Waits: 1, WaitText: "Wait", AnswerCap: 12}, Sampling: p}
				t.Run(name, func(t *testing.T) { forks(t, m, a, 5) })
			}
		})
	}
}

func TestARealModelSaysTheSameAloneAndInACrowd(t *testing.T) {
	t.Parallel()
	m := tiny(t, "tiny-qwen3", engine.Options{})
	for name, p := range samplings {
		a := trace.Ask{Prompt: "How many legs has a spider?", Budget: trace.Budget{Cap: 60, AnswerCap: 12}, Sampling: p}
		t.Run(name, func(t *testing.T) { crowd(t, m, a) })
	}
}

func TestSmolLM2ForksAndCrowdsSayTheSame(t *testing.T) {
	m := smollm2(t, engine.Options{})
	t.Logf("%+v", m.Info())
	for name, p := range samplings {
		a := trace.Ask{Prompt: "What is 3 + 4? Think first.", Budget: trace.Budget{Cap: 48, Waits: 1, WaitText: "Wait", AnswerCap: 24}, Sampling: p}
		t.Run(name+"/fork", func(t *testing.T) { forks(t, m, a, 4) })
		t.Run(name+"/crowd", func(t *testing.T) { crowd(t, m, a) })
		tokens, last := end(t, ask(t, m, a))
		t.Logf("%s: %q\n%+v", name, text(tokens), last.Receipt)
		if last.Receipt.ThinkingTokens > 48 {
			t.Errorf("%d thinking tokens, the cap is 48", last.Receipt.ThinkingTokens)
		}
	}
}
