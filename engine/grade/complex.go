package grade

import "math/big"

// value is a complex number that knows how wrong it may be: each part by less than 2^wrong.
type value struct {
	re, im *big.Float
	wrong  int
}

const never = -1 << 29 // wrong of an exact number

// Costs of one operation, in units of work.
const (
	costArithmetic = 12
	costFunction   = 900
)

func fromReal(x *big.Float) value { return value{x, newReal(), exponentOf(x) - precision} }
func fromInt(k int64) value {
	return value{newReal().SetInt64(k), newReal(), never}
}

// size is e with |v| < 2^e.
func (v value) size() int { return max(exponentOf(v.re), exponentOf(v.im)) + 1 }

func (v value) zero() bool { return v.re.Sign() == 0 && v.im.Sign() == 0 || v.size() <= v.wrong+2 }

func (v value) isReal() bool { return v.im.Sign() == 0 || exponentOf(v.im) <= v.wrong+2 }

// settle adds the rounding of the operation that made v.
func settle(re, im *big.Float, wrong int) value {
	v := value{re: re, im: im}
	v.wrong = max(wrong, v.size()-precision) + 1
	return v
}

func (v value) plus(u value) value {
	return settle(add(v.re, u.re), add(v.im, u.im), max(v.wrong, u.wrong))
}

func (v value) minus(u value) value { return v.plus(u.negative()) }

func (v value) negative() value { return value{neg(v.re), neg(v.im), v.wrong} }

func (v value) times(u value) value {
	wrong := max(v.size()+u.wrong, u.size()+v.wrong)
	if v.im.Sign() == 0 && u.im.Sign() == 0 {
		return settle(mul(v.re, u.re), newReal(), wrong)
	}
	return settle(sub(mul(v.re, u.re), mul(v.im, u.im)), add(mul(v.re, u.im), mul(v.im, u.re)), wrong+1)
}

// over is v / u; u is not zero.
func (v value) over(u value) value {
	relative := max(v.wrong-v.size(), u.wrong-u.size())
	var re, im *big.Float
	if u.im.Sign() == 0 {
		re, im = quo(v.re, u.re), newReal()
		if v.im.Sign() != 0 {
			im = quo(v.im, u.re)
		}
	} else {
		d := add(mul(u.re, u.re), mul(u.im, u.im))
		re = quo(add(mul(v.re, u.re), mul(v.im, u.im)), d)
		im = quo(sub(mul(v.im, u.re), mul(v.re, u.im)), d)
	}
	q := value{re: re, im: im}
	if v.re.Sign() == 0 && v.im.Sign() == 0 {
		return value{re, im, v.wrong - u.size() + 2}
	}
	return settle(re, im, q.size()+relative+3)
}

// root is the principal square root.
func (v value) root() value {
	relative := v.wrong - v.size()
	if v.re.Sign() == 0 && v.im.Sign() == 0 {
		return value{newReal(), newReal(), v.wrong / 2}
	}
	if v.im.Sign() == 0 {
		r := newReal().Sqrt(newReal().Abs(v.re))
		q := value{re: r, im: newReal()}
		if v.re.Sign() < 0 {
			q = value{re: newReal(), im: r}
		}
		return settle(q.re, q.im, q.size()+relative+1)
	}
	// sqrt((|v|+re)/2) without cancellation, the other part by division
	length := newReal().Sqrt(add(mul(v.re, v.re), mul(v.im, v.im)))
	t := newReal().Sqrt(twice(add(length, newReal().Abs(v.re)), -1))
	other := quo(newReal().Abs(v.im), twice(t, 1))
	re, im := t, other
	if v.re.Sign() < 0 {
		re, im = other, t
	}
	if v.im.Sign() < 0 {
		im = neg(im)
	}
	q := value{re: re, im: im}
	return settle(re, im, q.size()+relative+3)
}

// log is the principal logarithm; v is not zero.
func (v value) log() value {
	relative := v.wrong - v.size() + 4
	if v.isReal() {
		re := lnReal(newReal().Abs(v.re))
		if v.re.Sign() > 0 {
			return settle(re, newReal(), max(relative, -precision+8))
		}
		return settle(re, piReal(), max(relative, -precision+8))
	}
	re := twice(lnReal(add(mul(v.re, v.re), mul(v.im, v.im))), -1)
	return settle(re, angle(v.im, v.re), max(relative, -precision+10))
}

// largestArgument bounds what is handed to exp and sin.
const largestArgument = 15 // 2^15

// exp is e^v; |v| is small enough.
func (v value) exp() value {
	m := expReal(v.re)
	size := exponentOf(m)
	wrong := size + max(v.wrong, v.size()-precision) + 6
	wrong = max(wrong, size-precision+16)
	if v.im.Sign() == 0 {
		return settle(m, newReal(), wrong)
	}
	s, c := sinCos(v.im)
	return settle(mul(m, c), mul(m, s), wrong)
}

// wave is sin and cos of v.
func (v value) wave() (sin, cos value) {
	wrong := max(v.wrong, v.size()-precision, -precision) + 16
	if v.im.Sign() == 0 {
		s, c := sinCos(v.re)
		return settle(s, newReal(), wrong), settle(c, newReal(), wrong)
	}
	i := value{newReal(), realOf(1), never}
	up := i.times(v).exp()
	down := i.times(v).negative().exp()
	half := value{realOf(0.5), newReal(), never}
	sin = up.minus(down).times(half).times(i.negative())
	return sin, up.plus(down).times(half)
}
