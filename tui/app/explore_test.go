package app_test

import (
	"fmt"
	"strings"
	"testing"

	"s1/engine/trace"
	"s1/tui/app"
	"s1/tui/tuitest"
)

// The tape as tokens: 0 opens the thought, 1 to 11 think (1 start, 2 37, 3 a line ends, 4 *5=185, 6 +61=246, 8 -88=168,
// 10 /2=84), 12 and 13 close it, 14 to 17 answer.

// explorable is a scripted model that can be explored, with four candidates a token.
func explorable() *tuitest.Explorer {
	x := tuitest.NewExplorer(tuitest.Tape())
	x.Top = 4
	return x
}

// explore opens a screen on one, with the tape thought to its end.
func explore(t testing.TB, x *tuitest.Explorer, w, h int, change func(*app.Options)) *tuitest.Driver {
	t.Helper()
	return tuitest.Start(t, x, w, h, change).Ask(question).Advance(999)
}

func explored(t testing.TB) *tuitest.Driver {
	t.Helper()
	return explore(t, explorable(), 110, 36, nil)
}

// at brings the cursor to a token of the tape.
func at(d *tuitest.Driver, token int) *tuitest.Driver {
	d.T.Helper()
	d.Press("h")
	for range 30 {
		d.Press("h")
	}
	for range token {
		d.Press("l")
	}
	return d
}

// newest is the branch made last, and the first command it was made with.
func newest(x *tuitest.Explorer) (trace.Branch, trace.Command) {
	c := trace.Command{Kind: 255}
	if sent := x.Last().First(); len(sent) > 0 {
		c = sent[0]
	}
	return x.Last().Branch(), c
}

func TestTheCursorGoesByTokenWordSentenceAndStepAcrossThoughtAndAnswer(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		from int // -1 = no cursor yet
		keys string
		want []int // after each key
	}{
		{-1, "h h l l l", []int{13, 12, 13, 14, 15}}, // the first key brings it to the end of what is in view
		{0, "h h l", []int{0, 0, 1}},
		{16, "l l l h", []int{17, 17, 17, 16}},
		{0, "ctrl+right ctrl+right ctrl+right ctrl+right ctrl+right", []int{1, 2, 4, 6, 8}},
		{8, "ctrl+right ctrl+right ctrl+right ctrl+right ctrl+right ctrl+right ctrl+right", []int{10, 12, 14, 15, 16, 17, 17}},
		{16, "ctrl+left ctrl+left ctrl+left ctrl+left", []int{15, 14, 13, 12}},
		{0, ") ) )", []int{1, 4, 6}},
		{10, ") ) )", []int{12, 14, 17}},
		{15, "( ( ( (", []int{14, 13, 12, 10}},
		{0, "} } }", []int{1, 4, 6}},
		{6, "{ { { {", []int{4, 1, 0, 0}},
	} {
		d := explored(t).Press("2")
		if c.from >= 0 {
			at(d, c.from)
		} else {
			d.Press("esc")
		}
		for i, k := range strings.Fields(c.keys) {
			if got := cursor(d.Press(k).Frame()); got != c.want[i] {
				t.Errorf("from %d, %s, key %d: token %d, want %d\n%s", c.from, c.keys, i+1, got, c.want[i], d.Frame())
				break
			}
		}
	}
}

// cursor is the token that the token pane shows, -1 = none.
func cursor(frame string) int {
	n := -1
	if _, after, ok := strings.Cut(frame, "token "); ok {
		_, _ = fmt.Sscanf(after, "%d of ", &n)
	}
	return n
}

func TestWordsThatAreTokensWithSpacesAreSteppedOverOneByOne(t *testing.T) {
	t.Parallel()
	x := explorable()
	x.Script.Thoughts = [][]string{{"One", " two", " (three", ").", " Then", " four", "", " x", ", and", ".\n\n", "Five"}}
	for keys, want := range map[string][]int{
		"ctrl+right": {1, 2, 3, 4, 5, 6, 8, 9, 10},
		")":          {1, 5, 11},
	} {
		d := explore(t, x, 110, 36, nil).Press("2")
		at(d, 0)
		for i, w := range want {
			if got := cursor(d.Press(keys).Frame()); got != w {
				t.Errorf("%s, %d times: token %d, want %d", keys, i+1, got, w)
				break
			}
		}
	}
}

func TestAJumpGoesToEachKindOfPointAndSaysHowManyThereAre(t *testing.T) {
	t.Parallel()
	x := explorable()
	x.Script.Thoughts = [][]string{tuitest.Words("start 37\nbut wait\n/2=84\n"), tuitest.Words("hmm so\n/2=79\n")}
	d := tuitest.Start(t, x, 110, 36, nil).Ask(question).Press("w").Advance(999).Press("2")
	// 0 opens, 1 start, 2 37, 3 line, 4 but, 5 wait, 6 line, 7 /2=84, 8 line, 9 Wait, 10 hmm, 11 so, 12 line, 13 /2=79, 14 line, 15, 16 close, 17 answer
	d.Press("J").Expect("peaks of entropy: ")
	for _, c := range []struct {
		kind string
		want []int
	}{
		{"reflection words", []int{4, 5, 9, 10}},
		{"what was fed in", []int{0, 9}},
		{"wishes to stop", []int{9}},
	} {
		d.Press("o").Expect("jump to "+c.kind, fmt.Sprintf("(%d here)", len(c.want)))
		at(d, 0)
		got := []int{}
		for i := range c.want {
			d.Press("J").Expect(c.kind + ": ")
			got = append(got, cursor(d.Frame()))
			_ = i
		}
		// The cursor stands on 0: what is fed in there comes last, when it has gone round.
		want := c.want
		if c.kind == "what was fed in" {
			want = []int{9, 0}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %v, want %v", c.kind, got, want)
		}
		at(d, 1).Press("K")
		if got, want := cursor(d.Frame()), c.want[len(c.want)-1]; c.want[0] > 1 && got != want {
			t.Errorf("%s: before the first one comes %d, want %d", c.kind, got, want)
		}
	}
	d.Press("o").Expect("jump to search hits (0 here)").Press("J").Expect("nothing was searched yet: / does")
	d.Press("/").Type("WAIT").Press("enter").Expect("there are none of search hits")
	d.Press("/", "ctrl+u").Type("wait").Press("enter").Expect("search hits: ")
	d.Press("/", "ctrl+u").Type("The").Press("enter").Expect("search hits: 1 of 1")
	if got := cursor(d.Frame()); got != 17 {
		t.Errorf("a hit in the answer: token %d, want 17\n%s", got, d.Frame())
	}
	d.Press("m", "o").Expect("jump to bookmarks (1 here)").Press("o").Expect("jump to peaks of entropy")
}

func TestColouringSaysItsScaleAndGoesRound(t *testing.T) {
	t.Parallel()
	d := explore(t, explorable(), 110, 36, func(o *app.Options) { o.Theme.NoColor = false })
	plain := d.Raw()
	seen := map[string]string{"no colouring": plain}
	for _, c := range []string{"coloured by entropy, 0 (faint) to 2.50 nats", "coloured by probability, 1 (faint) to 0.08 and less", "coloured by origin: plain is drawn by the model"} {
		d.Press("C").Expect(c)
		rows := strings.Split(d.Raw(), "\n")
		page := strings.Join(rows[:20], "\n")
		for other, was := range seen {
			if was == page {
				t.Errorf("%q looks like %q", c, other)
			}
		}
		seen[c] = page
	}
	d.Press("C").Expect("no colouring")
	if got, want := strings.Split(d.Raw(), "\n")[:20], strings.Split(plain, "\n")[:20]; strings.Join(got, "") != strings.Join(want, "") {
		t.Error("it does not look as before the colouring")
	}
}

func TestOnASmallScreenTheKeyOfASidePaneShowsItAtOnce(t *testing.T) {
	t.Parallel()
	d := at(explore(t, explorable(), 50, 20, nil), 4)
	d.Press("2").Expect("▸ token").Press("3").Expect("▸ tree").Refute("▸ token")
	d.Press("2").Expect("▸ token") // it was there, behind the tree
	d.Press("2").Refute("▸ token").Expect("*5=185").Press("3").Expect("▸ tree").Press("esc").Refute("▸ tree").Expect("*5=185")
	d.Press("]", "]").Refute("▸ tree")
}

func TestReflectionWordsAreInTheSignals(t *testing.T) {
	t.Parallel()
	explore(t, explorable(), 110, 36, nil).Press("w").Pull().Advance(999).Press("1").Expect("≈ 1 reflection")
}

// However narrow the screen is, the bottom line says how to leave what is in view, and where all keys are.
func TestTheWayOutIsOnTheBottomLineInEveryWidth(t *testing.T) {
	t.Parallel()
	x := explorable()
	x.Report = report()
	l := &labor{Explorer: x}
	c := curated(4)
	for _, open := range []struct {
		name string
		play func(d *tuitest.Driver)
		out  string
	}{
		{"an experiment", func(d *tuitest.Driver) { d.Press("V", "enter").Pull() }, "esc leave"},
		{"the tree", func(d *tuitest.Driver) { d.Press("3", "tab", "tab") }, "esc leave"},
		{"a comparison", func(d *tuitest.Driver) { d.Press("w").Pull().Advance(999).Press("x") }, "x close"},
		{"the library", func(d *tuitest.Driver) { d.Press("ctrl+s").Pull() }, "esc close"},
		{"the lab", func(d *tuitest.Driver) { d.Press("ctrl+l").Pull() }, "esc back"},
		{"its curve", func(d *tuitest.Driver) { d.Press("ctrl+l", "s").Pull() }, "esc back"},
		{"the curation", func(d *tuitest.Driver) { d.Press("ctrl+g", "o").Type("out").Press("enter").Pull() }, "esc close"},
	} {
		d := tuitest.Start(t, l, 110, 36, func(o *app.Options) { o.Library, o.Curator = sessionsOf(4), c }).Ask(question).Advance(999)
		open.play(d)
		for width := 40; width <= 200; width += 4 {
			rows := strings.Split(strings.TrimRight(d.Resize(width, 24).Frame(), "\n"), "\n")
			if last := rows[len(rows)-1]; !strings.Contains(last, open.out) || !strings.Contains(last, "? help") {
				t.Errorf("%s, %d cells: %q lacks %q or the help", open.name, width, last, open.out)
			}
		}
	}
}
