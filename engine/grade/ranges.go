package grade

// ranges compares answers of which one at least holds an inequality.
func (g *grader) ranges(p, w *node) decision {
	if d, ok := g.samePlaces(p, w); ok && d.outcome == equal {
		return d
	}
	if p.kind == kRel && w.kind == kRel && len(p.args) == 2 && len(w.args) == 2 && inequality(p) && inequality(w) {
		if d := g.inequalities(p, w); d.outcome == equal {
			return d
		}
	}
	if !(inequality(p) && inequality(w)) && !g.policies.IntervalAsRange {
		return decision{different, "type", "an inequality is no interval"}
	}
	if a, b := unknown(p), unknown(w); a != nil && b != nil && !g.policies.OtherNames && g.compare(a, b).outcome != equal {
		return decision{different, "inequality", "they bound different names"}
	}
	a, ok := g.realSet(p)
	b, also := g.realSet(w)
	if !ok || !also {
		return decision{different, "inequality", "the inequalities differ"}
	}
	d := g.sameSet(a, b)
	d.rule = "inequality"
	return d
}

// samePlaces compares relations of equal shape part by part, one of them perhaps read from its end, and lists of them in
// any order.
func (g *grader) samePlaces(p, w *node) (decision, bool) {
	if p.kind == kList && w.kind == kList && len(p.args) == len(w.args) && p.name != "or" == (w.name != "or") {
		return g.matched(p.args, w.args), true
	}
	if p.kind != kRel || w.kind != kRel || len(p.args) != len(w.args) {
		return decision{}, false
	}
	for _, r := range []*node{p, reversed(p)} {
		same := true
		for i := range r.ops {
			same = same && r.ops[i] == w.ops[i]
		}
		if same {
			if d := g.each(r.args, w.args, "inequality"); d.outcome == equal {
				return d, true
			}
		}
	}
	return decision{}, false
}

// turned is the operator read from the other side.
func turned(op string) string {
	switch op {
	case "<":
		return ">"
	case ">":
		return "<"
	case "≤":
		return "≥"
	case "≥":
		return "≤"
	}
	return op
}

func reversed(n *node) *node {
	r := &node{kind: kRel}
	for i := len(n.args) - 1; i >= 0; i-- {
		r.args = append(r.args, n.args[i])
	}
	for i := len(n.ops) - 1; i >= 0; i-- {
		r.ops = append(r.ops, turned(n.ops[i]))
	}
	return r
}

// inequalities compares l < r with l' < r': equal when one is the other times a constant, negative where they point apart.
func (g *grader) inequalities(p, w *node) decision {
	for _, s := range []*node{p.args[0], p.args[1], w.args[0], w.args[1]} {
		if !s.scalar() {
			return decision{different, "inequality", "the inequalities differ"}
		}
	}
	r, sign := g.ratio(of(kAdd, p.args[0], of(kNeg, p.args[1])), of(kAdd, w.args[0], of(kNeg, w.args[1])))
	op := p.ops[0]
	if sign < 0 {
		op = turned(op)
	}
	if r == undecided {
		return decision{undecided, "not decided", "the inequalities could not be evaluated within the limits"}
	}
	return decide(r == equal && op == w.ops[0], "inequality", "one is the other times a constant", "the inequalities differ")
}

// unknown is the name that a relation bounds, nil where there is none.
func unknown(n *node) *node {
	if n.kind == kList && len(n.args) > 0 {
		return unknown(n.args[0])
	}
	if n.kind != kRel {
		return nil
	}
	for _, a := range n.args {
		if a.namelike() && !(a.kind == kSym && setlike(a)) {
			if a.kind == kCall && a.name == "abs" {
				return a.args[0]
			}
			return a
		}
	}
	return nil
}

// solved reads a relation that bounds one name by constants.
func (g *grader) solved(n *node) (realSet, bool) {
	at := -1
	for i, a := range n.args {
		if a.namelike() && !setlike(a) {
			if at >= 0 {
				return nil, false
			}
			at = i
		}
	}
	if at < 0 {
		return nil, false
	}
	s := everything()
	for i, op := range n.ops {
		var other *node
		switch {
		case i == at:
			other = n.args[i+1]
		case i+1 == at:
			other, op = n.args[i], turned(op)
		default:
			continue // between constants
		}
		t, ok := g.bound(op, other)
		if !ok {
			return nil, false
		}
		s = s.and(t)
	}
	if x := n.args[at]; x.kind == kCall && x.name == "abs" { // |x| < 3
		return s.mirrored()
	}
	return s, true
}

// bound is the set of x with x op other.
func (g *grader) bound(op string, other *node) (realSet, bool) {
	if op == "∈" {
		return g.realSet(other)
	}
	e, ok := g.end(other, true)
	if !ok {
		return nil, false
	}
	low, high := end{inf: -1}, end{inf: 1}
	switch op {
	case "=":
		return realSet{{e, e}}, true
	case "≠":
		return realSet{{e, e}}.complement(), true
	case "<", "≤":
		e.closed = op == "≤"
		return realSet{{low, e}}, true
	case ">", "≥":
		e.closed = op == "≥"
		return realSet{{e, high}}, true
	}
	return nil, false
}

// mirrored is the set of x whose size is in s.
func (s realSet) mirrored() (realSet, bool) {
	s = s.and(realSet{{end{v: fromInt(0), closed: true}, end{inf: 1}}})
	both := s[:len(s):len(s)]
	for _, i := range s {
		both = append(both, interval{i.hi.negative(), i.lo.negative()})
	}
	return both.tidy()
}

func (e end) negative() end {
	if e.inf != 0 {
		return end{inf: -e.inf}
	}
	return end{v: e.v.negative(), closed: e.closed}
}

// solvedList joins several relations: "or" is their union; else their intersection, unless nothing is left of it.
func (g *grader) solvedList(n *node) (realSet, bool) {
	union, inter := realSet{}, everything()
	for _, a := range n.args {
		s, ok := g.realSet(a)
		if !ok || a.kind == kGroup {
			return nil, false
		}
		if union, ok = append(union, s...).tidy(); !ok {
			return nil, false
		}
		inter = inter.and(s)
	}
	if n.name == "or" || len(inter) == 0 {
		return union, true
	}
	return inter, true
}
