package text

import (
	"bytes"
	"unicode"
	"unicode/utf8"
)

// Boundary is what a cursor steps by.
type Boundary uint8

const (
	Word     Boundary = iota
	Sentence          // ends with . ! ? before white space, or with a line
	Step              // begins behind an empty line; in a text without one, with every line
)

// boundaryWindow bounds what is searched for a boundary, in bytes: a step without an end is no reason to wait.
const boundaryWindow = 1 << 20

// NextBoundary returns where the next word, sentence or step behind at begins, Len where there is none.
func (d *Doc) NextBoundary(kind Boundary, at int) int {
	paragraphs := kind == Step && d.paragraphs()
	for i := max(at, 0) + 1; i < len(d.src) && i-at < boundaryWindow; i++ {
		if d.begins(kind, i, paragraphs) {
			return i
		}
	}
	return len(d.src)
}

// PrevBoundary returns where the last word, sentence or step before at begins, 0 where there is none.
func (d *Doc) PrevBoundary(kind Boundary, at int) int {
	paragraphs := kind == Step && d.paragraphs()
	for i := min(at, len(d.src)) - 1; i > 0 && at-i < boundaryWindow; i-- {
		if d.begins(kind, i, paragraphs) {
			return i
		}
	}
	return 0
}

// begins says whether a word, sentence or step begins at byte i > 0.
func (d *Doc) begins(kind Boundary, i int, paragraphs bool) bool {
	if !utf8.RuneStart(d.src[i]) {
		return false
	}
	here, _ := utf8.DecodeRune(d.src[i:])
	before, _ := utf8.DecodeLastRune(d.src[:i])
	if unicode.IsSpace(here) {
		return false
	}
	switch kind {
	case Word:
		return class(before) != class(here)
	case Step:
		return paragraphs && d.newlinesBefore(i) > 1 || !paragraphs && d.newlinesBefore(i) > 0
	}
	if !unicode.IsSpace(before) {
		return false
	}
	if d.newlinesBefore(i) > 0 {
		return true
	}
	j := i
	for closers := 0; j > 0 && closers < 8; {
		r, n := utf8.DecodeLastRune(d.src[:j])
		if !unicode.IsSpace(r) && !closes(r) {
			return r == '.' || r == '!' || r == '?' || r == '。' || r == '！' || r == '？'
		}
		if closes(r) {
			closers++ // bounded: a text of nothing else must not be read again and again
		}
		j -= n
	}
	return false
}

// closes says whether a sign may stand between the end of a sentence and the space behind it.
func closes(r rune) bool {
	switch r {
	case '"', '\'', ')', ']', '}', '*', '_', '”', '’', '»', '」', '』', '）':
		return true
	}
	return false
}

// class is what a word is made of: letters and digits, or signs.
func class(r rune) int {
	switch {
	case unicode.IsSpace(r):
		return 0
	case letter(r) || r == '\'':
		return 1
	}
	return 2
}

func letter(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) || r == '_'
}

// newlinesBefore counts the line breaks in the white space before byte i.
func (d *Doc) newlinesBefore(i int) int {
	n := 0
	for i > 0 {
		r, size := utf8.DecodeLastRune(d.src[:i])
		if !unicode.IsSpace(r) {
			break
		}
		if r == '\n' {
			n++
		}
		i -= size
	}
	return n
}

// paragraphs says whether the text has an empty line in its first part. One behind which nothing comes, as after the words that
// close a thought, parts nothing.
func (d *Doc) paragraphs() bool {
	text := bytes.TrimRightFunc(d.src[:min(len(d.src), boundaryWindow)], unicode.IsSpace)
	empty, begun := false, false // the line so far has no ink, there was some before
	for _, c := range text {
		switch {
		case c == '\n' && empty && begun:
			return true
		case c == '\n':
			empty = true
		case c != ' ' && c != '\t' && c != '\r':
			empty, begun = false, true
		}
	}
	return false
}
