package grade

import "math/big"

// function is a known function of one value.
func (p *point) function(n *node, v value) (value, bool) {
	one, i := fromInt(1), value{newReal(), realOf(1), never}
	switch n.name {
	case "ln", "log", "lg": // log of a number is to base 10, of a name it is the natural one
		if v.zero() {
			return value{}, false
		}
		if n.name == "ln" || n.name == "log" && !n.args[0].constant() {
			return v.log(), true
		}
		return v.log().over(fromReal(lnReal(realOf(10)))), true
	case "exp":
		return v.exp(), true
	case "abs":
		if v.isReal() {
			return value{newReal().Abs(v.re), newReal(), v.wrong}, true
		}
		r := newReal().Sqrt(add(mul(v.re, v.re), mul(v.im, v.im)))
		return settle(r, newReal(), v.wrong+2), true
	case "floor", "ceil":
		return round(v, n.name == "ceil")
	case "sinh", "cosh", "tanh":
		up, down := v.exp(), v.negative().exp()
		half := value{realOf(0.5), newReal(), never}
		s, c := up.minus(down).times(half), up.plus(down).times(half)
		return pick(n.name[:3], s, c)
	case "arctan": // (ln(1+iv) - ln(1-iv)) / 2i
		a, b := one.plus(i.times(v)), one.minus(i.times(v))
		if a.zero() || b.zero() || !p.w.spend(2*costFunction) {
			return value{}, false
		}
		r := a.log().minus(b.log()).over(fromInt(2)).over(i)
		return onReal(r, v), true
	case "arcsin", "arccos": // arcsin v = -i ln(iv + sqrt(1-v^2))
		inside := i.times(v).plus(one.minus(v.times(v)).root())
		if inside.zero() || !p.w.spend(2*costFunction) {
			return value{}, false
		}
		r := inside.log().times(i.negative())
		if n.name == "arccos" {
			r = fromReal(twice(piReal(), -1)).minus(r)
		}
		return r, true
	case "max", "min":
		for _, a := range n.args[1:] {
			u, ok := p.at(a)
			if !ok || !u.isReal() || !v.isReal() {
				return value{}, false
			}
			if c := u.re.Cmp(v.re); c > 0 == (n.name == "max") {
				v = u
			}
		}
		return v, true
	case "sin", "cos", "tan", "cot", "sec", "csc":
		s, c := v.wave()
		return pick(n.name, s, c)
	}
	return value{}, false
}

// pick makes a trigonometric function of sine and cosine.
func pick(name string, s, c value) (value, bool) {
	switch name {
	case "sin":
		return s, true
	case "cos":
		return c, true
	case "tan":
		if c.zero() {
			return value{}, false
		}
		return s.over(c), true
	case "cot":
		if s.zero() {
			return value{}, false
		}
		return c.over(s), true
	case "sec":
		if c.zero() {
			return value{}, false
		}
		return fromInt(1).over(c), true
	}
	if s.zero() {
		return value{}, false
	}
	return fromInt(1).over(s), true
}

// onReal drops the imaginary part that rounding left to a function of a real number.
func onReal(r, of value) value {
	if of.im.Sign() == 0 {
		r.im = newReal()
	}
	return r
}

// round is floor or ceil of a real number that is not too near to a whole one to tell.
func round(v value, up bool) (value, bool) {
	if !v.isReal() || v.size() > precision/2 {
		return value{}, false
	}
	x := v.re
	if up {
		x = neg(x)
	}
	k, _ := x.Int(nil)
	f := newReal().SetInt(k)
	if x.Cmp(f) < 0 {
		k.Sub(k, big.NewInt(1))
		f.SetInt(k)
	}
	// Within its error of the next whole number, or of this one from below, it is that number.
	if next := add(f, realOf(1)); exponentOf(sub(next, x)) <= v.wrong+2 {
		f = next
	}
	if up {
		f = neg(f)
	}
	return value{f, newReal(), never}, true
}
