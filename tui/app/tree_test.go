package app_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"s1/engine/trace"
	"s1/tui/app"
	"s1/tui/tuitest"
)

// grown is a tape with three branches: B grew from A, C from B, D from A.
func grown(t testing.TB, change func(*app.Options)) (*tuitest.Explorer, *tuitest.Driver) {
	t.Helper()
	x := explorable()
	d := explore(t, x, 110, 36, change).Press("w").Pull().Advance(999).Press("w").Pull().Advance(999)
	d.Press("alt+1").Press("h", "f").Pull().Advance(999).Expect("D of 4")
	return x, d.Press("3")
}

var nodes = regexp.MustCompile(`(?m)(▸?) ?(●?) ([A-D])(?: [┬├└│─▸ ]+)? +(cap 160|wait|fork)`)

// order is the branches as the tree shows them.
func order(frame string) string {
	var out []string
	_, tree, _ := strings.Cut(frame, "tree\n")
	for _, m := range nodes.FindAllStringSubmatch(tree, -1) {
		out = append(out, m[3])
	}
	return strings.Join(out, "")
}

// to brings the tree's cursor to a row and back the focus to the tree.
func to(d *tuitest.Driver, row int) *tuitest.Driver {
	d.Press("esc", "tab", "tab", "home")
	for range row {
		d.Press("down")
	}
	return d
}

func TestTheTreeStandsInOrderIsWalkedAndFolded(t *testing.T) {
	t.Parallel()
	_, d := grown(t, nil)
	if got := order(d.Frame()); got != "ABCD" {
		t.Errorf("the tree shows %s, want ABCD: what grew from a branch stands below it\n%s", got, d.Frame())
	}
	to(d, 2).Press("enter").Expect("C of 4", "158/2=79?")
	to(d, 1).Press("enter").Expect("B of 4")
	to(d, 0).Press("z").Expect("what grew from A is folded away")
	if got := order(d.Frame()); got != "A" {
		t.Errorf("folded, the tree shows %s\n%s", got, d.Frame())
	}
	d.Press("z").Expect("what grew from A is shown")
	to(d, 1).Press("z").Expect("what grew from B is folded away")
	if got := order(d.Frame()); got != "ABD" {
		t.Errorf("B folded, the tree shows %s\n%s", got, d.Frame())
	}
	to(d, 2).Press("enter").Expect("D of 4") // rows, not branches: C is hidden
	to(d, 1).Press("m").Expect("token 12 of branch B is bookmarked").Press("m").Expect("no longer bookmarked")
	to(d, 1).Press("N").Expect("note on branch B").Type("the good one").Press("enter", "N").Expect("the good one").Press("esc")
	to(d, 1).Press("N", "ctrl+u", "enter").Refute("the good one")
	to(d, 1).Press("M").Expect("branch B is good").Press("M").Expect("branch B is bad").Press("M").Expect("neither good nor bad")
}

func TestABranchIsDeletedWithWhatGrewFromItAndComesBack(t *testing.T) {
	t.Parallel()
	x, d := grown(t, nil)
	to(d, 1).Press("D").Expect("2 deleted; U brings it back")
	if got := order(d.Frame()); got != "AD" {
		t.Errorf("the tree shows %s\n%s", got, d.Frame())
	}
	d.Press("alt+2").Expect("there are 2 branches") // B keeps its letter and its number
	d.Press("esc", "b").Expect("A of").Press("b").Expect("D of")
	d.Press("D").Expect("1 deleted").Press("D").Expect("that is all there is of this question; it can be deleted in the list of sessions")
	d.Press("U").Expect("1 brought back", "D of").Press("U").Expect("2 brought back", "B of", "37*5=185?").Press("U").Expect("nothing was deleted")
	if got := order(d.Frame()); got != "ABCD" {
		t.Errorf("the tree shows %s\n%s", got, d.Frame())
	}
	// One that runs is stopped.
	d.Press("alt+1", "h", "f").Pull().Advance(2).Press("D").Expect("1 deleted")
	if got := last(d); got.Kind != trace.CommandStop || x.Last().Branch().At == 0 {
		t.Errorf("sent %+v", got)
	}
	d.Advance(1)
	// A new question has another tree.
	d.Press("q").Type("other").Press("enter").Pull().Advance(999).Press("U").Expect("nothing was deleted")
	d.Press("D").Expect("there is one answer so far")
}

func TestADeletedBranchLeavesTheComparison(t *testing.T) {
	t.Parallel()
	_, d := grown(t, nil)
	d.Press("alt+2", "x").Expect("they part").Press("D").Expect("2 deleted", "they part", "D of").Refute("34 + 4 tokens")
	d.Press("D").Expect("1 deleted", "A of").Refute("they part")
	d.Press("U", "x").Expect("they part")
}

func TestTwoToFourBranchesStandBesideEachOther(t *testing.T) {
	t.Parallel()
	_, d := grown(t, nil)
	d.Press("3", "alt+1", "v").Expect("they part")
	beside := func() string {
		row := ""
		for _, l := range strings.Split(d.Frame(), "\n") {
			if strings.Count(l, " + 4 tokens")+strings.Count(l, "cap 160") > 1 && row == "" {
				row = l
			}
		}
		return strings.Join(regexp.MustCompile(`\b[A-D]\b`).FindAllString(row, -1), "")
	}
	if got := beside(); len(got) != 2 || got[0] != 'A' {
		t.Errorf("beside each other stand %q\n%s", got, d.Frame())
	}
	d.Press("v", "v")
	if got := beside(); got != "ABCD" {
		t.Errorf("beside each other stand %q, want all four\n%s", got, d.Frame())
	}
	// Going through them keeps all four, each once.
	for range 4 {
		d.Press("b")
		if got := beside(); got != "ABCD" {
			t.Fatalf("after going to the next one stand %q\n%s", got, d.Frame())
		}
	}
	d.Press("X").Refute("they part at").Press("X").Expect("they part")
	// With all of them there, the one in view is taken out, until two are left; then they are put beside again.
	d.Press("alt+2", "v").Expect("B is taken out; x leaves the comparison, b brings it back")
	if got := beside(); got != "ACD" {
		t.Errorf("beside each other stand %q, want all but B\n%s", got, d.Frame())
	}
	d.Press("v")
	if got := beside(); len(got) != 2 || strings.Contains(got, "B") {
		t.Errorf("beside each other stand %q, want two without B\n%s", got, d.Frame())
	}
	d.Press("v").Expect("stands beside them").Press("v")
	if got := beside(); got != "ABCD" {
		t.Errorf("beside each other stand %q, want all four again\n%s", got, d.Frame())
	}
	d.Press("esc").Refute("they part")
	// A fifth has no place.
	d.Press("alt+1", "h", "f").Pull().Advance(999).Press("v", "v", "v").Press("v").Expect("is taken out")
	if got := beside(); len(got) != 3 {
		t.Errorf("beside each other stand %q, want three\n%s", got, d.Frame())
	}
}

func TestABranchOfTheTreeIsPutBesideTheOneInView(t *testing.T) {
	t.Parallel()
	_, d := grown(t, nil)
	d.Press("alt+1")
	to(d, 2).Press("v").Expect("they part")
	for _, want := range []string{"158/2=79?", "A", "C"} {
		d.Expect(want)
	}
	d.Refute("fork")
}

func TestTheDiffIsBySentence(t *testing.T) {
	t.Parallel()
	d := explored(t).Press("h", "h", "h", "h", "e", "ctrl+u").Type("/2=79").Press("enter").Pull().Advance(999)
	d.Press("X").Expect("/2=84", "/2=79").Press("X").Expect("they part at token 10")
	explored(t).Press("X").Expect("there is one answer so far")
}

func TestAnExpectedAnswerJudgesEveryBranchAnew(t *testing.T) {
	t.Parallel()
	x := explorable()
	x.Script.Answers = [][]string{{"84"}, {"79"}}
	d := explore(t, x, 110, 36, nil).Press("w").Pull().Advance(999).Press("3")
	verdicts := func() string {
		_, tree, _ := strings.Cut(d.Frame(), "tree\n")
		return fmt.Sprint(strings.Count(tree, "right"), strings.Count(tree, "wrong"))
	}
	for _, c := range []struct{ expected, want, says string }{
		{"79", "1 1", "answer   right"}, {" 84 ", "1 1", "answer   wrong, expected 84"}, {"5", "0 2", "answer   wrong, expected 5"}, {"", "0 0", "79"},
	} {
		d.Press("g", "ctrl+u").Type(c.expected).Press("enter").Expect(c.says)
		if got := verdicts(); got != c.want {
			t.Errorf("%q: %s, want %s\n%s", c.expected, got, c.want, d.Frame())
		}
	}
	// One that comes later is judged by it as well.
	d.Press("g").Type("79").Press("enter").Press("w").Pull().Advance(999)
	if got := verdicts(); got != "2 1" {
		t.Errorf("a branch that came later: %s\n%s", got, d.Frame())
	}
}

func TestADeletedBranchIsNotCounted(t *testing.T) {
	t.Parallel()
	d := ended(t).Press("w").Pull().Advance(999).Press("B", "w").Pull().Advance(999).Expect("C of 3")
	d.Press("D").Expect("of 2").Refute("of 3").Press("U").Expect("of 3")
	d.Press("x").Expect("wait at 12, cap 160")
}
