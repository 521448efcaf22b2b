package engine_test

import (
	"context"
	"os"
	"testing"
	"time"

	"s1/engine"
	"s1/engine/trace"
)

// smollm2 opens the real model in the environment.
func smollm2(t *testing.T, o engine.Options) *engine.Model {
	t.Helper()
	path := os.Getenv("S1_SMOLLM2")
	if path == "" {
		t.Skip("needs SmolLM2-135M-Instruct as GGUF in S1_SMOLLM2: run `make test-real`")
	}
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

func TestSmolLM2ThinksUnderItsCap(t *testing.T) {
	m := smollm2(t, engine.Options{})
	t.Logf("%+v", m.Info())
	l, err := m.Ask(t.Context(), trace.Ask{Prompt: "What is 3 + 4?", Budget: trace.Budget{Cap: 24, AnswerCap: 24}})
	if err != nil {
		t.Fatal(err)
	}
	tokens, last := end(t, l)
	if last.Err != nil {
		t.Fatal(last.Err)
	}
	text := ""
	for _, tok := range tokens {
		text += tok.Text
	}
	t.Logf("%q\n%+v", text, last.Receipt)
}
