package tape

import (
	"math/rand/v2"
	"testing"
)

func TestTheTextbookPutsTimesAndDividedByFirst(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"2+3*4", "14"}, {"2*3+4", "10"}, {"20-4/2", "18"}, {"20-6*2/4-1", "16"}, {"316+275/3*3", "591"}, {"5+3/2", "13/2"}, {"3-2*4+9", "4"}, {"8/2*3", "12"},
	} {
		p, err := Parse(c.text)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Textbook().RatString(); got != c.want {
			t.Errorf("%s is %s in a textbook, want %s", c.text, got, c.want)
		}
	}
	// Sums alone, and products alone, have one value.
	rng := rand.New(rand.NewPCG(8, 1))
	for range 500 {
		p := Random(rng, 1+rng.IntN(MaxSteps), 999, Usual())
		kept := Problem{Start: p.Start}
		for _, o := range p.Ops {
			if o.Kind == '+' || o.Kind == '-' {
				kept.Ops = append(kept.Ops, o)
			}
		}
		if kept.Check() == nil && (!kept.Textbook().IsInt() || int(kept.Textbook().Num().Int64()) != kept.Answer()) {
			t.Errorf("%s: %s, and left to right %d", kept, kept.Textbook(), kept.Answer())
		}
	}
}
