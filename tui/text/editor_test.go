package text

import (
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"s1/tui/theme"
)

func TestEditorKeys(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		do   func(e *Editor)
		want string // | is the cursor
	}{
		{"typing", func(e *Editor) { e.Insert("ab"); e.Insert("c") }, "abc|"},
		{"backspace takes a whole family", func(e *Editor) { e.Insert("a👨‍👩‍👧"); e.Press("backspace") }, "a|"},
		{"left and insert", func(e *Editor) { e.Insert("ac"); e.Press("left"); e.Insert("b") }, "ab|c"},
		{"home and delete", func(e *Editor) { e.Insert("abc"); e.Press("home"); e.Press("delete") }, "|bc"},
		{"word back", func(e *Editor) { e.Insert("one two  "); e.Press("ctrl+w") }, "one |"},
		{"word forward", func(e *Editor) { e.Insert("one two"); e.Press("home"); e.Press("alt+f") }, "one| two"},
		{"kill to the end of the line", func(e *Editor) { e.Insert("ab\ncd"); e.Press("home"); e.Press("ctrl+k") }, "ab\n|"},
		{"kill to the start", func(e *Editor) { e.Insert("ab\ncd"); e.Press("ctrl+u") }, "ab\n|"},
		{"up keeps the column", func(e *Editor) { e.Insert("abc\nde"); e.Up() }, "ab|c\nde"},
		{"up and down", func(e *Editor) { e.Insert("abc\nde"); e.Up(); e.Down() }, "abc\nde|"},
		{"carriage returns become newlines", func(e *Editor) { e.Insert("a\r\nb\rc") }, "a\nb\nc|"},
		{"backspace at the start", func(e *Editor) { e.Press("backspace") }, "|"},
		{"left over a newline", func(e *Editor) { e.Insert("a\n"); e.Press("left") }, "a|\n"},
	} {
		var e Editor
		c.do(&e)
		if got := e.val[:e.cur] + "|" + e.val[e.cur:]; got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
	var e Editor
	if e.Press("x") || e.Up() || e.Down() {
		t.Error("a letter, or a line that is not there, counts as an editing key")
	}
}

func TestEditorRefusesMoreThanItsLimit(t *testing.T) {
	t.Parallel()
	var e Editor
	e.Insert(strings.Repeat("é", EditorMax))
	e.Insert("more")
	if len(e.Value()) > EditorMax {
		t.Errorf("%d bytes, limit %d", len(e.Value()), EditorMax)
	}
}

func FuzzEditor(f *testing.F) {
	f.Add("a\x1b[31m日\n👨‍👩‍👧\t", []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, uint8(9))
	keys := []string{"left", "right", "home", "end", "backspace", "delete", "ctrl+w", "alt+d", "ctrl+u", "ctrl+k", "up", "down"}
	f.Fuzz(func(t *testing.T, s string, press []byte, width uint8) {
		if len(s) > 500 || len(press) > 100 {
			return
		}
		var e Editor
		for _, p := range press {
			switch k := keys[int(p)%len(keys)]; k {
			case "up":
				e.Up()
			case "down":
				e.Down()
			default:
				e.Press(k)
			}
			e.Insert(s)
			if e.cur < 0 || e.cur > len(e.val) {
				t.Fatalf("cursor %d of %d", e.cur, len(e.val))
			}
			if len(e.val) > 4000 {
				break
			}
		}
		for _, l := range e.Lines(mono, "> ", int(width), 4, true) {
			if w := ansi.StringWidth(l); w != int(width) {
				t.Fatalf("row %q is %d cells, want %d", l, w, width)
			}
			checkSafe(t, ansi.Strip(l))
		}
	})
}

func TestAnOfferedTextIsReplacedByWhatIsTypedAndEditedAfterACursorKey(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		keys []string // one letter is typed, anything longer is pressed
		want string
	}{
		{nil, "64"},
		{[]string{"9", "0"}, "90"},
		{[]string{"end", "0"}, "640"},
		{[]string{"left", "0"}, "604"},
		{[]string{"home", "0"}, "064"},
		{[]string{"backspace", "7"}, "7"},
		{[]string{"delete"}, ""},
		{[]string{"end", "backspace"}, "6"},
		{[]string{"ctrl+u", "1"}, "1"},
		{[]string{"f12", "1"}, "1"},
	} {
		var e Editor
		e.Offer("64")
		for _, k := range c.keys {
			if len(k) == 1 {
				e.Insert(k)
			} else {
				e.Press(k)
			}
		}
		if e.Value() != c.want {
			t.Errorf("%v: %q, want %q", c.keys, e.Value(), c.want)
		}
		if len(c.keys) > 0 && c.keys[0] != "f12" && e.Offered() {
			t.Errorf("%v: still offered", c.keys)
		}
	}
}

func TestALongMessageKeepsItsBeginningAndItsCause(t *testing.T) {
	t.Parallel()
	th := theme.New(theme.Options{})
	long := "could not export: write /a/very/long/path/of/many/folders/s1-run.html: permission denied"
	for w := range 120 {
		got := Ends(long, w, th)
		if Width(got) > w {
			t.Errorf("%d cells: %q", w, got)
		}
		if w >= 45 && (!strings.HasPrefix(got, "could not") || !strings.HasSuffix(got, "permission denied")) {
			t.Errorf("%d cells: %q", w, got)
		}
	}
	if got := Ends(long, 200, th); got != long {
		t.Errorf("where there is room: %q", got)
	}
}
