package dataset

import (
	"context"
	"slices"
	"testing"

	"s1/engine/builtin/tape"
)

func newTape(t testing.TB, edit func(c *TapeConfig)) *Tape {
	t.Helper()
	c := DefaultTape()
	if edit != nil {
		edit(&c)
	}
	s, err := NewTape(c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func at(t testing.TB, s *Tape, i int64) Example {
	t.Helper()
	e, err := s.At(context.Background(), i)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestTapeExamplesAreInVocabularyShortAndNeverTeachWait(t *testing.T) {
	s := newTape(t, func(c *TapeConfig) { c.StepsMax = tape.MaxSteps })
	var lengths []int
	for i := range int64(40_000) {
		e := at(t, s, i+20_000)
		if len(e.IDs) != len(e.Weights) || len(e.IDs) != len(e.Targets) {
			t.Fatalf("%s: %d ids, %d targets, %d weights", e.Name, len(e.IDs), len(e.Targets), len(e.Weights))
		}
		for k, id := range e.IDs {
			if id <= tape.Pad || id >= tape.VocabSize {
				t.Fatalf("%s: id %d at %d", e.Name, id, k)
			}
			taught := e.Targets[k]
			if (taught == tape.Wait || taught == tape.Again || taught == tape.Think) && e.Weights[k] != 0 {
				t.Fatalf("%s: %s at %d has weight %g", e.Name, tape.Tokens()[taught], k, e.Weights[k])
			}
			if taught != id && (taught != tape.EndThink || id != tape.Wait && id != tape.Again) {
				t.Fatalf("%s: %s at %d teaches %s", e.Name, tape.Tokens()[id], k, tape.Tokens()[taught])
			}
		}
		think := slices.Index(e.IDs, tape.Think)
		for k, w := range e.Weights[:think+1] {
			if w != 0 {
				t.Fatalf("%s: token %d of the prompt has weight %g", e.Name, k, w)
			}
		}
		if len(e.IDs) >= 1024 {
			t.Fatalf("%s: %d tokens", e.Name, len(e.IDs))
		}
		lengths = append(lengths, len(e.IDs))
	}
	slices.Sort(lengths)
	sum := 0
	for _, n := range lengths {
		sum += n
	}
	q := func(p float64) int { return lengths[int(p*float64(len(lengths)-1))] }
	t.Logf("lengths of 40,000 examples of 1..12 steps: mean %d, median %d, 90 %% %d, 99 %% %d, most %d", sum/len(lengths), q(.5), q(.9), q(.99), q(1))
}

func TestTapeExampleIsAFunctionOfSeedAndIndex(t *testing.T) {
	a, b := newTape(t, nil), newTape(t, nil)
	for i := int64(0); i < 2000; i += 7 {
		x, y := at(t, a, 1999-i), at(t, b, 1999-i)
		if !slices.Equal(x.IDs, y.IDs) || !slices.Equal(x.Targets, y.Targets) || !slices.Equal(x.Weights, y.Weights) {
			t.Fatalf("example %d differs", 1999-i)
		}
	}
	other := newTape(t, func(c *TapeConfig) { c.Seed = 2 })
	same := 0
	for i := range int64(100) {
		if slices.Equal(at(t, a, i+50_000).IDs, at(t, other, i+50_000).IDs) {
			same++
		}
	}
	if same > 2 || a.Hash() != b.Hash() || a.Hash() == other.Hash() {
		t.Errorf("seeds 1 and 2 share %d of 100 examples; hashes %s %s %s", same, a.Hash(), b.Hash(), other.Hash())
	}
}

func TestNoTestProblemIsEverTrainedOn(t *testing.T) {
	tests := map[string]bool{}
	for _, p := range TestProblems(9, 4000, 1, 2, 99) { // the shortest and smallest, of which there are fewest
		tests[p.String()] = true
	}
	for _, p := range tape.Examples(tape.ExamplesSeed, 100) {
		if err := p.Check(); err != nil {
			t.Errorf("example %s: %v", p, err)
		}
		tests[p.String()] = true
	}
	s := newTape(t, func(c *TapeConfig) { c.StepsMax, c.Values = 2, []TapeValues{{99, 1}} })
	repeated := map[string]int{}
	for i := range int64(50_000) {
		e := at(t, s, i)
		text := tape.Text(e.IDs[:slices.Index(e.IDs, tape.Think)])
		if repeated[text]++; tests[text] {
			t.Fatalf("%s: %s is a test problem", e.Name, text)
		}
	}
	if len(repeated) == 50_000 {
		t.Error("no problem came twice: the test shows nothing")
	}
}

func BenchmarkTape(b *testing.B) {
	s := newTape(b, nil)
	for i := range int64(b.N) {
		if _, err := s.At(context.Background(), i+50_000); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "examples/s")
}
