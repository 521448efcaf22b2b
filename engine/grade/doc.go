// Package grade decides whether a model's answer equals the known one. It knows how answers are written (LaTeX, plain
// mathematics, units, choices, short texts), not who asked, which model answered, or what a run is; it imports nothing of
// ours and runs no code it reads.
//
// The way of an answer:
//
//	text -> extract (which part is the answer, by which rule) -> lex -> parse (a small tree) -> compare by type -> Verdict
//
// Whatever the input, the work is bounded: a candidate longer than maxText is not read, trees have at most maxDepth levels
// and maxNodes nodes, nothing is expanded, and comparison stops when its work is spent (verdict unparsed, never a guess).
// Expressions are compared at random points of two prime fields where they are rational functions, and with 256-bit
// floating point numbers that carry their error where they are not.
package grade
