package grade

import (
	"math/big"
	"strings"
)

func ratOf(s string) *big.Rat {
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		return new(big.Rat)
	}
	return r
}

// closers are the brackets that may end what each opens: intervals mix them.
var closers = map[string]string{"(": ")]", "[": ")]", "]": "[", "{": "}", `\{`: `\}`}

// bracket reads what stands in a bracket that has just been opened.
func (p *parser) bracket(open string) *node {
	if !p.enter() {
		return number(0)
	}
	defer func() { p.depth-- }()
	bars, inSet := p.bars, p.inSet
	p.bars, p.inSet = 0, open == `\{`
	inside := p.list(open)
	p.bars, p.inSet = bars, inSet
	built := p.built
	p.built = false
	t := p.next()
	if t.typ != tOp || t.text != `\}` && t.text != "}" && t.text != ")" && t.text != "]" && t.text != "[" || !strings.Contains(closers[open], t.text) || open == "{" && t.text != "}" {
		return p.fail("%q is closed by %q", open, t.text)
	}
	var items []*node
	trailing := false
	switch {
	case inside == nil:
	case inside.kind == kList && inside.name != "and" && inside.name != "or":
		items = inside.args
		trailing = inside.mixed
	default:
		items = []*node{inside}
	}
	switch open {
	case `\{`:
		if built && inside != nil {
			return inside
		}
		return p.made(of(kSet, items...))
	case "{":
		if len(items) == 0 {
			return p.made(symbol(""))
		}
		if len(items) == 1 {
			return items[0]
		}
		return p.made(&node{kind: kSet, open: '{', args: items})
	}
	if len(items) == 1 && !trailing && open != "]" && (open == "(" && t.text == ")" || open == "[" && t.text == "]" && (inside.kind == kAdd || inside.kind == kMatrix)) {
		return items[0]
	}
	n := &node{kind: kGroup, open: open[0], close: t.text[0], args: items}
	if open == "]" { // ]0, 1[ is how (0, 1) is written elsewhere
		n.open = '('
	}
	if t.text == "[" {
		n.close = ')'
	}
	return p.made(n)
}

// list reads items until a bracket closes or the text ends. One item is itself; none is nil.
//
// Where two kinds of separators are used, the weaker one separates groups: p=5, q=2; p=7, q=2 is a list of two pairs.
func (p *parser) list(open string) *node {
	var groups [][]*node
	var group []*node
	joined, outer := "", ""
	trailing := false
	for p.err == nil && !p.closes(open) {
		group = append(group, p.item())
		trailing = false
		sep, wide := p.separator()
		if sep == "" {
			break
		}
		trailing = true
		if wide {
			groups, group = append(groups, group), nil
			outer = sep
		} else if joined == "" {
			joined = sep
		}
	}
	if open == `\{` && p.err == nil && len(group) == 1 && (p.isOp("|") || p.isOp(":")) { // { x | x > 3 }
		p.i++
		p.inSet = false
		inside := p.list("")
		p.built = true
		return inside
	}
	if len(group) > 0 {
		groups = append(groups, group)
	}
	if p.err != nil || len(groups) == 0 {
		return nil
	}
	if outer == "" {
		outer = joined
	}
	if len(groups) == 1 && len(groups[0]) == 1 && !(trailing && outer == ",") {
		return groups[0][0]
	}
	items := joinGroups(groups)
	if outer == "" {
		outer = ","
	}
	return p.made(&node{kind: kList, name: outer, args: items, mixed: trailing && outer == "," && open == "("})
}

// joinGroups makes pairs of groups of assignments, and one list of everything else.
func joinGroups(groups [][]*node) []*node {
	pairs := len(groups) > 1
	for _, g := range groups {
		pairs = pairs && len(g) == len(groups[0]) && len(g) > 1
		for _, n := range g {
			pairs = pairs && n.kind == kRel
		}
	}
	var items []*node
	for _, g := range groups {
		if pairs {
			items = append(items, &node{kind: kGroup, open: '(', close: ')', args: g})
			continue
		}
		items = append(items, g...)
	}
	return items
}

func (p *parser) closes(open string) bool {
	t := p.peek()
	if t.typ == tEnd {
		return true
	}
	if t.typ != tOp {
		return false
	}
	switch t.text {
	case ")", "}", `\}`:
		return true
	case "]":
		return open != ""
	case "[":
		return open == "]"
	}
	return false
}

// separator takes one separator, or a comma with "and"; wide says that it separates groups.
func (p *parser) separator() (sep string, wide bool) {
	t := p.peek()
	switch {
	case t.typ == tOp && t.text == ",":
		p.i++
		if p.peek().typ == tJoin {
			return p.next().text, false
		}
		return ",", false
	case t.typ == tOp && t.text == ";":
		p.i++
		return ";", true
	case t.typ == tJoin:
		p.i++
		return t.text, true
	}
	return "", false
}

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
	start := p.peek().start
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
	_ = start
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

// trailing reads units and notes behind a value.
func (p *parser) trailing(n *node) *node {
	var names []string
	per := ""
	for {
		t := p.peek()
		switch {
		case t.typ == tUnit || t.typ == tText && (t.wrapped || t.text == "per"):
			p.i++
			name := canonicalUnit(t.text)
			if t.typ == tText {
				name = strings.ToLower(t.text)
			}
			if name == "per" {
				per = "/"
				continue
			}
			if p.isOp("^") && p.peekAt(1).typ == tNum {
				name += "^" + p.peekAt(1).text
				p.i += 2
			} else if p.isOp("^") && p.peekAt(1).text == "{" && p.peekAt(2).typ == tNum && p.peekAt(3).text == "}" {
				name += "^" + p.peekAt(2).text
				p.i += 4
			}
			names = append(names, per+name)
			per = ""
			continue
		case t.typ == tCmd && (t.text == "pmod" || t.text == "bmod"):
			p.i++
			names = append(names, "mod "+p.argument(false).String())
			continue
		case t.typ == tSym && per != "" && strings.Contains(letterUnits, t.text):
			p.i++
			names = append(names, per+canonicalUnit(t.text))
			per = ""
			continue
		case t.typ == tText && p.lastWord():
			p.i++
			names = append(names, strings.ToLower(t.text))
			continue
		case t.typ == tOp && (t.text == "/" || t.text == "*") && len(names) > 0 && (p.peekAt(1).typ == tUnit || p.peekAt(1).typ == tSym && strings.Contains(letterUnits, p.peekAt(1).text)):
			p.i++
			per = t.text
			continue
		case t.typ == tOp && t.text == "." && len(names) > 0:
			p.i++
			continue
		}
		break
	}
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
