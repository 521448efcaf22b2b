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
