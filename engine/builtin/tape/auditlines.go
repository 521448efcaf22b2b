package tape

import "slices"

// draft reads the lines of ops from x on. What was claimed before is settled, or given up.
func (a *audit) draft(x int, ops []Op) bool {
	a.claims = make([]int, 0, len(ops))
	for _, o := range ops {
		if a.over() {
			return a.cut()
		}
		if !a.operation(o) || !a.token(Equals, "= in a draft") {
			return false
		}
		value, ok := a.value()
		if !ok || !a.token(Newline, "a line break after a draft line") {
			return false
		}
		if exact, ok := o.Apply(x); ok {
			c := a.r.Op(o.Kind)
			c.Lines++
			if value != exact {
				c.Wrong++
			}
		}
		a.claims = append(a.claims, value)
		x = value
	}
	return true
}

// check reads one line of a check, and says whether it was flagged " no".
func (a *audit) check() (flagged, ok bool) {
	if a.over() {
		return false, a.cut()
	}
	o := a.p.Ops[a.settled]
	x, ok := a.value()
	if !ok {
		return false, false
	}
	if !slices.Contains(a.base, x) {
		return false, a.slipped("the check begins with %d, not %d", x, a.base[0])
	}
	if !a.operation(o) || !a.token(Equals, "= in a check") {
		return false, false
	}
	claim, ok := a.value()
	if !ok {
		return false, false
	}
	if claim != a.claims[0] {
		return false, a.slipped("the check restates %d as %d", a.claims[0], claim)
	}
	if !a.token(Question, "? after a claim") {
		return false, false
	}
	for !a.over() && (a.ids[a.at] >= Column && a.ids[a.at] < VocabSize || a.ids[a.at] == Borrow) {
		a.at++
	}
	if !a.token(Result, "the result after the columns") {
		return false, false
	}
	result, ok := a.value()
	if !ok {
		return false, false
	}
	if a.over() {
		return false, a.cut()
	}
	if a.breaks() {
		return false, false
	}
	verdict := a.ids[a.at]
	if verdict != OK && verdict != No {
		return false, a.slipped("%q is no verdict", Text(a.ids[a.at:a.at+1]))
	}
	a.at++
	if !a.token(Newline, "a line break after a verdict") {
		return false, false
	}
	flagged = verdict == No
	a.count(o, x, claim, result, flagged)
	a.settled++
	a.claims = a.claims[1:]
	a.base = []int{result}
	if !flagged && claim != result {
		a.base = []int{claim, result}
	}
	return flagged, true
}

// count judges a check line against exact arithmetic.
func (a *audit) count(o Op, x, claim, result int, flagged bool) {
	exact, ok := o.Apply(x)
	c := a.r.Op(o.Kind)
	switch {
	case !ok:
	case claim == exact:
		a.r.RightClaims++
		if flagged {
			a.r.FalseAlarms++
		}
	default:
		c.WrongClaims++
		if flagged {
			c.Detected++
			if result == exact {
				c.Repaired++
			}
		}
	}
}

// breaks notes that a Wait stands here, in the middle.
func (a *audit) breaks() bool {
	a.broken = a.ids[a.at] == Wait
	return a.broken
}

// token reads one token that must be it.
func (a *audit) token(want int32, what string) bool {
	if a.over() {
		return a.cut()
	}
	if a.breaks() {
		return false
	}
	if a.ids[a.at] != want {
		return a.slipped("%q is not %s", Text(a.ids[a.at:a.at+1]), what)
	}
	a.at++
	return true
}

// operation reads o. Its digits end where the next token is none, so +64 is not +649.
func (a *audit) operation(o Op) bool {
	want := AppendOp(nil, o)
	for _, id := range want {
		if a.over() {
			return a.cut()
		}
		if a.breaks() {
			return false
		}
		if a.ids[a.at] != id {
			return a.slipped("%q, not the step %s", Text(a.ids[a.at:min(a.at+len(want), len(a.ids))]), o)
		}
		a.at++
	}
	return true
}

// value reads a number.
func (a *audit) value() (int, bool) {
	v, n := number(a.ids[a.at:])
	if a.at+n >= len(a.ids) || a.ids[a.at+n] == EndThink {
		return 0, a.cut()
	}
	if a.at += n; a.breaks() { // the number may have had more digits
		return 0, false
	}
	if n == 0 {
		return 0, a.slipped("%q is no number", Text(a.ids[a.at:a.at+1]))
	}
	return v, true
}
