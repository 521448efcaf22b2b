package grade

import (
	"math/big"
	"math/bits"
)

// field is arithmetic modulo one prime. Two rational functions that agree at random points of it are equal, but for a
// chance of their degree over 2^61 a point.
type field struct {
	p    uint64 // prime, 1 mod 4
	i    uint64 // a square root of -1
	seed uint64
	w    *work
}

// The two largest primes under 2^61 - 1 that are 1 mod 4, with their roots of -1 (a test checks both).
var primes = [2]struct{ p, i uint64 }{
	{2305843009213693921, 583529827753931384},
	{2305843009213693693, 966685122347009555},
}

func (f *field) mul(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	_, r := bits.Div64(hi, lo, f.p)
	return r
}

func (f *field) add(a, b uint64) uint64 {
	s := a + b // both are below 2^61
	if s >= f.p {
		s -= f.p
	}
	return s
}

func (f *field) pow(a, e uint64) uint64 {
	r := uint64(1)
	for ; e > 0; e >>= 1 {
		if e&1 == 1 {
			r = f.mul(r, a)
		}
		a = f.mul(a, a)
	}
	return r
}

func (f *field) inverse(a uint64) uint64 { return f.pow(a, f.p-2) }

func (f *field) ofInt(k *big.Int) uint64 {
	if k.IsInt64() {
		x := k.Int64() % int64(f.p)
		if x < 0 {
			x += int64(f.p)
		}
		return uint64(x)
	}
	return new(big.Int).Mod(k, new(big.Int).SetUint64(f.p)).Uint64()
}

// at is n in the field; ok is false where n is no rational function of its names, or divides by 0 there. Pi and e are names
// like others: no rational function with whole coefficients binds them.
func (f *field) at(n *node) (x uint64, ok bool) {
	if !f.w.spend(2) {
		return 0, false
	}
	switch n.kind {
	case kNum:
		x := f.ofInt(n.num.Num())
		if n.num.IsInt() {
			return x, f.w.spend(n.num.Num().BitLen() / 64)
		}
		d := f.ofInt(n.num.Denom())
		return f.mul(x, f.inverse(d)), d != 0 && f.w.spend(8+n.num.Denom().BitLen()/32)
	case kSym:
		if n.name == "…" || n.name == "∅" || n.name == "" {
			return 0, false
		}
		return hash(f.seed, n.name) % f.p, true
	case kConst:
		if n.name == "i" {
			return f.i, true
		}
		return hash(f.seed, "\\"+n.name) % f.p, n.name != "inf"
	case kNeg:
		x, ok := f.at(n.args[0])
		return (f.p - x) % f.p, ok
	case kAdd, kMul, kDiv:
		return f.fold(n)
	case kPercent:
		x, ok := f.at(n.args[0])
		return f.mul(x, f.inverse(100)), ok
	case kPow:
		return f.power(n)
	case kCall:
		return f.call(n)
	}
	return 0, false
}

func (f *field) fold(n *node) (uint64, bool) {
	x, ok := f.at(n.args[0])
	for _, m := range n.args[1:] {
		if !ok {
			return 0, false
		}
		var y uint64
		if y, ok = f.at(m); !ok {
			return 0, false
		}
		switch n.kind {
		case kAdd:
			x = f.add(x, y)
		case kMul:
			x = f.mul(x, y)
		default:
			if y == 0 || !f.w.spend(8) {
				return 0, false
			}
			x = f.mul(x, f.inverse(y))
		}
	}
	return x, ok
}

// power is a power with a whole exponent, however large: it counts modulo p - 1.
func (f *field) power(n *node) (uint64, bool) {
	e, ok := exact(n.args[1], f.w)
	if !ok || !e.IsInt() {
		return 0, false
	}
	x, ok := f.at(n.args[0])
	if !ok || x == 0 && e.Sign() < 0 || !f.w.spend(8) {
		return 0, false
	}
	if x == 0 {
		return f.pow(0, min(uint64(e.Sign()), 1)), true
	}
	return f.pow(x, new(big.Int).Mod(e.Num(), new(big.Int).SetUint64(f.p-1)).Uint64()), true
}

// mostFactors bounds the factorials and binomials that are multiplied out in the field.
const mostFactors = 20_000

func (f *field) call(n *node) (uint64, bool) {
	switch n.name {
	case "!", "binom":
		return f.factorial(n)
	}
	if known(n.name) {
		r, ok := exact(n, f.w)
		if !ok {
			return 0, false
		}
		d := f.ofInt(r.Denom())
		return f.mul(f.ofInt(r.Num()), f.inverse(d)), d != 0
	}
	h := hash(f.seed, n.name)
	for _, a := range n.args {
		x, ok := f.at(a)
		if !ok {
			if a.kind != kSym && a.kind != kConst {
				return 0, false
			}
			x = hash(0, a.name)
		}
		h = mix(h ^ x)
	}
	return h % f.p, true
}

// factorial is k! or a binomial. Of expressions with names it is a function that is equal to itself only.
func (f *field) factorial(n *node) (uint64, bool) {
	vals := make([]int64, len(n.args))
	for i, a := range n.args {
		r, ok := exact(a, f.w)
		if !ok {
			if a.constant() {
				return 0, false
			}
			h := hash(f.seed, n.name)
			for _, a := range n.args {
				x, ok := f.at(a)
				if !ok {
					return 0, false
				}
				h = mix(h ^ x)
			}
			return h % f.p, true
		}
		if vals[i], ok = small(r, mostFactors); !ok {
			return 0, false
		}
	}
	if n.name == "!" {
		if !f.w.spend(int(vals[0]) / 3) {
			return 0, false
		}
		return f.product(1, vals[0]), true
	}
	k := min(vals[1], vals[0]-vals[1])
	if vals[1] > vals[0] {
		return 0, true
	}
	if !f.w.spend(int(k)/2 + 8) {
		return 0, false
	}
	return f.mul(f.product(vals[0]-k+1, vals[0]), f.inverse(f.product(1, k))), true
}

func (f *field) product(from, to int64) uint64 {
	x := uint64(1)
	for k := from; k <= to; k++ {
		x = f.mul(x, uint64(k))
	}
	return x
}
