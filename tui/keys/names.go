package keys

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"s1/engine/spelling"
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
		return "", fmt.Errorf("no key is called %q%s", s, spelling.Hint(key, append(known, "space", "page up", "page down")))
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
