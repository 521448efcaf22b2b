package tape

import "math/rand/v2"

// ExamplesSeed draws the built-in examples; a new one by key takes any other.
const ExamplesSeed = 20261126

// Mix is how often a step multiplies or divides where the value allows it, in percent; the others add and subtract.
type Mix struct{ Times, Divide int }

// Usual is the mix of the examples and of every test: a third multiply, fewer divide (most values cannot be).
func Usual() Mix { return Mix{Times: 35, Divide: 15} }

// Random draws a problem of exactly that many steps (1..MaxSteps) with all values within 1..maxValue (10..MaxValue).
func Random(rng *rand.Rand, steps, maxValue int, mix Mix) Problem {
	steps = min(max(steps, 1), MaxSteps)
	maxValue = min(max(maxValue, 10), MaxValue)
	for {
		if p, ok := draw(rng, steps, maxValue, mix); ok {
			return p
		}
	}
}

// draw may come to a value from which no new operation is found in 64 tries.
func draw(rng *rand.Rand, steps, maxValue int, mix Mix) (Problem, bool) {
	start := 2 + rng.IntN(min(99, maxValue)-1)
	if rng.IntN(2) == 0 {
		start = 2 + rng.IntN(maxValue-1)
	}
	p := Problem{Start: start, Ops: make([]Op, 0, steps)}
	x := start
	for tries := 0; len(p.Ops) < steps; tries++ {
		if tries == 64*steps {
			return p, false
		}
		o := drawOp(rng, x, maxValue, mix)
		next, ok := o.Apply(x)
		if !ok || next > maxValue || o.Arg < 1 || contains(p.Ops, o) {
			continue
		}
		p.Ops = append(p.Ops, o)
		x = next
	}
	return p, true
}

// drawOp draws by the mix where the value allows any, else an addition or subtraction.
func drawOp(rng *rand.Rand, x, maxValue int, mix Mix) Op {
	kind := rng.IntN(100)
	switch {
	case kind < mix.Times:
		if most := min(MaxScale, maxValue/x); most >= MinScale {
			return Op{'*', MinScale + rng.IntN(most-MinScale+1)}
		}
	case kind < mix.Times+mix.Divide:
		var by [MaxScale]int
		n := 0
		for d := MinScale; d <= MaxScale; d++ {
			if x%d == 0 {
				by[n] = d
				n++
			}
		}
		if n > 0 {
			return Op{'/', by[rng.IntN(n)]}
		}
	}
	// Small values are more often added to: the value itself, out of maxValue, is how likely a subtraction is, within a
	// fifth and four fifths.
	o, limit := Op{Kind: '+'}, maxValue-x
	if share := min(max(float64(x)/float64(maxValue), .2), .8); rng.Float64() < share {
		o, limit = Op{Kind: '-'}, x-1
	}
	if rng.IntN(10) < 4 {
		limit = min(limit, 99)
	}
	if limit >= 1 {
		o.Arg = 1 + rng.IntN(limit)
	}
	return o
}

func contains(ops []Op, o Op) bool {
	for _, other := range ops {
		if other == o {
			return true
		}
	}
	return false
}

// RandomReserved draws as Random does, from the problems kept out of training.
func RandomReserved(rng *rand.Rand, steps, maxValue int) Problem {
	for {
		if p := Random(rng, steps, maxValue, Usual()); p.Reserved() {
			return p
		}
	}
}

// Examples gives the n built-in examples of 2 to 8 steps, none of them ever trained on. Equal seeds give equal examples,
// and a longer list begins with the shorter one.
func Examples(seed uint64, n int) []Problem {
	rng := rand.New(rand.NewPCG(seed, 0x7461706573))
	list := make([]Problem, n)
	for i := range list {
		limit := MaxValue
		if i%4 == 0 {
			limit = 999
		}
		list[i] = RandomReserved(rng, 2+i%7, limit)
	}
	return list
}
