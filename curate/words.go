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

// countWords is len(strings.Fields(s)), without the words.
func countWords(s string) (n int) {
	in := false
	for _, r := range s {
		space := unicode.IsSpace(r)
		if !space && !in {
			n++
		}
		in = !space
	}
	return n
}

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
	out := make([]string, 0, len(split)) // of its own: a word may have many parts
	for _, w := range split {
		for part := range strings.SplitSeq(w, `\`) {
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

// Shared finds where a text has a run of words that it shares with another one: from, to in bytes. A run that was found by other
// words than those that stand there (Strict) has no place.
func Shared(text, shared string) (spans [][2]int) {
	want := words(shared)
	if len(want) == 0 {
		return nil
	}
	var at [][2]int
	from := -1
	for i, r := range text + " " {
		switch {
		case !isSpace(r) && from < 0:
			from = i
		case isSpace(r) && from >= 0:
			at, from = append(at, [2]int{from, i}), -1
		}
	}
	for i := 0; i+len(want) <= len(at); i++ {
		k := 0
		for k < len(want) && strings.ToLower(text[at[i+k][0]:at[i+k][1]]) == want[k] {
			k++
		}
		if k == len(want) {
			spans = append(spans, [2]int{at[i][0], at[i+k-1][1]})
			i += k - 1
		}
	}
	return spans
}
