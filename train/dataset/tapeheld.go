package dataset

import (
	"fmt"
	"math/rand/v2"

	"s1/engine/builtin/tape"
)

// heldSeed begins the streams of what is measured on.
const heldSeed = 0x68656c64

// HeldOut gives n examples to measure a loss on: traces of the same kinds, of problems that no training example has. Problems are
// of every length and value of the configuration, without a curriculum. Equal configurations give equal ones, and a longer list begins with the shorter.
func (s *Tape) HeldOut(n int) []Example {
	shares := make([]float64, len(s.c.Values))
	for k, v := range s.c.Values {
		shares[k] = v.Share
	}
	out := make([]Example, n)
	for i := range out {
		rng := rand.New(rand.NewPCG(s.c.Seed^heldSeed, uint64(i)))
		t := tapeTrace{c: &s.c, rng: rng, limit: s.c.Values[pick(rng, shares...)].Limit}
		t.generated(tape.RandomReserved(rng, s.c.StepsMin+rng.IntN(s.c.StepsMax-s.c.StepsMin+1), t.limit))
		out[i] = Example{IDs: t.ids, Targets: t.targets(), Weights: t.weights, Name: fmt.Sprintf("tape, held out %d", i)}
	}
	return out
}
