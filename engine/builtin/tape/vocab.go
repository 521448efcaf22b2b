package tape

import (
	"strconv"
	"strings"
)

// The vocabulary, in id order. Digits are Digit+0..9; Column+d is a digit of a worked column, with its space; Carry+n and
// Remainder+n are for n = 1..8.
const (
	Pad int32 = iota
	End
	Think
	EndThink
	Wait
	Again
	OK
	No
	Sure
	Newline
	Comma
	Question
	Equals
	Result // " =", before the result of a check
	Plus
	Minus
	Times
	Divide
	Borrow
	Digit

	Column    = Digit + 10
	Carry     = Column + 10 - 1 // c1 is Carry+1
	Remains   = Carry + 8       // r1 is Remains+1
	VocabSize = Remains + 8 + 1
)

// Tokens gives the text of each token, by id. " sure" has its space so that the screen says "Wait sure".
func Tokens() []string {
	t := []string{"<pad>", "<end>", "<think>", "</think>", "Wait", "Again", " ok", " no", " sure", "\n", ",", "?", "=", " =", "+", "-", "*", "/", "b"}
	for d := range 10 {
		t = append(t, strconv.Itoa(d))
	}
	for d := range 10 {
		t = append(t, " "+strconv.Itoa(d))
	}
	for n := range 8 {
		t = append(t, "c"+strconv.Itoa(n+1))
	}
	for n := range 8 {
		t = append(t, "r"+strconv.Itoa(n+1))
	}
	return t
}

// Text is what ids stand for; an id outside the vocabulary shows as "?0?" with its number.
func Text(ids []int32) string {
	tokens := Tokens()
	var b strings.Builder
	for _, id := range ids {
		if id < 0 || id >= VocabSize {
			b.WriteString("?" + strconv.Itoa(int(id)) + "?")
			continue
		}
		b.WriteString(tokens[id])
	}
	return b.String()
}

// Encode gives the prompt: the problem, and the opening of the thought.
func Encode(p Problem) []int32 {
	ids := AppendNumber(make([]int32, 0, 8*len(p.Ops)+8), p.Start)
	for _, o := range p.Ops {
		ids = AppendOp(append(ids, Comma), o)
	}
	return append(ids, Think)
}

// AppendNumber appends the digits of n >= 0.
func AppendNumber(ids []int32, n int) []int32 {
	div := 1
	for n/div >= 10 {
		div *= 10
	}
	for ; div > 0; div /= 10 {
		ids = append(ids, Digit+int32(n/div%10))
	}
	return ids
}

// AppendOp appends an operation.
func AppendOp(ids []int32, o Op) []int32 {
	kind := Plus
	switch o.Kind {
	case '-':
		kind = Minus
	case '*':
		kind = Times
	case '/':
		kind = Divide
	}
	return AppendNumber(append(ids, kind), o.Arg)
}

// AppendColumns appends the worked columns of x op: for + - * from the units, each column's digit and then its carry or
// borrow; for / long division from the left, each quotient digit and then its remainder. Of a subtraction below zero and of a
// division with a remainder it shows what the columns give.
//
//	78*9 -> " 2" c7 " 0" c7        517-294 -> " 3" " 2" b " 2"        174/6 -> " 0" r1 " 2" r5 " 9"
func AppendColumns(ids []int32, x int, o Op) []int32 {
	if o.Kind == '/' {
		div := 1
		for x/div >= 10 {
			div *= 10
		}
		rest := 0
		for ; div > 0; div /= 10 {
			rest = rest*10 + x/div%10
			ids = append(ids, Column+int32(rest/o.Arg))
			if rest %= o.Arg; rest > 0 {
				ids = append(ids, Remains+int32(rest))
			}
		}
		return ids
	}
	carry := 0
	for a, b := x, o.Arg; ; a, b = a/10, b/10 {
		var v int
		switch o.Kind {
		case '+':
			v = a%10 + b%10 + carry
		case '-':
			v = a%10 - b%10 - carry + 10
		case '*':
			v = a%10*o.Arg + carry
		}
		ids = append(ids, Column+int32(v%10))
		carry = v / 10
		if o.Kind == '-' {
			if carry = 1 - carry; carry > 0 {
				ids = append(ids, Borrow)
			}
		} else if carry > 0 {
			ids = append(ids, Carry+int32(carry))
		}
		if a < 10 && (b < 10 || o.Kind == '*') {
			return ids
		}
	}
}
