package grade

import (
	"math"
	"math/big"
)

// point is where an expression is evaluated: every name has a value made from the seed.
type point struct {
	seed     uint64
	negative bool // names stand for negative numbers
	w        *work
}

// mix is a step of splitmix64.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func hash(seed uint64, s string) uint64 {
	h := mix(seed)
	for i := range len(s) {
		h = mix(h ^ uint64(s[i]))
	}
	return h
}

// spread is a number of 0.5 to 3 for a hash, with 60 bits after the point.
func spread(h uint64) *big.Float {
	x := newReal().SetUint64(h >> 4)
	return add(realOf(0.5), mul(realOf(2.5), twice(x, -60)))
}

// at is n at the point; ok is false where n has no value there, or costs too much.
func (p *point) at(n *node) (v value, ok bool) {
	if !p.w.spend(costArithmetic) {
		return value{}, false
	}
	switch n.kind {
	case kNum:
		v := fromReal(realRat(n.num))
		if n.num.IsInt() && n.num.Num().BitLen() < precision {
			v.wrong = never
		}
		return v, p.w.spend(n.num.Num().BitLen() / 16)
	case kSym:
		if n.name == "…" || n.name == "∅" || n.name == "" {
			return value{}, false
		}
		x := spread(hash(p.seed, n.name))
		if p.negative {
			x = neg(x)
		}
		return fromReal(x), true
	case kConst:
		switch n.name {
		case "pi":
			return fromReal(piReal()), true
		case "e":
			return fromReal(expReal(realOf(1))), p.w.spend(costFunction)
		case "i":
			return value{newReal(), realOf(1), never}, true
		}
		return value{}, false
	case kNeg:
		v, ok := p.at(n.args[0])
		return v.negativeIf(ok), ok
	case kPercent, kDegree:
		v, ok := p.at(n.args[0])
		if !ok {
			return v, false
		}
		if n.kind == kDegree {
			return v.times(fromReal(piReal())).over(fromInt(180)), true
		}
		return v.over(fromInt(100)), true
	case kAdd, kMul, kDiv:
		return p.fold(n)
	case kPow:
		return p.power(n)
	case kCall:
		return p.call(n)
	}
	return value{}, false
}

func (v value) negativeIf(ok bool) value {
	if !ok {
		return v
	}
	return v.negative()
}

func (p *point) fold(n *node) (value, bool) {
	v, ok := p.at(n.args[0])
	for _, m := range n.args[1:] {
		if !ok {
			return v, false
		}
		var u value
		if u, ok = p.at(m); !ok {
			return v, false
		}
		switch n.kind {
		case kAdd:
			v = v.plus(u)
		case kMul:
			v = v.times(u)
		default:
			if u.zero() {
				return v, false
			}
			v = v.over(u)
		}
		if big := v.size(); big > 1<<24 || big < -1<<24 && !v.zero() {
			return v, false
		}
	}
	return v, ok
}

// power is a principal power: roots and whole exponents by multiplication, the rest by exp and log.
func (p *point) power(n *node) (value, bool) {
	if c := n.args[0]; c.kind == kConst && c.name == "e" {
		x, ok := p.at(n.args[1])
		if !ok || x.size() > largestArgument || !p.w.spend(costFunction) {
			return value{}, false
		}
		return x.exp(), true
	}
	base, ok := p.at(n.args[0])
	if !ok {
		return value{}, false
	}
	if e, isRat := exact(n.args[1], p.w); isRat && e.Num().IsInt64() && e.Denom().IsInt64() {
		top, below := e.Num().Int64(), e.Denom().Int64()
		if below == 2 || below == 1 || below == 4 {
			for b := below; b > 1; b /= 2 {
				if !p.w.spend(costArithmetic) {
					return value{}, false
				}
				base = base.root()
			}
			return p.whole(base, top)
		}
		if base.zero() {
			return fromInt(0), top > 0
		}
	}
	if base.zero() {
		return value{}, false
	}
	x, ok := p.at(n.args[1])
	if !ok || !p.w.spend(3*costFunction) {
		return value{}, false
	}
	e := base.log().times(x)
	if e.size() > largestArgument {
		return value{}, false
	}
	return e.exp(), true
}

// whole is base^e by squaring.
func (p *point) whole(base value, e int64) (value, bool) {
	if e < 0 {
		if base.zero() {
			return value{}, false
		}
		if e == math.MinInt64 {
			return value{}, false
		}
		base, e = fromInt(1).over(base), -e
	}
	r := fromInt(1)
	for ; e > 0; e >>= 1 {
		if !p.w.spend(2 * costArithmetic) {
			return value{}, false
		}
		if e&1 == 1 {
			r = r.times(base)
		}
		if e > 1 {
			base = base.times(base)
		}
		if s := max(base.size(), r.size()); s > 1<<24 {
			return value{}, false
		}
	}
	return r, true
}

// call is a function. One that is not known is a random number made of its name and its arguments.
func (p *point) call(n *node) (value, bool) {
	if !known(n.name) {
		h := hash(p.seed, n.name)
		for _, a := range n.args {
			v, ok := p.at(a)
			if !ok {
				if a.kind == kSym || a.kind == kConst {
					h = hash(h, a.name)
					continue
				}
				return value{}, false
			}
			h = hash(h, v.re.Text('p', 20)+" "+v.im.Text('p', 20))
		}
		return fromReal(spread(h)), p.w.spend(costFunction)
	}
	if r, ok := exact(n, p.w); ok {
		return fromReal(realRat(r)), true
	}
	if len(n.args) == 0 || !p.w.spend(2*costFunction) {
		return value{}, false
	}
	v, ok := p.at(n.args[0])
	if !ok || v.size() > largestArgument && n.name != "abs" && n.name != "ln" && n.name != "log" && n.name != "lg" {
		return value{}, false
	}
	return p.function(n, v)
}
