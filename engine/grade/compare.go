package grade

// result is what comparing two trees comes to.
type result uint8

const (
	different result = iota
	equal
	undecided
)

// decision is a result with the rule that made it.
type decision struct {
	outcome result
	rule    string
	why     string
}

func decide(same bool, rule, yes, no string) decision {
	if same {
		return decision{equal, rule, yes}
	}
	return decision{different, rule, no}
}

// compare compares a prediction's tree with the known one, by what they are.
func (g *grader) compare(p, w *node) decision {
	if !g.work.spend(4) {
		return decision{undecided, "too much work", "the comparison would take too long"}
	}
	if a, b := over(p), over(w); a != "" || b != "" {
		if a == "" || b == "" {
			if !g.policies.UnitsOptional {
				return decision{different, "units", "a unit is missing: " + a + b}
			}
		} else if a != b && knownUnit(a) && knownUnit(b) && !g.policies.UnitsIgnored {
			return decision{different, "units", "the units differ: " + a + " and " + b}
		}
		return g.compare(under(p), under(w))
	}
	switch {
	case p.kind == kText || w.kind == kText:
		return g.texts(p, w)
	case inequality(p) || inequality(w):
		return g.ranges(p, w)
	case p.kind == kRel || w.kind == kRel:
		return g.equations(p, w)
	case manifold(p) || manifold(w):
		return g.lists(p, w)
	case p.kind == kMatrix && w.kind == kMatrix:
		if p.cols != w.cols || len(p.args) != len(w.args) || p.name != w.name {
			return decision{different, "matrix", "the matrices have different shapes"}
		}
		return g.each(p.args, w.args, "matrix")
	case p.kind == kGroup && w.kind == kGroup:
		return g.groups(p, w)
	case p.kind == kRatio && w.kind == kRatio:
		return g.ratios(p, w)
	case setlike(p) || setlike(w):
		return g.sets(p, w)
	case p.kind == kMatrix && w.kind == kGroup || p.kind == kGroup && w.kind == kMatrix:
		if g.policies.VectorAsTuple && (p.cols <= 1 || len(p.args) == p.cols) && (w.cols <= 1 || len(w.args) == w.cols) && len(p.args) == len(w.args) {
			return g.each(p.args, w.args, "vector")
		}
		return decision{different, "type", "a matrix is no tuple"}
	case p.scalar() && w.scalar():
		return g.scalars(p, w)
	case p.kind == kRatio || w.kind == kRatio:
		return g.ratioValue(p, w)
	case p.kind == kMatrix || w.kind == kMatrix:
		return g.matrices(p, w)
	}
	return decision{different, "type", "they are of different kinds"}
}

// over is the unit of a tuple, a list, a time: of what is no single value.
func over(n *node) string {
	if n.kind == kUnit && !n.args[0].scalar() {
		return n.name
	}
	return ""
}

// under is n without that unit.
func under(n *node) *node {
	if over(n) != "" {
		return n.args[0]
	}
	return n
}

// each compares two lists of equal length in their order.
func (g *grader) each(p, w []*node, rule string) decision {
	if len(p) != len(w) {
		return decision{different, rule, "they have " + itoa(len(p)) + " and " + itoa(len(w)) + " parts"}
	}
	var open *decision
	for i := range p {
		d := g.compare(p[i], w[i])
		switch d.outcome {
		case different:
			return decision{different, rule, "part " + itoa(i+1) + " differs: " + d.why}
		case undecided:
			open = &d
		}
	}
	if open != nil {
		return *open
	}
	return decision{equal, rule, "every part is equal"}
}

// groups are tuples and intervals: brackets count.
func (g *grader) groups(p, w *node) decision {
	if p.open != w.open || p.close != w.close {
		return decision{different, "brackets", "one is open where the other is closed"}
	}
	rule := "tuple"
	if len(p.args) == 2 && (p.open != '(' || p.close != ')') {
		rule = "interval"
	}
	return g.each(p.args, w.args, rule)
}

// ratios are equal when their quotients are; a time of day is read part by part.
func (g *grader) ratios(p, w *node) decision {
	d := g.each(p.args, w.args, "ratio")
	if d.outcome != different || len(p.args) != 2 || len(w.args) != 2 || clock(p) || clock(w) {
		return d
	}
	s := g.scalars(of(kMul, p.args[0], w.args[1]), of(kMul, w.args[0], p.args[1]))
	s.rule = "ratio"
	return s
}

func clock(n *node) bool {
	b := n.args[1]
	return b.kind == kNum && b.num.Sign() == 0
}

func (g *grader) ratioValue(p, w *node) decision {
	quotient := func(n *node) *node {
		if n.kind == kRatio && len(n.args) == 2 {
			return of(kDiv, n.args...)
		}
		return n
	}
	a, b := quotient(p), quotient(w)
	if a.scalar() && b.scalar() {
		d := g.scalars(a, b)
		d.rule = "ratio"
		return d
	}
	return decision{different, "type", "a ratio is compared with something else"}
}

// texts compares words with words.
func (g *grader) texts(p, w *node) decision {
	a, b := textOf(p), textOf(w)
	if (p.kind == kText) != (w.kind == kText) && (p.kind == kNum || w.kind == kNum) {
		return decision{different, "text", "one is a text, the other a value"}
	}
	x, y := words(a, g.policies.Case), words(b, g.policies.Case)
	return decide(x == y && x != "" || a == b, "text", "the words are the same", "the words differ")
}

func textOf(n *node) string {
	if n.kind == kText {
		return n.name
	}
	return n.String()
}
