// Package spelling finds the word that somebody meant who misspelt one: the nearest of those there are, if one is near. It knows only
// words, not what they name, so that commands, flags, settings, keys and recipes can all use it.
package spelling

import (
	"fmt"
	"strings"
)

const (
	long     = 60 // bytes; no word of ours is longer, and a longer one is cut, for the sake of time
	misplace = 3  // what a key in the wrong table costs, in halves of an edit
)

// Nearest is the known word with the fewest edits, the first of them; "" where none is so near that it may have been meant: a word has
// one edit for every three letters. Of a key in the wrong table, such as lr for adam.lr, it is the one with the same last word.
func Nearest(word string, known []string) string {
	word = word[:min(len(word), long)]
	best, least := "", 1<<30
	for _, k := range known {
		d := 2 * Edits(word, k)
		if last(word) == last(k) && word != "" {
			d = min(d, misplace)
		}
		if d < least && (d <= misplace && last(word) == last(k) || d <= 2*((max(len(word), len(k))+1)/3)) {
			best, least = k, d
		}
	}
	return best
}

// Hint is the end of a sentence about a word that is not known: what may have been meant, or nothing.
func Hint(word string, known []string) string {
	if near := Nearest(word, known); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return ""
}

func last(key string) string { return key[strings.LastIndexByte(key, '.')+1:] }

// Edits is the number of bytes put in, left out, exchanged, or swapped with their neighbour, each byte at most once. It takes time with
// the product of the lengths: long words are the caller's to cut.
func Edits(a, b string) int {
	before, row, next := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		next[0] = i + 1
		for j := range len(b) {
			cost := row[j]
			if a[i] != b[j] {
				cost++
			}
			next[j+1] = min(cost, row[j+1]+1, next[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				next[j+1] = min(next[j+1], before[j-1]+1)
			}
		}
		before, row, next = row, next, before
	}
	return row[len(b)]
}
