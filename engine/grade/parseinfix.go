package grade

import "strings"

// binds says how tightly an operator holds what stands before it. Those that stand behind their operand always do.
var binds = map[string]int{
	"∪": bindSets, "∩": bindSets, "∖": bindSets,
	"=": bindRelation, "<": bindRelation, ">": bindRelation, "≤": bindRelation, "≥": bindRelation, "≠": bindRelation, "≈": bindRelation, "∈": bindRelation,
	":": bindRatio,
	"+": bindSum, "-": bindSum, "±": bindSum, "∓": bindSum,
	"*": bindProduct, "/": bindProduct,
	"^": bindPower,
	"_": bindAlways, "!": bindAlways, "'": bindAlways, "%": bindAlways, "°": bindAlways,
}

// infix reads one operator and what follows it, if it binds tighter than least.
func (p *parser) infix(left *node, least int) (*node, bool) {
	t := p.peek()
	if bind, known := binds[t.text]; known && t.typ == tOp {
		if least >= bind || !p.applies(t.text, left) {
			return nil, false
		}
		p.i++
		return p.operator(left, t.text, bind), true
	}
	if n, ok := p.letterUnion(left, least); ok {
		return n, true
	}
	return p.juxtaposed(left, least)
}

// applies says whether an operator can stand behind this operand here.
func (p *parser) applies(op string, left *node) bool {
	switch op {
	case "_": // 101_2
		return left.kind == kNum && left.num.IsInt() && left.places == 0 && left.num.Sign() >= 0
	case ":": // {x : x > 0}
		return !p.inSet
	}
	return true
}

// operator makes a node of what stands before an operator, which is read already, and of what follows it.
func (p *parser) operator(left *node, op string, bind int) *node {
	switch op {
	case "^":
		return p.power(left)
	case "_":
		return p.base(left.num.Num().String())
	case "!", "'":
		return call(op, left)
	case "%":
		return of(kPercent, left)
	case "°":
		if s := p.peek(); s.typ == tSym && !s.spaced && (s.text == "C" || s.text == "F") {
			p.i++
		}
		return of(kDegree, left)
	case "+", "-", "±", "∓":
		return p.sum(left, op)
	}
	right := p.expr(bind)
	switch op {
	case "*":
		return product(left, right)
	case "/":
		return of(kDiv, left, right)
	case ":":
		if left.kind == kRatio {
			left.args = append(left.args, right)
			return left
		}
		return of(kRatio, left, right)
	case "∪":
		return of(kUnion, left, right)
	case "∩":
		return of(kInter, left, right)
	case "∖":
		return of(kWithout, left, right)
	}
	if left.kind == kRel { // 0 < x < 1
		left.args, left.ops = append(left.args, right), append(left.ops, op)
		return left
	}
	return &node{kind: kRel, args: []*node{left, right}, ops: []string{op}}
}

// letterUnion reads the letter U between two intervals.
func (p *parser) letterUnion(left *node, least int) (*node, bool) {
	t, b := p.peek(), p.peekAt(1)
	if t.typ != tSym || t.text != "U" && t.text != "u" || left.kind != kGroup && left.kind != kUnion || least >= bindSets {
		return nil, false
	}
	if b.typ != tOp || b.text != "(" && b.text != "[" {
		return nil, false
	}
	p.i++
	return of(kUnion, left, p.expr(bindSets)), true
}

// juxtaposed reads a factor that follows without a sign: 2x, 3 1/2.
func (p *parser) juxtaposed(left *node, least int) (*node, bool) {
	if least >= bindProduct && least != bindApply || !p.startsFactor(least) {
		return nil, false
	}
	if p.peek().typ == tNum && left.kind == kNum {
		return p.mixed(left)
	}
	if !p.isMixedFraction(left) {
		return product(left, p.expr(bindApply)), true
	}
	f := p.expr(bindPower)
	if mixes(f) {
		return &node{kind: kAdd, args: []*node{left, f}, mixed: true}, true
	}
	return product(left, f), true
}

// startsFactor says whether the next token can be multiplied with what is before it without a sign.
func (p *parser) startsFactor(least int) bool {
	t := p.peek()
	switch t.typ {
	case tNum, tSym:
		return true
	case tFunc:
		return least < bindApply
	case tCmd:
		return !strings.HasPrefix(t.text, "end:") && t.text != "pmod" && t.text != "bmod"
	case tOp:
		switch t.text {
		case "(", "{", "lfloor", "lceil":
			return true
		case "|":
			return p.bars == 0 && !p.inSet
		}
	}
	return false
}

func (p *parser) sum(left *node, op string) *node {
	right := p.expr(bindSum)
	switch op {
	case "±", "∓":
		n := of(kEither, left, right)
		if op == "∓" {
			n.name = "mp"
		}
		return n
	case "-":
		right = p.made(of(kNeg, right))
	}
	if left.kind == kAdd && !left.mixed {
		left.args = append(left.args, right)
		return left
	}
	return of(kAdd, left, right)
}

func product(a, b *node) *node { return of(kMul, a, b) }

// power reads an exponent; \circ has become a degree in the lexer.
func (p *parser) power(base *node) *node {
	if p.peek().typ == tOp && p.peek().text == "-" {
		p.i++
		return of(kPow, base, of(kNeg, p.expr(bindPower-1)))
	}
	if t := p.peek(); t.typ == tOp && t.text == "'" {
		p.i++
		return call("'", base)
	}
	return of(kPow, base, p.expr(bindPower-1))
}
