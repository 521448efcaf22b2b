package explore

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"

	"s1/engine"
	"s1/engine/builtin"
	"s1/engine/enginetest"
	"s1/engine/trace"
)

// saved is a branch as a store keeps it.
func saved(t testing.TB, l *engine.Live) trace.Saved {
	t.Helper()
	h := end(t, l)
	return trace.Saved{Branch: l.Branch(), Tokens: h.path[l.Branch().At:], Receipt: h.receipt, Resampled: h.sampling[1:]}
}

// replayed carries a branch out again and wants it the same to its end.
func replayed(t testing.TB, m *engine.Model, run trace.Run, all []trace.Saved, what string) {
	t.Helper()
	b := all[len(all)-1]
	a, err := Replay(t.Context(), m, run, all, b.Branch.ID)
	if err != nil {
		t.Errorf("%s: %v", what, err)
		return
	}
	drawn := 0
	for i, s := range all {
		until := s.Branch.At + len(s.Tokens)
		if i+1 < len(all) {
			until = all[i+1].Branch.At
		}
		drawn += drawnFrom(s.Tokens[:until-s.Branch.At], 0)
	}
	if of := b.Branch.At + len(b.Tokens); a.Of != of || a.Same != of || a.Drawn != drawn || a.Reason != "" {
		t.Errorf("%s: %+v, want %d tokens, %d of them drawn", what, a, of, drawn)
	}
}

func TestARunOfThisBinaryComesOutTheSameToItsEnd(t *testing.T) {
	t.Parallel()
	m, again := mini(t), mini(t) // another session
	for i, words := range builtin.Examples(2) {
		for _, s := range []trace.Sampling{{}, {Temperature: 1, Seed: uint64(i)}, {Temperature: 1, TopP: 0.95, RepeatPenalty: 1.1, Seed: 3}} {
			q := trace.Ask{Prompt: words, Budget: trace.Budget{Cap: -1, Waits: i % 3, WaitText: "Wait", AnswerCap: 32}, Sampling: s}
			root := ask(t, m, q)
			kept := []trace.Saved{saved(t, root)}
			replayed(t, again, root.Run(), kept, "a plain run")

			other := s
			other.Temperature, other.Seed = 1.3, 77
			fork, err := m.Branch(t.Context(), root.Branch().ID, 12, trace.Budget{Cap: 60, AnswerCap: 32}, other)
			if err != nil {
				t.Fatal(err)
			}
			kept = append(kept, saved(t, fork))
			replayed(t, again, root.Run(), kept, "a fork")

			h := end(t, fork)
			at, _ := fork.CloseAt(h.path)
			b := trace.Budget{Cap: -1, WaitText: "Wait", AnswerCap: 32}
			wait, err := m.Branch(t.Context(), fork.Branch().ID, at, b, s, trace.Command{Kind: trace.CommandWait})
			if err != nil {
				t.Fatal(err)
			}
			kept = append(kept, saved(t, wait))
			replayed(t, again, root.Run(), kept, "a Wait at the close of a fork")
		}
	}
	nothingLeft(t, again, 0)
}

func TestARunThatWasSteeredWhileItRanComesOutTheSame(t *testing.T) {
	t.Parallel()
	m, again := mini(t), mini(t)
	for i, words := range builtin.Examples(2) {
		for _, temperature := range []float64{0, 1} {
			q := trace.Ask{Prompt: words, Budget: trace.Budget{Cap: 200, WaitText: "Wait", AnswerCap: 32}, Sampling: trace.Sampling{Temperature: temperature, Seed: uint64(i)}}
			q.Pace = 2000 // so that commands find it thinking
			root := ask(t, m, q)
			steered := []trace.Command{
				{Kind: trace.CommandWait},
				{Kind: trace.CommandCap, N: 150},
				{Kind: trace.CommandInject, Text: "Wait"},
				{Kind: trace.CommandSampling, Sampling: &trace.Sampling{Temperature: 0.8, Seed: 9}},
				{Kind: trace.CommandTake, N: 5},
			}
			for n, c := range steered {
				if c.Kind == trace.CommandTake && string(m.Piece(5)) == "" {
					t.Fatal("token 5 has no bytes")
				}
				until(t, root, 5+5*n)
				root.Send(c)
			}
			k := saved(t, root)
			if len(k.Resampled) != 1 || k.Receipt.Injected < 3 {
				t.Fatalf("the commands came too late: %+v, %+v", k.Resampled, k.Receipt)
			}
			replayed(t, again, root.Run(), []trace.Saved{k}, "a steered run")
			if temperature == 0 { // a change that was not kept is found
				k.Resampled = nil
				a, err := Replay(t.Context(), again, root.Run(), []trace.Saved{k}, k.Branch.ID)
				if err != nil || a.Same < 20 || a.Same < a.Of && !strings.Contains(a.Reason, "changed by hand") {
					t.Errorf("without the change: %+v, %v", a, err)
				}
			}
		}
	}
}

func TestAScriptedRunWithEveryInterventionComesOutTheSame(t *testing.T) {
	t.Parallel()
	for seed := range uint64(60) {
		v := enginetest.NewVocab()
		r := scripted(t, rigOptions{script: enginetest.Random(v, seed)})
		b := trace.Budget{Cap: int(seed%5)*40 - 1, Waits: int(seed % 7), WaitText: []string{"Wait", ""}[seed%2], AnswerCap: 40, SoftLanding: int(seed % 3 * 4), CloseLoops: seed%3 == 0}
		if seed%6 == 5 {
			b.Preset, b.WaitText, b.SoftLanding, b.CloseLoops = []string{"s1-readme", "s1-harness"}[seed/6%2], "Wait", 0, false
			b.Cap = 30
		}
		root := ask(t, r.Model, trace.Ask{Prompt: "q", Budget: b, Sampling: trace.Sampling{Temperature: float64(seed % 4), Seed: seed, RepeatPenalty: 1 + float64(seed%2)/5}})
		kept := []trace.Saved{saved(t, root)}
		replayed(t, r.Model, root.Run(), kept, "seed "+string(root.Branch().ID))
		h := end(t, root)
		for _, first := range [][]trace.Command{nil, {{Kind: trace.CommandInject, Text: "so the é"}}, {{Kind: trace.CommandTake, N: int(v.Special(enginetest.ThinkClose))}}, {{Kind: trace.CommandWait, Text: "Wait, no"}}} {
			at, _ := root.CloseAt(h.path)
			if b.Preset != "" {
				continue
			}
			child, err := r.Branch(t.Context(), root.Branch().ID, at, trace.Budget{Cap: -1, WaitText: "Wait", AnswerCap: 40}, trace.Sampling{Temperature: 1, Seed: seed + 1}, first...)
			if err != nil {
				continue // no end right after a Wait
			}
			replayed(t, r.Model, root.Run(), append(slices.Clone(kept), saved(t, child)), "a branch at the close")
		}
		if t.Failed() {
			t.Fatalf("seed %d, budget %+v", seed, b)
		}
	}
}

func TestARunThatPartsSaysWhereAndWhy(t *testing.T) {
	t.Parallel()
	m := mini(t)
	root := ask(t, m, trace.Ask{Prompt: builtin.Examples(1)[0], Budget: trace.Budget{Cap: -1, AnswerCap: 32}, Sampling: trace.Sampling{Temperature: 1, Seed: 1}})
	good, run := saved(t, root), root.Run()
	at := len(good.Tokens) / 2
	changed := func(f func(r *trace.Run, s *trace.Saved)) (trace.Run, trace.Saved) {
		r, s := run, good
		s.Tokens = slices.Clone(s.Tokens)
		f(&r, &s)
		return r, s
	}
	other := (good.Tokens[at].ID + 1) % 10
	for _, c := range []struct {
		name, want string
		change     func(r *trace.Run, s *trace.Saved)
	}{
		{"another token", "were changed", func(_ *trace.Run, s *trace.Saved) { s.Tokens[at].ID = other }},
		{"another model", "another model: it was mini (sha256 ffff", func(r *trace.Run, s *trace.Saved) { r.ModelSHA256, s.Tokens[at].ID = "ffff", other }},
		{"no hash", "a hash is missing", func(r *trace.Run, s *trace.Saved) { r.ModelSHA256, s.Tokens[at].ID = "", other }},
		{"another backend", `another backend: it was "abacus"`, func(r *trace.Run, s *trace.Saved) { r.Backend, s.Tokens[at].ID = "abacus", other }},
		{"cut off", "cut off before its end", func(_ *trace.Run, s *trace.Saved) { s.Receipt, s.Tokens[at].ID = nil, other }},
	} {
		r, s := changed(c.change)
		a, err := Replay(t.Context(), m, r, []trace.Saved{s}, s.Branch.ID)
		if err != nil || a.Same != at || a.Of != len(good.Tokens) || a.Stored != other || a.Now != good.Tokens[at].ID || !strings.Contains(a.Reason, c.want) {
			t.Errorf("%s: %+v, %v", c.name, a, err)
		}
	}
	r, s := changed(func(r *trace.Run, _ *trace.Saved) { r.ModelSHA256, r.Backend = "ffff", "abacus" })
	if a, err := Replay(t.Context(), m, r, []trace.Saved{s}, s.Branch.ID); err != nil || a.Reason != "" || a.Same != a.Of {
		t.Errorf("the same tokens of another model: %+v, %v", a, err)
	}
	for _, c := range []struct {
		name, want string
		change     func(r *trace.Run, s *trace.Saved)
	}{
		{"an id that is none", "1073741824", func(_ *trace.Run, s *trace.Saved) { s.Tokens[at].ID = 1 << 30 }},
		{"a hole", "was expected", func(_ *trace.Run, s *trace.Saved) { s.Tokens[at].Index = 3 }},
		{"a format that is none", "klingon", func(r *trace.Run, _ *trace.Saved) { r.ThinkFormat = "klingon" }},
		{"no parent", `branch "z"`, func(_ *trace.Run, s *trace.Saved) { s.Branch.Parent = "z" }},
		{"no prompt", "no tokens", func(r *trace.Run, _ *trace.Saved) { r.PromptIDs = nil }},
		{"an origin that is none", "origin 9", func(_ *trace.Run, s *trace.Saved) { s.Tokens[at].Origin = 9 }},
	} {
		r, s := changed(c.change)
		if a, err := Replay(t.Context(), m, r, []trace.Saved{s}, s.Branch.ID); err == nil || !strings.Contains(strings.ReplaceAll(err.Error(), "branch z", `branch "z"`), c.want) {
			t.Errorf("%s: %+v, %v", c.name, a, err)
		}
	}
	nothingLeft(t, m, -1)
}

func TestAReplayThatIsCancelledLeavesNothing(t *testing.T) {
	m := mini(t)
	root := ask(t, m, trace.Ask{Prompt: builtin.Examples(1)[0], Budget: trace.Budget{Cap: -1, Waits: 8, WaitText: "Wait", AnswerCap: 32}})
	k := saved(t, root)
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Replay(ctx, m, root.Run(), []trace.Saved{k}, k.Branch.ID); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	noGoroutineLeft(t, before)
	nothingLeft(t, m, -1)
}
