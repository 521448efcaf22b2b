package thoughts_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"s1/tui/pane/thoughts"
	"s1/tui/text"
	"s1/tui/theme"
	"s1/tui/tuitest"
)

func doc(o theme.Options, s string) *text.Doc {
	d := text.NewDoc(o.ASCII)
	d.Append(s, theme.Text)
	return d
}

// pane is a tape with a Wait in it; the cursor stands on the third line.
func pane(o theme.Options) *thoughts.Pane {
	d := doc(o, "*5=185\n+61=246\n-88=168\n/2=84")
	d.Mark(text.Mark{At: d.LastInk(), Role: theme.Wish, Note: "wished to stop  p .81"})
	d.Break()
	d.Mark(text.Mark{At: d.Len(), Role: theme.Accent, Note: "yours, 1 of 2"})
	d.Append("Wait", theme.Accent)
	d.Append("\n37*5=185? 5c3 8c1 =185 ok\n", theme.Text)
	p := &thoughts.Pane{Theme: theme.New(o), Question: "37,*5,+61,-88,/2", Doc: d, End: "G"}
	p.View = text.View{Cursor: true, From: 19, To: 22, Hits: d.All("=185"), Long: 4, Shade: func(at int) int { return at % 6 }}
	return p
}

func TestFrames(t *testing.T) {
	t.Parallel()
	for _, o := range tuitest.Profiles() {
		tuitest.GoldenSizes(t, "thought", o, pane(o).Render)
	}
}

func TestCursorHitsAndColoursAreDrawn(t *testing.T) {
	t.Parallel()
	for profile, o := range tuitest.Profiles() {
		p := pane(o)
		got := strings.Join(p.Render(80, 20), "\n")
		for what, want := range map[string]string{
			"the cursor":          p.Theme.Paint(theme.Cursor, "168"),
			"what was searched":   p.Theme.Paint(theme.Found, "=185"),
			"a colour":            p.Theme.Paint(theme.Heat4, "88"),
			"what was injected":   p.Theme.Paint(theme.Accent, "Wait"),
			"the line's own sign": p.Theme.Paint(theme.Accent, p.Theme.Glyphs.Pick),
		} {
			if !strings.Contains(got, want) {
				t.Errorf("%s: %s is not drawn as %q in\n%q", profile, what, want, got)
			}
		}
		if n := strings.Count(ansi.Strip(got), p.Theme.Glyphs.Pick); n != 1 {
			t.Errorf("%s: the cursor stands in %d lines:\n%s", profile, n, ansi.Strip(got))
		}
	}
}

// Wherever the cursor goes and whatever becomes of the size, its line is drawn, and a second frame is the same as the first.
func TestTheCursorIsInViewAfterEveryMoveAndResize(t *testing.T) {
	t.Parallel()
	o := theme.Options{}
	for name, s := range map[string]string{
		"lines":    strings.Repeat("*5=185\n+61=246\n", 3000),
		"one line": strings.Repeat("some words of a thought ", 8000), // not wrapped completely in one frame
		"one word": strings.Repeat("x", 100_000),
	} {
		for seed := range uint64(20) {
			r := rand.New(rand.NewPCG(seed, 4))
			p := &thoughts.Pane{Theme: theme.New(o), Question: "?", Doc: doc(o, s), End: "G"}
			w, h := 40, 12
			for step := range 10 {
				if r.IntN(3) == 0 {
					w, h = 8+r.IntN(120), 2+r.IntN(40)
				}
				at := r.IntN(len(s) - 1)
				for s[at] == '\n' || s[at] == ' ' {
					at++
				}
				p.View = text.View{Cursor: true, From: at, To: at + 1}
				first := strings.Join(p.Render(w, h), "\n")
				if !strings.Contains(first, p.Theme.Paint(theme.Cursor, s[at:at+1])) {
					t.Fatalf("%s, seed %d, step %d: byte %d is not in view at %dx%d:\n%s", name, seed, step, at, w, h, ansi.Strip(first))
				}
				for !p.Scroll.Settled() {
					p.Render(w, h)
				}
				settled := strings.Join(p.Render(w, h), "\n")
				if again := strings.Join(p.Render(w, h), "\n"); again != settled {
					t.Fatalf("%s, seed %d, step %d: two frames of the same differ", name, seed, step)
				}
				if name == "lines" && step > 0 && settled != first && len(s) < text.SliceBytes {
					t.Fatalf("%s, seed %d, step %d: the first frame differs from the second", name, seed, step)
				}
			}
		}
	}
}

func TestTheFirstFrameOffTheEndSaysSo(t *testing.T) {
	t.Parallel()
	o := theme.Options{}
	p := &thoughts.Pane{Theme: theme.New(o), Doc: doc(o, strings.Repeat("line\n", 100)), End: "G"}
	p.Render(60, 10)
	p.View = text.View{Cursor: true, From: 5, To: 9}
	first := strings.Join(p.Render(60, 10), "\n")
	if !strings.Contains(ansi.Strip(first), "scrolled, G follows again") {
		t.Errorf("the frame does not say how to go back to the end:\n%s", ansi.Strip(first))
	}
	if again := strings.Join(p.Render(60, 10), "\n"); again != first {
		t.Error("the second frame differs from the first")
	}
}

func TestEverySizeAndHostileText(t *testing.T) {
	t.Parallel()
	for profile, o := range tuitest.Profiles() {
		if profile == "no colour" {
			continue // the same text as in colour
		}
		p := pane(o)
		tuitest.CheckSizes(t, profile, o, p.Render)
		tuitest.CheckSizes(t, profile+" empty", o, (&thoughts.Pane{Theme: theme.New(o), Question: "?", Empty: "ask something", Fault: "it failed"}).Render)
		for name, evil := range tuitest.Hostile() {
			p := pane(o)
			p.Question, p.Fault, p.Empty = evil, evil, evil
			p.Doc = doc(o, evil)
			p.Doc.Mark(text.Mark{At: 0, Role: theme.Accent, Note: evil})
			for _, at := range []int{0, len(evil) - 1, len(evil) + 99} {
				p.View = text.View{Cursor: true, From: at, To: at + 1, Hits: p.Doc.All(evil[:1]), Long: 1, Shade: func(at int) int { return at%9 - 2 }}
				for _, w := range []int{9, 120} {
					tuitest.CheckRows(t, name, p.Render(w, 12), w, 12, o)
				}
			}
		}
	}
}
