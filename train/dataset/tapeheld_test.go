package dataset

import (
	"slices"
	"testing"

	"s1/engine/builtin/tape"
)

func TestHeldOutTracesAreOfProblemsThatNobodyTrainsOn(t *testing.T) {
	t.Parallel()
	c := DefaultTape()
	tp, err := NewTape(c)
	if err != nil {
		t.Fatal(err)
	}
	held := tp.HeldOut(256)
	lengths := map[int]int{}
	for _, e := range held {
		end := slices.Index(e.IDs, tape.Think)
		p, err := tape.Parse(tape.Text(e.IDs[:max(end, 0)]))
		if err != nil {
			t.Fatalf("%s: %v", e.Name, err)
		}
		if !p.Reserved() {
			t.Errorf("%s: %s is a problem of training", e.Name, p)
		}
		if e.Trained() == 0 || len(e.IDs) > 1024 || len(e.Targets) != len(e.IDs) {
			t.Errorf("%s: %d tokens, %d with a loss", e.Name, len(e.IDs), e.Trained())
		}
		lengths[len(p.Ops)]++
	}
	if len(lengths) != c.StepsMax-c.StepsMin+1 {
		t.Errorf("lengths %v, want %d to %d steps", lengths, c.StepsMin, c.StepsMax)
	}
	if again := tp.HeldOut(3); !slices.Equal(again[2].IDs, held[2].IDs) || slices.Equal(held[0].IDs, held[1].IDs) {
		t.Error("equal configurations give other examples, or all examples are one")
	}
}
