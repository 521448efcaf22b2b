package compare_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"s1/tui/pane/compare"
	"s1/tui/text"
	"s1/tui/theme"
	"s1/tui/tuitest"
)

const shared = "start 37\n*5=185\n+61=246\n-88=168\n"

// sides are four ways to go on from the same beginning.
func sides(o theme.Options, n int) *compare.Pane {
	p := &compare.Pane{Theme: theme.New(o), Count: n, Where: "they part at token 12", Same: 12}
	rests := []string{
		"/2=84\n", "Wait\n37*5=185? ok\n185+61=246? ok\n246-88=168? no\n246-88=158. I was wrong there.\n/2=79\n",
		"Hmm, let me see. That is 246 less 88, and 246 less 88 is 158.\n/2=79\n", "/2=82\n",
	}
	for i, rest := range rests[:n] {
		p.Put(i, side(o, string(rune('A'+i)), shared, rest, []string{"84", "79", "79", "82"}[i]))
	}
	p.Sides[min(1, n-1)].Current = true
	return p
}

func side(o theme.Options, label, same, rest, answer string) compare.Side {
	th, an := text.NewDoc(o.ASCII), text.NewDoc(o.ASCII)
	th.Append(same, theme.Text)
	if strings.HasPrefix(rest, "Wait") {
		th.Mark(text.Mark{At: th.Len(), Role: theme.Accent})
	}
	th.Append(rest, theme.Text)
	an.Append(answer, theme.Text)
	end := len(same) + max(strings.IndexAny(rest, " \n"), 1)
	return compare.Side{
		Label: label, Facts: "right, cap 160, done, 34 + 2 tokens, close 3.1 nats", Thought: th, Answer: an,
		From: len(same), To: end, FromAns: -1, ToAns: -1,
	}
}

func frame(p *compare.Pane, w, h int) string { return ansi.Strip(strings.Join(p.Render(w, h), "\n")) }

func TestFrames(t *testing.T) {
	t.Parallel()
	for _, o := range tuitest.Profiles() {
		for n := 2; n <= compare.Most; n++ {
			tuitest.GoldenSizes(t, fmt.Sprintf("%d sides", n), o, sides(o, n).Render)
		}
		p := sides(o, 3)
		p.Diff = true
		tuitest.GoldenSizes(t, "diff", o, p.Render)
	}
}

func TestSidesStandInTheSameRowFromWhereTheyPart(t *testing.T) {
	t.Parallel()
	rows := strings.Split(frame(sides(theme.Options{}, 4), 120, 24), "\n")
	n := 0
	for _, row := range rows {
		for _, part := range strings.Split(row, "│") {
			if strings.TrimSpace(part) == "-88=168" {
				n++
			}
		}
	}
	if n != 1 {
		t.Errorf("what they share is shown %d times", n)
	}
	found := false
	for _, row := range rows {
		if strings.Count(row, "≠") == 4 {
			found = true
			for _, want := range []string{"/2=84", "Wait", "Hmm, let me see.", "/2=82"} {
				if !strings.Contains(row, want) {
					t.Errorf("%q is not in the row where they part: %q", want, row)
				}
			}
		}
	}
	if !found {
		t.Errorf("no row marks where all four part:\n%s", strings.Join(rows, "\n"))
	}
}

func TestWhiteSpaceBeforeTheTokenWhereTheyPartMovesNoRow(t *testing.T) {
	t.Parallel()
	o := theme.Options{}
	p := &compare.Pane{Theme: theme.New(o)}
	a, b := side(o, "A", shared[:len(shared)-1], "\n /2=84", "84"), side(o, "B", shared[:len(shared)-1], ", so", "79")
	a.From, a.To = len(shared)+1, len(shared)+3
	p.Put(0, a)
	p.Put(1, b)
	if got := frame(p, 80, 24); !sameRow(got, "≠  /2=84", "≠  , so") {
		t.Errorf("the tokens where they part do not stand in the same row:\n%s", got)
	}
}

func sameRow(frame, a, b string) bool {
	for _, row := range strings.Split(frame, "\n") {
		if strings.Contains(row, a) && strings.Contains(row, b) {
			return true
		}
	}
	return false
}

func TestWhereNotAllFitThoseAroundTheCurrentStayAndTheOthersAreNamed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		width, current int
		want           string
	}{
		{80, 0, "3 of 4 fit, not shown: D"}, {80, 3, "3 of 4 fit, not shown: A"}, {60, 2, "2 of 4 fit, not shown: A, B"}, {99, 0, ""},
	} {
		p := sides(theme.Options{}, 4)
		p.Sides[1].Current = false
		p.Sides[c.current].Current = true
		got := frame(p, c.width, 24)
		if strings.Contains(got, "not shown") != (c.want != "") || !strings.Contains(got, c.want) {
			t.Errorf("%d cells, side %d: %q is missing in\n%s", c.width, c.current, c.want, got)
		}
		if !strings.Contains(got, fmt.Sprintf("▸ %c ", 'A'+c.current)) {
			t.Errorf("%d cells: the current side is not shown:\n%s", c.width, got)
		}
	}
}

func numbered(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "line %d.\n", i)
	}
	return b.String()
}

func TestSidesScrollInStepAndKeepTheirPlaceWhenTheScreenChanges(t *testing.T) {
	t.Parallel()
	o := theme.Options{}
	p := &compare.Pane{Theme: theme.New(o)}
	long := func(n int) string { return strings.ReplaceAll(numbered(n), ".", ". and some more words of it") }
	p.Put(0, side(o, "A", shared, long(300), "1"))
	p.Put(1, side(o, "B", shared, long(200), "2"))
	p.Render(80, 24)
	if !p.Jump() {
		t.Fatal("they part, but there is no place to jump to")
	}
	if got := frame(p, 80, 24); strings.Count(got, "line 0.") != 2 {
		t.Errorf("the place where they part is not in view on both sides:\n%s", got)
	}
	p.Each(func(s *text.Scroll) { s.By(50) })
	for _, w := range []int{80, 60, 64, 130, 90} {
		if got := frame(p, w, 24); strings.Count(got, "line 50.") != 2 || strings.Contains(got, "line 49.") {
			t.Errorf("at %d cells the two do not both have line 50 on top:\n%s", w, got)
		}
	}
	p.Each(func(s *text.Scroll) { s.Bottom() })
	if got := frame(p, 80, 24); !strings.Contains(got, "line 299.") || strings.Contains(got, "line 199.") {
		t.Errorf("the end of the longer one is not in view:\n%s", got)
	}
	p.Each(func(s *text.Scroll) { s.Top() })
	if got := frame(p, 80, 24); strings.Count(got, "line 0.") != 2 {
		t.Errorf("the top is not in view:\n%s", got)
	}
}

func TestTheEndOfASideThatGrowsStaysInViewAndStandsStillWhenItEnds(t *testing.T) {
	t.Parallel()
	o := theme.Options{}
	p := &compare.Pane{Theme: theme.New(o)}
	a, b := side(o, "A", shared, numbered(300), "1"), side(o, "B", shared, numbered(90), "")
	b.Growing = true
	p.Put(0, a)
	p.Put(1, b)
	p.Jump()
	for i := 90; i < 120; i++ {
		b.Thought.Append(fmt.Sprintf("line %d.\n", i), theme.Text)
		p.Put(1, b)
		if got := frame(p, 80, 24); strings.Count(got, fmt.Sprintf("line %d.", i)) != 2 {
			t.Fatalf("line %d, just written, is not in view beside that of the other side:\n%s", i, got)
		}
	}
	before := frame(p, 80, 24)
	b.Growing = false
	p.Put(1, b)
	if got := frame(p, 80, 24); got != before {
		t.Errorf("the end of the run moved what was in view from\n%s\nto\n%s", before, got)
	}
}

func TestTheDiffShowsWhatChangedAndFoldsWhatDidNot(t *testing.T) {
	t.Parallel()
	o := theme.Options{}
	p := &compare.Pane{Theme: theme.New(o), Diff: true}
	p.Put(0, side(o, "A", numbered(40), "It is 84 after all of that. So the answer is 84.\n"+numbered(3), "84"))
	p.Put(1, side(o, "B", numbered(40), "Wait! It is 79 after all of that. So the answer is 79.\n"+numbered(3), "79"))
	got := frame(p, 80, 24)
	for _, want := range []string{
		"2 removed, 3 added, 43 the same", " … 38 the same", "   line 39.", " - It is 84 after all of that.", " - So the answer is 84.", " + Wait!", " + It is 79 after all of that.",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
	if strings.Contains(got, "line 37.") {
		t.Errorf("what did not change is not folded:\n%s", got)
	}
	p.Put(0, side(o, "A", "", strings.ReplaceAll(numbered(900), "line", "row"), "84"))
	p.Put(1, side(o, "B", "", numbered(900), "79"))
	if got := frame(p, 80, 24); !strings.Contains(got, "only the beginning and the end are aligned") {
		t.Errorf("a diff that is not the shortest does not say so:\n%s", got)
	}
}

func TestEverySizeAndHostileText(t *testing.T) {
	t.Parallel()
	for profile, o := range tuitest.Profiles() {
		if profile == "no colour" {
			continue // the same text as in colour
		}
		tuitest.CheckSizes(t, profile, o, sides(o, 4).Render)
		diff := sides(o, 2)
		diff.Diff = true
		tuitest.CheckSizes(t, profile+" diff", o, diff.Render)
		tuitest.CheckSizes(t, profile+" empty", o, (&compare.Pane{Theme: theme.New(o)}).Render)
		for name, evil := range tuitest.Hostile() {
			p := &compare.Pane{Theme: theme.New(o), Count: 4, Where: evil}
			for i := range compare.Most {
				s := side(o, evil, evil, fmt.Sprint(i)+evil, evil)
				s.Facts, s.Waiting = evil, evil
				p.Put(i, s)
			}
			for _, w := range tuitest.HostileWidths() {
				tuitest.CheckRows(t, name, p.Render(w, 20), w, 20, o)
			}
			p.Jump()
			tuitest.CheckRows(t, name, p.Render(100, 20), 100, 20, o)
			p.Diff = true
			tuitest.CheckRows(t, name, p.Render(100, 20), 100, 20, o)
		}
	}
}

// A frame of four sides of 20,000 tokens each, once they are wrapped. Budget: 2 ms.
func BenchmarkFourSidesOf20000Tokens(b *testing.B) {
	o := theme.Options{}
	p := &compare.Pane{Theme: theme.New(o), Count: 4}
	words := strings.Repeat("the sum is 246 less 88, so that is 158. ", 20000/12)
	for i := range compare.Most {
		p.Put(i, side(o, string(rune('A'+i)), shared, fmt.Sprint(i)+words, "79"))
	}
	p.Render(160, 50)
	for !p.Settled() {
		p.Render(160, 50)
	}
	p.Jump()
	b.ReportAllocs()
	for b.Loop() {
		p.Each(func(s *text.Scroll) { s.By(1) })
		p.Render(160, 50)
	}
}
