package overlay

import (
	"fmt"
	"slices"
	"strings"

	"s1/tui/keys"
	"s1/tui/text"
	"s1/tui/theme"
)

// Help is the sheet of all keys, grouped by what one wants to do; what cannot be done now is dim. Typing searches it.
type Help struct {
	Theme  *theme.Theme
	Keys   *keys.Map
	State  keys.State
	search text.Editor
	top    int
	rows   int
}

// Press scrolls, searches or closes. Esc empties the search first.
func (h *Help) Press(key, typed string) Result {
	empty := h.search.Value() == ""
	switch {
	case h.Keys.Is(keys.Quit, key) || key == "enter" || empty && (key == "esc" || h.Keys.Is(keys.Help, key)):
		return Result{Close: true}
	case key == "esc":
		h.search.Set("")
		h.top = 0
	case key == "up":
		h.top--
	case key == "down":
		h.top++
	case key == "pgup":
		h.top -= h.rows
	case key == "pgdown" || empty && typed == " ":
		h.top += h.rows
	case key == "home":
		h.top = 0
	case key == "end":
		h.top = 1 << 20
	case typed != "":
		h.search.Insert(strings.ReplaceAll(typed, "\n", " "))
		h.top = 0
	default:
		h.search.Press(key)
		h.top = 0
	}
	return Result{}
}

// keyCells is the column of the keys.
const keyCells = 18

// Render returns the sheet.
func (h *Help) Render(width, height int) []string {
	w := max(min(width-4, 92), 1)
	rows := h.sheet(w)
	if len(rows) == 0 {
		rows = append(rows, text.NewRow(h.Theme, w).Add(theme.Dim, "no key does that; esc shows all again").String())
	}
	var head []string
	if h.search.Value() != "" {
		head = h.search.Lines(h.Theme, h.Theme.Glyphs.Prompt+" ", w, 1, true)
	}
	h.rows = max(height-2-len(head), 1)
	h.top = max(0, min(h.top, len(rows)-h.rows))
	shown := rows[h.top:min(len(rows), h.top+h.rows)]
	foot := "type to search   esc closes"
	if h.search.Value() != "" {
		foot = "esc shows all again"
	}
	if len(rows) > h.rows {
		foot = fmt.Sprintf("%d-%d of %d   up down space   %s", h.top+1, h.top+len(shown), len(rows), foot)
	}
	return box(h.Theme, "keys", foot, w, height, slices.Concat(head, shown))
}

// sheet is all rows that the search leaves, under the names of their groups.
func (h *Help) sheet(w int) (rows []string) {
	blank := text.Blank(w)
	names, of := h.Keys.Groups()
	for _, g := range names {
		var group []string
		for _, b := range of[g] {
			if h.fits(g, b) {
				group = append(group, h.entry(b, w)...)
			}
		}
		if len(group) == 0 {
			continue
		}
		if len(rows) > 0 {
			rows = append(rows, blank)
		}
		rows = append(rows, text.NewRow(h.Theme, w).Add(theme.Strong, g).String())
		rows = append(rows, group...)
	}
	if h.search.Value() != "" {
		return rows
	}
	rows = append(rows, blank)
	g := h.Theme.Glyphs
	for _, l := range []struct {
		glyph, about string
		role         theme.Role
	}{
		{g.Injected, "you put this in", theme.Accent},
		{g.Forced, "the budget forced this", theme.Warn},
		{g.Wished, "the model wished to stop here", theme.Wish},
		{g.Pause, "you paused here", theme.Text},
	} {
		rows = append(rows, text.NewRow(h.Theme, w).Add(l.role, l.glyph).To(3).Add(theme.Dim, l.about).String())
	}
	return rows
}

// fits says whether every word of the search occurs in what is known of a binding: its keys, names, help, or group.
func (h *Help) fits(group string, b keys.Binding) bool {
	all := strings.ToLower(strings.Join([]string{b.AllShown(), b.Short, string(b.Action), b.Help, group}, " "))
	for _, word := range strings.Fields(strings.ToLower(h.search.Value())) {
		if !strings.Contains(all, word) {
			return false
		}
	}
	return true
}

// entry is one binding, in as many rows as its sentence needs.
func (h *Help) entry(b keys.Binding, w int) (rows []string) {
	kr, role := theme.Key, theme.Text
	s := h.State
	s.Prompt = b.Where&keys.Page == 0
	if _, ok := b.Enabled(s); !ok {
		kr, role = theme.Dim, theme.Dim
	}
	cells := min(keyCells, max(w/3, 1))
	for i, l := range text.Wrap(b.Help, max(w-cells, 1), h.Theme.ASCII) {
		r := text.NewRow(h.Theme, w)
		if i == 0 {
			r.Add(kr, clip(h.Theme, b.AllShown(), cells-1))
		}
		rows = append(rows, r.To(cells).Add(role, l).String())
	}
	return rows
}
