// Package tree shows the branches that grew from one question, each under the one it parted from: why it exists, where it
// parted, what it answers. It draws the nodes it is given; it knows no run and decides nothing.
package tree

import (
	"s1/engine/trace"
	"s1/tui/theme"
)

// Node is one branch.
type Node struct {
	Label   string // "A"
	Cause   string // "start", "fork", "Wait"
	At      int    // token at which it parts from its parent
	Answer  string // "" = none yet
	Verdict trace.Verdict
	Tokens  int
	State   string // shown in place of an answer
	Parent  int    // index of the node it parted from, -1 = none
	Note    string

	Marked   bool // has a bookmark
	Folded   bool // what grew from it is not shown
	Current  bool // the one on the page
	Compared bool // one of those beside each other
}

// Pane shows the nodes. Cursor is an index into Nodes.
type Pane struct {
	Theme   *theme.Theme
	Focused bool
	Title   string // "" = "tree"
	Empty   string // what would fill it
	Nodes   []Node
	Cursor  int

	top  int // first visible row that is drawn
	plan plan
}

// place is where a node stands: its depth, and which of its ancestors have a sibling further down.
type place struct {
	node   int
	depth  int
	last   bool // the last child of its parent
	open   bool // children are shown below it
	hidden int  // nodes folded away below it
	up     int  // row of its parent, -1 at a root
}

// plan is the order of the rows. Its slices are kept from frame to frame, so that a tree at rest costs no memory.
type plan struct {
	rows  []place
	first []int // first child of a node, -1 = none
	next  []int // the sibling after a node, -1 = none
	seen  []bool
	stack []place
}

// Visible returns the nodes that are shown, from top to bottom, as indexes into Nodes.
func (p *Pane) Visible() []int {
	rows := p.order()
	out := make([]int, len(rows))
	for i, r := range rows {
		out[i] = r.node
	}
	return out
}

// Rows returns how many rows it wants, its title included.
func (p *Pane) Rows() int {
	if len(p.Nodes) == 0 {
		return 2
	}
	return len(p.order()) + 1
}

// Move moves the cursor over the nodes that are shown.
func (p *Pane) Move(d int) {
	rows := p.order()
	if len(rows) == 0 {
		return
	}
	at := min(max(p.cursorRow(rows)+d, 0), len(rows)-1)
	p.Cursor = rows[at].node
}

// cursorRow returns the row of the cursor. A cursor inside a fold stands on the node that hides it.
func (p *Pane) cursorRow(rows []place) int {
	want := p.Cursor
	for range p.Nodes {
		for i, r := range rows {
			if r.node == want {
				return i
			}
		}
		if want < 0 || want >= len(p.Nodes) {
			return 0
		}
		want = p.Nodes[want].Parent
	}
	return 0
}

// order lays the nodes out, parents first. Nodes whose parents lead in a circle, or nowhere, are roots: every node has
// exactly one row, or is counted by the fold that hides it.
func (p *Pane) order() []place {
	n := len(p.Nodes)
	pl := &p.plan
	pl.rows = pl.rows[:0]
	pl.first, pl.next = fill(pl.first, n, -1), fill(pl.next, n, -1)
	pl.seen = fill(pl.seen, n, false)
	for i := n - 1; i >= 0; i-- {
		if up := p.Nodes[i].Parent; up >= 0 && up < n && up != i {
			pl.next[i] = pl.first[up]
			pl.first[up] = i
		}
	}
	for i := range n {
		if up := p.Nodes[i].Parent; up < 0 || up >= n || up == i {
			p.grow(i)
		}
	}
	for i := range n {
		if !pl.seen[i] { // in a circle
			p.grow(i)
		}
	}
	return pl.rows
}

// grow adds the rows of a root and of all that is below it.
func (p *Pane) grow(root int) {
	pl := &p.plan
	pl.stack = append(pl.stack[:0], place{node: root, last: true, up: -1})
	folded, at := -1, 0 // the row that hides what comes, and its depth
	for len(pl.stack) > 0 {
		r := pl.stack[len(pl.stack)-1]
		pl.stack = pl.stack[:len(pl.stack)-1]
		if pl.seen[r.node] {
			continue
		}
		pl.seen[r.node] = true
		if folded >= 0 && r.depth <= at {
			folded = -1
		}
		row := len(pl.rows)
		if folded >= 0 {
			pl.rows[folded].hidden++
			row = folded
		} else {
			pl.rows = append(pl.rows, r)
			if p.Nodes[r.node].Folded {
				folded, at = row, r.depth
			}
		}
		from := len(pl.stack)
		for c := pl.first[r.node]; c >= 0; c = pl.next[c] {
			if !pl.seen[c] {
				pl.stack = append(pl.stack, place{node: c, depth: r.depth + 1, last: pl.next[c] < 0, up: row})
			}
		}
		for i, j := from, len(pl.stack)-1; i < j; i, j = i+1, j-1 {
			pl.stack[i], pl.stack[j] = pl.stack[j], pl.stack[i]
		}
		if folded < 0 {
			pl.rows[row].open = len(pl.stack) > from
		}
	}
}

func fill[T any](s []T, n int, v T) []T {
	if cap(s) < n {
		s = make([]T, n)
	}
	s = s[:n]
	for i := range s {
		s[i] = v
	}
	return s
}
