// Package overlay holds what floats above the screen: the help sheet, the palette, small inputs, the list of sessions.
// An overlay hears keys and answers with a result; it does nothing itself and knows no model.
package overlay

import (
	"strings"

	"s1/tui/keys"
	"s1/tui/text"
	"s1/tui/theme"
)

// Result is what a key did.
type Result struct {
	Close  bool
	Done   bool        // enter: Text or Pick or Action holds what was chosen
	Text   string      // of an input
	Pick   int         // of a list
	Action keys.Action // of the palette
}

// Overlay is one floating thing.
type Overlay interface {
	// Press hears a key by its name; typed is the text it stands for, "" for a key that types nothing.
	Press(key, typed string) Result
	// Render returns a box of at most width by height cells; every row is equally wide.
	Render(width, height int) []string
}

// box frames the first rows, each exactly w cells wide, in at most height.
func box(t *theme.Theme, title, foot string, w, height int, rows []string) []string {
	rows = rows[:min(len(rows), max(height-2, 0))]
	g := t.Glyphs
	edge := func(left, right, label string) string {
		r := text.NewRow(t, w+4).Add(theme.Dim, left+g.Rule)
		if label != "" {
			r.Add(theme.Dim, " ").Add(theme.Strong, clip(t, label, w-2)).Add(theme.Dim, " ")
		}
		if n := r.Left() - 1; n > 0 {
			r.Add(theme.Dim, strings.Repeat(g.Rule, n))
		}
		return r.Add(theme.Dim, right).String()
	}
	out := []string{edge(g.Corners[0], g.Corners[1], title)}
	side := text.NewRow(t, 1).Add(theme.Dim, g.Vert).String()
	for _, r := range rows {
		out = append(out, side+" "+r+" "+side)
	}
	return append(out, edge(g.Corners[2], g.Corners[3], foot))
}

func clip(t *theme.Theme, s string, w int) string {
	if text.Width(s) <= w {
		return s
	}
	if w < 2 {
		return ""
	}
	return text.Wrap(s, w-1, t.ASCII)[0] + t.Glyphs.Ellipsis
}

// window returns which of n rows are visible so that cursor is among them.
func window(n, cursor, rows int) (from, to int) {
	rows = max(rows, 1)
	from = min(max(0, cursor-rows/2), max(0, n-rows))
	return from, min(n, from+rows)
}
