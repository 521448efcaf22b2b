package grade

import "strings"

// infix reads one operator and what follows it, if it binds tighter than least.
func (p *parser) infix(left *node, least int) (*node, bool) {
	t := p.peek()
	if t.typ == tOp {
		switch t.text {
		case "^":
			if least >= bindPower {
				return nil, false
			}
			p.i++
			return p.power(left), true
		case "_":
			if left.kind != kNum || !left.num.IsInt() || left.places != 0 || left.num.Sign() < 0 {
				return nil, false
			}
			return p.base(left.num.Num().String()), true
		case "!":
			p.i++
			return call("!", left), true
		case "'":
			p.i++
			return call("'", left), true
		case "%":
			p.i++
			return of(kPercent, left), true
		case "°":
			p.i++
			if s := p.peek(); s.typ == tSym && !s.spaced && (s.text == "C" || s.text == "F") {
				p.i++
			}
			return of(kDegree, left), true
		case "+", "-", "±", "∓":
			if least >= bindSum {
				return nil, false
			}
			p.i++
			return p.sum(left, t.text), true
		case "*", "/":
			if least >= bindProduct {
				return nil, false
			}
			p.i++
			right := p.expr(bindProduct)
			if t.text == "/" {
				return of(kDiv, left, right), true
			}
			return product(left, right), true
		case ":":
			if least >= bindRatio || p.inSet {
				return nil, false
			}
			p.i++
			right := p.expr(bindRatio)
			if left.kind == kRatio {
				left.args = append(left.args, right)
				return left, true
			}
			return of(kRatio, left, right), true
		case "∪", "∩", "∖":
			if least >= bindSets {
				return nil, false
			}
			p.i++
			right := p.expr(bindSets)
			switch t.text {
			case "∪":
				return of(kUnion, left, right), true
			case "∩":
				return of(kInter, left, right), true
			}
			return of(kWithout, left, right), true
		case "=", "<", ">", "≤", "≥", "≠", "≈", "∈":
			if least >= bindRelation {
				return nil, false
			}
			p.i++
			right := p.expr(bindRelation)
			if left.kind == kRel {
				left.args, left.ops = append(left.args, right), append(left.ops, t.text)
				return left, true
			}
			return &node{kind: kRel, args: []*node{left, right}, ops: []string{t.text}}, true
		}
	}
	if t.typ == tSym && (t.text == "U" || t.text == "u") && (left.kind == kGroup || left.kind == kUnion) && least < bindSets {
		if b := p.peekAt(1); b.typ == tOp && (b.text == "(" || b.text == "[") {
			p.i++
			return of(kUnion, left, p.expr(bindSets)), true
		}
	}
	if least >= bindProduct && least != bindApply || !p.startsFactor(least) {
		return nil, false
	}
	if t.typ == tNum && left.kind == kNum {
		return p.mixed(left)
	}
	if p.isMixedFraction(left) {
		f := p.expr(bindPower)
		if mixes(f) {
			return &node{kind: kAdd, args: []*node{left, f}, mixed: true}, true
		}
		return product(left, f), true
	}
	return product(left, p.expr(bindApply)), true
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
