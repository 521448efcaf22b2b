package grade

import (
	"errors"
	"fmt"
)

// Bounds of what is read.
const (
	maxText  = 4096 // bytes of one candidate
	maxDepth = 64   // levels of brackets, fractions, roots
	maxNodes = 2000
)

var errTooMuch = errors.New("more than can be read safely")

// Binding powers, weakest first.
const (
	bindRelation = 10
	bindSets     = 15
	bindRatio    = 18
	bindSum      = 20
	bindNegate   = 28
	bindProduct  = 30
	bindApply    = 35 // what a function without brackets takes: sin 2x, not sin x + 1
	bindPower    = 50
	bindAlways   = 99
)

// parser is a Pratt parser over tokens. It never goes back.
type parser struct {
	src   string
	toks  []token
	i     int
	depth int
	nodes int
	bars  int // open | |
	inSet bool
	built bool // the set that ends next was { x | condition }, and is its condition
	err   error
}

// read turns the text of an answer into a tree. thousands says whether 1,234 is one number.
func read(text string, thousands bool) (*node, error) {
	if len(text) > maxText {
		return nil, fmt.Errorf("read an answer of %d bytes (at most %d): %w", len(text), maxText, errTooMuch)
	}
	toks, ok := lex(text, thousands)
	if !ok {
		return nil, errors.New("it holds what is no mathematics")
	}
	p := parser{src: text, toks: toks}
	n := p.list("")
	if p.err == nil && p.peek().typ != tEnd {
		p.fail("nothing can follow there: %q", p.peek().text)
	}
	if p.err == nil && n == nil {
		p.fail("there is nothing to read")
	}
	if p.err != nil {
		return nil, p.err
	}
	return n, nil
}

func (p *parser) fail(format string, args ...any) *node {
	if p.err == nil {
		p.err = fmt.Errorf(format, args...)
	}
	p.i = len(p.toks)
	return number(0)
}

func (p *parser) peek() token {
	if p.i < len(p.toks) {
		return p.toks[p.i]
	}
	return token{typ: tEnd, start: len(p.src)}
}

func (p *parser) peekAt(k int) token {
	if p.i+k < len(p.toks) {
		return p.toks[p.i+k]
	}
	return token{typ: tEnd, start: len(p.src)}
}

func (p *parser) next() token {
	t := p.peek()
	p.i++
	return t
}

func (p *parser) isOp(s string) bool {
	t := p.peek()
	return t.typ == tOp && t.text == s
}

func (p *parser) accept(s string) bool {
	if p.isOp(s) {
		p.i++
		return true
	}
	return false
}

func (p *parser) expect(s string) {
	if !p.accept(s) {
		p.fail("%q is missing before %q", s, p.peek().text)
	}
}

// enter counts a level; the caller leaves it.
func (p *parser) enter() bool {
	p.depth++
	if p.depth > maxDepth && p.err == nil {
		p.err = fmt.Errorf("more than %d levels: %w", maxDepth, errTooMuch)
		p.i = len(p.toks)
	}
	return p.err == nil
}

func (p *parser) made(n *node) *node {
	p.nodes++
	if p.nodes > maxNodes && p.err == nil {
		p.err = fmt.Errorf("more than %d parts: %w", maxNodes, errTooMuch)
		p.i = len(p.toks)
	}
	return n
}

// expr reads an expression whose operators bind tighter than least.
func (p *parser) expr(least int) *node {
	if !p.enter() {
		return number(0)
	}
	defer func() { p.depth-- }()
	left := p.prefix()
	for p.err == nil {
		next, ok := p.infix(left, least)
		if !ok {
			break
		}
		left = p.made(next)
	}
	return left
}

// prefix reads what an expression starts with.
func (p *parser) prefix() *node {
	t := p.next()
	switch t.typ {
	case tNum:
		return p.literal(t)
	case tSym:
		return p.name(t)
	case tFunc:
		return p.function(t.text)
	case tCmd:
		return p.command(t)
	case tOp:
		switch t.text {
		case "-":
			return p.made(of(kNeg, p.expr(bindNegate)))
		case "+":
			return p.expr(bindNegate)
		case "±", "∓":
			n := of(kEither, number(0), p.expr(bindNegate))
			if t.text == "∓" {
				n.name = "mp"
			}
			return p.made(n)
		case "(", "[", "{", `\{`, "]":
			return p.bracket(t.text)
		case "|":
			p.bars++
			inside := p.expr(0)
			p.bars--
			p.expect("|")
			return p.made(call("abs", inside))
		case "lfloor", "lceil":
			name, end := "floor", "rfloor"
			if t.text == "lceil" {
				name, end = "ceil", "rceil"
			}
			bars := p.bars
			p.bars = 0
			inside := p.expr(0)
			p.bars = bars
			p.expect(end)
			return p.made(call(name, inside))
		}
	}
	return p.fail("a value is missing before %q", t.text)
}
