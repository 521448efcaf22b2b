package grade

import "strings"

// noise are words before a value that say nothing about it.
func noise(s string) bool {
	switch strings.ToLower(strings.Trim(s, " :.")) {
	case "approximately", "about", "exactly", "is", "answer", "the answer is", "equals", "equal to", "is equal to", "final answer", "choice", "option", "only", "either", "both", "roughly":
		return true
	}
	return false
}

// item is one answer with the words around it: a leading "about" and trailing units say nothing, other words make a text.
func (p *parser) item() *node {
	first := p.peek()
	from := p.i
	if first.typ == tText && noise(first.text) {
		p.i++
		first = p.peek()
		if first.typ == tOp && first.text == ":" {
			p.i++
			first = p.peek()
		}
	}
	if first.typ == tText || first.typ == tUnit {
		p.i = from
		return p.prose()
	}
	n := p.expr(0)
	if p.err != nil {
		return n
	}
	return p.trailing(n)
}

// prose is words until the next separator, with the mathematics between them as it is written.
func (p *parser) prose() *node {
	depth := 0
	var words []string
	for p.peek().typ != tEnd {
		t := p.peek()
		if t.typ == tOp {
			switch t.text {
			case "(", "[", "{", `\{`:
				depth++
			case ")", "]", "}", `\}`:
				depth--
			}
			if depth < 0 || depth == 0 && (t.text == "," || t.text == ";") {
				break
			}
		}
		if depth == 0 && t.typ == tJoin {
			break
		}
		words = append(words, t.text)
		p.i++
		if depth < 0 {
			break
		}
	}
	if len(words) == 0 {
		return p.fail("an item is empty")
	}
	return p.made(&node{kind: kText, name: strings.Join(words, " ")})
}

// lastWord says whether a word or two of prose end an item, as in "5 apples".
func (p *parser) lastWord() bool {
	t := p.peek()
	if len(strings.Fields(t.text)) > 2 || strings.ContainsAny(t.text, ".:?") {
		return false
	}
	next := p.peekAt(1)
	return next.typ == tEnd || next.typ == tJoin || next.typ == tOp && (next.text == "," || next.text == ";")
}

// units reads the units and notes behind a value, each with the sign that joins it to those before.
func (p *parser) units() (names []string) {
	per := ""
	add := func(name string) {
		names = append(names, per+name)
		per = ""
	}
	for {
		t := p.peek()
		switch {
		case t.typ == tText && t.text == "per":
			p.i++
			per = "/"
		case t.typ == tUnit:
			p.i++
			add(canonicalUnit(t.text) + p.exponent())
		case t.typ == tText && t.wrapped:
			p.i++
			add(strings.ToLower(t.text) + p.exponent())
		case t.typ == tCmd && (t.text == "pmod" || t.text == "bmod"):
			p.i++
			names = append(names, "mod "+p.argument(false).String())
		case t.typ == tSym && per != "" && strings.Contains(letterUnits, t.text):
			p.i++
			add(canonicalUnit(t.text))
		case t.typ == tText && p.lastWord():
			p.i++
			names = append(names, strings.ToLower(t.text))
		case t.typ == tOp && (t.text == "/" || t.text == "*") && len(names) > 0 && p.unitFollows():
			p.i++
			per = t.text
		case t.typ == tOp && t.text == "." && len(names) > 0:
			p.i++
		default:
			return names
		}
	}
}

// unitFollows says whether a unit stands behind the next token.
func (p *parser) unitFollows() bool {
	t := p.peekAt(1)
	return t.typ == tUnit || t.typ == tSym && strings.Contains(letterUnits, t.text)
}

// exponent reads that of a unit: ^2 or ^{2}.
func (p *parser) exponent() string {
	if !p.isOp("^") {
		return ""
	}
	if n := p.peekAt(1); n.typ == tNum {
		p.i += 2
		return "^" + n.text
	}
	if n := p.peekAt(2); p.peekAt(1).text == "{" && n.typ == tNum && p.peekAt(3).text == "}" {
		p.i += 4
		return "^" + n.text
	}
	return ""
}

// trailing reads units and notes behind a value.
func (p *parser) trailing(n *node) *node {
	names := p.units()
	if len(names) == 0 {
		return n
	}
	name := strings.Join(names, "")
	if len(names) == 1 && n.kind != kRel {
		switch name {
		case "%":
			return p.made(of(kPercent, n))
		case "°":
			return p.made(of(kDegree, n))
		}
	}
	if n.kind == kRel { // x = 5 cm: the unit belongs to what stands last
		last := len(n.args) - 1
		args := append(append([]*node(nil), n.args[:last]...), p.made(&node{kind: kUnit, name: name, args: n.args[last:]}))
		n = &node{kind: kRel, args: args, ops: n.ops}
		if name == "%" || name == "°" {
			args[last] = of(map[string]kind{"%": kPercent, "°": kDegree}[name], n.args[last].args[0])
		}
		return n
	}
	return p.made(&node{kind: kUnit, name: name, args: []*node{n}})
}
