package scaling

import (
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"testing"

	"s1/engine"
	"s1/engine/builtin"
	"s1/engine/builtin/tape"
	"s1/engine/enginetest"
	"s1/engine/schedule"
	"s1/engine/trace"
)

func mini(t testing.TB) *engine.Model {
	t.Helper()
	m, err := builtin.Open(t.Context(), engine.Options{Name: builtin.Name, Weights: "exact"})
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

// scripted is a model of many minds that takes any question.
func scripted(t testing.TB, script func(*enginetest.Vocab) enginetest.Script) *engine.Model {
	t.Helper()
	v := enginetest.NewVocab()
	const positions, pages = 600, 4000
	m, err := engine.Assemble(engine.Parts{
		Backend: enginetest.NewModel(script(v), v.Size(), positions, pages, 128), Vocabulary: v, Vocab: v.Size(), Context: positions, Pages: pages,
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
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

// questions are problems of the tape that were kept out of training.
func questions(n int, seed uint64) []Item {
	rng := rand.New(rand.NewPCG(seed, 1))
	items := make([]Item, n)
	for i := range items {
		p := tape.RandomReserved(rng, 2+i%9, tape.MaxValue)
		items[i] = Item{ID: strconv.Itoa(i), Prompt: p.String(), Gold: strconv.Itoa(p.Answer())}
	}
	return items
}

// whole gives rows without what sharing changes: the ids in full, and no cost.
func completed(rows []Row) map[Arm]Row {
	named, out := map[string]Row{}, map[Arm]Row{}
	for _, r := range rows {
		named[r.Arm().String()] = r
	}
	var first func(name string, n int) []int32
	first = func(name string, n int) []int32 { // the first n tokens of a row
		r := named[name]
		if r.From == "" {
			return r.IDs[:n]
		}
		if n <= r.At {
			return first(r.From, n)
		}
		return slices.Concat(first(r.From, r.At), r.IDs[:n-r.At])
	}
	for _, r := range rows {
		if r.From != "" {
			r.IDs = slices.Concat(first(r.From, r.At), r.IDs)
		}
		r.From, r.At, r.Own = "", 0, 0
		out[r.Arm()] = r
	}
	return out
}

func sameAsSeparate(t *testing.T, m *engine.Model, p Plan, items []Item) (shared, separate *Result) {
	t.Helper()
	o := Options{Parallel: 20}
	shared, err := Run(t.Context(), Local(m), p, items, o)
	if err != nil {
		t.Fatal(err)
	}
	separate, err = Separate(t.Context(), Local(m), p, items, o)
	if err != nil {
		t.Fatal(err)
	}
	for i := range items {
		got, want := completed(shared.Items[i]), completed(separate.Items[i])
		for a, w := range want {
			if a.Method == MethodReject { // what a refused sample would have said is not known, so its cost differs
				w.Alone = got[a].Alone
			}
			if g := got[a]; !reflect.DeepEqual(g, w) {
				t.Errorf("item %s, %s:\n got %+v\nwant %+v", items[i].ID, a, g, w)
			}
		}
	}
	return shared, separate
}

func TestSharedArmsAreWhatSeparateRunsSay(t *testing.T) {
	t.Parallel()
	p := Plan{
		Methods: []string{MethodNone, MethodCap, MethodWait, MethodMajority, MethodReject},
		Caps:    []int{0, 1, 8, 16, 24, 32, 48, 64, 80, 96, 128, 256}, Waits: []int{0, 1, 2, 3, 4}, Texts: []string{"Wait", "Again"},
		Votes: []int{1, 2}, Limits: []int{40, 90}, Tries: 4, AnswerCap: 8, Seed: 3,
	}
	shared, separate := sameAsSeparate(t, mini(t), p, questions(20, 5))
	if right := count(shared, OutcomeRight); right < 100 {
		t.Errorf("%d right answers: the test hardly tests anything", right)
	}
	t.Logf("%d tokens in %v, separate %d in %v", shared.Tokens, shared.Elapsed, separate.Tokens, separate.Elapsed)
}

func count(r *Result, o Outcome) (n int) {
	for _, rows := range r.Items {
		for _, row := range rows {
			if row.Outcome == o {
				n++
			}
		}
	}
	return n
}

// Its thoughts are full of broken characters and ends of thinking, so that caps close early and Waits come anywhere.
func TestSharedArmsAreWhatSeparateRunsSayOfAnyModel(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		m := scripted(t, func(v *enginetest.Vocab) enginetest.Script { return enginetest.Random(v, seed) })
		p := Plan{
			Methods: []string{MethodWait, MethodCap, MethodNone, MethodMajority, MethodClass, MethodTokens, MethodTokensBF, MethodSteps},
			Caps:    []int{0, 1, 2, 3, 5, 9, 17, 33, 65}, Waits: []int{1, 2, 4}, Texts: []string{"Wait", "Wait, no", ""}, Votes: []int{2},
			Steps: []int{16}, AnswerCap: 24, Seed: seed, Limit: 200,
		}
		p.Sampling.Temperature = float64(seed % 3)
		items := make([]Item, 5)
		for i := range items {
			items[i] = Item{ID: fmt.Sprint("q", i), Prompt: fmt.Sprint("the number", i), Gold: "7"}
		}
		sameAsSeparate(t, m, p, items)
		if n := m.Sides(); n != 0 {
			t.Errorf("%d side branches are left", n)
		}
	}
}

func TestASweepEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	m := mini(t)
	_, err := Run(ctx, Local(m), Plan{Methods: []string{MethodNone}, AnswerCap: 8}, questions(200, 1), Options{Progress: func(p Progress) {
		if p.Done > 3 {
			cancel()
		}
	}})
	if err == nil || ctx.Err() == nil {
		t.Errorf("it ended with %v", err)
	}
}

// On the built-in model, whose thoughts end by themselves far below the cap, the published procedures answer as the exact rule does.
func TestThePublishedProceduresAnswerAsTheExactRuleWithinALargeCap(t *testing.T) {
	t.Parallel()
	p := Plan{Methods: []string{MethodNone, MethodWait, "s1-readme", "s1-harness"}, Caps: []int{600}, Waits: []int{0, 1}, AnswerCap: 12, Seed: 1}
	res, err := Run(t.Context(), Local(mini(t)), p, questions(8, 2), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, rows := range res.Items {
		by := map[string]Row{}
		for _, r := range rows {
			by[r.Arm().String()] = r
		}
		for _, arm := range []string{"s1-readme+cap 600", "s1-readme+wait 0", "s1-harness+cap 600", "s1-harness+wait 0"} {
			if by[arm].Answer != by["none"].Answer {
				t.Errorf("%s answers %q, no forcing %q", arm, by[arm].Answer, by["none"].Answer)
			}
		}
		for _, arm := range []string{"s1-readme+wait 1", "s1-harness+wait 1"} {
			if by[arm].Answer != by["wait 1"].Answer {
				t.Errorf("%s answers %q, the exact rule %q", arm, by[arm].Answer, by["wait 1"].Answer)
			}
		}
	}
}
