package grade

import "sort"

// end is one end of an interval of real numbers.
type end struct {
	inf    int   // -1, +1 = infinite; then v says nothing
	v      value // real
	closed bool
}

// interval is all real numbers between two ends.
type interval struct{ lo, hi end }

// realSet is a set of real numbers: intervals in order that do not touch.
type realSet []interval

// mostIntervals bounds a set.
const mostIntervals = 64

// setlike says whether n is written as a set of numbers and no tuple.
func setlike(n *node) bool {
	switch n.kind {
	case kUnion, kInter, kWithout:
		return true
	case kGroup:
		return len(n.args) == 2 && (n.open != n.close-1 && n.open != n.close-2 || infinite(n.args[0]) || infinite(n.args[1]))
	case kSym:
		return n.name == `\mathbb R` || n.name == "∅"
	}
	return false
}

// sets compares two sets of real numbers.
func (g *grader) sets(p, w *node) decision {
	if identical(p, w) {
		return decision{equal, "identical", "they are the same set"}
	}
	a, okA := g.realSet(p)
	b, okB := g.realSet(w)
	if !okA || !okB {
		if p.kind == w.kind && len(p.args) == len(w.args) && p.kind != kSym && p.scalar() == w.scalar() {
			if p.kind == kGroup && (p.open != w.open || p.close != w.close) {
				return decision{different, "brackets", "one is open where the other is closed"}
			}
			return g.each(p.args, w.args, "set")
		}
		return decision{different, "type", "a set of numbers is compared with something else"}
	}
	return g.sameSet(a, b)
}

func (g *grader) sameSet(a, b realSet) decision {
	if len(a) != len(b) {
		return decision{different, "set", "they are not the same numbers"}
	}
	for i := range a {
		if !sameEnd(a[i].lo, b[i].lo) || !sameEnd(a[i].hi, b[i].hi) {
			return decision{different, "set", "they are not the same numbers"}
		}
	}
	return decision{equal, "set", "they are the same numbers"}
}

func sameEnd(a, b end) bool {
	if a.inf != 0 || b.inf != 0 {
		return a.inf == b.inf
	}
	return a.closed == b.closed && agree(a.v, b.v) == equal
}

// order compares the places of two ends, without their brackets.
func order(a, b end) int {
	if a.inf != b.inf || a.inf != 0 {
		return a.inf - b.inf
	}
	if agree(a.v, b.v) == equal {
		return 0
	}
	return a.v.re.Cmp(b.v.re)
}

// realSet reads n as a set of real numbers.
func (g *grader) realSet(n *node) (realSet, bool) {
	if !g.work.spend(10) {
		return nil, false
	}
	switch n.kind {
	case kGroup:
		if len(n.args) != 2 {
			return nil, false
		}
		lo, ok := g.end(n.args[0], n.open == '[')
		hi, also := g.end(n.args[1], n.close == ']')
		if !ok || !also {
			return nil, false
		}
		return realSet{{lo, hi}}.tidy()
	case kSet:
		var s realSet
		for _, a := range items(n) {
			e, ok := g.end(a, true)
			if !ok || e.inf != 0 {
				return nil, false
			}
			s = append(s, interval{e, e})
		}
		return s.tidy()
	case kSym:
		switch n.name {
		case `\mathbb R`:
			return everything(), true
		case "∅":
			return realSet{}, true
		}
	case kUnion, kInter, kWithout:
		a, ok := g.realSet(n.args[0])
		b, also := g.realSet(n.args[1])
		if !ok || !also {
			return nil, false
		}
		switch n.kind {
		case kUnion:
			return append(a[:len(a):len(a)], b...).tidy()
		case kInter:
			return a.and(b), true
		}
		return a.and(b.complement()), true
	case kRel:
		return g.solved(n)
	case kList:
		return g.solvedList(n)
	}
	return nil, false
}

func (g *grader) end(n *node, closed bool) (end, bool) {
	if n.kind == kConst && n.name == "inf" {
		return end{inf: 1}, true
	}
	if n.kind == kNeg && infinite(n.args[0]) {
		return end{inf: -1}, true
	}
	n, mark := bare(n)
	if !n.scalar() || !n.constant() || mark != "" && mark != "°" {
		return end{}, false
	}
	p := point{seed: seed, w: &g.work}
	v, ok := p.at(n)
	return end{v: v, closed: closed}, ok && v.isReal()
}

func everything() realSet { return realSet{{end{inf: -1}, end{inf: 1}}} }

// tidy orders the intervals, drops empty ones and joins those that touch.
func (s realSet) tidy() (realSet, bool) {
	if len(s) > mostIntervals {
		return nil, false
	}
	kept := make(realSet, 0, len(s))
	for _, i := range s {
		if c := order(i.lo, i.hi); c < 0 || c == 0 && i.lo.inf == 0 && i.lo.closed && i.hi.closed {
			kept = append(kept, i)
		}
	}
	sort.SliceStable(kept, func(i, j int) bool {
		c := order(kept[i].lo, kept[j].lo)
		return c < 0 || c == 0 && kept[i].lo.closed && !kept[j].lo.closed
	})
	var out realSet
	for _, i := range kept {
		if n := len(out); n > 0 {
			last := &out[n-1]
			if c := order(i.lo, last.hi); c < 0 || c == 0 && last.hi.inf == 0 && (i.lo.closed || last.hi.closed) {
				if c := order(i.hi, last.hi); c > 0 || c == 0 && i.hi.closed {
					last.hi = i.hi
				}
				continue
			}
		}
		out = append(out, i)
	}
	return out, true
}

func (s realSet) and(t realSet) realSet {
	var out realSet
	for _, a := range s {
		for _, b := range t {
			lo, hi := a.lo, a.hi
			if c := order(b.lo, lo); c > 0 || c == 0 && !b.lo.closed {
				lo = b.lo
			}
			if c := order(b.hi, hi); c < 0 || c == 0 && !b.hi.closed {
				hi = b.hi
			}
			out = append(out, interval{lo, hi})
			if len(out) > mostIntervals {
				return out
			}
		}
	}
	out, _ = out.tidy()
	return out
}

// complement is every real number that is not in s.
func (s realSet) complement() realSet {
	out := realSet{}
	from := end{inf: -1}
	for _, i := range s {
		if i.lo.inf == 0 {
			to := i.lo
			to.closed = !to.closed
			out = append(out, interval{from, to})
		}
		if i.hi.inf != 0 {
			return out
		}
		from = i.hi
		from.closed = !from.closed
	}
	return append(out, interval{from, end{inf: 1}})
}
