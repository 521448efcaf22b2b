package grade

// equation is a relation as it answers: what is given a value, the value, and the two sides where it is one equation.
type equation struct {
	name  *node // nil where nothing is named
	value *node // nil where it is an equation between expressions
	left  *node // nil where it is none
	right *node
}

// inequality says whether n holds a relation that is no equation.
func inequality(n *node) bool {
	if n.kind == kList {
		for _, a := range n.args {
			if inequality(a) {
				return true
			}
		}
		return false
	}
	if n.kind != kRel {
		return false
	}
	for _, op := range n.ops {
		switch op {
		case "<", ">", "≤", "≥", "≠":
			return true
		}
	}
	return false
}

// asEquation reads = and ≈ and ∈: x = 5, 5 = x, f(x) = ... = 5, x = 1/3 ≈ 0.333, x ∈ S.
func asEquation(n *node) equation {
	if n.kind != kRel {
		return equation{value: n}
	}
	args := n.args
	for i, op := range n.ops {
		if op == "≈" && !(i == 0 && args[0].namelike()) { // what follows is only nearly right
			args = args[:i+1]
			break
		}
	}
	first, last := args[0], args[len(args)-1]
	switch {
	case len(args) == 1:
		return equation{value: first}
	case first.namelike():
		e := equation{name: first, value: last}
		if len(args) == 2 {
			e.left, e.right = first, last
		}
		return e
	case len(args) > 2 || first.constant() && last.constant(): // a calculation: 66/2 = 33
		return equation{value: last}
	case last.namelike():
		return equation{name: last, value: first, left: first, right: last}
	}
	return equation{left: first, right: last}
}

// equations compares relations of which none is an inequality.
func (g *grader) equations(p, w *node) decision {
	if many(p) || many(w) {
		return g.lists(open(p), open(w))
	}
	a, b := asEquation(p), asEquation(w)
	pol := g.policies
	switch {
	case a.value != nil && b.value != nil && (a.name == nil || b.name == nil):
		if (a.name != nil || b.name != nil) && !pol.Assignments {
			return decision{different, "assignment", "one names what has the value"}
		}
		return g.compare(a.value, b.value)
	case a.value != nil && b.value != nil:
		d := decision{different, "equation", "they give values to different names"}
		if pol.OtherNames || g.compare(a.name, b.name).outcome == equal {
			if d = g.compare(a.value, b.value); d.outcome == equal {
				return d
			}
		}
		if a.left == nil || b.left == nil {
			return d
		}
	case a.left == nil || b.left == nil:
		return decision{different, "equation", "only one is an equation"}
	}
	return g.multiples(a, b)
}

// many says whether a relation stands for several, as x = 1 ± 2 or x = {1, 2} does.
func many(n *node) bool {
	return n.kind == kList || n.kind == kRel && n.has(func(m *node) bool { return m.kind == kEither })
}

// open is a relation as the list of those it stands for.
func open(n *node) *node {
	if n.kind == kRel {
		if all := expand(n); len(all) > 1 {
			return &node{kind: kList, name: ",", args: all}
		}
	}
	return n
}

// multiples compares two equations: equal when one is the other times a constant.
func (g *grader) multiples(a, b equation) decision {
	for _, s := range []*node{a.left, a.right, b.left, b.right} {
		if !s.scalar() {
			return decision{different, "equation", "the equations differ"}
		}
	}
	if !g.policies.EquationMultiple {
		d := g.scalars(a.left, b.left)
		if d.outcome != equal {
			return d
		}
		return g.scalars(a.right, b.right)
	}
	r, _ := g.ratio(of(kAdd, a.left, of(kNeg, a.right)), of(kAdd, b.left, of(kNeg, b.right)))
	if r == undecided {
		return decision{undecided, "not decided", "the equations could not be evaluated within the limits"}
	}
	return decide(r == equal, "equation", "one is the other times a constant", "the equations are no multiples of each other")
}

// ratio says whether x is y times a constant that is not 0, and the sign of that constant.
func (g *grader) ratio(x, y *node) (r result, sign int) {
	if x.constant() || y.constant() {
		return different, 0
	}
	q := of(kDiv, x, y)
	var first value
	for k := range uint64(3) {
		p := point{seed: seed + 20 + k, negative: k == 1, w: &g.work}
		v, ok := p.at(q)
		if !ok || !v.isReal() || v.zero() {
			continue
		}
		if sign == 0 {
			first, sign = v, v.re.Sign()
			continue
		}
		if r := agree(first, v); r != equal {
			return r, 0
		}
		return equal, sign
	}
	return undecided, 0
}
