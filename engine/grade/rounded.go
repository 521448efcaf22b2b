package grade

import "math/big"

// leastDigits is how many significant digits a rounded number must have to be believed.
const leastDigits = 3

// near says whether two exact numbers agree within the tolerance, or one is the other rounded to what it writes.
func (g *grader) near(a, b *node, x, y *big.Rat) bool {
	if g.policies.Rounded && (roundsTo(b, realRat(x)) || roundsTo(a, realRat(y))) {
		return true
	}
	return g.policies.Tolerance > 0 && g.within(realRat(x), realRat(y))
}

// nearFloats is near for constants that are not rational.
func (g *grader) nearFloats(a, b *node) bool {
	if !g.policies.Rounded && g.policies.Tolerance <= 0 {
		return false
	}
	p := point{seed: seed, w: &g.work}
	x, ok := p.at(a)
	if !ok || !x.isReal() {
		return false
	}
	y, ok := p.at(b)
	if !ok || !y.isReal() {
		return false
	}
	if g.policies.Rounded && (roundsTo(a, y.re) || roundsTo(b, x.re)) {
		return true
	}
	return g.policies.Tolerance > 0 && g.within(x.re, y.re)
}

func (g *grader) within(x, y *big.Float) bool {
	d := newReal().Abs(sub(x, y))
	return d.Cmp(mul(realOf(g.policies.Tolerance), newReal().Abs(y))) <= 0
}

// roundsTo says whether n is a decimal that x becomes when it is rounded to as many places.
func roundsTo(n *node, x *big.Float) bool {
	negative := n.kind == kNeg
	if negative {
		n = n.args[0]
	}
	if n.kind != kNum || n.places == 0 {
		return false
	}
	digits := new(big.Int).Quo(new(big.Int).Mul(n.num.Num(), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n.places)), nil)), n.num.Denom())
	if len(digits.String()) < leastDigits {
		return false
	}
	v := realRat(n.num)
	if negative {
		v = neg(v)
	}
	half := quo(realOf(0.5), newReal().SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n.places)), nil)))
	return newReal().Abs(sub(v, x)).Cmp(half) <= 0
}
