package curate

import (
	"strings"
	"unicode"

	"github.com/zeebo/xxh3"
)

func isDigit(r rune) bool { return unicode.Is(unicode.Nd, r) }

// isSpace is Python's str.isspace, which also takes the four separators of files, groups, records and units.
func isSpace(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }

// words is s1's normalisation: lower case, split at white space. Punctuation stays.
func words(s string) []string { return strings.FieldsFunc(strings.ToLower(s), isSpace) }

// latexWords are commands that only set type; what they set stays.
var latexWords = map[string]bool{
	"text": true, "mathrm": true, "mathbf": true, "left": true, "right": true, "displaystyle": true, "operatorname": true,
	"dfrac": true, "tfrac": true, "frac": true, "quad": true, "qquad": true, "big": true, "mathbb": true, "textbf": true, "mbox": true, "rm": true,
}

// strictWords also drops punctuation and the LaTeX that only sets type, so that $\dfrac{1}{2}$ and 1 / 2 are the same words.
func strictWords(s string) []string {
	split := strings.FieldsFunc(strings.ToLower(s), func(r rune) bool {
		return r != '\\' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	out := split[:0]
	for _, w := range split {
		for _, part := range strings.Split(w, `\`) {
			if part != "" && !latexWords[part] {
				out = append(out, part)
			}
		}
	}
	return out
}

// grams visits the hash of each run of n words; where gives its place. Fewer than n words have none.
func grams(w []string, n int, visit func(hash uint64, at int)) {
	if len(w) < n {
		return
	}
	joined := strings.Join(w, " ")
	starts := make([]int, 0, len(w)+1)
	at := 0
	for _, x := range w {
		starts = append(starts, at)
		at += len(x) + 1
	}
	starts = append(starts, len(joined)+1)
	for i := range len(w) - n + 1 {
		visit(xxh3.HashString(joined[starts[i]:starts[i+n]-1]), i)
	}
}
