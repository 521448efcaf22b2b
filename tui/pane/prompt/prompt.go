// Package prompt is where a question is typed. It knows a text, a cursor and earlier questions; it asks nothing itself.
package prompt

import (
	"s1/tui/text"
	"s1/tui/theme"
)

// Pane is the prompt with its history.
type Pane struct {
	Theme   *theme.Theme
	Focused bool
	Idle    string // shown while it is empty and not focused
	Hint    string // shown while it is empty and focused
	Editor  text.Editor

	history []string
	at      int    // position in history; len(history) = the draft
	draft   string // what was being typed when the history was entered
}

// Keep adds a question to the history and empties the prompt.
func (p *Pane) Keep(question string) {
	if n := len(p.history); n == 0 || p.history[n-1] != question {
		p.history = append(p.history, question)
	}
	p.at, p.draft = len(p.history), ""
	p.Editor.Set("")
}

// Older moves up in the text, or to an earlier question from its first line.
func (p *Pane) Older() {
	if p.Editor.Up() || p.at == 0 {
		return
	}
	if p.at == len(p.history) {
		p.draft = p.Editor.Value()
	}
	p.at--
	p.Editor.Set(p.history[p.at])
}

// Newer moves down in the text, or to a later question from its last line.
func (p *Pane) Newer() {
	if p.Editor.Down() || p.at >= len(p.history) {
		return
	}
	p.at++
	if p.at == len(p.history) {
		p.Editor.Set(p.draft)
		return
	}
	p.Editor.Set(p.history[p.at])
}

// Rows returns how many rows the text wants at this width, at most limit.
func (p *Pane) Rows(width, limit int) int {
	return min(max(len(p.lines(width, limit)), 1), max(limit, 1))
}

func (p *Pane) lines(width, rows int) []string {
	return p.Editor.Lines(p.Theme, " "+p.Theme.Glyphs.Prompt+" ", width, rows, p.Focused)
}

// Render returns height rows of width cells.
func (p *Pane) Render(width, height int) []string {
	var out []string
	switch {
	case p.Editor.Value() != "":
		out = p.lines(width, height)
	case p.Focused:
		cursor := text.NewRow(p.Theme, width).Add(theme.Accent, " "+p.Theme.Glyphs.Prompt+" ").Add(theme.Cursor, " ")
		out = []string{cursor.Add(theme.Dim, " "+p.Hint).String()}
	default:
		out = []string{text.NewRow(p.Theme, width).Add(theme.Dim, " "+p.Theme.Glyphs.Prompt+" "+p.Idle).String()}
	}
	for len(out) < height {
		out = append(out, text.Blank(width))
	}
	return out[:max(height, 0)]
}
