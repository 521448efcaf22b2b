package app_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"s1/engine/trace"
	"s1/tui/app"
	"s1/tui/theme"
	"s1/tui/tuitest"
)

const question = "37,*5,+61,-88,/2"

func shelf(o *app.Options) {
	o.Library = &tuitest.Shelf{Kept: []app.Kept{
		{ID: "1", Created: "2 min ago", Prompt: "12,+7,*3", Answer: "57", Branches: 2, Tokens: 188},
		{ID: "2", Created: "yesterday", Prompt: "what is 2+2?", Branches: 1, Tokens: 9},
	}}
}

// withExamples has a model that was made for one kind of question, and knows the answers.
func withExamples(o *app.Options) {
	open := o.Open
	o.Open = func(ctx context.Context, progress func(string)) (app.Thinker, error) {
		t, err := open(ctx, progress)
		f := t.(*tuitest.Fake)
		f.About.Examples = []string{question, "316,+275,/3,*3", "90,*5,-156"}
		f.About.Hint = "left to right, as on a pocket calculator: 2+3*4 is 20"
		f.Expect = "79"
		f.Script.Answers = [][]string{{"8", "4"}, {"7", "9"}}
		return t, err
	}
}

// scenes are the main states of the screen, each reached as a user reaches it.
var scenes = []struct {
	name   string
	change func(*app.Options)
	play   func(d *tuitest.Driver)
}{
	{"empty", shelf, func(*tuitest.Driver) {}},
	{"reading", nil, func(d *tuitest.Driver) { d.Ask(question).Advance(1) }},
	{"thinking with Wait", nil, func(d *tuitest.Driver) { d.Ask(question).Press("w").Advance(20) }},
	{"forced close", nil, func(d *tuitest.Driver) { d.Ask(question).Advance(6).Press("-", "-", "a").Advance(2) }},
	{"answering", nil, func(d *tuitest.Driver) { d.Ask(question).Advance(18) }},
	{"ended", shelf, func(d *tuitest.Driver) { d.Ask(question).Press("w").Advance(999) }},
	{"stopped", nil, func(d *tuitest.Driver) { d.Ask(question).Advance(7).Press("esc").Advance(0) }},
	{"paused", nil, func(d *tuitest.Driver) { d.Ask(question).Advance(9).Press("p").Advance(0) }},
	{"compare", nil, func(d *tuitest.Driver) {
		d.Ask(question).Press("w").Advance(999).Press("n").Press("ctrl+u").Type("8").Press("enter").Pull().Advance(999)
	}},
	{"branches", nil, func(d *tuitest.Driver) { d.Ask(question).Advance(999).Press("w").Pull().Advance(999) }},
	{"scrolled", nil, func(d *tuitest.Driver) {
		d.Fake.Script.Endless = func(i int) string { return fmt.Sprintf("line %d\n", i) }
		d.Ask(question).Advance(90).Press("pgup", "k").Advance(30)
	}},
	{"loop", nil, func(d *tuitest.Driver) { d.Fake.Script.LoopAt = 6; d.Ask(question).Advance(10) }},
	{"failed run", nil, func(d *tuitest.Driver) {
		d.Ask(question).Advance(8)
		d.Fake.Fail(errors.New("decode token 5: out of memory"))
		d.Pull()
	}},
	{"failed ask", nil, func(d *tuitest.Driver) {
		d.Fake.Refuse = errors.New("the prompt has 5,000 tokens and the context 4,096; shorten it")
		d.Ask(question)
	}},
	{"examples", withExamples, func(*tuitest.Driver) {}},
	{"example taken", withExamples, func(d *tuitest.Driver) { d.Press("ctrl+n", "right") }},
	{"unsuitable", withExamples, func(d *tuitest.Driver) {
		d.Fake.Refuse = &trace.Unsuitable{
			Says:    "7/2 leaves a remainder: the model only does divisions that come out even.",
			Example: "316,+275,/3,*3",
		}
		d.Ask("7/2")
	}},
	{"wrong then right", func(o *app.Options) { withExamples(o); shelf(o) }, func(d *tuitest.Driver) {
		d.Press("enter").Pull().Advance(999).Press("w").Pull().Advance(999)
	}},
	{"right beside wrong", withExamples, func(d *tuitest.Driver) {
		d.Press("enter").Pull().Advance(999).Press("w").Pull().Advance(999).Press("x")
	}},
	{"expected while it runs", withExamples, func(d *tuitest.Driver) { d.Press("enter").Pull().Advance(9) }},
	{"no model", func(o *app.Options) { o.Open = failOpen }, func(*tuitest.Driver) {}},
	{"help", nil, func(d *tuitest.Driver) { d.Ask(question).Advance(5).Press("?") }},
	{"palette", nil, func(d *tuitest.Driver) { d.Ask(question).Advance(5).Press("ctrl+p").Type("cap") }},
	{"cap input", nil, func(d *tuitest.Driver) { d.Ask(question).Advance(5).Press("c") }},
	{"sessions", shelf, func(d *tuitest.Driver) { d.Press("ctrl+s") }},
	{"disabled key", nil, func(d *tuitest.Driver) { d.Ask(question).Advance(999).Press("p") }},
	{"long question", nil, func(d *tuitest.Driver) {
		d.Type(strings.Repeat("How many primes are there below one hundred? ", 9)).Press("ctrl+j").Type("Say why.")
	}},
}

func TestFrames(t *testing.T) {
	t.Parallel()
	for _, s := range scenes {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			d := tuitest.Start(t, tuitest.NewFake(tuitest.Tape()), 80, 24, s.change)
			s.play(d)
			var out strings.Builder
			for _, w := range []int{20, 40, 80, 120} {
				for _, h := range []int{5, 10, 24, 50} {
					d.Resize(w, h)
					fmt.Fprintf(&out, "=== %d x %d\n%s\n", w, h, strings.TrimRight(d.Frame(), "\n"))
				}
			}
			tuitest.Golden(t, strings.ReplaceAll(s.name, " ", "_"), strings.TrimRight(out.String(), "\n"))
		})
	}
}

// One frame with colours and one in ASCII: all others are without colour.
func TestFrameProfiles(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]theme.Options{"colour": {}, "ascii": {ASCII: true, NoColor: true}} {
		d := tuitest.Start(t, tuitest.NewFake(tuitest.Tape()), 110, 24, func(opt *app.Options) { opt.Theme = o })
		d.Ask(question).Press("w").Advance(20).Press("c").Press("ctrl+u").Type("24").Press("enter").Advance(999)
		frame := d.Frame()
		if name == "colour" {
			frame = strings.ReplaceAll(d.Raw(), "\x1b", "␛")
		}
		tuitest.Golden(t, name, frame)
		if name == "ascii" {
			for _, r := range d.Raw() {
				if r > 0x7e {
					t.Fatalf("the ASCII frame holds %q:\n%s", r, d.Frame())
				}
			}
		}
	}
}

func TestEveryFrameIsExactlyItsSize(t *testing.T) {
	t.Parallel()
	for _, s := range scenes {
		d := tuitest.Start(t, tuitest.NewFake(tuitest.Tape()), 80, 24, s.change)
		s.play(d)
		for w := 1; w <= 131; w += 1 + w/6 {
			for h := 1; h <= 60; h += 1 + h/5 {
				d.Resize(w, h)
				lines := strings.Split(d.Raw(), "\n")
				if w >= 40 && h >= 10 && len(lines) != h || len(lines) > h {
					t.Fatalf("%s at %dx%d: %d lines", s.name, w, h, len(lines))
				}
				for _, l := range lines {
					if got := ansi.StringWidth(l); got != w {
						t.Fatalf("%s at %dx%d: a line of %d cells: %q", s.name, w, h, got, l)
					}
				}
			}
		}
	}
}

func TestHostileTextNeverReachesTheTerminalRaw(t *testing.T) {
	t.Parallel()
	const evil = "\x1b]0;owned\a\x1b[2J\x1b[31m\u009b5m\u202eabc\x00\r\b\x7f\xff"
	script := tuitest.Script{
		Thoughts: [][]string{{"a" + evil, evil, "\u0301"}}, Close: []string{"</think>"}, Answers: [][]string{{evil, "x"}},
	}
	f := tuitest.NewFake(script)
	f.About.Name, f.About.Backend, f.About.Warning = "m"+evil, evil, "beware "+evil
	check := func(when string, d *tuitest.Driver) {
		t.Helper()
		for _, w := range []int{40, 80, 120} {
			d.Resize(w, 30)
			bare := ansi.Strip(d.Raw())
			for _, r := range strings.ReplaceAll(bare, "\n", "") {
				if r < 0x20 || r >= 0x7f && r < 0xa0 || r == 0x202e {
					t.Fatalf("%s: %U reaches the terminal", when, r)
				}
			}
			if strings.Contains(d.Raw(), "\x1b]") || strings.Contains(d.Raw(), "\x1b[2J") {
				t.Fatalf("%s: an escape sequence of the text reaches the terminal", when)
			}
		}
	}
	d := tuitest.Start(t, f, 80, 24, func(o *app.Options) {
		o.Library = &tuitest.Shelf{Reason: evil, Kept: []app.Kept{{ID: "1", Created: evil, Prompt: evil, Answer: evil}}}
	})
	check("warning", d)
	d.Type("q" + evil)
	check("prompt", d)
	d.Press("enter").Pull().Advance(3)
	check("thought", d)
	d.Press("p").Advance(0).Press("p").Advance(99)
	check("answer", d)
	d.Press("n", "enter").Pull().Advance(99)
	check("compare", d)
	d.Press("x", "W").Type(evil)
	check("input", d)
	d.Press("esc", "ctrl+s")
	check("sessions", d)
	d.Press("esc")
	f.Refuse = errors.New(evil)
	d.Press("w")
	check("error", d)
	f.Refuse = nil
	d.Press("esc", "w").Advance(2)
	f.Fail(errors.New(evil))
	check("failed run", d.Pull())
}

func failOpen(context.Context, func(string)) (app.Thinker, error) {
	return nil, errors.New("open mini.gguf: no such file; `s1 models list` shows what there is")
}
