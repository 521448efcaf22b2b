package app_test

import (
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"

	"s1/engine/trace"
	"s1/tui/app"
	"s1/tui/tuitest"
)

// edit runs a shell script as $EDITOR on a thought, brings the screen what came of it, and returns the files it left.
func edit(d *tuitest.Driver, was, script string) (left []string) {
	d.T.Helper()
	dir, err := os.MkdirTemp("", "s1") // short, so that a notice shows all of it
	if err != nil {
		d.T.Fatal(err)
	}
	d.T.Cleanup(func() { _ = os.RemoveAll(dir) })
	d.Send(app.EditWith(d.Model, was, dir, "/bin/sh", "-c", script, "editor")).Pull().Pull()
	files, err := os.ReadDir(dir)
	if err != nil {
		d.T.Fatal(err)
	}
	for _, f := range files {
		left = append(left, dir+"/"+f.Name())
	}
	return left
}

func TestAThoughtComesBackFromTheEditorAndGoesOnFromTheFirstChange(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, script string
		at           int
		kind         trace.CommandKind // 255 = none
		text         string
		says         string // instead of a branch
		kept         string // a part of what the file still holds
	}{
		{"one line changed", `sed -i 's/+61=246/+61=999/' "$1"`, 6, trace.CommandEdit, "+61=999\n-88=168\n/2=84\n", "", ""},
		{"the rest is cut off", `printf '<think>\nstart 37\n*5=185\n' > "$1"`, 6, 255, "", "", ""},
		{"something added behind it", `printf 'more' >> "$1"`, 12, trace.CommandEdit, "more", "", ""},
		{"an empty file", `: > "$1"`, 0, 255, "", "", ""},
		{"nothing", `true`, 0, 255, "", "nothing was changed", ""},
		{"it fails", `exit 3`, 0, 255, "", "the editor failed: exit status 3", ""},
		{"it is killed", `kill -9 $$`, 0, 255, "", "the editor failed: signal: killed", ""},
		{"it fails after a change", `printf 'mine' >> "$1"; exit 3`, 0, 255, "", ", because the editor failed: exit status 3", "mine"},
		{"the file is gone", `rm "$1"`, 0, 255, "", "what the editor wrote could not be read", ""},
		{"too large", `head -c 1100000 /dev/zero > "$1"`, 0, 255, "", "because what the editor wrote could not be read: the file is too large", "\x00\x00"},
	} {
		x := explorable()
		d := explore(t, x, 200, 36, nil)
		left := edit(d, app.EditorGot(d.Model), c.script)
		if (len(left) > 0) != (c.kept != "") {
			t.Errorf("%s: left %q", c.name, left)
		}
		if c.kept != "" && len(left) == 1 {
			d.Expect(left[0])
			if text, err := os.ReadFile(left[0]); err != nil || !strings.Contains(string(text), c.kept) {
				t.Errorf("%s: kept %d bytes, %v", c.name, len(text), err)
			}
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

func TestEveryRowOfWhatWasWrittenIsMarkedAndNoLineIsBroken(t *testing.T) {
	t.Parallel()
	x := explorable()
	x.Script.Thoughts = [][]string{{"37", "\n", "+158=11", "87", "\n", "-60=1127", "\n", "=1127", "\n"}}
	d := explore(t, x, 110, 36, nil)
	edit(d, app.EditorGot(d.Model), `sed -i 's/1187/1109/' "$1"`)
	if b, first := newest(x); b.At != 4 || first.Text != "09\n-60=1127\n=1127\n" {
		t.Fatalf("from token %d with %+v", b.At, first)
	}
	d.Advance(999).Expect("▌ +158=1109", "▌ -60=1127", "▌ =1127").Refute("▌ 37")
	d.Press("x").Expect("▌ 09", "▌ -60=1127", "▌ =1127")
}

func TestAnEditorThatCannotBeStartedLeavesNothing(t *testing.T) {
	t.Parallel()
	d := explored(t)
	dir := t.TempDir()
	d.Send(app.EditWith(d.Model, "a thought", dir, dir+"/no-such-editor"))
	d.Expect("the editor failed: ")
	if files, _ := os.ReadDir(dir); len(files) > 0 {
		t.Errorf("left %v", files)
	}
}

func TestTheFileForTheEditorIsWrittenOnlyWhenTheTerminalIsGivenAway(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	explored(t).Press("E") // the driver gives no terminal away, as a screen that quits just then does not
	if files, _ := os.ReadDir(dir); len(files) > 0 {
		t.Errorf("left %v", files)
	}
}

func TestAnEditThatMakesNoBranchIsKept(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	x := explorable()
	d := explore(t, x, 200, 36, nil)
	x.Refuse = errors.New("the context is full")
	edit(d, app.EditorGot(d.Model), `printf 'all that I wrote' >> "$1"`)
	d.Expect("could not go on from there: the context is full", "what you wrote is kept in ").Refute("B of 2")
	path := regexp.MustCompile(`kept in (\S+)`).FindStringSubmatch(d.Frame())[1]
	if text, err := os.ReadFile(path); err != nil || !strings.HasSuffix(string(text), "all that I wrote") {
		t.Errorf("kept %q, %v", text, err)
	}
}

func TestAThoughtThatWentOnWhileItWasEditedIsComparedWithWhatTheEditorGot(t *testing.T) {
	t.Parallel()
	x := explorable()
	d := tuitest.Start(t, x, 110, 36, nil).Ask(question).Advance(6)
	was := app.EditorGot(d.Model)
	d.Advance(4)
	edit(d, was, `true`)
	d.Expect("nothing was changed").Refute("B of 2")
	edit(d, was, `printf 'no, ' >> "$1"`)
	if b, first := newest(x); b.At != 5 || first.Text != "no, " {
		t.Errorf("from token %d with %+v, want what was added, from where it was added (%q)", b.At, first, was)
	}
}
