package overlay

import (
	"fmt"

	"s1/tui/keys"
	"s1/tui/text"
	"s1/tui/theme"
)

// Help is the sheet of all keys, grouped by task; what cannot be done now is dim and says why.
type Help struct {
	Theme *theme.Theme
	Keys  *keys.Map
	State keys.State
	top   int
	rows  int
	last  int // rows the sheet had when last drawn
}

// Press scrolls or closes.
func (h *Help) Press(key, _ string) Result {
	switch key {
	case "esc", "?", "q", "enter", "ctrl+c":
		return Result{Close: true}
	case "up", "k":
		h.top--
	case "down", "j":
		h.top++
	case "pgup", "u", "h", "left":
		h.top -= h.rows
	case "pgdown", "d", "l", "right", " ":
		h.top += h.rows
	case "g", "home":
		h.top = 0
	case "G", "end":
		h.top = h.last
	}
	return Result{}
}

// Render returns the sheet.
func (h *Help) Render(width, height int) []string {
	w := max(min(width-4, 92), 1)
	const keyCells = 17
	var rows []string
	blank := text.Blank(w)
	names, of := h.Keys.Groups()
	for i, g := range names {
		if i > 0 {
			rows = append(rows, blank)
		}
		rows = append(rows, text.NewRow(h.Theme, w).Add(theme.Strong, g).String())
		for _, b := range of[g] {
			ks := b.AllShown()
			if b.Action == keys.PickBr {
				ks = "1 to 9"
			}
			role, about := theme.Text, b.Help
			s := h.State
			s.Prompt = b.Where&keys.Page == 0
			if _, ok := b.Enabled(s); !ok {
				role = theme.Dim
			}
			cells := min(keyCells, max(w/3, 1))
			for j, l := range text.Wrap(about, max(w-cells, 1), h.Theme.ASCII) {
				r := text.NewRow(h.Theme, w)
				if j == 0 {
					kr := theme.Key
					if role == theme.Dim {
						kr = theme.Dim
					}
					r.Add(kr, clip(h.Theme, ks, cells-1))
				}
				rows = append(rows, r.To(cells).Add(role, l).String())
			}
		}
	}
	rows = append(rows, blank)
	for _, l := range [][2]string{
		{h.Theme.Glyphs.Injected, "you put this in"},
		{h.Theme.Glyphs.Forced, "the budget forced this"},
		{h.Theme.Glyphs.Wished, "the model wished to stop here"},
		{h.Theme.Glyphs.Pause, "you paused here"},
	} {
		role := map[string]theme.Role{h.Theme.Glyphs.Injected: theme.Accent, h.Theme.Glyphs.Forced: theme.Warn, h.Theme.Glyphs.Wished: theme.Wish}[l[0]]
		rows = append(rows, text.NewRow(h.Theme, w).Add(role, l[0]).To(3).Add(theme.Dim, l[1]).String())
	}
	h.rows, h.last = max(height-2, 1), len(rows)
	h.top = max(0, min(h.top, len(rows)-h.rows))
	shown := rows[h.top:min(len(rows), h.top+h.rows)]
	foot := "esc closes"
	if len(rows) > h.rows {
		foot = fmt.Sprintf("%d-%d of %d   j k scroll   esc closes", h.top+1, h.top+len(shown), len(rows))
	}
	return box(h.Theme, "keys", foot, w, height, shown)
}
