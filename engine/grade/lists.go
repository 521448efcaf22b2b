package grade

// mostEithers bounds the plus-minus signs of one answer: each doubles what it stands for.
const mostEithers = 4

// manifold says whether n stands for several answers, or for braces around one.
func manifold(n *node) bool {
	return n.kind == kList || n.kind == kSet || n.has(func(m *node) bool { return m.kind == kEither })
}

// expand is n with every plus-minus replaced by plus and by minus. Signs go their own ways, unless one is minus-plus: then
// all go together.
func expand(n *node) []*node {
	count, tied := 0, false
	n.has(func(m *node) bool {
		if m.kind == kEither {
			count++
			tied = tied || m.name == "mp"
		}
		return false
	})
	if count == 0 || count > mostEithers {
		return []*node{n}
	}
	ways := 1 << count
	if tied {
		ways = 2
	}
	all := make([]*node, 0, ways)
	for way := range ways {
		k := 0
		all = append(all, choose(n, func(m *node) bool {
			minus := way>>k&1 == 1
			if tied {
				minus = (way == 1) != (m.name == "mp")
			}
			k++
			return minus
		}))
	}
	return all
}

// choose is n with each plus-minus decided by minus, which is asked in the order they are written.
func choose(n *node, minus func(*node) bool) *node {
	if len(n.args) == 0 {
		return n
	}
	c := *n
	down := n.kind == kEither && minus(n)
	c.args = make([]*node, len(n.args))
	for i, a := range n.args {
		c.args[i] = choose(a, minus)
	}
	if n.kind == kEither {
		c.kind, c.name = kAdd, ""
		if down {
			c.args[1] = of(kNeg, c.args[1])
		}
	}
	return &c
}

// items are the single answers that n stands for.
func items(n *node) []*node {
	var all []*node
	switch n.kind {
	case kList, kSet:
		for _, a := range n.args {
			if a.kind == kList {
				all = append(all, items(a)...)
				continue
			}
			all = append(all, expand(a)...)
		}
	default:
		all = expand(n)
	}
	return all
}

// lists compares answers of several parts.
func (g *grader) lists(p, w *node) decision {
	if p.kind == kGroup || w.kind == kGroup {
		if d, ok := g.tupleList(p, w); ok {
			return d
		}
	}
	if setlike(p) && p.kind != kSet || setlike(w) && w.kind != kSet {
		return g.sets(p, w)
	}
	if (p.kind == kSet) != (w.kind == kSet) && !g.policies.SetAsList && p.open != '{' && w.open != '{' {
		return decision{different, "set", "one is a set, the other is none"}
	}
	a, b := items(p), items(w)
	if tooMany(a) || tooMany(b) {
		return decision{undecided, "not decided", "more plus-minus signs than can be expanded"}
	}
	if p.kind == kSet || w.kind == kSet || len(a) != len(b) && !g.policies.ListOrder { // an answer said twice is one answer
		a, b = g.distinct(a), g.distinct(b)
	}
	if len(a) != len(b) {
		return decision{different, "list", "they have " + itoa(len(a)) + " and " + itoa(len(b)) + " parts"}
	}
	if g.policies.ListOrder && p.kind != kSet && w.kind != kSet {
		return g.each(a, b, "list in order")
	}
	return g.matched(a, b)
}

// tooMany says whether a part still stands for several, since it could not be expanded.
func tooMany(all []*node) bool {
	for _, a := range all {
		if a.has(func(m *node) bool { return m.kind == kEither }) {
			return true
		}
	}
	return false
}

// tupleList compares a tuple with a list: named values in order, and what the policies let pass.
func (g *grader) tupleList(p, w *node) (decision, bool) {
	t, l := p, w
	if t.kind != kGroup {
		t, l = w, p
	}
	if l.kind != kList && l.kind != kSet || len(l.args) != len(t.args) || tooMany(t.args) {
		return decision{}, false
	}
	named := g.policies.Assignments
	for _, a := range l.args {
		named = named && a.kind == kRel
	}
	if !named && l.open != '{' && !g.policies.TupleAsList {
		return decision{different, "type", "a tuple is no list"}, true
	}
	return g.each(p.args, w.args, "tuple"), true
}

// matched compares lists in any order, each part with one part of the other.
func (g *grader) matched(p, w []*node) decision {
	if d := g.each(p, w, "list"); d.outcome == equal { // mostly they are in the same order
		return d
	}
	used := make([]bool, len(w))
	for i, a := range p {
		found, open := false, false
		for j, b := range w {
			if used[j] {
				continue
			}
			switch g.compare(a, b).outcome {
			case equal:
				used[j], found = true, true
			case undecided:
				open = true
			}
			if found {
				break
			}
		}
		if !found && open {
			return decision{undecided, "not decided", "part " + itoa(i+1) + " could not be compared"}
		}
		if !found {
			return decision{different, "list", "part " + itoa(i+1) + " (" + a.String() + ") is not among the known ones"}
		}
	}
	return decision{equal, "list", "the parts are equal in some order"}
}

// distinct drops parts that are equal to an earlier one.
func (g *grader) distinct(all []*node) []*node {
	var kept []*node
	for _, a := range all {
		again := false
		for _, b := range kept {
			again = again || g.compare(a, b).outcome == equal
		}
		if !again {
			kept = append(kept, a)
		}
	}
	return kept
}
