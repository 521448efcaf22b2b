package tree_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"s1/engine/trace"
	"s1/tui/pane/tree"
	"s1/tui/theme"
	"s1/tui/tuitest"
)

// family is a small tree with one of everything.
func family() []tree.Node {
	return []tree.Node{
		{Label: "A", Cause: "start", Answer: "84", Verdict: trace.VerdictWrong, Tokens: 61, Parent: -1, Compared: true},
		{Label: "B", Cause: "Wait", At: 61, Answer: "79", Verdict: trace.VerdictRight, Tokens: 96, Parent: 0, Current: true, Compared: true, Marked: true, Note: "it finds the borrow"},
		{Label: "C", Cause: "fork", At: 40, State: "thinking", Tokens: 44, Parent: 0},
		{Label: "D", Cause: "edit", At: 72, Answer: "the result is 158", Verdict: trace.VerdictWrong, Tokens: 1204, Parent: 1},
		{Label: "E", Cause: "cap 16", At: 16, Answer: "185", Verdict: trace.VerdictWrong, Tokens: 20, Parent: 2, Folded: true, Note: "too early"},
		{Label: "F", Cause: "sample", At: 18, Answer: "168", Tokens: 88, Parent: 4},
		{Label: "G", Cause: "sample", At: 18, State: "stopped", Tokens: 31, Parent: 4},
		{Label: "H", Cause: "start", Answer: "79", Verdict: trace.VerdictRight, Tokens: 70, Parent: -1},
	}
}

// bushy is a tree of n nodes.
func bushy(n int, seed uint64) []tree.Node {
	r := rand.New(rand.NewPCG(seed, 0))
	nodes := make([]tree.Node, n)
	for i := range nodes {
		nodes[i] = tree.Node{
			Label: fmt.Sprint(i), Cause: "fork", At: r.IntN(4000), Answer: fmt.Sprint(r.IntN(999)), Verdict: trace.VerdictWrong,
			Tokens: r.IntN(9000), Parent: r.IntN(i+1) - 1, Note: "a note on what happened here", Marked: i%7 == 0,
		}
	}
	return nodes
}

func plain(p *tree.Pane, w, h int) string { return ansi.Strip(strings.Join(p.Render(w, h), "\n")) }

func TestFrames(t *testing.T) {
	t.Parallel()
	for _, o := range tuitest.Profiles() {
		p := &tree.Pane{Theme: theme.New(o), Focused: true, Nodes: family(), Cursor: 3}
		tuitest.GoldenSizes(t, "tree", o, p.Render)
	}
}

func TestChildrenStandBelowTheirParentsAndFoldsHideThem(t *testing.T) {
	t.Parallel()
	p := &tree.Pane{Theme: theme.New(theme.Options{}), Nodes: family()}
	if got, want := p.Visible(), []int{0, 1, 3, 2, 4, 7}; !slices.Equal(got, want) {
		t.Errorf("visible %v, want %v", got, want)
	}
	frame := plain(p, 80, 7)
	for _, want := range []string{"A ┬   start", "B ├┬  Wait", "D │└  edit", "C └┬  fork", "E  └▸ cap", "2 folded", "H ─   start"} {
		if !strings.Contains(strings.ReplaceAll(frame, "cap 16", "cap"), want) {
			t.Errorf("%q is missing in\n%s", want, frame)
		}
	}
	p.Nodes[4].Folded = false
	if got := p.Rows(); got != 9 {
		t.Errorf("%d rows once unfolded, want 9", got)
	}
}

func TestTheCursorMovesOverWhatIsShown(t *testing.T) {
	t.Parallel()
	p := &tree.Pane{Theme: theme.New(theme.Options{}), Nodes: family()}
	for _, c := range []struct{ by, want int }{{1, 1}, {1, 3}, {2, 4}, {1, 7}, {5, 7}, {-2, 2}, {-99, 0}} {
		if p.Move(c.by); p.Cursor != c.want {
			t.Errorf("after %d: cursor %d, want %d", c.by, p.Cursor, c.want)
		}
	}
	p.Cursor = 6 // folded away: it stands on E
	if p.Move(-1); p.Cursor != 2 {
		t.Errorf("from inside a fold: cursor %d, want 2", p.Cursor)
	}
}

func TestTheCursorStaysInView(t *testing.T) {
	t.Parallel()
	p := &tree.Pane{Theme: theme.New(theme.Options{}), Focused: true, Nodes: bushy(300, 1)}
	for _, d := range []int{1, 7, 100, 250, -30, -3, -300} {
		p.Move(d)
		for _, h := range []int{1, 2, 3, 12, 40, 400} {
			frame := plain(p, 70, h)
			label := fmt.Sprintf("%d ", p.Cursor)
			found := false
			for _, row := range strings.Split(frame, "\n") {
				found = found || strings.HasPrefix(row, "▸") && strings.Contains(row, label)
			}
			if !found {
				t.Fatalf("cursor %d is not in view in %d rows:\n%s", p.Cursor, h, frame)
			}
		}
	}
}

func TestEveryNodeHasOneRowWhateverItsParent(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 3))
		nodes := make([]tree.Node, 1+r.IntN(20))
		for i := range nodes {
			nodes[i].Parent = r.IntN(len(nodes)+4) - 2 // circles, itself, nowhere
		}
		p := &tree.Pane{Theme: theme.New(theme.Options{}), Nodes: nodes}
		got := p.Visible()
		slices.Sort(got)
		if len(slices.Compact(got)) != len(nodes) || len(p.Visible()) != len(nodes) {
			t.Fatalf("seed %d: rows %v for %d nodes", seed, got, len(nodes))
		}
		p.Cursor = r.IntN(len(nodes)+9) - 4
		p.Render(40, 5)
		p.Move(1)
	}
}

func TestEverySizeAndHostileText(t *testing.T) {
	t.Parallel()
	for profile, o := range tuitest.Profiles() {
		if profile == "no colour" {
			continue // the same text as in colour
		}
		p := &tree.Pane{Theme: theme.New(o), Focused: true, Nodes: bushy(40, 2), Cursor: 20}
		tuitest.CheckSizes(t, profile, o, p.Render)
		tuitest.CheckSizes(t, profile+" empty", o, (&tree.Pane{Theme: theme.New(o), Empty: "Branches appear here."}).Render)
		for name, evil := range tuitest.Hostile() {
			nodes := family()
			for i := range nodes {
				n := &nodes[i]
				n.Label, n.Cause, n.Note, n.State, n.Verdict = evil, evil, evil, evil, trace.Verdict(evil)
				if i%2 == 0 {
					n.Answer = evil
				}
			}
			p := &tree.Pane{Theme: theme.New(o), Title: evil, Empty: evil, Nodes: nodes}
			for _, w := range tuitest.HostileWidths() {
				tuitest.CheckRows(t, name, p.Render(w, 12), w, 12, o)
			}
			p.Nodes = nil
			tuitest.CheckRows(t, name, p.Render(40, 12), 40, 12, o)
		}
	}
}

// A frame of a tree with 1,000 nodes. Budget: 1 ms, of the 33 between two frames.
func BenchmarkThousandNodes(b *testing.B) {
	p := &tree.Pane{Theme: theme.New(theme.Options{}), Focused: true, Nodes: bushy(1000, 1), Cursor: 600}
	b.ReportAllocs()
	for b.Loop() {
		p.Render(100, 40)
	}
}

func TestANoteStandsInANarrowMargin(t *testing.T) {
	t.Parallel()
	nodes := []tree.Node{
		{Label: "A", Cause: "cap 160", Answer: "84", Verdict: trace.VerdictWrong, Tokens: 161, Parent: -1},
		{Label: "B", Cause: "wait", At: 112, Answer: "79", Verdict: trace.VerdictRight, Tokens: 196, Parent: 0, Note: "a borrow"},
	}
	p := &tree.Pane{Theme: theme.New(theme.Options{NoColor: true}), Nodes: nodes}
	for _, s := range []string{"a borrow", "wait", "79", "right"} {
		if f := plain(p, 39, 4); !strings.Contains(f, s) {
			t.Errorf("39 columns do not show %q:\n%s", s, f)
		}
	}
	nodes[1].Note = ""
	if f := plain(p, 39, 4); !strings.Contains(f, "112") || !strings.Contains(f, "196") {
		t.Errorf("without a note 39 columns do not show the figures:\n%s", f)
	}
}
