package text

import (
	"bytes"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Reflection finds words with which a thought turns on itself.
type Reflection struct {
	words [][]byte  // longest first
	first [256]bool // bytes with which one of them may begin
}

// NewReflection looks for the given words and phrases, in capitals or not; none = the usual ones.
func NewReflection(words []string) Reflection {
	var r Reflection
	for _, w := range words {
		r.add(w)
	}
	if len(r.words) == 0 {
		for _, w := range []string{"wait", "but", "hmm", "alternatively", "however", "actually", "let me check", "let me double-check", "on second thought"} {
			r.add(w)
		}
	}
	slices.SortStableFunc(r.words, func(a, b []byte) int { return len(b) - len(a) })
	return r
}

func (r *Reflection) add(word string) {
	word = strings.TrimSpace(word)
	if word == "" {
		return
	}
	r.words = append(r.words, []byte(word))
	head, _ := utf8.DecodeRuneInString(word)
	r.first[word[0]] = true
	for f := unicode.SimpleFold(head); f != head; f = unicode.SimpleFold(f) {
		r.first[string(f)[0]] = true
	}
}

// All returns where such words begin, ascending.
func (r Reflection) All(d *Doc) []int {
	var hits []int
	for i := 0; i < len(d.src) && len(hits) < maxHits; i++ {
		if !r.first[d.src[i]] {
			continue
		}
		if n := r.at(d.src, i); n > 0 {
			hits = append(hits, i)
			i += n - 1
		}
	}
	return hits
}

// at returns the bytes of the word that stands at byte i, 0 for none.
func (r *Reflection) at(b []byte, i int) int {
	if joined(b, i) {
		return 0
	}
	for _, w := range r.words {
		if end := i + len(w); end <= len(b) && bytes.EqualFold(b[i:end], w) && !joined(b, end) {
			return len(w)
		}
	}
	return 0
}

// joined says whether the characters before and after byte i belong to one word. Scripts that are written without spaces
// have no such place: a word of theirs is found wherever it stands.
func joined(b []byte, i int) bool {
	if i == 0 || i == len(b) {
		return false
	}
	if !utf8.RuneStart(b[i]) {
		return true
	}
	if x, y := b[i-1], b[i]; x < utf8.RuneSelf && y < utf8.RuneSelf { // nearly always, and a table of scripts is slow
		return word(x) && word(y)
	}
	before, _ := utf8.DecodeLastRune(b[:i])
	after, _ := utf8.DecodeRune(b[i:])
	return letter(before) && letter(after) && !unspaced(before) && !unspaced(after)
}

// word is letter for ASCII.
func word(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '_'
}

func unspaced(r rune) bool {
	return r >= 0x0e00 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}
