package overlay

import (
	"strings"

	"s1/tui/text"
	"s1/tui/theme"
)

// Input asks for one line: a cap, a text to inject.
type Input struct {
	Theme  *theme.Theme
	Title  string
	Hint   string                    // what it will do
	Cost   func(string) string       // what it will cost with this text, "" = not known; nil = nothing
	Check  func(string) string       // why a text cannot be taken, "" = it can
	Adjust func(string, bool) string // what + and - make of the text; nil = they are typed
	Editor text.Editor
	wrong  string
}

// Press edits, or finishes with enter.
func (in *Input) Press(key, typed string) Result {
	in.wrong = ""
	switch {
	case key == "esc" || key == "ctrl+c":
		return Result{Close: true}
	case key == "enter":
		if in.Check != nil {
			if in.wrong = in.Check(in.Editor.Value()); in.wrong != "" {
				return Result{}
			}
		}
		return Result{Close: true, Done: true, Text: in.Editor.Value()}
	case in.Adjust != nil && (typed == "+" || typed == "-" && in.Editor.Value() != ""):
		in.Editor.Set(in.Adjust(in.Editor.Value(), typed == "+"))
	case key == "ctrl+j" || key == "alt+enter":
		in.Editor.Insert("\n")
	case typed != "":
		in.Editor.Insert(typed)
	default:
		in.Editor.Press(key)
	}
	return Result{}
}

// Render returns the input.
func (in *Input) Render(width, height int) []string {
	w := max(min(width-4, 64), 1)
	rows := in.Editor.Lines(in.Theme, in.Theme.Glyphs.Prompt+" ", w, max(min(height-4, 4), 1), true)
	role, hint := theme.Dim, in.Hint
	if in.wrong != "" {
		role, hint = theme.Fault, in.wrong
	}
	say := func(role theme.Role, s string) {
		for _, l := range text.Wrap(s, max(w-2, 1), in.Theme.ASCII) {
			if len(rows) < height-2 {
				rows = append(rows, text.NewRow(in.Theme, w).To(2).Add(role, l).String())
			}
		}
	}
	say(role, hint)
	if in.Cost != nil && in.wrong == "" {
		if cost := in.Cost(in.Editor.Value()); cost != "" {
			say(theme.Text, cost)
		}
	}
	foot := "enter takes it   esc back"
	if in.Editor.Offered() {
		foot = "enter takes it   esc back   typing replaces it, end edits it"
	}
	return box(in.Theme, in.Title, foot, w, height, rows)
}

// List lets one row be chosen.
type List struct {
	Theme  *theme.Theme
	Title  string
	Empty  string // what would fill it
	Foot   string
	Rows   [][3]string // left, middle, right
	CanRun bool        // enter does something
	pick   int
}

// Press moves and chooses.
func (l *List) Press(key, _ string) Result {
	switch key {
	case "esc", "ctrl+c", "ctrl+s", "q":
		return Result{Close: true}
	case "up", "k", "shift+tab":
		l.pick--
	case "down", "j", "tab":
		l.pick++
	case "pgup":
		l.pick -= 10
	case "pgdown":
		l.pick += 10
	case "g", "home":
		l.pick = 0
	case "G", "end":
		l.pick = len(l.Rows) - 1
	case "enter":
		if l.CanRun && len(l.Rows) > 0 {
			return Result{Close: true, Done: true, Pick: l.pick}
		}
	}
	l.pick = max(0, min(l.pick, len(l.Rows)-1))
	return Result{}
}

// Render returns the list.
func (l *List) Render(width, height int) []string {
	w := max(min(width-4, 92), 1)
	var rows []string
	if len(l.Rows) == 0 {
		for _, s := range text.Wrap(l.Empty, w, l.Theme.ASCII) {
			rows = append(rows, text.NewRow(l.Theme, w).Add(theme.Dim, s).String())
		}
	}
	left, right := 0, 0
	for _, r := range l.Rows {
		left, right = max(left, text.Width(r[0])), max(right, text.Width(r[2]))
	}
	left, right = min(left, w/3), min(right, w/3)
	from, to := window(len(l.Rows), l.pick, height-2)
	for i := from; i < to && len(l.Rows) > 0; i++ {
		r, role := text.NewRow(l.Theme, w), theme.Text
		if i == l.pick {
			r.Add(theme.Accent, l.Theme.Glyphs.Pick)
			role = theme.Selected
		}
		r.To(2).Add(theme.Dim, clip(l.Theme, l.Rows[i][0], left)).To(left + 4)
		mid := strings.Join(strings.Fields(l.Rows[i][1]), " ")
		r.Add(role, clip(l.Theme, mid, w-right-left-6)).To(w - right)
		rows = append(rows, r.Add(theme.Dim, clip(l.Theme, l.Rows[i][2], right)).String())
	}
	foot := l.Foot
	if foot == "" {
		foot = "esc closes"
	}
	return box(l.Theme, l.Title, foot, w, height, rows)
}
