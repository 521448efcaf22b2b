package grade

import "strings"

// literal is a number, with the base it is written in.
func (p *parser) literal(t token) *node {
	if t.integer && p.isOp("_") {
		p.i++
		return p.base(t.text)
	}
	return p.made(&node{kind: kNum, num: t.num, places: t.places})
}

// base reads the subscript of digits.
func (p *parser) base(digits string) *node {
	braced := p.accept("{")
	b := p.next()
	if b.typ == tNum && b.integer && len(b.text) <= 2 && (!braced || p.accept("}")) {
		if base := int(b.num.Num().Int64()); base >= 2 && base <= 36 {
			return p.made(&node{kind: kBase, name: strings.TrimLeft(digits, "0"), cols: base})
		}
	}
	return p.fail("%.20s has a subscript that is no base", digits)
}

// mixed is a number right behind a number: 1 1/2.
func (p *parser) mixed(left *node) (*node, bool) {
	whole, top := left, p.next()
	if whole.num.IsInt() && whole.places == 0 && top.integer && p.isOp("/") && top.spaced {
		if below := p.peekAt(1); below.typ == tNum && below.integer && top.num.Cmp(below.num) < 0 {
			p.i += 2
			f := of(kDiv, p.literal(top), p.literal(below))
			return &node{kind: kAdd, args: []*node{left, f}, mixed: true}, true
		}
	}
	return p.fail("two numbers stand side by side"), true
}

func (p *parser) isMixedFraction(left *node) bool {
	t := p.peek()
	return left.kind == kNum && left.places == 0 && left.num.IsInt() && t.typ == tCmd && t.text == "frac"
}

// mixes says whether a fraction and the whole number before it are one mixed number, as 1 \frac{4}{5}.
func mixes(f *node) bool {
	if f.kind != kDiv || f.args[0].kind != kNum || f.args[1].kind != kNum {
		return false
	}
	a, b := f.args[0].num, f.args[1].num
	return a.IsInt() && b.IsInt() && a.Sign() > 0 && a.Cmp(b) < 0
}

// name is a symbol with its subscript; f, g and h before a bracket are functions.
func (p *parser) name(t token) *node {
	n := symbolOrConst(t.text)
	if p.isOp("_") {
		p.i++
		n = symbol(t.text + "_" + p.script())
	}
	for p.isOp("'") {
		p.i++
		n = symbol(n.name + "'")
	}
	if n.kind == kSym && p.isOp("(") && (strings.HasSuffix(n.name, "'") || n.name == "f" || n.name == "g" || n.name == "h") {
		p.i++
		args := p.bracket("(")
		if args.kind == kGroup {
			return p.made(call(n.name, args.args...))
		}
		return p.made(call(n.name, args))
	}
	return p.made(n)
}

// symbolOrConst is a name that may stand for a number.
func symbolOrConst(s string) *node {
	switch s {
	case `\pi`:
		return &node{kind: kConst, name: "pi"}
	case "e":
		return &node{kind: kConst, name: "e"}
	case "i":
		return &node{kind: kConst, name: "i"}
	case `\infty`:
		return &node{kind: kConst, name: "inf"}
	}
	return symbol(s)
}

// script is the text of a subscript: what it says, without what only changes how it looks.
func (p *parser) script() string {
	if !p.accept("{") {
		t := p.next()
		if t.typ == tEnd {
			p.fail("a subscript is missing")
		}
		return t.text
	}
	var b strings.Builder
	for depth := 1; ; {
		t := p.next()
		if t.typ == tEnd {
			p.fail("a subscript does not end")
			return ""
		}
		if t.typ == tOp && t.text == "{" {
			depth++
		}
		if t.typ == tOp && t.text == "}" {
			if depth--; depth == 0 {
				return b.String()
			}
		}
		b.WriteString(t.text)
	}
}

// argument is what a command takes: a brace, or the next sign. Of a number it is the first digit, as TeX reads it.
func (p *parser) argument(digit bool) *node {
	t := p.peek()
	switch {
	case t.typ == tOp && t.text == "{":
		p.i++
		return p.bracket("{")
	case t.typ == tNum && digit && t.integer && len(t.text) > 1:
		first, rest := t, t
		first.text, rest.text = t.text[:1], t.text[1:]
		first.num, rest.num = ratOf(first.text), ratOf(rest.text)
		rest.spaced = false
		p.toks[p.i] = rest
		return p.made(&node{kind: kNum, num: first.num})
	case t.typ == tNum:
		p.i++
		return p.made(&node{kind: kNum, num: t.num, places: t.places})
	case t.typ == tSym:
		p.i++
		return p.made(symbolOrConst(t.text))
	case t.typ == tOp && t.text == "(": // \sqrt(3)
		p.i++
		return p.bracket("(")
	case t.typ == tCmd:
		if !p.enter() {
			return number(0)
		}
		defer func() { p.depth-- }()
		p.i++
		return p.command(t)
	}
	return p.fail("an argument is missing before %q", t.text)
}

// function is a known function: its subscript, its exponent, its argument.
func (p *parser) function(name string) *node {
	if !p.enter() {
		return number(0)
	}
	defer func() { p.depth-- }()
	var base, exponent *node
	for p.err == nil {
		if p.isOp("_") && base == nil {
			p.i++
			base = p.argument(false)
			continue
		}
		if p.isOp("^") && exponent == nil {
			p.i++
			exponent = p.argument(false)
			if exponent.kind == kNum && p.isOp("°") { // sin^circ is nothing
				return p.fail("a degree stands where an exponent should")
			}
			continue
		}
		break
	}
	var args []*node
	switch {
	case p.isOp("(") || p.isOp("[") || p.isOp("{"):
		open := p.next().text
		arg := p.bracket(open)
		if arg.kind == kGroup || arg.kind == kSet && open == "{" {
			args = arg.args
		} else {
			args = []*node{arg}
		}
	case p.isOp("-"):
		p.i++
		args = []*node{p.made(of(kNeg, p.expr(bindApply)))}
	default:
		args = []*node{p.expr(bindApply)}
	}
	n := call(name, args...)
	if base != nil {
		n = of(kDiv, call("ln", args...), call("ln", base))
	}
	if exponent != nil {
		if exponent.kind == kNeg && exponent.args[0].kind == kNum && exponent.args[0].num.IsInt() && exponent.args[0].num.Num().IsInt64() && exponent.args[0].num.Num().Int64() == 1 && known("arc"+name) {
			n = call("arc"+name, args...)
		} else {
			n = of(kPow, n, exponent)
		}
	}
	return p.made(n)
}

// command is a command that takes arguments.
func (p *parser) command(t token) *node {
	switch t.text {
	case "frac":
		a := p.argument(true)
		b := p.argument(true)
		return p.made(of(kDiv, a, b))
	case "binom":
		if p.isOp("(") { // binom(5, 2)
			p.i++
			if g := p.bracket("("); g.kind == kGroup && len(g.args) == 2 {
				return p.made(call("binom", g.args...))
			}
			return p.fail("binom takes two values")
		}
		a := p.argument(true)
		return p.made(call("binom", a, p.argument(true)))
	case "sqrt", "cbrt":
		degree := number(2)
		if t.text == "cbrt" {
			degree = number(3)
		}
		if p.isOp("[") {
			p.i++
			degree = p.expr(0)
			p.expect("]")
		}
		return p.made(of(kPow, p.argument(false), of(kDiv, number(1), degree)))
	case "boxed", "fbox":
		return p.argument(false)
	case "sum", "prod", "int", "lim":
		return p.bigOperator(t.text)
	}
	if strings.HasPrefix(t.text, "begin:") {
		return p.matrix(strings.TrimPrefix(t.text, "begin:"))
	}
	if strings.HasPrefix(t.text, "end:") || t.text == "pmod" || t.text == "bmod" {
		return p.fail("%q has no place there", t.text)
	}
	return p.made(call(t.text, p.argument(false))) // \overline{AB} is equal to itself only
}

// bigOperator is a sum, a product, an integral, a limit: equal to itself only, whatever the order inside its body.
func (p *parser) bigOperator(name string) *node {
	lower, upper := symbol(""), symbol("")
	for p.err == nil && (p.isOp("_") || p.isOp("^")) {
		op := p.next().text
		if a := p.argument(false); op == "_" {
			lower = a
		} else {
			upper = a
		}
	}
	n := call(name, upper, p.expr(bindSum))
	if lower.kind == kRel && len(lower.args) == 2 {
		n.args = append(n.args, lower.args...)
	} else {
		n.args = append(n.args, lower)
	}
	return p.made(n)
}

// matrix reads rows until \end. An empty last row is no row.
func (p *parser) matrix(name string) *node {
	if !p.enter() {
		return number(0)
	}
	defer func() { p.depth-- }()
	n := &node{kind: kMatrix, name: name}
	row, bars := 0, p.bars
	p.bars = 0
	for p.err == nil {
		if t := p.peek(); t.typ == tCmd && strings.HasPrefix(t.text, "end:") {
			p.i++
			break
		}
		if p.accept(`\\`) {
			continue
		}
		row = 0
		for p.err == nil {
			n.args = append(n.args, p.expr(0))
			row++
			if !p.accept("&") {
				break
			}
		}
		if n.cols == 0 {
			n.cols = row
		}
		if row != n.cols {
			return p.fail("a matrix has rows of %d and %d", n.cols, row)
		}
		if t := p.peek(); !p.isOp(`\\`) && !(t.typ == tCmd && strings.HasPrefix(t.text, "end:")) {
			return p.fail("a row of a matrix goes on with %q", t.text)
		}
	}
	p.bars = bars
	if len(n.args) == 0 {
		return p.fail("a matrix is empty")
	}
	return p.made(n)
}
