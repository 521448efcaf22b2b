package tuitest

import (
	"fmt"
	"strings"
	"testing"
	"unicode"

	"github.com/charmbracelet/x/ansi"

	"s1/tui/theme"
)

// Hostile is text that must not act on a terminal, nor break a layout, wherever it is shown.
func Hostile() map[string]string {
	return map[string]string{
		"colours and a cleared screen": "a\x1b[31mred\x1b[2J\x1b[1;1H",
		"a title and a clipboard":      "a\x1b]0;owned\a\x1b]52;c;cm0gLXJm\a\x1bP+q544e\x1b\\",
		"c1 controls":                  "a\u009b31mb\u0090c\u009d52;c;eA==\u009c",
		"bidirectional controls":       "a\u202eb\u2066c\u200fd\u061c",
		"zero width":                   "a\u200bb\ufeffc\u2060\u00ad\u180ed\U000e0041",
		"marks without end":            "e" + strings.Repeat("\u0301", 500),
		"marks without a letter":       "\u0301\u0301\u20dd",
		"joiners without end":          strings.Repeat("👩\u200d", 2000),
		"wide signs":                   strings.Repeat("日本語", 40),
		"broken bytes":                 "\xff\xfe\xc3\x28\xe6\x97",
		"control characters":           "a\r\b\x00\x7f\v\f\tb\nc\n\n",
		"a megabyte in one line":       strings.Repeat("x", 1<<20),
		"a megabyte of marks":          strings.Repeat("\u0300", 1<<19),
	}
}

// CheckRows fails unless a pane drew exactly height rows of width cells that no terminal acts on.
func CheckRows(t testing.TB, what string, rows []string, width, height int, o theme.Options) {
	t.Helper()
	if len(rows) != height {
		t.Fatalf("%s at %dx%d: %d rows", what, width, height, len(rows))
	}
	for y, row := range rows {
		if got := ansi.StringWidth(row); got != width {
			t.Fatalf("%s at %dx%d: row %d has %d cells: %.200q", what, width, height, y, got, row)
		}
		// What is left once the colours of the theme are gone must be signs, and nothing else.
		for _, r := range ansi.Strip(row) {
			if unicode.IsControl(r) || strings.ContainsRune("\u202e\u2066\u200f\u061c\u200b\ufeff\u2060\u00ad\u180e\U000e0041\ufffd", r) {
				t.Fatalf("%s at %dx%d: row %d lets %U through: %.200q", what, width, height, y, r, row)
			}
		}
		for _, esc := range strings.Split(row, "\x1b")[1:] {
			if !strings.HasPrefix(esc, "[") || strings.Trim(esc[1:strings.IndexAny(esc+"m", "m")], "0123456789;") != "" {
				t.Fatalf("%s at %dx%d: row %d holds an escape sequence that is not a colour: %.40q", what, width, height, y, esc)
			}
			if o.NoColor && strings.HasPrefix(esc, "[3") {
				t.Fatalf("%s at %dx%d: row %d has a colour: %.40q", what, width, height, y, esc)
			}
		}
	}
}

// CheckSizes draws every size from 1x1 to 80x30.
func CheckSizes(t testing.TB, what string, o theme.Options, render func(width, height int) []string) {
	t.Helper()
	for w := 1; w <= 80; w++ {
		for h := 1; h <= 30; h++ {
			CheckRows(t, what, render(w, h), w, h, o)
		}
	}
}

// GoldenSizes compares the frames of a pane at the usual sizes with those kept, as they read without styles.
func GoldenSizes(t testing.TB, name string, o theme.Options, render func(width, height int) []string) {
	t.Helper()
	var b strings.Builder
	for _, w := range []int{40, 80, 120, 200} {
		for _, h := range []int{12, 24, 50} {
			rows := render(w, h)
			CheckRows(t, name, rows, w, h, o)
			fmt.Fprintf(&b, "=== %d x %d\n", w, h)
			for _, row := range rows {
				row = strings.TrimRight(ansi.Strip(row), " ")
				for _, r := range row {
					if o.ASCII && r > 0x7e {
						t.Fatalf("%s at %dx%d: %U is not ASCII: %q", name, w, h, r, row)
					}
				}
				b.WriteString(row + "\n")
			}
		}
	}
	kind := "unicode" // with and without colour: the same signs
	if o.ASCII {
		kind = "ascii"
	}
	Golden(t, strings.ReplaceAll(name, " ", "_")+"_"+kind, b.String())
}

// HostileWidths are those at which hostile text is drawn.
func HostileWidths() []int { return []int{1, 9, 40, 120} }

// Profiles are the terminals that every pane must read on.
func Profiles() map[string]theme.Options {
	return map[string]theme.Options{"colour": {}, "no colour": {NoColor: true}, "ascii": {ASCII: true, NoColor: true}}
}
