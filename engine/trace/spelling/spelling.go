// Package spelling finds the word that somebody meant who misspelt one: the nearest of those there are. It knows only words, not what
// they name, so that commands, flags, settings, keys and recipes can all use it.
package spelling

import "strings"

const (
	long     = 60 // bytes; no word of ours is longer, and a longer one is cut, for the sake of time
	misplace = 3  // what a key in the wrong table costs, in halves of an edit
)

// Nearest is the known word with the fewest edits, the first of them; "" where none is known. Of a key in the wrong table, such as
// lr for adam.lr, it is the one with the same last word.
func Nearest(word string, known []string) string {
	word = word[:min(len(word), long)]
	best, least := "", 1<<30
	for _, k := range known {
		d := 2 * Edits(word, k)
		if last(word) == last(k) {
			d = min(d, misplace)
		}
		if d < least {
			best, least = k, d
		}
	}
	return best
}

func last(key string) string { return key[strings.LastIndexByte(key, '.')+1:] }

// Edits is the Levenshtein distance, in bytes. It takes time with the product of the lengths: long words are the caller's to cut.
func Edits(a, b string) int {
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
