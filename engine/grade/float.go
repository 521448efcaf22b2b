package grade

import (
	"math"
	"math/big"
)

// precision is what every number of this file carries, in bits.
const precision = 256

// real is a floating point number of that precision.
func newReal() *big.Float            { return new(big.Float).SetPrec(precision) }
func realOf(x float64) *big.Float    { return newReal().SetFloat64(x) }
func realRat(r *big.Rat) *big.Float  { return newReal().SetRat(r) }
func add(a, b *big.Float) *big.Float { return newReal().Add(a, b) }
func sub(a, b *big.Float) *big.Float { return newReal().Sub(a, b) }
func mul(a, b *big.Float) *big.Float { return newReal().Mul(a, b) }
func neg(a *big.Float) *big.Float    { return newReal().Neg(a) }

// quo is a / b; b is not 0.
func quo(a, b *big.Float) *big.Float { return newReal().Quo(a, b) }

func parseReal(digits string) *big.Float {
	x, _, err := big.ParseFloat(digits, 10, precision, big.ToNearestEven)
	if err != nil {
		return newReal()
	}
	return x
}

// The first 90 digits; 256 bits are 77.
func piReal() *big.Float {
	return parseReal("3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803482534211")
}

func ln2Real() *big.Float {
	return parseReal("0.69314718055994530941723212145817656807550013436025525412068000949339362196969471560586332699641")
}

// twice is x * 2^k.
func twice(x *big.Float, k int) *big.Float { return newReal().SetMantExp(x, k) }

// expReal is e^x for |x| < 2^16.
func expReal(x *big.Float) *big.Float {
	ln2 := ln2Real()
	q, _ := quo(x, ln2).Float64()
	k := int(math.Round(q))
	r := sub(x, mul(realOf(float64(k)), ln2))
	const halvings = 12 // |r| < 0.35 / 2^12
	r = twice(r, -halvings)
	sum, term := realOf(1), realOf(1)
	for n := 1; n < 40; n++ {
		term = quo(mul(term, r), realOf(float64(n)))
		if term.Sign() == 0 || term.MantExp(nil) < -precision-4 {
			break
		}
		sum = add(sum, term)
	}
	for range halvings {
		sum = mul(sum, sum)
	}
	return twice(sum, k)
}

// lnReal is the logarithm of x > 0, by Halley's steps from the 53-bit one.
func lnReal(x *big.Float) *big.Float {
	m := newReal()
	k := x.MantExp(m)
	f, _ := m.Float64()
	y := realOf(math.Log(f))
	for range 2 {
		e := expReal(y)
		y = add(y, twice(quo(sub(m, e), add(m, e)), 1))
	}
	return add(y, mul(realOf(float64(k)), ln2Real()))
}

// sinCos are both, for |x| < 2^16.
func sinCos(x *big.Float) (sin, cos *big.Float) {
	half := twice(piReal(), -1)
	q, _ := quo(x, half).Float64()
	k := int(math.Round(q))
	r := sub(x, mul(realOf(float64(k)), half))
	const halvings = 8
	r = twice(r, -halvings)
	square := neg(mul(r, r))
	// cos(r) - 1, which keeps its bits while it is doubled
	c, s := newReal(), newReal().Set(r)
	term := realOf(1)
	for n := 1; n < 60; n++ {
		if n%2 == 1 {
			term = quo(mul(term, square), realOf(float64(n*(n+1))))
			c = add(c, term)
		}
		if term.Sign() == 0 || term.MantExp(nil) < -precision-40 {
			break
		}
	}
	term = newReal().Set(r)
	for n := 2; n < 60; n += 2 {
		term = quo(mul(term, square), realOf(float64(n*(n+1))))
		if term.Sign() == 0 || term.MantExp(nil) < -precision-40 {
			break
		}
		s = add(s, term)
	}
	for range halvings { // sin 2r = 2 sin r cos r; cos 2r - 1 = -2 sin^2 r
		next := neg(twice(mul(s, s), 1))
		s = twice(mul(s, add(realOf(1), c)), 1)
		c = next
	}
	c = add(c, realOf(1))
	switch ((k % 4) + 4) % 4 {
	case 0:
		return s, c
	case 1:
		return c, neg(s)
	case 2:
		return neg(s), neg(c)
	}
	return neg(c), s
}

// angle is atan2(y, x), not of 0, 0.
func angle(y, x *big.Float) *big.Float {
	// Both to the same scale, so that 53 bits hold them.
	scale := max(exponentOf(y), exponentOf(x))
	fy, _ := twice(y, -scale).Float64()
	fx, _ := twice(x, -scale).Float64()
	t := realOf(math.Atan2(fy, fx))
	for range 2 {
		s, c := sinCos(t)
		t = add(t, quo(sub(mul(y, c), mul(x, s)), add(mul(x, c), mul(y, s))))
	}
	return t
}

// exponentOf is e with |x| < 2^e; very low for 0.
func exponentOf(x *big.Float) int {
	if x.Sign() == 0 {
		return math.MinInt32 / 2
	}
	return x.MantExp(nil)
}
