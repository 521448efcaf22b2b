package grade

import (
	"math/big"
	"strings"
)

// kind is the type of a node.
type kind uint8

const (
	kNum     kind = iota // num
	kSym                 // name: a variable, or any name that is only equal to itself
	kConst               // name: pi, e, i, inf
	kAdd                 // args
	kMul                 // args
	kDiv                 // args[0] / args[1]
	kNeg                 // -args[0]
	kPow                 // args[0] ^ args[1]; roots are powers
	kCall                // name(args...)
	kEither              // args[0] plus or minus args[1]; name "mp" = minus or plus
	kGroup               // open args close: a tuple or an interval
	kSet                 // args in braces; open '{' = braces that LaTeX does not show
	kList                // args without brackets; name is what joined them: "," ";" "and" "or"
	kRel                 // args[0] ops[0] args[1] ops[1] ...
	kMatrix              // args row by row, cols in a row; name "det" = between bars
	kText                // name
	kPercent             // args[0] %
	kDegree              // args[0] degrees
	kUnit                // args[0] of a unit: name
	kBase                // name: digits in base cols
	kRatio               // args[0] : args[1] ...
	kUnion               // args
	kInter               // args
	kWithout             // args[0] without args[1]
)

// node is one part of a read answer. Trees are never changed once they are read.
type node struct {
	kind        kind
	num         *big.Rat
	name        string
	args        []*node
	ops         []string
	open, close byte
	cols        int
	places      int // digits after the point as written, of a kNum
	mixed       bool
}

func number(n int64) *node                  { return &node{kind: kNum, num: big.NewRat(n, 1)} }
func symbol(s string) *node                 { return &node{kind: kSym, name: s} }
func call(name string, args ...*node) *node { return &node{kind: kCall, name: name, args: args} }
func of(k kind, args ...*node) *node        { return &node{kind: k, args: args} }

// identical says whether two trees are the same, number by number.
func identical(a, b *node) bool {
	if a.kind != b.kind || a.name != b.name || len(a.args) != len(b.args) || a.open != b.open || a.close != b.close || a.cols != b.cols || len(a.ops) != len(b.ops) {
		return false
	}
	if a.kind == kNum && a.num.Cmp(b.num) != 0 {
		return false
	}
	for i := range a.ops {
		if a.ops[i] != b.ops[i] {
			return false
		}
	}
	for i := range a.args {
		if !identical(a.args[i], b.args[i]) {
			return false
		}
	}
	return true
}

// has says whether the tree holds a node of which f is true.
func (n *node) has(f func(*node) bool) bool {
	if f(n) {
		return true
	}
	for _, a := range n.args {
		if a.has(f) {
			return true
		}
	}
	return false
}

// scalar says whether n is one value: a number or an expression.
func (n *node) scalar() bool {
	switch n.kind {
	case kNum, kSym, kConst, kAdd, kMul, kDiv, kNeg, kPow, kCall, kPercent, kDegree, kUnit, kBase:
		return true
	}
	return false
}

// constant says whether n holds no variable.
func (n *node) constant() bool {
	return !n.has(func(m *node) bool { return m.kind == kSym || m.kind == kText || m.kind == kCall && !known(m.name) })
}

// namelike says whether n can be what an equation gives a value to: x, f(x), AB, |AB|, a_3, (p, q), S : T.
func (n *node) namelike() bool {
	switch n.kind {
	case kSym:
		return true
	case kCall:
		return !known(n.name) || n.name == "abs" && n.args[0].namelike()
	case kMul, kDiv, kRatio, kGroup:
		for _, a := range n.args {
			if !a.namelike() {
				return false
			}
		}
		return len(n.args) > 0
	}
	return false
}

// String is the tree in plain notation, cut to what a line can hold.
func (n *node) String() string {
	var b strings.Builder
	n.write(&b, 0)
	return b.String()
}

const mostShown = 400

func (n *node) write(b *strings.Builder, depth int) {
	if b.Len() > mostShown || depth > 2*maxDepth {
		if !strings.HasSuffix(b.String(), "…") {
			b.WriteString("…")
		}
		return
	}
	list := func(open, sep, close string) {
		b.WriteString(open)
		for i, a := range n.args {
			if i > 0 {
				b.WriteString(sep)
			}
			a.write(b, depth+1)
		}
		b.WriteString(close)
	}
	switch n.kind {
	case kNum:
		s := n.num.RatString()
		if len(s) > 60 {
			s = s[:57] + "…"
		}
		b.WriteString(s)
	case kSym, kConst:
		b.WriteString(n.name)
	case kText:
		b.WriteString(`"` + n.name + `"`)
	case kAdd:
		list("(", " + ", ")")
	case kMul:
		list("", "·", "")
	case kDiv:
		list("(", " / ", ")")
	case kNeg:
		list("-", "", "")
	case kPow:
		list("(", ")^(", ")")
	case kCall:
		list(n.name+"(", ", ", ")")
	case kEither:
		list("(", " ± ", ")")
	case kGroup:
		list(string(n.open), ", ", string(n.close))
	case kSet:
		list("{", ", ", "}")
	case kList:
		list("", " , ", "")
	case kRel:
		for i, a := range n.args {
			if i > 0 {
				b.WriteString(" " + n.ops[i-1] + " ")
			}
			a.write(b, depth+1)
		}
	case kMatrix:
		list(n.name+"[", ", ", "]")
	case kPercent:
		list("", "", "%")
	case kDegree:
		list("", "", "°")
	case kUnit:
		list("", "", " ["+n.name+"]")
	case kBase:
		b.WriteString(n.name + " in base " + itoa(n.cols))
	case kRatio:
		list("", " : ", "")
	case kUnion:
		list("", " ∪ ", "")
	case kInter:
		list("", " ∩ ", "")
	case kWithout:
		list("", " ∖ ", "")
	}
}
