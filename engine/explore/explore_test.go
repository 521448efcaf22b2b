package explore

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"s1/engine"
	"s1/engine/builtin"
	"s1/engine/enginetest"
	"s1/engine/schedule"
	"s1/engine/trace"
	"s1/kernels"
)

// rig is a model without weights whose prompts are the words themselves.
type rig struct {
	*engine.Model
	backend *enginetest.Model
	vocab   *enginetest.Vocab
}

type rigOptions struct {
	script         enginetest.Script
	context, pages int
	before         func(context.Context, *kernels.Batch) error
}

func scripted(t testing.TB, o rigOptions) *rig {
	t.Helper()
	v := enginetest.NewVocab()
	if o.script == nil {
		o.script = enginetest.Random(v, 1)
	}
	if o.context == 0 {
		o.context = 1000
	}
	if o.pages == 0 {
		o.pages = max(400, o.context/64+1)
	}
	r := &rig{backend: enginetest.NewModel(o.script, v.Size(), o.context, o.pages, 128), vocab: v}
	r.backend.BeforeStep = o.before
	m, err := engine.Assemble(engine.Parts{
		Backend: r.backend, Vocabulary: v, Vocab: v.Size(), Context: o.context, Pages: o.pages,
		Render: func(system, prompt string, _ *bool) ([]int32, string, error) {
			ids, err := v.Encode(system+prompt, true)
			return ids, system + prompt, err
		},
		NewDecoder: func() schedule.Decoder { return &enginetest.Decoder{} },
		Info:       trace.ModelInfo{Name: "scripted", SHA256: "abc", Backend: "scripted"},
	})
	if err != nil {
		t.Fatal(err)
	}
	r.Model = m
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func mini(t testing.TB) *engine.Model {
	t.Helper()
	m, err := builtin.Open(t.Context(), engine.Options{})
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

func ask(t testing.TB, m *engine.Model, q trace.Ask) *engine.Live {
	t.Helper()
	l, err := m.Ask(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// end waits for the end of a branch.
func end(t testing.TB, l *engine.Live) *history {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	select {
	case <-l.Log().Done():
	case <-ctx.Done():
		t.Fatalf("branch %s does not end", l.Branch().ID)
	}
	h := newHistory(l.Branch())
	h.read(l.Log())
	if h.err != nil {
		t.Fatal(h.err)
	}
	return h
}

// until waits for a number of thinking tokens.
func until(t testing.TB, l *engine.Live, spent int) *history {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	h := newHistory(l.Branch())
	for h.spent < spent {
		if h.read(l.Log()) {
			t.Fatalf("branch %s ended after %d thinking tokens, want %d", l.Branch().ID, h.spent, spent)
		}
		if h.spent < spent && l.Log().Wait(ctx, h.next) != nil {
			t.Fatalf("branch %s has %d thinking tokens, want %d", l.Branch().ID, h.spent, spent)
		}
	}
	return h
}

func ids(tokens []trace.Token) []int32 {
	out := make([]int32, len(tokens))
	for i, t := range tokens {
		out[i] = t.ID
	}
	return out
}

// nothingLeft checks that an experiment has left no branch and no page.
func nothingLeft(t testing.TB, m *engine.Model, pages int) {
	t.Helper()
	if n := m.Sides(); n != 0 {
		t.Errorf("%d side branches are left", n)
	}
	if pages < 0 {
		return
	}
	if used, err := m.Used(t.Context()); err != nil || used > pages {
		t.Errorf("%d pages are in use (%v), %d before", used, err, pages)
	}
}

func used(t testing.TB, m *engine.Model) int {
	t.Helper()
	n, err := m.Used(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// noGoroutineLeft waits for goroutines that are just ending.
func noGoroutineLeft(t testing.TB, before int) {
	t.Helper()
	for late := time.Now().Add(10 * time.Second); time.Now().Before(late); {
		if runtime.NumGoroutine() <= before {
			return
		}
		runtime.Gosched()
	}
	t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
}

func thought(cap int, s trace.Sampling) trace.Ask {
	return trace.Ask{Prompt: "How many legs?", Budget: trace.Budget{Cap: cap, WaitText: "Wait", AnswerCap: 32}, Sampling: s}
}

// scrubbed asks for all stops, and checks the order and the cost.
func scrubbed(t testing.TB, m *engine.Model, from trace.BranchID, stops []int, answerCap int) map[int]trace.Guess {
	t.Helper()
	var got []trace.Guess
	if err := Scrub(t.Context(), m, from, stops, answerCap, func(g trace.Guess) { got = append(got, g) }); err != nil {
		t.Fatal(err)
	}
	if len(got) != len(stops) {
		t.Fatalf("%d guesses for %d stops", len(got), len(stops))
	}
	by, tokens := map[int]trace.Guess{}, 0
	for k, i := range coarse(len(stops)) {
		by[stops[i]] = got[k]
		tokens += got[k].Tokens
	}
	if tokens > len(stops)*answerCap {
		t.Errorf("%d tokens for %d stops of %d", tokens, len(stops), answerCap)
	}
	return by
}

func TestScrubGivesTheAnswersOfCappedRuns(t *testing.T) {
	t.Parallel()
	m := mini(t)
	for i, words := range builtin.Examples(1) {
		for _, s := range []trace.Sampling{{}, {Temperature: 1, Seed: uint64(i)}, {Temperature: 0.7, TopP: 0.9, Seed: 5, RepeatPenalty: 1.1}} {
			for _, b := range []trace.Budget{{Cap: -1}, {Cap: -1, Waits: 2, WaitText: "Wait"}, {Cap: 60}, {Cap: -1, Waits: 1, WaitText: "Wait", SoftLanding: 12}} {
				b.AnswerCap = 32
				q := trace.Ask{Prompt: words, Budget: b, Sampling: s}
				live := ask(t, m, q)
				h := end(t, live)
				var stops []int
				for c := 0; c <= h.spent+13; c += 1 + h.spent/6 {
					stops = append(stops, c)
				}
				by := scrubbed(t, m, live.Branch().ID, stops, 32)
				for _, c := range stops {
					if b.Cap >= 0 && c > b.Cap {
						continue
					}
					q.Budget.Cap = c
					capped := ask(t, m, q)
					want := end(t, capped)
					at, _ := capped.CloseAt(want.path)
					if g, w := by[c], want.guess(at, live.Run().Expected, nil); g.Answer != w.Answer || g.Spent != w.Spent || g.At != w.At || g.Verdict != w.Verdict || g.Prob != w.Prob || g.CloseProb != w.CloseProb || g.Cut != w.Cut {
						t.Fatalf("%s, %+v, %+v, stop %d of %d:\n got %+v\nwant %+v", words, s, b, c, h.spent, g, w)
					}
				}
			}
		}
	}
	nothingLeft(t, m, -1)
}

func TestTheOrderOfStopsIsFromCoarseToFine(t *testing.T) {
	t.Parallel()
	for n := range 70 {
		order := coarse(n)
		if got := slices.Sorted(slices.Values(order)); len(got) != n || n > 0 && (got[0] != 0 || got[n-1] != n-1) {
			t.Errorf("%d: %v", n, order)
		}
	}
	if got := fmt.Sprint(coarse(9)); got != "[8 0 4 2 6 1 3 5 7]" {
		t.Errorf("order %s", got)
	}
}

// The scripted model's thoughts are full of broken characters, sentence ends and ends of thinking, so that caps close early.
func TestScrubGivesTheAnswersOfCappedRunsWhereCapsCloseEarly(t *testing.T) {
	t.Parallel()
	early := 0
	for seed := range uint64(16) {
		v := enginetest.NewVocab()
		r := scripted(t, rigOptions{script: enginetest.Random(v, seed)})
		b := trace.Budget{Cap: -1, Waits: int(seed % 9), WaitText: []string{"Wait", "Wait, no", ""}[seed%3], SoftLanding: int(seed%4) * 5, AnswerCap: 32, CloseLoops: seed%2 == 0}
		q := trace.Ask{Prompt: "q", Budget: b, Sampling: trace.Sampling{Temperature: float64(seed % 5), Seed: seed}}
		live := ask(t, r.Model, q)
		h := end(t, live)
		var stops []int
		for c := 0; c <= min(h.spent+6, 900); c += 1 + h.spent/60 {
			stops = append(stops, c)
		}
		by := scrubbed(t, r.Model, live.Branch().ID, stops, 32)
		for _, c := range stops {
			q.Budget.Cap = c
			capped := ask(t, r.Model, q)
			want := end(t, capped)
			at, _ := capped.CloseAt(want.path)
			if c == 0 {
				at = 0 // where the opening, too, may be another one
			}
			if want.spent < min(c, h.spent) {
				early++
			}
			if g, w := by[c], want.guess(at, "", nil); g.Answer != w.Answer || g.Spent != w.Spent || g.At != w.At || g.Prob != w.Prob || g.Cut != w.Cut {
				t.Errorf("seed %d, stop %d of %d:\n got %+v\nwant %+v", seed, c, h.spent, g, w)
			}
		}
		nothingLeft(t, r.Model, -1)
	}
	if early < 25 {
		t.Errorf("only %d caps closed early: the test does not test it", early)
	}
}

func events(l interface{ Log() *trace.Log }) []trace.Event {
	all, _ := l.Log().Since(0)
	return all
}

func TestAPausedBranchIsScrubbedAsFarAsItHasCome(t *testing.T) {
	t.Parallel()
	m := mini(t)
	words := builtin.Examples(1)[0]
	q := trace.Ask{Prompt: words, Budget: trace.Budget{Cap: -1, AnswerCap: 32}, Sampling: trace.Sampling{Temperature: 1, Seed: 2}}
	whole := ask(t, m, q)
	spent := end(t, whole).spent
	q.Pace = 1000
	live := ask(t, m, q)
	until(t, live, 10)
	live.Send(trace.Command{Kind: trace.CommandPause})
	h := newHistory(live.Branch())
	for paused := false; !paused; {
		if err := live.Log().Wait(t.Context(), h.next); err != nil || h.read(live.Log()) {
			t.Fatalf("it does not pause (%v)", err)
		}
		for _, e := range events(live) {
			paused = paused || e.Kind == trace.EventState && e.State == trace.StatePaused
		}
	}
	h.read(live.Log())
	stops := []int{0, 5, h.spent, h.spent + 1, spent + 100}
	want := scrubbed(t, m, whole.Branch().ID, stops, 32)
	var got []trace.Guess
	if err := Scrub(t.Context(), m, live.Branch().ID, stops, 32, func(g trace.Guess) { got = append(got, g) }); err != nil {
		t.Fatal(err)
	}
	if len(got) != 3 || got[0] != want[0] || got[1] != want[h.spent] || got[2] != want[5] {
		t.Errorf("got %+v\nof %+v", got, want)
	}
	if g := want[spent+100]; g.Tokens != 0 || g.Spent != spent || g.Answer == "" {
		t.Errorf("beyond the end: %+v", g)
	}
	live.Send(trace.Command{Kind: trace.CommandResume})
	if h := end(t, live); h.spent != spent {
		t.Errorf("it went on to %d thinking tokens, want %d", h.spent, spent)
	}
	for _, bad := range [][]int{{-1}, {3, 3}, {5, 2}} {
		if err := Scrub(t.Context(), m, whole.Branch().ID, bad, 32, nil); err == nil {
			t.Errorf("stops %v passed", bad)
		}
	}
}

func TestAScrubThatIsCancelledLeavesNothing(t *testing.T) {
	v := enginetest.NewVocab()
	r := scripted(t, rigOptions{script: minded(v, 3, func(int) string { return "a long answer that takes its time" })})
	live := ask(t, r.Model, trace.Ask{Prompt: "q", Budget: trace.Budget{Cap: 300, AnswerCap: 32}})
	end(t, live)
	pages, before := used(t, r.Model), runtime.NumGoroutine()
	var stops []int
	for i := range 60 {
		stops = append(stops, 5*i)
	}
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	err := Scrub(ctx, r.Model, live.Branch().ID, stops, 32, func(trace.Guess) {
		if n++; n == 3 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || n != 3 {
		t.Errorf("%v after %d guesses", err, n)
	}
	noGoroutineLeft(t, before)
	nothingLeft(t, r.Model, pages)
}

// BenchmarkBesideATicker is the time a token takes, alone and with a ticker that keeps to its tenth.
func BenchmarkBesideATicker(b *testing.B) {
	m := mini(b)
	for _, with := range []bool{false, true} {
		b.Run(fmt.Sprintf("ticker=%v", with), func(b *testing.B) {
			tokens, guesses := 0, 0
			for b.Loop() {
				live := ask(b, m, trace.Ask{Prompt: builtin.Examples(1)[0], Budget: trace.Budget{Cap: 400, Waits: 200, WaitText: "Wait", AnswerCap: 32}, Sampling: trace.Sampling{Temperature: 1, Seed: 3}})
				if with {
					if err := Tick(b.Context(), m, live.Branch().ID, trace.Ticker{}, func(trace.Guess) { guesses++ }); err != nil {
						b.Fatal(err)
					}
				}
				tokens += len(end(b, live).path)
				m.Forget(live.Run().ID)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(tokens), "ns/token")
			b.ReportMetric(float64(guesses)/float64(b.N), "guesses")
		})
	}
}
