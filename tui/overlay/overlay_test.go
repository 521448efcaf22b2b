package overlay

import (
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"s1/tui/keys"
	"s1/tui/theme"
)

func all(t *theme.Theme) map[string]Overlay {
	long := strings.Repeat("a long question with \x1b[31m ", 9)
	in := &Input{Theme: t, Title: "cap", Hint: long}
	in.Editor.Insert(long)
	return map[string]Overlay{
		"help":    &Help{Theme: t, Keys: keys.Default()},
		"palette": &Palette{Theme: t, Keys: keys.Default()},
		"input":   in,
		"list":    &List{Theme: t, Title: "sessions", Rows: [][3]string{{"1 min ago", long, "1,234 tokens"}, {"日本", "日本", ""}}},
		"empty":   &List{Theme: t, Title: "sessions", Empty: "nothing yet"},
	}
}

func TestEveryOverlayFitsEverySize(t *testing.T) {
	t.Parallel()
	for _, th := range []*theme.Theme{theme.New(theme.Options{}), theme.New(theme.Options{ASCII: true, NoColor: true})} {
		for name, o := range all(th) {
			for w := 6; w < 130; w += 7 {
				for h := 4; h < 60; h += 3 {
					rows := o.Render(w, h)
					if len(rows) > h {
						t.Fatalf("%s at %dx%d: %d rows", name, w, h, len(rows))
					}
					for _, r := range rows {
						if got := ansi.StringWidth(r); got > w || got != ansi.StringWidth(rows[0]) {
							t.Fatalf("%s at %dx%d: a row of %d cells: %q", name, w, h, got, r)
						}
						if strings.ContainsAny(ansi.Strip(r), "\x1b\r\n") {
							t.Fatalf("%s: a control in %q", name, r)
						}
					}
				}
			}
		}
	}
}

func TestPaletteFindsByLettersAndPutsWhatCanBeDoneFirst(t *testing.T) {
	t.Parallel()
	p := &Palette{Theme: theme.New(theme.Options{}), Keys: keys.Default(), State: keys.State{Asked: true, Running: true, Thinking: true, Branches: 1}}
	for _, c := range []struct {
		typed string
		want  keys.Action
	}{{"", keys.Wait}, {"answer", keys.Answer}, {"sec ans", keys.Second}, {"hotter", keys.Hotter}} {
		p.editor.Set(c.typed)
		found := p.found()
		if len(found) == 0 || found[0].Action != c.want {
			t.Errorf("%q found %v, want %s first", c.typed, found, c.want)
		}
	}
	p.editor.Set("end thought") // words of what it does
	for _, b := range p.found() {
		if about := strings.ToLower(b.Short + " " + b.Help); !strings.Contains(about, "end") || !strings.Contains(about, "thought") {
			t.Errorf("%q was found by letters of its sentence: %s", "end thought", about)
		}
	}
	p.editor.Set("zzzz")
	if got := p.found(); len(got) != 0 {
		t.Errorf("zzzz found %d", len(got))
	}
	if r := p.Press("enter", ""); r.Done {
		t.Error("enter on nothing chose something")
	}
}

func TestInputKeepsWhatItCannotTake(t *testing.T) {
	t.Parallel()
	in := &Input{Theme: theme.New(theme.Options{}), Check: func(s string) string {
		if s != "12" {
			return "a whole number, please"
		}
		return ""
	}}
	in.Press("1", "1")
	if r := in.Press("enter", ""); r.Close || !strings.Contains(strings.Join(in.Render(60, 9), ""), "whole number") {
		t.Errorf("a wrong text was taken or not explained: %+v", r)
	}
	in.Press("2", "2")
	if r := in.Press("enter", ""); !r.Done || r.Text != "12" {
		t.Errorf("got %+v, want 12", r)
	}
}

func TestFuzzyPrefersTheBeginningOfWords(t *testing.T) {
	t.Parallel()
	a, _ := Fuzzy("an", "answer now")
	b, _ := Fuzzy("an", "branch before in a long row of words")
	if a <= b {
		t.Errorf("answer now %d, branch %d", a, b)
	}
	if _, ok := Fuzzy("xq", "answer"); ok {
		t.Error("xq occurs in answer")
	}
}

func TestHelpSearchesByTypingAndPages(t *testing.T) {
	t.Parallel()
	h := &Help{Theme: theme.New(theme.Options{NoColor: true}), Keys: keys.Default()}
	frame := func() string { return ansi.Strip(strings.Join(h.Render(78, 23), "\n")) }
	press := func(ks ...string) string {
		for _, k := range ks {
			typed := ""
			if len(k) == 1 {
				typed = k
			}
			if r := h.Press(k, typed); r.Close {
				return "closed"
			}
			frame()
		}
		return frame()
	}
	if f := frame(); !strings.Contains(f, "Steer the thinking") || !strings.Contains(f, "1-21 of ") {
		t.Errorf("the sheet begins with\n%s", f)
	}
	// Every group can be seen whole on a small screen, by paging.
	seen := frame()
	for range 20 {
		seen += press(" ")
	}
	names, of := keys.Default().Groups()
	for _, g := range names {
		if n := len(of[g]); n > 21 {
			t.Errorf("%s has %d keys: more than a page of a small screen", g, n)
		}
		for _, b := range of[g] {
			if !strings.Contains(seen, clip(h.Theme, b.AllShown(), keyCells-1)) {
				t.Errorf("paging never shows %s (%s)", b.Action, b.AllShown())
			}
		}
	}
	press("home")
	if f := press("c", "a", "p", " ", "r", "a"); !strings.Contains(f, "Raise the cap") || strings.Contains(f, "Lower the cap") || !strings.Contains(f, "cap ra") {
		t.Errorf("cap ra finds\n%s", f)
	}
	if f := press("z"); !strings.Contains(f, "no key does that") {
		t.Errorf("nothing is found, and that is not said:\n%s", f)
	}
	if f := press("esc"); !strings.Contains(f, "Steer the thinking") {
		t.Errorf("esc does not show all again:\n%s", f)
	}
	if f := press("?"); f != "closed" {
		t.Errorf("the key that opened the sheet does not close it:\n%s", f)
	}
}
