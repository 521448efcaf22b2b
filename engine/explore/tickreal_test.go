package explore

import (
	"os"
	"testing"

	"s1/engine"
	"s1/engine/builtin"
	"s1/engine/trace"
)

// On real models, short thoughts and long answers: 32 of 160 tokens had once gone into the guesses of SmolLM2.
func TestTheTickerOfARealModelKeepsToItsTenth(t *testing.T) {
	t.Parallel()
	for _, limit := range []int{40, 160, 400} {
		keepsToItsTenth(t, mini(t), builtin.Examples(1)[0], limit)
	}
}

func TestTheTickerOfSmolLM2KeepsToItsTenth(t *testing.T) {
	t.Parallel()
	path := os.Getenv("S1_SMOLLM2")
	if path == "" {
		t.Skip("needs S1_SMOLLM2=the GGUF file of SmolLM2: run `make test-real`")
	}
	m, err := engine.Open(t.Context(), path, engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, limit := range []int{40, 160, 400} {
		keepsToItsTenth(t, m, "How many seconds are in three and a half hours?", limit)
	}
}

func keepsToItsTenth(t *testing.T, m *engine.Model, question string, limit int) {
	t.Helper()
	live := ask(t, m, trace.Ask{Prompt: question, ThinkFormat: "auto", Budget: trace.Budget{Cap: limit, Waits: 200, WaitText: "Wait", AnswerCap: 32}, Sampling: trace.Sampling{Temperature: 1, Seed: 3}, Pace: 1000})
	extra, n := 0, 0
	err := Tick(t.Context(), m, live.Branch().ID, trace.Ticker{}, func(g trace.Guess) {
		n++
		extra += g.Extra()
		t.Logf("%d thinking tokens: %q, %d drawn, %d fed, the next in %d; %d extra", g.Spent, g.Answer, g.Tokens, g.Fed, g.Every, extra)
		if n > 1 && float64(extra) > tickShare*float64(g.Spent) {
			t.Errorf("%d extra tokens at %d", extra, g.Spent)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	spent := end(t, live).spent
	if n == 0 || float64(extra) > tickShare*float64(spent) && (n > 1 || extra > live.CloseMost()+firstAnswer) {
		t.Errorf("cap %d: %d guesses, %d extra tokens of %d", limit, n, extra, spent)
	}
	t.Logf("cap %d: %d guesses, %d extra tokens of %d", limit, n, extra, spent)
}
