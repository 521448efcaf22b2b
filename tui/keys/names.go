package keys

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// special are the keys that type nothing, as the terminal library names them, without alt+.
func special() []string {
	names := []string{
		"enter", "tab", "shift+tab", "esc", "backspace", "delete", "insert", "ctrl+@", "ctrl+\\", "ctrl+]", "ctrl+^", "ctrl+_",
		"pgup", "pgdown", "ctrl+pgup", "ctrl+pgdown",
	}
	for _, k := range []string{"up", "down", "left", "right", "home", "end"} {
		names = append(names, k, "shift+"+k, "ctrl+"+k, "ctrl+shift+"+k)
	}
	for c := 'a'; c <= 'z'; c++ {
		if c != 'i' && c != 'm' {
			names = append(names, "ctrl+"+string(c))
		}
	}
	for i := 1; i <= 20; i++ {
		names = append(names, fmt.Sprintf("f%d", i))
	}
	return names
}

// spellings are other ways to write a key, and what a terminal sends for it.
func spellings() map[string]string {
	return map[string]string{
		"space": " ", "escape": "esc", "return": "enter", "page up": "pgup", "pageup": "pgup", "page down": "pgdown", "pagedown": "pgdown",
		"del": "delete", "ins": "insert", "ctrl+i": "tab", "ctrl+m": "enter", "ctrl+[": "esc", "ctrl+space": "ctrl+@",
	}
}

// Parse returns the key that people write as s, as the terminal library names it.
func Parse(s string) (string, error) {
	key, alt := strings.CutPrefix(s, "alt+")
	if utf8.RuneCountInString(key) != 1 {
		key = strings.ToLower(strings.TrimSpace(key))
	}
	if to, ok := spellings()[key]; ok {
		key = to
	}
	if letter, ok := strings.CutPrefix(key, "shift+"); ok && utf8.RuneCountInString(letter) == 1 && strings.ToUpper(letter) != letter {
		key = strings.ToUpper(letter)
	}
	known := special()
	if !types(key) && !slices.Contains(known, key) {
		return "", fmt.Errorf("no key is called %q; did you mean %q?", s, nearest(key, append(known, "space", "page up", "page down")))
	}
	if alt {
		key = "alt+" + key
	}
	return key, nil
}

// types says whether a key puts a character into a text.
func types(key string) bool {
	r, n := utf8.DecodeRuneInString(key)
	return n > 0 && n == len(key) && r != utf8.RuneError && (unicode.IsGraphic(r) || r == ' ')
}

// orLetter is a letter to show an example with.
func orLetter(key string) string {
	if key = strings.ToLower(key); key >= "a" && key <= "z" && key != "i" && key != "m" && key != "c" {
		return key
	}
	return "t"
}

// nearest is the known word with the fewest edits to it.
func nearest(word string, known []string) string {
	const long = 40 // a longer word is cut, for the sake of time
	word = word[:min(len(word), long)]
	best, least := "", 1<<30
	for _, k := range known {
		if d := edits(word, k); d < least {
			best, least = k, d
		}
	}
	return best
}

// edits is the Levenshtein distance, in bytes.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
