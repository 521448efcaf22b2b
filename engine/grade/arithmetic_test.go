package grade

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

func TestThePrimesArePrimesWithRootsOfMinusOne(t *testing.T) {
	t.Parallel()
	for _, c := range primes {
		f := field{p: c.p, i: c.i}
		if !new(big.Int).SetUint64(c.p).ProbablyPrime(40) || f.mul(c.i, c.i) != c.p-1 || c.p>>61 != 0 {
			t.Errorf("%d with root %d", c.p, c.i)
		}
		for k := uint64(1); k < 1000; k += 37 {
			if f.mul(k, f.inverse(k)) != 1 {
				t.Errorf("the inverse of %d modulo %d is not one", k, c.p)
			}
		}
	}
}

// lastBits are those that must be right.
const lastBits = precision - 17

// closeTo says whether x is want to all but its last bits.
func closeTo(x, want *big.Float) bool {
	d := sub(x, want)
	return d.Sign() == 0 || exponentOf(d) < exponentOf(want)-lastBits || exponentOf(d) < -lastBits && exponentOf(want) < 1
}

func TestFunctionsAreRightToTheirLastBits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name      string
		got, want *big.Float
	}{
		{"e", expReal(realOf(1)), parseReal("2.71828182845904523536028747135266249775724709369995957496696762772407663035354759457138217852516")},
		{"e^-20", expReal(realOf(-20)), quo(realOf(1), expReal(realOf(20)))},
		{"ln 10", lnReal(realOf(10)), parseReal("2.30258509299404568401799145468436420760110148862877297603332790096757260967735248023599720508959")},
		{"ln 2", lnReal(realOf(2)), ln2Real()},
		{"4 atan 1", twice(angle(realOf(1), realOf(1)), 2), piReal()},
		{"atan2 of negatives", angle(realOf(-1), realOf(-1)), quo(mul(piReal(), realOf(-3)), realOf(4))},
	} {
		if !closeTo(c.got, c.want) {
			t.Errorf("%s = %s, want %s", c.name, c.got.Text('g', 60), c.want.Text('g', 60))
		}
	}
	sixth := quo(piReal(), realOf(6))
	for k := range 24 {
		s, c := sinCos(mul(sixth, realOf(float64(k))))
		if want := math.Sin(float64(k) * math.Pi / 6); math.Abs(float64Of(s)-want) > 1e-14 {
			t.Errorf("sin(%d pi/6) = %v, want %v", k, float64Of(s), want)
		}
		if !closeTo(add(mul(s, s), mul(c, c)), realOf(1)) {
			t.Errorf("sin^2 + cos^2 of %d pi/6 is not 1", k)
		}
	}
	if s, _ := sinCos(sixth); !closeTo(s, realOf(0.5)) {
		t.Errorf("sin(pi/6) = %s", s.Text('g', 60))
	}
}

func TestFunctionsAgreeWithFloat64(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(7, 8))
	for range 300 {
		x := (r.Float64() - 0.5) * 40
		s, c := sinCos(realOf(x))
		for _, p := range []struct {
			name string
			got  float64
			want float64
		}{
			{"sin", float64Of(s), math.Sin(x)},
			{"cos", float64Of(c), math.Cos(x)},
			{"exp", float64Of(expReal(realOf(x))), math.Exp(x)},
			{"ln", float64Of(lnReal(realOf(math.Abs(x)))), math.Log(math.Abs(x))},
			{"angle", float64Of(angle(realOf(x), realOf(3))), math.Atan2(x, 3)},
		} {
			if math.Abs(p.got-p.want) > 1e-13*max(1, math.Abs(p.want)) {
				t.Errorf("%s(%v) = %v, want %v", p.name, x, p.got, p.want)
			}
		}
	}
}

func float64Of(x *big.Float) float64 { f, _ := x.Float64(); return f }

// A value's error must bound how far it is from the true value.
func TestValuesKnowHowWrongTheyAre(t *testing.T) {
	t.Parallel()
	for _, same := range [][2]string{
		{`(\sqrt2-1.4142135623730950488)\cdot 10^{19}`, `\sqrt2\cdot 10^{19}-14142135623730950488`},
		{`\sin(10000)^2+\cos(10000)^2`, "1"},
		{`\ln(e^{20}+1)-\ln(1+e^{-20})`, "20"},
		{`\arctan 2+\arctan\frac12`, `\frac{\pi}{2}`},
		{`\arcsin\frac12`, `\frac{\pi}{6}`},
		{`\sqrt[3]{2+\sqrt5}+\sqrt[3]{2-\sqrt5}`, `\sqrt[3]{2+\sqrt5}+e^{\ln(2-\sqrt5)/3}`},
		{`\cosh(3)^2-\sinh(3)^2`, "1"},
		{`(1+i)^{10}`, "32i"},
	} {
		if v := Grade(same[0], same[1], Default()); v.Verdict != Correct {
			t.Errorf("%s | %s: %s (%s): %s", same[0], same[1], v.Verdict, v.Rule, v.Why)
		}
	}
	for _, other := range [][2]string{
		{`\sqrt2+10^{-40}`, `\sqrt2`},
		{`e^{\pi\sqrt{163}}`, "262537412640768744"},
		{`\sin(10^{-10})`, `10^{-10}`},
		{`\frac{\ln(640320^3+744)}{\sqrt{163}}`, `\pi`},
	} {
		if v := Grade(other[0], other[1], Default()); v.Verdict != Incorrect {
			t.Errorf("%s | %s: %s (%s): %s", other[0], other[1], v.Verdict, v.Rule, v.Why)
		}
	}
}
