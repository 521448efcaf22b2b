package grade

import "math/big"

// maxBits bounds a number that arithmetic makes; literals may be longer.
const maxBits = 512

// exact is the rational number that n is, if it is one that can be written down.
func exact(n *node, w *work) (*big.Rat, bool) {
	if !w.spend(2) {
		return nil, false
	}
	switch n.kind {
	case kNum:
		return n.num, true
	case kNeg, kAdd, kMul, kDiv, kPow:
	case kCall:
		return exactCall(n, w)
	default:
		return nil, false
	}
	a, ok := exact(n.args[0], w)
	if !ok {
		return nil, false
	}
	if n.kind == kNeg {
		return new(big.Rat).Neg(a), true
	}
	for _, m := range n.args[1:] {
		b, ok := exact(m, w)
		if !ok {
			return nil, false
		}
		if a, ok = arithmetic(n.kind, a, b, w); !ok {
			return nil, false
		}
	}
	return a, true
}

// arithmetic is a op b, unless the result does not exist or is too long.
func arithmetic(k kind, a, b *big.Rat, w *work) (*big.Rat, bool) {
	size := a.Num().BitLen() + a.Denom().BitLen() + b.Num().BitLen() + b.Denom().BitLen()
	if size > 4*maxBits || !w.spend(4+size/64) {
		return nil, false
	}
	switch k {
	case kAdd:
		return new(big.Rat).Add(a, b), true
	case kMul:
		return new(big.Rat).Mul(a, b), true
	case kDiv:
		if b.Sign() == 0 {
			return nil, false
		}
		return new(big.Rat).Quo(a, b), true
	}
	if !b.IsInt() || !b.Num().IsInt64() {
		return nil, false
	}
	e := b.Num().Int64()
	if e < 0 {
		if a.Sign() == 0 {
			return nil, false
		}
		a, e = new(big.Rat).Inv(a), -e
	}
	longest := max(a.Num().BitLen(), a.Denom().BitLen())
	if e > maxBits || e*int64(longest) > 2*maxBits {
		if !(a.IsInt() && a.Num().IsInt64() && (a.Num().Int64() == 1 || a.Num().Int64() == 0) && e > 0) {
			return nil, false
		}
		return a, true
	}
	x := big.NewInt(e)
	return new(big.Rat).SetFrac(new(big.Int).Exp(a.Num(), x, nil), new(big.Int).Exp(a.Denom(), x, nil)), true
}

// exactCall is a factorial, a binomial, and what rounds, of small numbers.
func exactCall(n *node, w *work) (*big.Rat, bool) {
	switch n.name {
	case "!", "binom", "floor", "ceil", "abs", "gcd", "lcm", "max", "min":
	default:
		return nil, false
	}
	vals := make([]*big.Rat, len(n.args))
	for i, a := range n.args {
		v, ok := exact(a, w)
		if !ok {
			return nil, false
		}
		vals[i] = v
	}
	switch n.name {
	case "!":
		if k, ok := small(vals[0], 80); ok {
			return new(big.Rat).SetInt(new(big.Int).MulRange(1, max(k, 1))), true
		}
		return nil, false
	case "binom":
		top, ok := small(vals[0], 400)
		low, also := small(vals[1], 400)
		if !ok || !also || !w.spend(int(4*min(top, low))) {
			return nil, false
		}
		return new(big.Rat).SetInt(new(big.Int).Binomial(top, low)), true
	case "abs":
		return new(big.Rat).Abs(vals[0]), true
	case "floor":
		return new(big.Rat).SetInt(floorOf(vals[0])), true
	case "ceil":
		return new(big.Rat).SetInt(new(big.Int).Neg(floorOf(new(big.Rat).Neg(vals[0])))), true
	}
	r := vals[0]
	for _, v := range vals[1:] {
		switch {
		case n.name == "max" && v.Cmp(r) > 0, n.name == "min" && v.Cmp(r) < 0:
			r = v
		case n.name == "gcd" || n.name == "lcm":
			if !r.IsInt() || !v.IsInt() || r.Sign() <= 0 || v.Sign() <= 0 || !w.spend(100) {
				return nil, false
			}
			g := new(big.Int).GCD(nil, nil, r.Num(), v.Num())
			if n.name == "lcm" {
				g = new(big.Int).Mul(r.Num(), new(big.Int).Quo(v.Num(), g))
			}
			r = new(big.Rat).SetInt(g)
		}
	}
	return r, r.Num().BitLen() <= 2*maxBits
}

// small is r as a whole number of 0 to most.
func small(r *big.Rat, most int64) (int64, bool) {
	if !r.IsInt() || !r.Num().IsInt64() {
		return 0, false
	}
	k := r.Num().Int64()
	return k, k >= 0 && k <= most
}

func floorOf(r *big.Rat) *big.Int { return new(big.Int).Div(r.Num(), r.Denom()) } // Div rounds down for a positive divisor
