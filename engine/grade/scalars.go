package grade

import (
	"math/big"
	"strings"
)

// bare is a value without its percent, degree or unit, and what it was.
func bare(n *node) (inside *node, mark string) {
	negative := false
	for {
		switch n.kind {
		case kNeg:
			if k := n.args[0].kind; k != kPercent && k != kDegree && k != kUnit {
				return n, ""
			}
			negative = true
			n = n.args[0]
			continue
		case kPercent:
			mark = "%"
		case kDegree:
			mark = "°"
		case kUnit:
			mark = n.name
		default:
			return n, ""
		}
		n = n.args[0]
		if negative {
			n = of(kNeg, n)
		}
		return n, mark
	}
}

// scalars compares two values with what is written behind them.
func (g *grader) scalars(p, w *node) decision {
	a, am := bare(p)
	b, bm := bare(w)
	if am == "" && bm == "" {
		if d, ok := g.letterUnit(a, b); ok {
			return d
		}
		return g.values(a, b)
	}
	if am == "" && knownUnit(bm) {
		a, am = lettered(a)
	} else if bm == "" && knownUnit(am) {
		b, bm = lettered(b)
	}
	pol := g.policies
	switch {
	case am == bm:
		return g.values(a, b)
	case am == "%" || bm == "%":
		return g.percents(a, b, am, bm)
	case am == "°" && bm == "" || am == "" && bm == "°":
		if !pol.DegreesOptional {
			return decision{different, "degrees", "one has no degree sign"}
		}
		if d := g.values(a, b); d.outcome != different {
			return d
		}
		return g.values(p, w) // 90 degrees is pi/2
	case am == "" || bm == "":
		if !pol.UnitsOptional {
			return decision{different, "units", "a unit is missing: " + am + bm}
		}
		return g.values(a, b)
	}
	if pol.UnitsIgnored {
		if d := g.values(a, b); d.outcome != different {
			return d
		}
	}
	if f, ok := conversion(am, bm); ok {
		return g.values(of(kMul, a, &node{kind: kNum, num: f}), b)
	}
	if !knownUnit(am) || !knownUnit(bm) {
		return g.values(a, b)
	}
	return decision{different, "units", "the units differ: " + am + " and " + bm}
}

// percents compares a percentage with a value that has no sign, or another unit.
func (g *grader) percents(a, b *node, am, bm string) decision {
	other := am + bm
	if other = strings.Replace(other, "%", "", 1); other != "" && knownUnit(other) && !g.policies.UnitsIgnored {
		return decision{different, "units", "a percentage is no " + other}
	}
	if g.policies.PercentStripped {
		if d := g.values(a, b); d.outcome != different {
			return d
		}
	}
	if g.policies.PercentAsValue {
		if am == "%" {
			a = of(kDiv, a, number(100))
		} else {
			b = of(kDiv, b, number(100))
		}
		d := g.values(a, b)
		d.rule = "percent"
		return d
	}
	return decision{different, "percent", "one has a percent sign"}
}

// lettered reads 5 m as five metres, and 5 m/s^2 likewise: a constant, and letters that are units.
func lettered(n *node) (*node, string) {
	if (n.kind != kMul && n.kind != kDiv) || len(n.args) != 2 {
		return n, ""
	}
	u := letterOf(n.args[1])
	switch {
	case u == "":
		return n, ""
	case n.kind == kMul && n.args[0].constant():
		return n.args[0], u
	case n.kind == kDiv:
		if inside, above := lettered(n.args[0]); above != "" {
			return inside, above + "/" + u
		}
	}
	return n, ""
}

// letterOf is the unit of one letter that n is, perhaps to a power.
func letterOf(n *node) string {
	power := ""
	if n.kind == kPow && n.args[1].kind == kNum {
		n, power = n.args[0], "^"+n.args[1].num.RatString()
	}
	if n.kind == kSym && len(n.name) == 1 && strings.Contains(letterUnits, n.name) {
		return canonicalUnit(n.name) + power
	}
	return ""
}

// letterUnit reads a prediction of 3s as three seconds where a plain number is known.
func (g *grader) letterUnit(a, b *node) (decision, bool) {
	if !g.policies.UnitsOptional || !b.constant() {
		return decision{}, false
	}
	inside, u := lettered(a)
	if u == "" {
		return decision{}, false
	}
	d := g.values(inside, b)
	if d.outcome == equal {
		d.rule = "unit " + u
	}
	return d, true
}

// values compares two values.
func (g *grader) values(a, b *node) decision {
	if a.kind == kBase || b.kind == kBase {
		return g.bases(a, b)
	}
	if identical(a, b) {
		return decision{equal, "identical", "they are the same expression"}
	}
	x, isX := exact(a, &g.work)
	y, isY := exact(b, &g.work)
	if isX && isY {
		switch {
		case !g.policies.Algebra && (a.kind != b.kind || a.kind != kNum):
			return decision{different, "written", "they are not written alike"}
		case x.Cmp(y) == 0:
			return decision{equal, "exact number", "both are " + shortRat(x)}
		case g.near(a, b, x, y):
			return decision{equal, "rounded number", "they agree within what the policies allow"}
		}
		return decision{different, "exact number", shortRat(x) + " is not " + shortRat(y)}
	}
	if !g.policies.Algebra {
		return decision{different, "written", "they are not written alike"}
	}
	if infinite(a) || infinite(b) {
		return decision{different, "infinity", "only one is infinite"}
	}
	d := g.inField(a, b)
	if d.outcome == undecided {
		d = g.inFloats(a, b)
	}
	if d.outcome != equal && a.constant() && b.constant() && g.nearFloats(a, b) {
		return decision{equal, "rounded number", "they agree within what the policies allow"}
	}
	return d
}

func infinite(n *node) bool {
	return n.kind == kConst && n.name == "inf" || n.kind == kNeg && infinite(n.args[0])
}

func shortRat(r *big.Rat) string {
	if s := r.RatString(); len(s) <= 40 {
		return s
	}
	return "a long number"
}

// bases compares a number written in a base with another one.
func (g *grader) bases(a, b *node) decision {
	if a.kind == kBase && b.kind == kBase {
		return decide(a.cols == b.cols && a.name == b.name, "base", "same digits in the same base", "the digits or the bases differ")
	}
	if b.kind == kBase {
		a, b = b, a
	}
	if !g.policies.BaseOptional {
		return decision{different, "base", "one names no base"}
	}
	return decide(b.kind == kNum && b.places == 0 && b.num.IsInt() && b.num.Num().String() == a.name, "base", "same digits, one names no base", "the digits differ")
}

// inField decides for rational functions.
func (g *grader) inField(a, b *node) decision {
	points := 0
	for _, prime := range primes {
		for k := range uint64(2) {
			f := field{p: prime.p, i: prime.i, seed: seed + k, w: &g.work}
			x, ok := f.at(a)
			if !ok {
				return decision{outcome: undecided}
			}
			y, ok := f.at(b)
			if !ok {
				return decision{outcome: undecided}
			}
			if x != y {
				return decision{different, "algebra", "they differ at a random point of a prime field"}
			}
			points++
		}
	}
	return decision{equal, "algebra", "they agree at " + itoa(points) + " random points of prime fields"}
}

// inFloats decides for everything that has a value, within 256 bits.
func (g *grader) inFloats(a, b *node) decision {
	points := []point{{seed: seed + 10, w: &g.work}}
	constant := a.constant() && b.constant()
	if !constant {
		points = append(points, point{seed: seed + 11, negative: true, w: &g.work}, point{seed: seed + 12, w: &g.work})
	}
	agreed := 0
	for i := range points {
		p := &points[i]
		x, ok := p.at(a)
		if !ok {
			continue
		}
		y, ok := p.at(b)
		if !ok {
			continue
		}
		if p.negative && x.isReal() != y.isReal() {
			continue // one is not defined for negative numbers
		}
		switch agree(x, y) {
		case different:
			return decision{different, "numeric", "they are " + shown(x) + " and " + shown(y) + at(constant)}
		case equal:
			agreed++
		}
	}
	if agreed == 0 {
		return decision{undecided, "not decided", "they could not be evaluated within the limits"}
	}
	return decision{equal, "numeric", "they agree to 38 digits and more" + at(constant)}
}

func at(constant bool) string {
	if constant {
		return ""
	}
	return " at a random point"
}

func shown(v value) string {
	s := v.re.Text('g', 8)
	if !v.isReal() {
		s += " + " + v.im.Text('g', 8) + "i"
	}
	return s
}

// agreement is how many bits must be known to be the same, 38 digits; mostly it is some 240.
const agreement = 128

// agree says whether two values are equal within their errors, undecided where the errors are too large to tell.
func agree(x, y value) result {
	d := x.minus(y)
	if d.size() > d.wrong+4 {
		return different
	}
	if d.wrong < max(x.size(), y.size())-agreement || d.wrong < -agreement {
		return equal
	}
	return undecided
}
