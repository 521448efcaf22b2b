package app_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"s1/engine/trace"
	"s1/tui/app"
	"s1/tui/tuitest"
)

func TestEveryOperationOnATokenMakesABranchAndKeepsTheOriginal(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		token  int
		keys   []string
		at     int
		first  trace.CommandKind // 255 = none
		text   string
		n      int32 // candidate of the token under the cursor
		shows  []string
		greedy bool
	}{
		{"a candidate", 4, []string{"2", "tab", "tab", "j", "j", "enter"}, 4, trace.CommandTake, "", 1, []string{"▌ <"}, false},
		{"a fork", 6, []string{"f"}, 6, 255, "", 0, []string{"forked at token 6, sampled at temperature 1 (greedy would repeat it)"}, true},
		{"an edit", 4, []string{"e", "ctrl+u", "*", "6", "enter"}, 4, trace.CommandEdit, "*6", 0, []string{"▌ *6"}, false},
		{"a word before it", 4, []string{"i", "N", "o", "enter"}, 4, trace.CommandInject, "No", 0, []string{"▌ No"}, false},
		{"the answer now", 8, []string{"a"}, 8, trace.CommandAnswerNow, "", 0, []string{"by you, answer now"}, false},
	} {
		x := explorable()
		d := at(explore(t, x, 110, 36, nil), c.token)
		under := tokenOf(x.Last(), c.token)
		d.Press(c.keys...).Pull().Advance(999).Expect("B of 2").Expect(c.shows...)
		b, first := newest(x)
		if b.At != c.at || b.Parent != "0" || first.Kind != c.first || first.Text != c.text {
			t.Errorf("%s: branch %+v begins with %+v", c.name, b, first)
		}
		if c.n > 0 && int32(first.N) != under.Top[c.n].ID {
			t.Errorf("%s: took id %d, want %d", c.name, first.N, under.Top[c.n].ID)
		}
		if c.greedy && (b.Sampling.Temperature != 1 || b.Sampling.Seed == 0) {
			t.Errorf("%s: sampling %+v", c.name, b.Sampling)
		}
		d.Press("B").Expect("A of 2", "*5=185", "/2=84", "The result is 84.")
	}
}

// tokenOf is a token of a scripted branch.
func tokenOf(l *tuitest.Live, i int) trace.Token {
	events, _ := l.Log().Since(0)
	for _, e := range events {
		if e.Kind == trace.EventToken && e.Token.Index == i {
			return e.Token
		}
	}
	return trace.Token{}
}

func TestWhatAnOperationNeedsIsSaid(t *testing.T) {
	t.Parallel()
	for keys, want := range map[string]string{
		"f":                  "choose a token first",
		"e":                  "choose a token first",
		"enter":              "choose a token first",
		"h enter":            "choose a candidate first",
		"2 tab tab enter":    "choose a candidate first",
		"2 tab tab j enter":  "that is the token which stands there; up and down choose another, f draws anew",
		"h h e ctrl+u enter": "type what should stand there",
		"A":                  "choose a token first",
		"h l A":              "an anchor is a sentence of the thought",
	} {
		d := explored(t)
		if d.Press(strings.Fields(keys)...).Expect(want); strings.Contains(d.Frame(), "B of 2") {
			t.Errorf("%s: made a branch", keys)
		}
	}
	start(t).Ask(question).Advance(1).Press("f").Expect("there is no token yet")
	x := explorable()
	d := explore(t, x, 110, 36, nil)
	x.Refuse = errors.New("the context is full")
	d.Press("h", "f").Pull().Expect("could not fork: the context is full  (esc)").Press("esc").Refute("the context is full").Expect("/2=84")
	x.Refuse = nil
	d.Press("f").Pull().Expect("B of 2")
}

func TestASamplingThatIsNotGreedyIsForkedWithAnotherSeedOnly(t *testing.T) {
	t.Parallel()
	x := explorable()
	d := at(explore(t, x, 110, 36, func(o *app.Options) { o.Sampling = trace.Sampling{Temperature: .7, Seed: 3} }), 6)
	d.Press("f").Pull().Refute("greedy")
	if b, _ := newest(x); b.Sampling.Temperature != .7 || b.Sampling.Seed != 4 {
		t.Errorf("sampling %+v", b.Sampling)
	}
}

// edit runs a shell script as $EDITOR would be run on the thought in view, and brings the screen what came of it.
func edit(d *tuitest.Driver, script string) (path string) {
	d.T.Helper()
	dir := d.T.TempDir()
	editor, path := filepath.Join(dir, "editor"), filepath.Join(dir, "thought.txt")
	was := app.EditorGot(d.Model)
	for name, text := range map[string]string{editor: "#!/bin/sh\n" + script + "\n", path: was} {
		if err := os.WriteFile(name, []byte(text), 0o755); err != nil {
			d.T.Fatal(err)
		}
	}
	err := exec.Command("/bin/sh", editor, path).Run()
	d.Send(app.EditorEnded(d.Model, was, path, err)).Pull()
	return path
}

func TestAThoughtComesBackFromTheEditorAndGoesOnFromTheFirstChange(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, script string
		at           int
		kind         trace.CommandKind // 255 = none
		text         string
		says         string // instead of a branch
	}{
		{"one line changed", `sed -i 's/+61=246/+61=999/' "$1"`, 6, trace.CommandEdit, "+61=999\n-88=168\n/2=84\n", ""},
		{"the rest is cut off", `printf '<think>\nstart 37\n*5=185\n' > "$1"`, 6, 255, "", ""},
		{"something added behind it", `printf 'more' >> "$1"`, 12, trace.CommandEdit, "more", ""},
		{"an empty file", `: > "$1"`, 0, 255, "", ""},
		{"nothing", `true`, 0, 255, "", "nothing was changed"},
		{"it fails", `exit 3`, 0, 255, "", "the editor failed: exit status 3"},
		{"the file is gone", `rm "$1"`, 0, 255, "", "could not read what the editor wrote"},
		{"too large", `head -c 1100000 /dev/zero > "$1"`, 0, 255, "", "1100000 bytes are too many, at most 1048576"},
	} {
		x := explorable()
		d := explore(t, x, 110, 36, nil)
		path := edit(d, c.script)
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s: the file is still there", c.name)
		}
		if c.says != "" {
			d.Expect(c.says).Refute("B of 2")
			continue
		}
		d.Expect("B of 2")
		b, first := newest(x)
		if b.At != c.at || first.Kind != c.kind || first.Text != c.text {
			t.Errorf("%s: from token %d with %+v, want token %d, %d %q", c.name, b.At, first, c.at, c.kind, c.text)
		}
		d.Advance(999).Press("B").Expect("A of 2", "+61=246", "The result is 84.")
	}
}

func TestAThoughtThatWentOnWhileItWasEditedIsComparedWithWhatTheEditorGot(t *testing.T) {
	t.Parallel()
	x := explorable()
	d := tuitest.Start(t, x, 110, 36, nil).Ask(question).Advance(6)
	was := app.EditorGot(d.Model)
	path := filepath.Join(t.TempDir(), "thought.txt")
	back := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		d.Send(app.EditorEnded(d.Model, was, path, nil)).Pull()
	}
	d.Advance(4)
	back(was)
	d.Expect("nothing was changed").Refute("B of 2")
	back(was + "no, ")
	if b, first := newest(x); b.At != 5 || first.Text != "no, " {
		t.Errorf("from token %d with %+v, want what was added, from where it was added (%q)", b.At, first, was)
	}
}

func TestACandidateIsChosenInTheTokenPaneAndForgottenWithTheToken(t *testing.T) {
	t.Parallel()
	d := at(explored(t).Press("2"), 4).Press("tab", "tab", "down")
	for _, move := range []string{"l", "J"} {
		d.Press(move, "enter").Expect("choose a candidate first").Press("down")
	}
	start(t).Press("tab", "2", "tab", "tab", "j", "down", "enter").Expect("nothing has been asked yet")
}
