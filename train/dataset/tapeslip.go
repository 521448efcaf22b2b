package dataset

import "s1/engine/builtin/tape"

// slip gives a wrong value for a step from x whose value is right: uniform for a share, else what a slip of mental
// arithmetic gives. It is never right itself.
func (t *tapeTrace) slip(o tape.Op, x, right int) int {
	for {
		wrong := t.plausible(o, x, right)
		if t.rng.Float64() < t.c.Random {
			wrong = 1 + t.rng.IntN(t.limit)
		}
		if wrong != right && wrong >= 1 && wrong <= t.limit {
			return wrong
		}
	}
}

func (t *tapeTrace) plausible(o tape.Op, x, right int) int {
	sign := 1 - 2*t.rng.IntN(2)
	place := [...]int{1, 10, 100, 1000}[t.rng.IntN(4)]
	switch k := t.rng.IntN(10); {
	case k < 4: // one unit of a place: a carry or borrow forgotten
		return right + sign*place
	case k < 6: // some units of it
		return right + sign*place*(2+t.rng.IntN(8))
	case k < 8 && (o.Kind == '*' || o.Kind == '/'): // a neighbour in the table
		near := tape.Op{Kind: o.Kind, Arg: o.Arg + sign}
		if near.Arg < tape.MinScale || near.Arg > tape.MaxScale {
			return right
		}
		if o.Kind == '*' {
			return x * near.Arg
		}
		return x / near.Arg
	default: // one digit written wrong
		if place > right {
			place = 1
		}
		old := right / place % 10
		return right + place*(t.rng.IntN(10)-old)
	}
}

// standIn is what a draft writes for a step that has no value after an error: the division rounded down, the value brought
// back into range.
func standIn(o tape.Op, x int) int {
	value := x
	switch o.Kind {
	case '+':
		value = x + o.Arg
	case '-':
		value = x - o.Arg
	case '*':
		value = x * o.Arg
	case '/':
		value = x / o.Arg
	}
	if value < 0 {
		value = -value
	}
	return max(value%(tape.MaxValue+1), 1)
}
