package dataset

import (
	"math/rand/v2"
	"slices"

	"s1/engine/builtin/tape"
)

// crowded is the tokens of a trace after which no more errors are planted. What a trace may still need then, a redone draft
// of 12 lines (132) and their checks (360), keeps every example below 1,024.
const crowded = 500

// wished puts a word where the model ended its thought. That end is what is to be learned in the word's place: without it,
// nothing but drafts without errors would teach where a draft ends, and a redone one would run on.
func (t *tapeTrace) wished(word int32) {
	t.wishes = append(t.wishes, len(t.ids))
	t.put(t.c.Weights.Stop, word)
}

// targets is what each id teaches.
func (t *tapeTrace) targets() []int32 {
	targets := slices.Clone(t.ids)
	for _, i := range t.wishes {
		targets[i] = tape.EndThink
	}
	return targets
}

// shorten leaves the first n ids.
func (t *tapeTrace) shorten(n int) {
	t.ids, t.weights = t.ids[:n], t.weights[:n]
	for len(t.wishes) > 0 && t.wishes[len(t.wishes)-1] >= n {
		t.wishes = t.wishes[:len(t.wishes)-1]
	}
}

// line is one line of a draft, as it will be checked.
type line struct {
	op    tape.Op
	claim int
}

// tapeTrace writes one example: ids, and the weight of each.
type tapeTrace struct {
	c         *TapeConfig
	rng       *rand.Rand
	limit     int     // of the values of the problem
	rate      float64 // of an error, per draft line
	interrupt bool    // the first check breaks off in a line, and a Wait follows
	ids       []int32
	weights   []float32
	wishes    []int // where in ids a word was put in place of the end of the thought
}

// put appends tokens with one weight.
func (t *tapeTrace) put(weight float64, ids ...int32) {
	t.ids = append(t.ids, ids...)
	for range ids {
		t.weights = append(t.weights, float32(weight))
	}
}

func (t *tapeTrace) number(weight float64, n int) {
	t.ids = tape.AppendNumber(t.ids, n)
	t.fill(weight)
}

func (t *tapeTrace) op(o tape.Op) {
	t.ids = tape.AppendOp(t.ids, o)
	t.fill(1)
}

// fill gives the weight to the ids that have none yet.
func (t *tapeTrace) fill(weight float64) {
	for len(t.weights) < len(t.ids) {
		t.weights = append(t.weights, float32(weight))
	}
}

// draft does ops tersely from x, with at most one error; what follows an error is done right from the wrong value. A step
// that cannot be done from a wrong value (a remainder, a value out of range) gets a stand-in with weight 0. It gives the
// lines.
func (t *tapeTrace) draft(x int, ops []tape.Op) (lines []line) {
	rate := t.rate
	if len(t.ids) > crowded {
		rate = 0
	}
	wrong := false
	for _, o := range ops {
		value, ok := o.Apply(x)
		weight := t.c.Weights.Draft
		if !ok {
			value, weight = standIn(o, x), 0
		}
		errs := rate
		if o.Kind == '/' {
			errs *= t.c.Divisions
		}
		if !wrong && t.rng.Float64() < errs {
			wrong, value, weight = true, t.slip(o, x, value), 0
		}
		t.terse(weight, o, value)
		lines = append(lines, line{o, value})
		x = value
	}
	return lines
}

// terse writes a line of a draft.
func (t *tapeTrace) terse(weight float64, o tape.Op, value int) {
	t.op(o)
	t.put(1, tape.Equals)
	t.number(weight, value)
	t.put(1, tape.Newline)
}

// check verifies lines from x, up to the first wrong one, after a Wait at the thought's end or inside it. It gives how many
// are settled, and the last right value.
func (t *tapeTrace) check(x int, lines []line, ended bool) (settled, value int) {
	w := t.c.Weights
	if ended {
		t.wished(tape.Wait)
	} else {
		t.put(0, tape.Wait)
	}
	t.put(1, tape.Newline)
	for i, l := range lines {
		value, _ := l.op.Apply(x)
		right := value == l.claim
		claim, worked := 1.0, 1.0
		if !right {
			claim, worked = w.WrongClaim, w.WrongCheck
		}
		t.number(1, x)
		t.op(l.op)
		t.put(1, tape.Equals)
		t.number(claim, l.claim)
		t.put(1, tape.Question)
		t.ids = tape.AppendColumns(t.ids, x, l.op)
		t.ids = append(t.ids, tape.Result)
		t.ids = tape.AppendNumber(t.ids, value)
		t.fill(worked)
		if right {
			t.put(w.OK, tape.OK)
		} else {
			t.put(w.No, tape.No)
		}
		t.put(1, tape.Newline)
		if x = value; !right {
			return i + 1, x
		}
	}
	return len(lines), x
}

// verify checks lines, which are the first of ops from x on, and does the rest again, until every line is settled.
func (t *tapeTrace) verify(x int, ops []tape.Op, lines []line) {
	interrupt := t.interrupt && len(lines) == len(ops) // once, in the first check
	cut := false                                       // inside a check: what follows it is no end
	for len(ops) > 0 {
		from := len(t.ids) + 2 // behind Wait and its line break
		n, value := t.check(x, lines, len(lines) == len(ops) && !cut)
		cut = false
		if interrupt {
			interrupt, cut = false, true
			n = t.cut(from, len(t.ids)-1)
			x, ops, lines = t.before(x, lines[:n]), ops[n:], lines[n:]
			continue
		}
		if x, ops, lines = value, ops[n:], nil; len(ops) > 0 {
			lines = t.draft(x, ops)
		}
	}
}

// before gives the exact value behind lines.
func (t *tapeTrace) before(x int, lines []line) int {
	for _, l := range lines {
		x, _ = l.op.Apply(x)
	}
	return x
}

// cut drops the ids from a random place in from..to on, and says how many whole lines are left behind from.
func (t *tapeTrace) cut(from, to int) (lines int) {
	at := from + t.rng.IntN(to-from+1)
	t.shorten(at)
	for _, id := range t.ids[from:] {
		if id == tape.Newline {
			lines++
		}
	}
	return lines
}

// sure appends n times "Wait sure".
func (t *tapeTrace) sure(n int) {
	for range n {
		t.wished(tape.Wait)
		t.put(1, tape.Sure, tape.Newline)
	}
}

// finish closes the thought and answers.
func (t *tapeTrace) finish(end, answer float64, value int) {
	t.put(end, tape.EndThink)
	t.number(answer, value)
	t.put(1, tape.End)
}
