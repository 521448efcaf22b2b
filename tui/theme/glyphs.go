package theme

// Glyphs are the signs of the screen, each one cell wide.
type Glyphs struct {
	Injected, Forced, Wished, Pause, Differs string // the gutter
	Full, Empty                              string // the budget bar
	Spark                                    []string
	Solid                                    string   // a whole cell of a bar of shares
	Eighths                                  []string // and its parts, from the left, the least first
	Prompt, Pick, Dot, Ellipsis              string
	Rule, Vert                               string
	Down                                     string
	Corners                                  [4]string // of a floating box: top left, top right, bottom left, bottom right
}

var unicodeGlyphs = Glyphs{
	Injected: "▌", Forced: "┃", Wished: "◆", Pause: "·", Differs: "≠",
	Full: "▇", Empty: "░",
	Spark: []string{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"},
	Solid: "█", Eighths: []string{"▏", "▎", "▍", "▌", "▋", "▊", "▉"},
	Prompt: "›", Pick: "▸", Dot: "·", Ellipsis: "…",
	Rule: "─", Vert: "│", Down: "↓",
	Corners: [4]string{"╭", "╮", "╰", "╯"},
}

var asciiGlyphs = Glyphs{
	Injected: "+", Forced: "|", Wished: "*", Pause: ".", Differs: "#",
	Full: "=", Empty: "-",
	Spark: []string{"_", ".", ":", "-", "=", "+", "*", "#"},
	Solid: "=", Eighths: []string{"-"},
	Prompt: ">", Pick: ">", Dot: "-", Ellipsis: "~",
	Rule: "-", Vert: "|", Down: "v",
	Corners: [4]string{"+", "+", "+", "+"},
}

// Gutter returns the sign a role has in the gutter, " " for none.
func (t *Theme) Gutter(r Role) string {
	switch r {
	case Accent:
		return t.Glyphs.Injected
	case Warn:
		return t.Glyphs.Forced
	case Wish:
		return t.Glyphs.Wished
	case Pause:
		return t.Glyphs.Pause
	case Differs:
		return t.Glyphs.Differs
	default:
		return " "
	}
}
