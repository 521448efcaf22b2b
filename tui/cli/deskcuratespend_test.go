package cli

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"s1/curate"
	asking "s1/curate/ask"
	"s1/curate/llm"
	tuiapp "s1/tui/app"
)

// gated is a model that sorts every question into one field, each when it is let.
type gated struct {
	word  string
	gate  chan struct{}
	asked atomic.Int32
}

func (g *gated) Identity() llm.Identity { return llm.Identity{Provider: "server", Model: g.word} }

func (g *gated) Generate(ctx context.Context, _ llm.Request) (llm.Reply, error) {
	n := g.asked.Add(1)
	select {
	case <-g.gate:
	case <-ctx.Done():
		return llm.Reply{}, ctx.Err()
	}
	text := "It is about numbers.\n11"
	if n%5 == 0 {
		text = "I would rather not say." // which is asked for again, and then dropped
	}
	return llm.Reply{Text: text, Finish: "stop", Usage: llm.Usage{Prompt: 30, Completion: 7}}, nil
}

// asked is a curation that sorts n questions with a model.
func askedCuration(t *testing.T, n int, word string) (rec curate.Recipe, folder string) {
	t.Helper()
	dir := t.TempDir()
	var rows strings.Builder
	for i := range n {
		fmt.Fprintf(&rows, `{"question":"add %d and 4","solution":"%d","thinking":"hm","attempt":"%d"}`+"\n", i, i+4, i+4)
	}
	if err := os.WriteFile(filepath.Join(dir, "q.jsonl"), []byte(rows.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	rec = curate.Defaults()
	rec.Source, rec.Stages, rec.Load.Files = "asked", []string{"dedup", "domain", "select"}, []string{filepath.Join(dir, "q.jsonl")}
	rec.Select.Kind, rec.Select.N = "random", 10
	zero := 0
	rec.Domain.Asking = curate.Asking{Model: word, Thinking: &zero, Answer: 40}
	rec.Ask = curate.Ask{Batch: 3, MaxTokens: 500_000, MaxCost: 2.5, Prices: map[string][]float64{word: {1, 2}}}
	return rec, filepath.Join(dir, "run")
}

// awaited looks at a run until it is as wanted.
func awaited(t *testing.T, c *curator, folder, what string, is func(tuiapp.CurationState) bool) (s tuiapp.CurationState) {
	t.Helper()
	look := time.NewTicker(2 * time.Millisecond)
	defer look.Stop()
	late := time.After(patience)
	for {
		var err error
		if s, _, err = c.state(t.Context(), folder); err == nil && is(s) {
			return s
		}
		select {
		case <-look.C:
		case <-late:
			t.Fatalf("%s never comes; it is %+v (%v)", what, s, err)
		}
	}
}

func stageNamed(s tuiapp.CurationState, name string) (of tuiapp.CurationStage) {
	for _, g := range s.Stages {
		if g.Name == name {
			of = g
		}
	}
	return of
}

// While a model is asked, the pane knows row by row how far it is and what it took, and afterwards what all of it took. Other
// numbers are then counted with what the model has said, and nobody is asked.
func TestThePaneKnowsWhatModelsTakeWhileTheyAreAsked(t *testing.T) {
	t.Parallel()
	const n, word = 40, "http://127.0.0.1:1/v1#m" // nobody is there
	rec, folder := askedCuration(t, n, word)
	model := &gated{word: word, gate: make(chan struct{})}
	plan, err := asking.Open(t.Context(), rec, filepath.Join(folder, askedDir), func(context.Context, string, int) (llm.Provider, func() error, error) {
		return model, func() error { return nil }, nil
	}, llm.Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go func() {
		_, err := curate.Run(ctx, rec, curate.Options{Dir: folder, Insert: plan.Insert()})
		ended <- errors.Join(err, plan.Close())
	}()
	c := newCurator(&desk{flags: &runFlags{}, seed: 1})
	for said := range 9 {
		s := awaited(t, c, folder, fmt.Sprintf("row %d", said), func(s tuiapp.CurationState) bool {
			g, p, want := stageNamed(s, "domain"), s.Spend, plan.Spent()
			return p != nil && g.State == "running" && p.Tokens == int64(37*said) && p.Requests > said && p.Requests == want.Requests && p.Held == want.HeldTokens
		})
		g, p := stageNamed(s, "domain"), s.Spend
		if p.Held == 0 || p.HeldCost <= 0 || math.Abs(p.Cost-float64(said)*(30*1+7*2)/1e6) > 1e-12 || p.TokenCap != 500_000 || p.CostCap != 2.5 || !p.Priced {
			t.Errorf("after %d answers: %+v", said, p)
		}
		if !g.Asks || g.Of != n || g.In > said || g.In < said-2 || g.Kept != g.In {
			t.Errorf("after %d answers: %+v", said, g)
		}
		if stageNamed(s, "dedup").Asks || stageNamed(s, "select").Asks {
			t.Error("a stage that asks nobody is said to")
		}
		model.gate <- struct{}{}
	}
	close(model.gate)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	s := awaited(t, c, folder, "the end", func(s tuiapp.CurationState) bool { return s.State == "done" })
	if want := plan.Spent(); s.Spend.Tokens != want.Tokens || s.Spend.Cost != want.Cost || s.Spend.Held != 0 || s.Spend.Requests != want.Requests {
		t.Errorf("%+v, the books say %+v", s.Spend, want)
	}
	domain := stageNamed(s, "domain")
	if domain.In != n || domain.Kept == 0 {
		t.Errorf("%+v", domain)
	}

	sent := model.asked.Load()
	counted, err := c.Recount(t.Context(), folder, []tuiapp.CurationTry{{Stage: "select", Name: "n", Value: "4"}})
	if err != nil {
		t.Fatal(err)
	}
	if g := stageNamed(counted, "select"); g.Kept != 4 || !reflect.DeepEqual(stageNamed(counted, "domain").Rules, domain.Rules) || model.asked.Load() != sent {
		t.Errorf("%+v", counted.Stages)
	}
	counted, err = c.Recount(t.Context(), folder, []tuiapp.CurationTry{{Stage: "dedup", Name: "near", Value: "true"}})
	if g := stageNamed(counted, "domain"); err != nil || g.In == 0 || g.In > n || g.Unasked > 0 || model.asked.Load() != sent {
		t.Errorf("a number before the model: %+v, %v", g, err)
	}
	after := awaited(t, c, folder, "the run as it was", func(s tuiapp.CurationState) bool { return s.State == "done" })
	if !reflect.DeepEqual(after, s) {
		t.Errorf("a count has changed the run: %+v, it was %+v", after, s)
	}
}

func TestACountThatWouldLoadAModelIsRefused(t *testing.T) {
	t.Parallel()
	c := newCurator(&desk{flags: &runFlags{}, seed: 1})
	rec, _ := askedCuration(t, 1, "some/model@main")
	if _, _, err := c.silent(t.Context(), rec); err == nil || !strings.Contains(err.Error(), "some/model@main, which would have to be loaded") {
		t.Errorf("%v", err)
	}
	rec, _ = askedCuration(t, 1, "mini")
	stages, end, err := c.silent(t.Context(), rec)
	if err != nil || len(stages) != 1 {
		t.Fatalf("%v, %v", stages, err)
	}
	if err := end(); err != nil {
		t.Error(err)
	}
}
