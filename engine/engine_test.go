package engine_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"s1/engine"
	"s1/engine/enginetest"
	"s1/engine/schedule"
	"s1/engine/trace"
)

// scripted is a model without weights; its prompts are the words themselves.
func scripted(t testing.TB, script enginetest.Script, context int) *engine.Model {
	t.Helper()
	v := enginetest.NewVocab()
	if script == nil {
		script = enginetest.Random(v, 1)
	}
	pages := max(200, context/64+1)
	m, err := engine.Assemble(engine.Parts{
		Backend: enginetest.NewModel(script, v.Size(), context, pages, 64), Vocabulary: v, Vocab: v.Size(), Context: context, Pages: pages,
		Render: func(system, prompt string, _ *bool) ([]int32, string, error) {
			ids, err := v.Encode(system+prompt, false)
			return ids, system + prompt, err
		},
		NewDecoder: func() schedule.Decoder { return &enginetest.Decoder{} },
		Info:       trace.ModelInfo{Name: "scripted", SHA256: "abc", TemplateSHA256: "def", Backend: "scripted"},
	})
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

func question(cap int, seed uint64) trace.Ask {
	return trace.Ask{
		Prompt: "How many legs?", System: "Think. ", Budget: trace.Budget{Cap: cap, WaitText: "Wait", AnswerCap: 20},
		Sampling: trace.Sampling{Temperature: 1, Seed: seed},
	}
}

func TestAskFillsTheRunTheBranchAndTheReceipt(t *testing.T) {
	t.Parallel()
	m := scripted(t, nil, 1000)
	l := ask(t, m, question(30, 7))
	tokens, last := end(t, l)
	r := last.Receipt
	if r.Model != "scripted" || r.ModelSHA256 != "abc" || r.TemplateSHA256 != "def" || r.Backend != "scripted" || r.Seed != 7 ||
		r.ThinkFormat != "think" || r.Enforcement != "exact" || r.PromptTokens == 0 || r.Cap != 30 || r.TokensPerSecond <= 0 {
		t.Errorf("receipt %+v", r)
	}
	run, ok := m.Run(l.Branch().ID)
	if !ok || run.ID == "" || run.Prompt != "How many legs?" || run.Rendered != "Think. How many legs?" || len(run.PromptIDs) != r.PromptTokens || run.ThinkFormat != "think" {
		t.Errorf("run %+v", run)
	}
	if b := l.Branch(); b.Cause != trace.CauseStart || b.Parent != "" || b.Budget.Cap != 30 || b.Created.IsZero() {
		t.Errorf("branch %+v", b)
	}
	if len(tokens) == 0 || m.Info().Context != 1000 || m.Info().ThinkFormat != "think" {
		t.Errorf("%d tokens, info %+v", len(tokens), m.Info())
	}
}

func TestABranchSharesItsParentsTokensAndSaysWhyItExists(t *testing.T) {
	t.Parallel()
	m := scripted(t, nil, 1000)
	parent := ask(t, m, question(40, 2))
	want, _ := end(t, parent)
	before, _ := parent.Log().Since(0)
	at := len(want) / 2
	p := parent.Branch().Sampling
	other := p
	other.Seed++
	for _, c := range []struct {
		cause trace.Cause
		s     trace.Sampling
		first []trace.Command
	}{
		{trace.CauseFork, p, nil},
		{trace.CauseFork, other, nil},
		{trace.CauseInject, p, []trace.Command{{Kind: trace.CommandInject, Text: "Wait"}}},
		{trace.CauseCap, p, []trace.Command{{Kind: trace.CommandCap, N: 100}}},
	} {
		l, err := m.Branch(t.Context(), parent.Branch().ID, at, parent.Branch().Budget, c.s, c.first...)
		if err != nil {
			t.Fatalf("%s: %v", c.cause, err)
		}
		got, _ := end(t, l)
		if b := l.Branch(); b.Cause != c.cause || b.Parent != parent.Branch().ID || b.At != at {
			t.Errorf("branch %+v, want cause %s", b, c.cause)
		}
		if err := sameIDs(want[:at], got[:at]); err != nil {
			t.Errorf("%s: inherited: %v", c.cause, err)
		}
		if c.cause == trace.CauseInject && (got[at].Origin != trace.OriginInjected || string(got[at].Bytes) != "Wait") {
			t.Errorf("first own token %+v", got[at])
		}
	}
	after, _ := parent.Log().Since(0)
	if len(after) != len(before) {
		t.Errorf("the original has %d events, it had %d", len(after), len(before))
	}
}

func TestAWaitAtTheCloseThinksOn(t *testing.T) {
	t.Parallel()
	m := scripted(t, nil, 1000)
	parent := ask(t, m, question(60, 5))
	tokens, last := end(t, parent)
	at := slices.IndexFunc(tokens, func(tok trace.Token) bool {
		return !tok.Counted && tok.Index > 2
	})
	if at < 0 || last.Receipt.Closed == "" {
		t.Fatalf("no close in %q", text(tokens))
	}
	b := parent.Branch().Budget
	b.Cap = last.Receipt.ThinkingTokens + 50
	l, err := m.Branch(t.Context(), parent.Branch().ID, at, b, parent.Branch().Sampling, trace.Command{Kind: trace.CommandWait})
	if err != nil {
		t.Fatal(err)
	}
	got, _ := end(t, l)
	if l.Branch().Cause != trace.CauseWait || string(got[at].Bytes) != "Wait" || got[at].Origin != trace.OriginInjected || got[at].Phase != trace.PhaseThinking {
		t.Errorf("at the close came %+v (%s)", got[at], l.Branch().Cause)
	}
}

func TestARestoredRunGoesOnAsItWouldHave(t *testing.T) {
	t.Parallel()
	first := scripted(t, nil, 1000)
	root := ask(t, first, question(50, 3))
	want, last := end(t, root)
	at := len(want) / 3
	child, err := first.Branch(t.Context(), root.Branch().ID, at, root.Branch().Budget, trace.Sampling{Temperature: 1, Seed: 99})
	if err != nil {
		t.Fatal(err)
	}
	wantChild, _ := end(t, child)
	saved := []trace.Saved{
		{Branch: root.Branch(), Tokens: want, Receipt: last.Receipt, Notices: []string{"a notice"}},
		{Branch: child.Branch(), Tokens: wantChild[at:]}, // it never ended: a crash
	}

	second := scripted(t, nil, 1000)
	lives, err := second.Restore(root.Run(), saved)
	if err != nil {
		t.Fatal(err)
	}
	for i, path := range [][]trace.Token{want, wantChild} {
		got, _ := end(t, lives[i])
		if err := sameIDs(path, got); err != nil {
			t.Errorf("branch %d: %v", i, err)
		}
		lives[i].Send(trace.Command{Kind: trace.CommandResume}) // nothing
	}
	if again, err := second.Restore(root.Run(), saved); err != nil || again[0] != lives[0] {
		t.Errorf("restored twice: %v", err)
	}
	for _, c := range []struct {
		l    *engine.Live
		path []trace.Token
	}{{lives[0], want}, {lives[1], wantChild}} {
		b := c.l.Branch()
		on, err := second.Branch(t.Context(), b.ID, len(c.path)/2, b.Budget, b.Sampling)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := end(t, on)
		if err := sameIDs(c.path, got); err != nil {
			t.Errorf("branch %s goes on: %v", b.ID, err)
		}
		if on.Branch().ID == root.Branch().ID || on.Branch().ID == child.Branch().ID {
			t.Errorf("a new branch has the old id %s", on.Branch().ID)
		}
	}
}

func TestRestoreRefusesWhatIsNotItsOwn(t *testing.T) {
	t.Parallel()
	m := scripted(t, nil, 1000)
	good := trace.Run{ID: "r", PromptIDs: []int32{65}, ThinkFormat: "think", ModelSHA256: "abc"}
	other, empty, format := good, good, good
	other.ModelSHA256, empty.PromptIDs, format.ThinkFormat = "xyz", nil, "mistral"
	token := func(i int) trace.Token { return trace.Token{Index: i, ID: 65, Bytes: []byte("A"), Text: "A"} }
	for _, c := range []struct {
		run   trace.Run
		saved []trace.Saved
		want  string
	}{
		{other, nil, "xyz"},
		{empty, nil, "0 prompt tokens"},
		{format, nil, "[THINK]"},
		{good, []trace.Saved{{Branch: trace.Branch{ID: "a", Parent: "b"}}}, "branch b"},
		{good, []trace.Saved{{Branch: trace.Branch{ID: "a"}, Tokens: []trace.Token{token(1)}}}, "token 1 where 0"},
		{good, []trace.Saved{{Branch: trace.Branch{ID: "a"}, Tokens: []trace.Token{token(0)}}, {Branch: trace.Branch{ID: "c", Parent: "a", At: 2}}}, "which has 1 tokens"},
	} {
		if _, err := m.Restore(c.run, c.saved); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want it to say %q", err, c.want)
		}
	}
}

func TestHostileTokensOfASavedRunAreRefusedWhenABranchGoesOn(t *testing.T) {
	t.Parallel()
	m := scripted(t, nil, 1000)
	run := trace.Run{ID: "r", PromptIDs: []int32{65}, ThinkFormat: "think"}
	_, err := m.Restore(run, []trace.Saved{{Branch: trace.Branch{ID: "a"}, Tokens: []trace.Token{{ID: 1 << 30}}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Branch(t.Context(), "a", 1, trace.Budget{Cap: 5, AnswerCap: 5}, trace.Sampling{}); err == nil || !strings.Contains(err.Error(), "1073741824") {
		t.Errorf("error %v, want it to name the id", err)
	}
}

func TestQuestionsThatCannotBeAnsweredAreRefusedInOneSentence(t *testing.T) {
	t.Parallel()
	m := scripted(t, nil, 100)
	live := ask(t, m, question(5, 1))
	end(t, live)
	for _, c := range []struct {
		ask  trace.Ask
		want string
	}{
		{trace.Ask{Prompt: " \n"}, "prompt is empty"},
		{trace.Ask{Prompt: strings.Repeat("x", 200)}, "200 tokens and the context 100"},
		{trace.Ask{Prompt: "x", Budget: trace.Budget{Cap: 5000, AnswerCap: 5}}, "5000"},
		{trace.Ask{Prompt: "x", ThinkFormat: "mistral"}, "[THINK]"},
		{trace.Ask{Prompt: "x", ThinkFormat: "klingon"}, "klingon"},
		{trace.Ask{Prompt: "x", Sampling: trace.Sampling{Temperature: -2}}, "temperature -2"},
	} {
		_, err := m.Ask(t.Context(), c.ask)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("error %v, want one sentence that says %q", err, c.want)
		}
	}
	for _, c := range []struct {
		from trace.BranchID
		at   int
		want string
	}{{"nobody", 0, "nobody"}, {live.Branch().ID, 10000, "10000"}, {live.Branch().ID, -1, "-1"}} {
		if _, err := m.Branch(t.Context(), c.from, c.at, trace.Budget{Cap: -1, AnswerCap: -1}, trace.Sampling{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Branch: error %v, want it to say %q", err, c.want)
		}
	}
}

func TestTwoQuestionsAtOnceAnswerLikeOneAfterTheOther(t *testing.T) {
	t.Parallel()
	m := scripted(t, nil, 1000)
	var alone [][]trace.Token
	for seed := range uint64(2) {
		tokens, _ := end(t, ask(t, m, question(60, seed)))
		alone = append(alone, tokens)
	}
	lives := []*engine.Live{ask(t, m, question(60, 0)), ask(t, m, question(60, 1))}
	for i, l := range lives {
		got, _ := end(t, l)
		if err := sameIDs(alone[i], got); err != nil {
			t.Errorf("question %d: %v", i, err)
		}
	}
	if lives[0].Branch().ID == lives[1].Branch().ID || lives[0].Run().ID == lives[1].Run().ID {
		t.Error("two runs have one id")
	}
}

func TestOpenRefusesInOneSentence(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	broken := filepath.Join(dir, "broken.gguf")
	if err := os.WriteFile(broken, []byte("GGUF and then nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path string
		o    engine.Options
		want string
	}{
		{filepath.Join(dir, "nothing.gguf"), engine.Options{}, "nothing.gguf"},
		{broken, engine.Options{}, "broken.gguf"},
		{broken, engine.Options{Weights: "q2"}, "q2"},
		{broken, engine.Options{Threads: -1}, "-1"},
	} {
		if m, err := engine.Open(t.Context(), c.path, c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("open %s: %v, %v; want an error that says %q", c.path, m, err, c.want)
		}
	}
}

func TestOptionsOfARealModelAreChecked(t *testing.T) {
	t.Parallel()
	path := tinyFile(t, "tiny-llama")
	for _, c := range []struct {
		o    engine.Options
		want string
	}{
		{engine.Options{Backend: "abacus"}, "abacus"},
		{engine.Options{Context: 1 << 20}, "1048576"},
	} {
		if _, err := engine.Open(t.Context(), path, c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want it to say %q", c.o, err, c.want)
		}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := engine.Open(gone, path, engine.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("opened under a context that has ended: %v", err)
	}
	m := open(t, path, engine.Options{Context: 128, Memory: 1})
	if m.Info().Context != 128 {
		t.Errorf("context %d, asked for 128", m.Info().Context)
	}
}

func TestNothingRunsAfterClose(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 5 {
		m := scripted(t, nil, 1000)
		l, err := m.Ask(context.Background(), question(-1, 1))
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
		end(t, l)
		if _, err := m.Ask(t.Context(), question(5, 1)); !errors.Is(err, schedule.ErrClosed) {
			t.Errorf("Ask after Close: %v", err)
		}
	}
	for late := time.Now().Add(10 * time.Second); time.Now().Before(late); { // those that are just ending, on a busy machine
		if runtime.NumGoroutine() <= before {
			return
		}
		runtime.Gosched()
	}
	t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
}
