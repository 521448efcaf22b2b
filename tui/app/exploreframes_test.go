package app_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"s1/engine/trace"
	"s1/tui/app"
	"s1/tui/theme"
	"s1/tui/tuitest"
)

// explorerScenes are what the explorer adds to the screen, each reached as a user reaches it.
var explorerScenes = []struct {
	name string
	play func(x *tuitest.Explorer, d *tuitest.Driver)
}{
	{"signals", func(_ *tuitest.Explorer, d *tuitest.Driver) { d.Ask(question).Press("w").Advance(999).Press("1") }},
	{"token", func(_ *tuitest.Explorer, d *tuitest.Driver) { at(d.Ask(question).Advance(999).Press("2"), 6) }},
	{"token focused", func(_ *tuitest.Explorer, d *tuitest.Driver) {
		at(d.Ask(question).Advance(999).Press("2"), 6).Press("tab", "tab", "j", "j")
	}},
	{"tree", func(_ *tuitest.Explorer, d *tuitest.Driver) { family(d).Press("3") }},
	{"tree focused", func(_ *tuitest.Explorer, d *tuitest.Driver) { family(d).Press("3", "tab", "tab", "down") }},
	{"all panes", func(_ *tuitest.Explorer, d *tuitest.Driver) { at(family(d).Press("1", "2", "3"), 6) }},
	{"scrubber", func(x *tuitest.Explorer, d *tuitest.Driver) {
		x.Guesses = along()
		d.Ask(question).Advance(999).Press("s").Pull().Press("ctrl+left", "ctrl+left", "ctrl+left")
	}},
	{"ticker", func(x *tuitest.Explorer, d *tuitest.Driver) {
		x.Guesses = along()[1:]
		d.Ask(question).Advance(8).Press("y").Pull()
	}},
	{"lab", func(x *tuitest.Explorer, d *tuitest.Driver) {
		x.Report = report()
		d.Ask(question).Advance(999).Press("L", "enter").Pull().Press("j")
	}},
	{"lab begins", func(_ *tuitest.Explorer, d *tuitest.Driver) { d.Ask(question).Advance(999).Press("L", "enter") }},
	{"lab failed", func(x *tuitest.Explorer, d *tuitest.Driver) {
		x.Fails = errors.New("the cache is full")
		d.Ask(question).Advance(999).Press("L", "enter").Pull()
	}},
	{"votes", func(x *tuitest.Explorer, d *tuitest.Driver) {
		x.Report = report()
		x.Report.Tallies, x.Report.Decided = x.Report.Tallies[:1], "79"
		d.Ask(question).Advance(999).Press("V", "enter").Pull()
	}},
	{"anchor asked", func(_ *tuitest.Explorer, d *tuitest.Driver) { at(d.Ask(question).Advance(999), 6).Press("A") }},
	{"anchors", func(x *tuitest.Explorer, d *tuitest.Driver) {
		x.Report = report()
		x.Report.Shift = &trace.Rate{Rate: .25, Low: .1, High: .6}
		at(d.Ask(question).Advance(999), 6).Press("A", "enter").Pull()
	}},
	{"four compared", func(_ *tuitest.Explorer, d *tuitest.Driver) { family(d).Press("x", "v", "v") }},
	{"diff", func(_ *tuitest.Explorer, d *tuitest.Driver) { family(d).Press("x", "X") }},
	{"colours", func(_ *tuitest.Explorer, d *tuitest.Driver) { d.Ask(question).Advance(999).Press("C") }},
	{"search", func(_ *tuitest.Explorer, d *tuitest.Driver) {
		d.Ask(question).Advance(999).Press("/").Type("18").Press("enter")
	}},
	{"library", func(_ *tuitest.Explorer, d *tuitest.Driver) { d.Press("ctrl+s").Pull().Pull().Press("down").Pull() }},
	{"library empty", func(_ *tuitest.Explorer, d *tuitest.Driver) {
		d.Press("ctrl+s").Pull().Pull().Press("/").Type("nowhere").Press("enter").Pull().Pull()
	}},
	{"edit", func(_ *tuitest.Explorer, d *tuitest.Driver) { at(d.Ask(question).Advance(999), 6).Press("e") }},
}

// family grows four branches.
func family(d *tuitest.Driver) *tuitest.Driver {
	d.Ask(question).Advance(999).Press("w").Pull().Advance(999).Press("w").Pull().Advance(999).Press("alt+1")
	return at(d, 6).Press("f").Pull().Advance(999)
}

func scene(t testing.TB, play func(*tuitest.Explorer, *tuitest.Driver), change func(*app.Options)) *tuitest.Driver {
	t.Helper()
	x := explorable()
	s := sessionsOf(4)
	s.Rows[1].Tags, s.Rows[1].Where, s.Rows[1].Token = []string{"good"}, "thought", 61
	s.Rows[1].Snippet = app.ShelfText{Text: "so 185 is right", Hits: [][2]int{{3, 6}}}
	d := tuitest.Start(t, x, 80, 24, func(o *app.Options) {
		o.Library = s
		if change != nil {
			change(o)
		}
	})
	play(x, d)
	return d
}

func TestExplorerFrames(t *testing.T) {
	t.Parallel()
	for _, s := range explorerScenes {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			d := scene(t, s.play, nil)
			var out strings.Builder
			for _, w := range []int{40, 80, 120, 200} {
				for _, h := range []int{12, 24, 50} {
					d.Resize(w, h)
					fmt.Fprintf(&out, "=== %d x %d\n%s\n", w, h, strings.TrimRight(d.Frame(), "\n"))
				}
			}
			tuitest.Golden(t, strings.ReplaceAll(s.name, " ", "_"), strings.TrimRight(out.String(), "\n"))
		})
	}
}

func TestTheExplorerReadsInASCII(t *testing.T) {
	t.Parallel()
	for _, s := range explorerScenes {
		d := scene(t, s.play, func(o *app.Options) { o.Theme = theme.Options{ASCII: true, NoColor: true} })
		for _, w := range []int{40, 80, 120, 200} {
			for _, r := range d.Resize(w, 40).Raw() {
				if r > 0x7e {
					t.Fatalf("%s: the ASCII frame holds %q:\n%s", s.name, r, d.Frame())
				}
			}
		}
	}
}

// exactly fails unless the frame is w by h cells; where it is too small for a screen, at most h rows.
func exactly(t testing.TB, what string, d *tuitest.Driver, w, h int) {
	t.Helper()
	lines := strings.Split(d.Raw(), "\n")
	if w >= 40 && h >= 10 && len(lines) != h || len(lines) > h {
		t.Fatalf("%s at %dx%d: %d lines", what, w, h, len(lines))
	}
	for _, l := range lines {
		if got := ansi.StringWidth(l); got != w {
			t.Fatalf("%s at %dx%d: a line of %d cells: %q", what, w, h, got, l)
		}
	}
}

func TestEveryCombinationOfPanesIsExactlyItsSize(t *testing.T) {
	t.Parallel()
	const seed = 11
	sizes := rand.New(rand.NewPCG(seed, 0))
	for _, s := range explorerScenes {
		d := scene(t, s.play, nil)
		for panes := range 8 {
			for i, key := range []string{"1", "2", "3"} {
				if panes == 0 || (panes^(panes-1))>>i&1 == 1 { // the bits that change from one to the next
					d.Press(key)
				}
			}
			for range 6 {
				w, h := 1+sizes.IntN(300), 1+sizes.IntN(100)
				if sizes.IntN(2) == 0 {
					w, h = 30+sizes.IntN(100), 8+sizes.IntN(30) // where most is decided
				}
				d.Resize(w, h)
				exactly(t, fmt.Sprintf("%s, panes %03b", s.name, panes), d, w, h)
				if sizes.IntN(3) == 0 {
					d.Press("tab")
					exactly(t, fmt.Sprintf("%s, panes %03b, another focus", s.name, panes), d, w, h)
				}
			}
		}
	}
}

func TestAResizeKeepsTheTokenUnderTheCursorInView(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		x := explorable()
		x.Script.Thoughts = [][]string{nil}
		for i := range 600 {
			x.Script.Thoughts[0] = append(x.Script.Thoughts[0], fmt.Sprintf(" w%dx", i))
			if rnd.IntN(9) == 0 {
				x.Script.Thoughts[0] = append(x.Script.Thoughts[0], ".\n")
			}
		}
		x.Script.Answers = [][]string{nil}
		for i := range 200 {
			x.Script.Answers[0] = append(x.Script.Answers[0], fmt.Sprintf(" a%dx", i))
		}
		d := tuitest.Start(t, x, 110, 36, func(o *app.Options) { o.Budget.Cap, o.Budget.AnswerCap = -1, -1 }).Ask(question).Advance(9999)
		d.Press("/").Type(fmt.Sprintf("w%dx", rnd.IntN(600))).Press("enter")
		if seed%2 == 1 {
			d.Press("/", "ctrl+u").Type(fmt.Sprintf("a%dx", rnd.IntN(200))).Press("enter")
		}
		d.Press("2")
		d.Expect("token ")
		word := underCursor(d.Frame())
		d.Press("2")
		for range 60 {
			w, h := 40+rnd.IntN(200), 10+rnd.IntN(60)
			if d.Resize(w, h); !strings.Contains(d.Frame(), word) {
				t.Fatalf("seed %d: at %dx%d the token %q is out of view:\n%s", seed, w, h, word, d.Frame())
			}
			if rnd.IntN(4) == 0 {
				if d.Press([]string{"1", "3"}[rnd.IntN(2)]); strings.Contains(d.Frame(), "▸ tree") {
					d.Press("esc") // it had the place of all
				}
				if !strings.Contains(d.Frame(), word) {
					t.Fatalf("seed %d: at %dx%d, with other panes, the token %q is out of view:\n%s", seed, w, h, word, d.Frame())
				}
			}
		}
	}
}

// underCursor is the text of the token that the token pane shows, without the space before it.
func underCursor(frame string) string {
	_, after, _ := strings.Cut(frame, "token ")
	_, after, _ = strings.Cut(after, `"`)
	word, _, _ := strings.Cut(after, `"`)
	return strings.TrimSpace(word)
}

func TestHostileTextIsSafeInEveryPaneOfTheExplorer(t *testing.T) {
	t.Parallel()
	for name, evil := range tuitest.Hostile() {
		for _, s := range explorerScenes {
			evil := evil[:min(len(evil), 1<<9)] // the panes have their own tests of long ones
			x := explorable()
			x.About.Name, x.About.Backend = evil[:min(len(evil), 256)], evil[:min(len(evil), 256)]
			x.Script.Thoughts = [][]string{{"18 a", evil, "."}, {"b", evil}}
			x.Script.Answers = [][]string{{evil, "x"}}
			lib := sessionsOf(3)
			for i := range lib.Rows {
				r := &lib.Rows[i]
				r.Created, r.Model, r.Prompt, r.Answer, r.Closed, r.Tags, r.Where = evil, evil, "question "+evil, evil, evil, []string{evil}, evil
				r.Snippet = app.ShelfText{Text: evil, Hits: [][2]int{{0, len(evil)}}}
			}
			lib.Note = evil
			d := tuitest.Start(t, hostile{x, evil}, 80, 24, func(o *app.Options) { o.Library = lib })
			s.play(x, d)
			for i := range x.Guesses {
				x.Guesses[i].Answer = evil
			}
			x.Report = report()
			for i := range x.Report.Trials {
				x.Report.Trials[i].Answer, x.Report.Trials[i].Outcome = evil, evil
			}
			for i := range x.Report.Tallies {
				x.Report.Tallies[i].Name = evil
				for k := range x.Report.Tallies[i].Votes {
					x.Report.Tallies[i].Votes[k].Answer = evil
				}
			}
			x.Report.Decided = evil
			switch s.name {
			case "scrubber":
				d.Press("s", "s").Pull()
			case "lab", "votes":
				d.Press("esc").Press(map[string]string{"lab": "L", "votes": "V"}[s.name], "enter").Pull()
			case "tree", "tree focused", "all panes":
				typed := strings.ToValidUTF8(evil, "") // a terminal brings runes
				d.Press("N", "ctrl+u").Type(typed).Press("enter").Press("g", "ctrl+u").Type(typed).Press("enter")
			case "lab failed":
				x.Fails = errors.New(evil)
				d.Press("esc", "L", "enter").Pull()
			}
			for _, size := range [][2]int{{40, 12}, {80, 24}, {120, 40}} {
				d.Resize(size[0], size[1])
				what := name + " in " + s.name
				exactly(t, what, d, size[0], size[1])
				tuitest.CheckRows(t, what, strings.Split(d.Raw(), "\n"), size[0], size[1], theme.Options{NoColor: true})
			}
		}
	}
}

// hostile names its candidates with what must not reach a terminal.
type hostile struct {
	*tuitest.Explorer
	evil string
}

func (h hostile) Explores(trace.BranchID) app.Explorer { return h }

func (h hostile) Piece(int32) []byte { return []byte(h.evil) }
