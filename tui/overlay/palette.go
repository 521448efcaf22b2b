package overlay

import (
	"slices"
	"strings"
	"unicode"

	"s1/tui/keys"
	"s1/tui/text"
	"s1/tui/theme"
)

// Palette finds a command by a few of its letters, and shows its key so that the next time needs no palette.
type Palette struct {
	Theme  *theme.Theme
	Keys   *keys.Map
	State  keys.State
	editor text.Editor
	pick   int
}

// Press edits the search, moves, chooses.
func (p *Palette) Press(key, typed string) Result {
	found := p.found()
	if p.Keys.Is(keys.Palette, key) || p.Keys.Is(keys.Quit, key) {
		return Result{Close: true}
	}
	switch key {
	case "esc":
		return Result{Close: true}
	case "up", "shift+tab":
		p.pick = max(0, p.pick-1)
		return Result{}
	case "down", "tab", "ctrl+n":
		p.pick = min(len(found)-1, p.pick+1)
		return Result{}
	case "enter":
		if p.pick < len(found) && p.pick >= 0 {
			return Result{Close: true, Done: true, Action: found[p.pick].Action}
		}
		return Result{}
	}
	if typed != "" {
		p.editor.Insert(strings.ReplaceAll(typed, "\n", " "))
	} else {
		p.editor.Press(key)
	}
	p.pick = 0
	return Result{}
}

func (p *Palette) found() []keys.Binding {
	type hit struct {
		b     keys.Binding
		score int
	}
	var hits []hit
	for _, b := range p.Keys.Table() {
		switch b.Action {
		case keys.Send, keys.Example, keys.Newline, keys.Older, keys.Newer, keys.PickBr, keys.Palette, keys.QuitEmpty:
			continue // they need the prompt, or a number
		}
		score, ok := match(p.editor.Value(), b)
		if !ok {
			continue
		}
		s := p.State
		s.Prompt = false
		if _, can := b.Enabled(s); !can {
			score -= 1000 // what can be done comes first
		}
		hits = append(hits, hit{b, score})
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return b.score - a.score })
	out := make([]keys.Binding, len(hits))
	for i, h := range hits {
		out[i] = h.b
	}
	return out
}

// match finds a command by the letters of its name, or by words that begin so in what it does: letters alone occur in every sentence.
func match(pattern string, b keys.Binding) (score int, ok bool) {
	if score, ok = Fuzzy(pattern, b.Short); ok {
		return score + named, true
	}
	about := wordsOf(b.Short + " " + b.Help)
	for _, want := range wordsOf(pattern) {
		i := slices.IndexFunc(about, func(w string) bool { return strings.HasPrefix(w, want) })
		if i < 0 {
			return 0, false
		}
		score -= i
	}
	return score, true
}

// named is what a command's name counts before its description.
const named = 100

func wordsOf(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) })
}

// Render returns the search and what it found.
func (p *Palette) Render(width, height int) []string {
	w := max(min(width-4, 72), 1)
	rows := p.editor.Lines(p.Theme, p.Theme.Glyphs.Prompt+" ", w, 1, true)
	found := p.found()
	p.pick = max(0, min(p.pick, len(found)-1))
	if len(found) == 0 {
		rows = append(rows, text.NewRow(p.Theme, w).To(2).Add(theme.Dim, "no command is called that").String())
	}
	from, to := window(len(found), p.pick, min(height-3, 12))
	for i := from; i < to; i++ {
		b := found[i]
		s := p.State
		s.Prompt = false
		why, ok := b.Enabled(s)
		r, role, about := text.NewRow(p.Theme, w), theme.Text, b.Help
		if !ok {
			role, about = theme.Dim, why
		}
		if i == p.pick {
			r.Add(theme.Accent, p.Theme.Glyphs.Pick)
			if ok {
				role = theme.Selected
			}
		}
		r.To(2).Add(role, clip(p.Theme, b.Short, 14)).To(17).Add(theme.Key, clip(p.Theme, b.Shown(), 9)).To(27)
		rows = append(rows, r.Add(theme.Dim, clip(p.Theme, about, r.Left())).String())
	}
	return box(p.Theme, "commands", "enter does it   esc closes", w, height, rows)
}

// Fuzzy says whether the letters of pattern occur in s in order, and how well: letters that begin words or follow
// each other count more, early ones more than late ones.
func Fuzzy(pattern, s string) (score int, ok bool) {
	want := []rune(strings.ToLower(strings.TrimSpace(pattern)))
	if len(want) == 0 {
		return 0, true
	}
	i, run, prev := 0, 0, ' '
	for at, r := range []rune(strings.ToLower(s)) {
		if i < len(want) && want[i] == ' ' {
			i++
		}
		if i < len(want) && r == want[i] {
			i++
			run++
			score += 4*run - min(at/8, 8)
			if !unicode.IsLetter(prev) {
				score += 8
			}
		} else {
			run = 0
		}
		prev = r
	}
	return score, i == len(want)
}
