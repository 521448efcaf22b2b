package dataset

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"

	"s1/engine/builtin/tape"
)

// Tape generates traces of the calculator tape, without end. Example i is a function of the configuration and i.
type Tape struct {
	c      TapeConfig
	drafts []Draft // of a model, checked by the generator
	share  float64 // of the examples that are drawn from them
	from   int64   // from this example on
}

// tapeVersion changes with what is generated for an equal configuration.
const tapeVersion = 4

// NewTape checks the configuration.
func NewTape(c TapeConfig) (*Tape, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return &Tape{c: c}, nil
}

// Epoch is 0: it never ends.
func (s *Tape) Epoch() int64 { return 0 }

// Hash identifies the configuration and the drafts.
func (s *Tape) Hash() string {
	sum := sha256.New()
	// A struct of numbers and lists always becomes JSON.
	_ = json.NewEncoder(sum).Encode([]any{"tape", tapeVersion, s.c, s.share, s.from, s.drafts})
	return hex.EncodeToString(sum.Sum(nil))
}

// At generates example i.
func (s *Tape) At(_ context.Context, i int64) (Example, error) {
	if i < 0 {
		return Example{}, fmt.Errorf("tape: example %d does not exist", i)
	}
	rng := rand.New(rand.NewPCG(s.c.Seed, uint64(i)*0x9E3779B97F4A7C15+1))
	t := tapeTrace{c: &s.c, rng: rng, ids: make([]int32, 0, 512), weights: make([]float32, 0, 512), limit: tape.MaxValue}
	if len(s.drafts) > 0 && i >= s.from && rng.Float64() < s.share {
		t.own(s.drafts[rng.IntN(len(s.drafts))])
	} else {
		t.generated(s.problem(rng, i, &t.limit))
	}
	return Example{IDs: t.ids, Targets: t.targets(), Weights: t.weights, Name: fmt.Sprintf("tape %d", i)}, nil
}

// problem draws one for example i that is not kept for tests.
func (s *Tape) problem(rng *rand.Rand, i int64, limit *int) tape.Problem {
	shares := make([]float64, len(s.c.Values))
	for k, v := range s.c.Values {
		shares[k] = v.Share
	}
	*limit = s.c.Values[pick(rng, shares...)].Limit
	most := s.c.StepsMax
	if i < s.c.Curriculum {
		most = min(most, s.c.StepsMin+1+int(int64(most-s.c.StepsMin)*i/s.c.Curriculum))
	}
	// Half uniform, half the smaller of two draws: short ones teach copying and comparing, long ones are what is shown.
	n := most - s.c.StepsMin + 1
	steps := rng.IntN(n)
	if rng.IntN(2) == 0 {
		steps = min(steps, rng.IntN(n))
	}
	mix := tape.Usual()
	mix.Divide = s.c.Divide
	for {
		if p := tape.Random(rng, s.c.StepsMin+steps, *limit, mix); !p.Reserved() {
			return p
		}
	}
}

// pick draws an index by shares.
func pick(rng *rand.Rand, shares ...float64) int {
	sum := 0.0
	for _, s := range shares {
		sum += s
	}
	x := rng.Float64() * sum
	for i, s := range shares {
		if x -= s; x < 0 {
			return i
		}
	}
	return len(shares) - 1
}

// generated writes an example of one of the kinds of the mixture.
func (t *tapeTrace) generated(p tape.Problem) {
	t.put(0, tape.Encode(p)...)
	m := t.c.Mixture
	switch pick(t.rng, m.Clean, m.Truncated, m.Again, m.Waits) {
	case 0:
		t.draft(p.Start, p.Ops)
	case 1:
		t.truncated(p)
		return
	case 2:
		t.drawRate()
		t.again(p, tape.Again, 1+t.rng.IntN(2))
	case 3:
		t.drawRate()
		if t.c.Checks {
			from := len(t.ids)
			lines := t.draft(p.Start, p.Ops)
			t.waits(p, lines, from)
			break
		}
		t.again(p, tape.Wait, 1+t.rng.IntN(2))
		t.sure(t.extra())
	}
	t.finish(1, 1, p.Answer())
}

// drawRate draws the error rate of the example.
func (t *tapeTrace) drawRate() { t.rate = t.c.ErrorRates[t.rng.IntN(len(t.c.ErrorRates))] }

// waits checks a draft, which begins at from, to its end, and then says sure as often as is drawn. Some Waits fall into a
// line of the draft or of the first check, as they do when a person says Wait after a cap: what was written is checked
// as far as it goes, an unfinished line is written anew.
func (t *tapeTrace) waits(p tape.Problem, lines []line, from int) {
	if t.c.Interrupt > 0 && t.rng.Float64() < t.c.Interrupt {
		if t.interrupt = t.rng.IntN(3) == 0; !t.interrupt {
			lines = lines[:t.cut(from, len(t.ids)-1)]
		}
	}
	t.verify(p.Start, p.Ops, lines)
	t.sure(t.extra())
}

// extra is how many "Wait sure" follow: none in half of the examples, else up to the most.
func (t *tapeTrace) extra() int {
	if t.c.SureMax == 0 || t.rng.IntN(2) == 0 {
		return 0
	}
	return 1 + t.rng.IntN(t.c.SureMax)
}

// again does the whole draft over, n times; the last is right.
func (t *tapeTrace) again(p tape.Problem, word int32, n int) {
	t.draft(p.Start, p.Ops)
	for ; n > 0; n-- {
		if n == 1 {
			t.rate = 0
		}
		t.wished(word)
		t.put(1, tape.Newline)
		t.draft(p.Start, p.Ops)
	}
}

// truncated cuts the thought at a random token, for a share inside a check, and answers truly. The end of the thought has
// no weight there: a cap puts it, not the model.
func (t *tapeTrace) truncated(p tape.Problem) {
	from := len(t.ids)
	if t.c.Checks && t.rng.Float64() < t.c.Cut {
		t.drawRate()
		lines := t.draft(p.Start, p.Ops)
		from = len(t.ids) + 1 // Wait itself stays
		t.verify(p.Start, p.Ops, lines)
	} else {
		t.draft(p.Start, p.Ops)
	}
	t.shorten(from + t.rng.IntN(len(t.ids)-from+1))
	t.finish(0, t.c.Weights.CutAnswer, p.Answer())
}

// TestProblems gives n different problems that no training example has: of stepsMin..stepsMax steps, uniform, with values
// within 1..maxValue. One step makes few problems; ask for two at least where none should repeat.
func TestProblems(seed uint64, n, stepsMin, stepsMax, maxValue int) []tape.Problem {
	rng := rand.New(rand.NewPCG(seed, 0x74657374))
	seen := make(map[string]bool, n)
	list := make([]tape.Problem, 0, n)
	for len(list) < n {
		p := tape.RandomReserved(rng, stepsMin+rng.IntN(stepsMax-stepsMin+1), maxValue)
		if s := p.String(); !seen[s] || stepsMax < 2 {
			seen[s] = true
			list = append(list, p)
		}
	}
	return list
}
