package app

import (
	"fmt"
	"slices"

	tea "github.com/charmbracelet/bubbletea"

	"s1/engine/trace"
	"s1/tui/pane/tree"
)

// mostBeside is how many branches a comparison shows at most.
const mostBeside = 4

// treeRows is the branches in the order of the tree: a branch stands below the one it grew from, older ones first. What was
// deleted is not there.
func (m *Model) treeRows() (order []int, parent []int) {
	at := map[trace.BranchID]int{}
	for i, b := range m.branches {
		at[b.info.ID] = i
	}
	kids := map[int][]int{}
	for i, b := range m.branches {
		p, ok := at[b.info.Parent]
		if b.info.Parent == "" || !ok || p == i {
			p = -1
		}
		kids[p] = append(kids[p], i)
	}
	place := map[int]int{-1: -1}
	var walk func(i int)
	walk = func(i int) {
		if m.branches[i].binned {
			return
		}
		place[i] = len(order)
		order = append(order, i)
		for _, k := range kids[i] {
			walk(k)
		}
	}
	for _, i := range kids[-1] {
		walk(i)
	}
	parent = make([]int, len(order))
	for row, i := range order {
		parent[row] = -1
		if p, ok := at[m.branches[i].info.Parent]; ok && m.branches[i].info.Parent != "" {
			parent[row] = place[p]
		}
	}
	return order, parent
}

// fillTree gives the tree its nodes.
func (m *Model) fillTree() {
	order, parent := m.treeRows()
	p := &m.treePane
	p.Focused = m.focus == onTree
	p.Nodes = p.Nodes[:0]
	for row, i := range order {
		b := m.branches[i]
		word, _, _ := m.stateWord(b)
		p.Nodes = append(p.Nodes, tree.Node{
			Label: b.label, Cause: m.causeOf(b), At: b.info.At, Answer: oneLine(b.answer.Last(answerBytes)), Verdict: b.verdict,
			Tokens: b.spent, State: word, Parent: parent[row], Note: b.noted(), Marked: len(b.bookmarks) > 0, Folded: b.folded,
			Current: i == m.cur, Compared: m.comparing && (i == m.other || slices.Contains(m.more, i)),
		})
	}
	if m.focus != onTree {
		p.Cursor = max(slices.Index(order, m.cur), 0)
	}
}

// chosen is the branch that a key of the tree means: the one under the tree's cursor, else the one in view.
func (m *Model) chosenBranch() int {
	order, _ := m.treeRows()
	if c := m.treePane.Cursor; m.focus == onTree && c >= 0 && c < len(order) {
		return order[c]
	}
	return m.cur
}

// beside puts a branch into the comparison or takes it out.
func (m *Model) beside() {
	i := m.chosenBranch()
	if !m.comparing {
		if i == m.cur {
			m.toggleCompare()
			return
		}
		m.other, m.comparing, m.jump, m.more = i, true, true, nil
		return
	}
	switch at := slices.Index(m.more, i); {
	case at >= 0:
		m.more = slices.Delete(m.more, at, at+1)
	case i == m.cur || i == m.other:
		m.nextBeside()
	default:
		m.addBeside(i)
	}
}

// nextBeside puts the next branch beside the others until there is none, or no room; then it takes out the one in view, one each
// time, until two are left.
func (m *Model) nextBeside() {
	next := -1
	for k := range m.branches {
		if next < 0 && k != m.cur && k != m.other && !slices.Contains(m.more, k) && !m.branches[k].binned {
			next = k
		}
	}
	n := len(m.more)
	if n == 0 {
		m.thinning = false
	}
	switch {
	case n > 0 && (m.thinning || next < 0 || n+2 >= mostBeside):
		out := m.cur
		m.cur, m.other, m.more = m.other, m.more[0], m.more[1:]
		m.thinning = true
		m.say(m.keys.Text(m.branches[out].label + " is taken out; {compare} leaves the comparison, {next-branch} brings it back"))
	case next < 0:
		m.warn("there is no other branch to put beside them")
	default:
		m.addBeside(next)
		m.say(m.branches[next].label + " stands beside them")
	}
}

func (m *Model) addBeside(i int) {
	if len(m.more)+2 >= mostBeside {
		m.warn(fmt.Sprintf("%d stand beside each other; that is the most", mostBeside))
		return
	}
	m.more = append(m.more, i)
}

// bin deletes a branch with what grew from it; undo brings it back.
func (m *Model) bin() tea.Cmd {
	i := m.chosenBranch()
	gone := []int{i}
	for k, b := range m.branches { // children come after their parents
		for _, g := range gone {
			if b.info.Parent == m.branches[g].info.ID && !b.binned && k != g {
				gone = append(gone, k)
				break
			}
		}
	}
	left := 0
	for k, b := range m.branches {
		if !b.binned && !slices.Contains(gone, k) {
			left++
		}
	}
	if left == 0 {
		m.warn("that is all there is of this question; it can be deleted in the list of sessions")
		return nil
	}
	for _, k := range gone {
		b := m.branches[k]
		b.binned = true
		if b.running() {
			b.live.Send(trace.Command{Kind: trace.CommandStop})
		}
	}
	m.deleted = append(m.deleted, gone)
	m.aside()
	m.say(m.keys.Text(fmt.Sprintf("%d deleted; {undo} brings it back", len(gone))))
	at := m.branches[i].kept()
	return m.keep("the deletion", func(s Shelf) error { return s.Bin(m.ctx, at) })
}

// undo brings back what was deleted last.
func (m *Model) undo() tea.Cmd {
	n := len(m.deleted)
	if n == 0 {
		return nil
	}
	back := m.deleted[n-1]
	m.deleted = m.deleted[:n-1]
	for _, k := range back {
		m.branches[k].binned = false
	}
	m.switchTo(back[0])
	m.say(fmt.Sprintf("%d brought back", len(back)))
	at := m.branches[back[0]].kept()
	return m.keep("bringing it back", func(s Shelf) error { return s.Restore(m.ctx, at) })
}

// aside moves the view and the comparison away from what was deleted.
func (m *Model) aside() {
	if m.branches[m.cur].binned {
		m.switchBy(1)
	}
	m.more = slices.DeleteFunc(m.more, func(i int) bool { return m.branches[i].binned })
	if m.other >= 0 && m.branches[m.other].binned || m.other == m.cur {
		m.comparing, m.other = false, -1
	}
}

// switchBy shows the next branch that is not deleted.
func (m *Model) switchBy(by int) {
	n := len(m.branches)
	for k := 1; k <= n; k++ {
		if i := ((m.cur+by*k)%n + n) % n; !m.branches[i].binned {
			m.switchTo(i)
			return
		}
	}
}

// keep writes a change of what is kept, where anything is.
func (m *Model) keep(what string, do func(Shelf) error) tea.Cmd {
	shelf, ok := m.opt.Library.(Shelf)
	if !ok {
		return nil
	}
	n := m.news
	return func() tea.Msg {
		if err := do(shelf); err != nil {
			n.post(func(m *Model) { m.warn("could not keep " + what + ": " + oneLine(err.Error())) })
		}
		return nil
	}
}
