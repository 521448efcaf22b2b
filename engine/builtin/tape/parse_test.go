package tape

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestWhatAPersonTypesBecomesATape(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"316,+275,/3,*3", "316,+275,/3,*3"},
		{"316 plus 275 divided by 3 times 3", "316,+275,/3,*3"},
		{"316+275/3*3", "316,+275,/3,*3"},
		{"  316 ,  + 275 ,/ 3,* 3  =", "316,+275,/3,*3"},
		{"316 + 275 ÷ 3 × 3", "316,+275,/3,*3"},
		{"What is 316 plus 275, then divided by 3, and then times 3?", "316,+275,/3,*3"},
		{"what's 20 minus 5 less 3 multiplied by 2 = ?", "20,-5,-3,*2"},
		{"20 − 5 – 3 x 2", "20,-5,-3,*2"},
		{"Start with 20, subtract 5, subtract 3, multiply by 2.", "20,-5,-3,*2"},
		{"Calculate: 20 take away 5 over 3", "20,-5,/3"},
		{"３１６，＋２７５，／３，＊３", "316,+275,/3,*3"},
		{"٣١٦ + ٢٧٥", "316,+275"},
		{"1,234,+5", "1234,+5"},
		{"1,234 plus 1,000", "1234,+1000"},
		{"12:4", "12,/4"},
		{"20\n+5\n*2", "20,+5,*2"},
		{"\"20+5\"", "20,+5"},
		{"007+5", "7,+5"},
		{"2+3*4", "2,+3,*4"},
		{"20X2", "20,*2"},
		{"20 plus 5 equals?", "20,+5"},
		{"3 times 4 plus 5", "3,*4,+5"},
		{"what is 12 x 3?", "12,*3"},
		{"12·3", "12,*3"},
		{"12*3=", "12,*3"},
		{"1 000 + 5", "1000,+5"},
		{"1\u2009000 + 5", "1000,+5"},
		{"1\u00a0000 + 1\u202f200", "1000,+1200"},
		{"1'000 + 1_200", "1000,+1200"},
		{"add 5 to 10", "10,+5"},
		{"Please add 1 000 to 10.", "10,+1000"},
		{"add 5 and 10", "5,+10"},
		{"subtract 5 from 10, then times 3", "10,-5,*3"},
		{"take 5 from 10", "10,-5"},
		{"take away 5 from 10", "10,-5"},
		{"take 5 away from 10", "10,-5"},
		{"take 20, add 3", "20,+3"},
		{"multiply 6 by 7 and subtract 2", "6,*7,-2"},
		{"divide 12 by 4", "12,/4"},
		{"sum of 3 and 4", "3,+4"},
		{"What is the sum of 3, 4 and 1,205?", "3,+4,+1205"},
		{"the product of 30 and 4, minus 5", "30,*4,-5"},
		{"the difference between 10 and 4", "10,-4"},
		{"the quotient of 12 and 4", "12,/4"},
		{"add 5 to 10, times 2", "10,+5,*2"},
	} {
		p, err := Parse(c.text)
		if err != nil || p.String() != c.want {
			t.Errorf("Parse(%q) = %s, %v; want %s", c.text, p, err, c.want)
		}
	}
}

func TestUnsuitableTextsSayWhatTheModelCanDo(t *testing.T) {
	for _, c := range []struct {
		text string
		why  Why
		says string
	}{
		{"", Empty, "Type a number"},
		{" ?!", Empty, "Type a number"},
		{"what is", Empty, "Type a number"},
		{"What is the capital of France?", OtherSubject, "“the” is no part"},
		{"capital of France", OtherSubject, "“capital” is no part of a calculation here"},
		{"316", NoSteps, "nothing to do with 316"},
		{"1+1+2+3+4+5+6+7+8+9+10+11+12+13", TooManySteps, "13 steps, and the model does at most 12"},
		{"9000+1000", OutOfRange, "9000+1000 is 10000"},
		{"5-5", OutOfRange, "5-5 is 0"},
		{"5-8", OutOfRange, "5-8 is -3"},
		{"12345+1", OutOfRange, "12345"},
		{"-5+8", OutOfRange, "-5"},
		{"5*12", OutOfRange, "*12"},
		{"5*1", OutOfRange, "*1"},
		{"5/0", OutOfRange, "/0"},
		{"99999999999999999999+1", OutOfRange, "20 digits"},
		{"7/2", Remainder, "7/2 leaves a remainder"},
		{"7+2+2", Repeated, "+2 stands twice"},
		{"3.5+1", OtherSubject, "3.5 is not a whole number"},
		{"(3+4)*2", OtherSubject, "Brackets are not read here, nor needed: steps are done left to right"},
		{"3*(4+5)", OtherSubject, "Brackets are not read here: steps are done left to right as they stand, so write first what is done first."},
		{"12 345 + 1", OutOfRange, "12345 is out of range"},
		{"3 000000000000000000000000000000000001", OtherSubject, "No operation stands before 000000000000000000000000…;"},
		{"3 + 0004 005", OtherSubject, "No operation stands before 005;"},
		{"add 5 to 10 times 2", OtherSubject, "“add 5 to 10” may belong"},
		{"sum of 3 and 4 times 5", OtherSubject, "“sum of 3 and 4” may belong"},
		{"add 5", OtherSubject, "as in: add 5 to 10."},
		{"subtract 3 and 4", OtherSubject, "as in: subtract 5 from 10."},
		{"the sum of apples and pears", OtherSubject, "as in: the sum of 10 and 5."},
		{"add 5 to 10.5", OtherSubject, "10.5 is not a whole number"},
		{"add 5 to " + strings.Repeat("0", 4000) + "7 times 2", OtherSubject, "“add 5 to 000000000000000…” may belong"},
		{"3^2", OtherSubject, "“^” is no part"},
		{"3+", OtherSubject, "No number stands behind"},
		{"+3", OtherSubject, "No number stands before"},
		{"3+*4", OtherSubject, "No number stands between"},
		{"1,2345+1", OtherSubject, "No operation stands before 2345"},
		{"3 4", OtherSubject, "No operation stands before 4"},
		{"3+4=7", OtherSubject, "stands behind"},
		{"3+4 what is", OtherSubject, "“what” is no part"},
		{"plusminus", OtherSubject, "“plusminus”"},
		{"5 plus apples", OtherSubject, "“apples”"},
		{"\x1b[31m5", OtherSubject, "no"},
		{strings.Repeat("1+", 3000), OtherSubject, "6000 bytes"},
	} {
		p, err := Parse(c.text)
		var u *Unsuitable
		if !errors.As(err, &u) {
			t.Errorf("Parse(%q) = %s, %v; want an *Unsuitable", c.text, p, err)
			continue
		}
		if u.Why != c.why || !strings.Contains(u.Says, c.says) || !strings.HasSuffix(u.Says, ".") || strings.ContainsAny(u.Says, "\n\x1b") {
			t.Errorf("Parse(%q) says (%d) %q; want (%d) … %q …", c.text, u.Why, u.Says, c.why, c.says)
		}
		if ex, err := Parse(u.Example); err != nil || len(ex.Ops) == 0 || strings.Contains(u.Example, "'") {
			t.Errorf("the example %q of %q does not work: %v", u.Example, c.text, err)
		}
	}
}

func TestEveryProblemIsReadBackFromItsText(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 1))
	for range 5000 {
		want := Random(rng, 1+rng.IntN(MaxSteps), []int{99, 999, 9999}[rng.IntN(3)], Usual())
		if err := want.Check(); err != nil {
			t.Fatalf("Random drew %s: %v", want, err)
		}
		got, err := Parse(want.String())
		if err != nil || got.String() != want.String() {
			t.Fatalf("Parse(%s) = %s, %v", want, got, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"316,+275,/3,*3", "what is 1,234 plus 5?", "(", "٣+٢", "x", "1,2", "\xff", "5 divided  by 0", "add 5 to 1 000, x2", "(3+4)*2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := Parse(s)
		if err == nil && p.Check() != nil {
			t.Errorf("Parse(%q) = %s, which fails Check: %v", s, p, p.Check())
		}
		var u *Unsuitable
		if err != nil && (!errors.As(err, &u) || u.Says == "") {
			t.Errorf("Parse(%q): %v is no *Unsuitable", s, err)
		}
	})
}

func TestAnExampleForWhatMayMeanEitherSaysOneOfThem(t *testing.T) {
	for text, want := range map[string]string{"add 5 to 10 times 2": "10,+5,*2", "(3+4)*2": "3,+4,*2", "3*(4+5)": Example} {
		_, err := Parse(text)
		var u *Unsuitable
		if !errors.As(err, &u) || u.Example != want {
			t.Errorf("%q: %v; its example should be %s", text, err, want)
		}
	}
}
