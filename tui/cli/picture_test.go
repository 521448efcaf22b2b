package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"s1/tui/tuitest"
)

// pictured is the example of the README's picture, wrong at its first end and right after one Wait.
const pictured = "939,+30,-632,*4,+4951,-4576"

// The README's picture is the last frame of this session, which its recording shows as well: S1_UPDATE=1 go test ./tui/cli -run README writes it.
// Rates, times and the instruction path are of a machine and a moment, so they are not compared.
func TestThePictureOfTheREADMEIsAFrameOfARecording(t *testing.T) {
	t.Parallel()
	const w, h = 104, 36
	b := newBox(t)
	s := b.open(w, h, "--record", "picture.cast", "--temp", "0", "--seed", "1", "--no-save", "--pace", "200")
	s.Until("ready", "cpu ").Type(pictured).Keys("Enter").Until("closed", "receipt").Keys("w").Until("B of 2", "receipt", "1723", "right")
	s.Keys("2", "3").Until("tree", "wrong", "right").Keys("s").Until("16 of 16 stops")
	s.Keys("/").Until("search").Type("Wait").Keys("Enter").Until(`   "Wait"`, "origin    injected")
	s.Until("search hits: 1 of 1", "? help")
	frame := s.Frame()
	s.Keys("C-c", "C-c")
	s.left(0)
	// The recording shows the same but for its last rows, where leaving has begun.
	const body = 32
	if played := strings.Split(lastFrame(t, s.read("picture.cast"), w, h), "\n"); !slices.Equal(played[:body], strings.Split(frame, "\n")[:body]) {
		t.Errorf("the recording shows\n%s\nand the screen was\n%s", strings.Join(played, "\n"), frame)
	}
	path := filepath.Join(top, "README.md")
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := replacePart(t, string(old), "picture", "```\n"+frame+"\n```\n")
	moments := regexp.MustCompile(` *\d+ tok/s|at        [0-9.]+ s|cpu [a-z0-9-]+ +`) // a slow machine has a digit less, and a space more
	if same := moments.ReplaceAllString(text, "") == moments.ReplaceAllString(string(old), ""); same {
		return
	}
	if os.Getenv("S1_UPDATE") == "" {
		t.Errorf("the README's picture is stale; make docs writes it again. It is now\n%s", frame)
	} else if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// lastFrame replays a recording in a terminal without s1, and gives what stands there before the screen is left.
func lastFrame(t *testing.T, cast string, w, h int) string {
	t.Helper()
	var shown strings.Builder
	for _, l := range strings.Split(strings.TrimSpace(cast), "\n")[1:] {
		var e []any
		if err := json.Unmarshal([]byte(l), &e); err != nil {
			t.Fatalf("%q: %v", l, err)
		}
		if text, ok := e[2].(string); ok && e[1] == "o" {
			shown.WriteString(text)
		}
	}
	all := shown.String()
	if i := strings.LastIndex(all, "\x1b[?1049l"); i >= 0 { // the alternate screen is left
		all = all[:i]
	}
	// What is said when a first ctrl+c is pressed is no part of the picture.
	if i := strings.LastIndex(all, "ctrl+c again quits"); i >= 0 {
		all = all[:strings.LastIndex(all[:i], "\x1b[?2026h")+1]
	}
	file := filepath.Join(t.TempDir(), "frames")
	if err := os.WriteFile(file, []byte(strings.TrimSuffix(all, "\x1b")), 0o600); err != nil {
		t.Fatal(err)
	}
	x := tuitest.StartTmux(t, w, h, nil, "cat "+file+"; sleep 1000")
	x.Until("had we stopped here")
	return x.Frame()
}
