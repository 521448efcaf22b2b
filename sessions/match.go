package sessions

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of a search text: beyond them a text is a paste that went wrong, and its beginning finds it.
const (
	maxTerms     = 32
	maxTermBytes = 256
	minBeginning = 3 // characters before a *
)

// match turns what a person typed into an expression of FTS5 that has no syntax of its own left: every word is quoted,
// so that AND, NEAR, -, : and ( are words or nothing. Three forms mean something: words all of which must be there,
// "a phrase", and a trailing * for beginnings. It is "" when there is nothing to look for.
func match(text string) string {
	var b strings.Builder
	for i, w := range words(text) {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(`"` + w.text + `"`)
		if w.begins {
			b.WriteByte('*')
		}
	}
	return b.String()
}

// wanted is a word, or the words of a phrase with one space between them.
type wanted struct {
	text   string
	begins bool // the last word is a beginning
}

// words takes a search text apart.
func words(text string) []wanted {
	var terms []wanted
	for len(terms) < maxTerms {
		text = strings.TrimLeftFunc(text, between)
		if text == "" {
			break
		}
		var word string
		if rest, quoted := strings.CutPrefix(text, `"`); quoted {
			end := strings.IndexByte(rest, '"')
			if end < 0 { // the phrase is still being typed
				end = len(rest)
			}
			word, text = rest[:end], rest[min(end+1, len(rest)):]
		} else {
			end := strings.IndexFunc(text, func(r rune) bool { return between(r) || r == '"' })
			if end < 0 {
				end = len(text)
			}
			word, text = text[:end], text[end:]
		}
		star := false
		if strings.HasPrefix(text, "*") { // "a phra"*
			star, text = true, text[1:]
		}
		if w := strings.TrimRight(word, "*"); w != word {
			star, word = true, w
		}
		if word = term(word); word != "" {
			last := word[strings.LastIndexByte(word, ' ')+1:]
			// The index holds beginnings from three characters on; fewer would have to read all of it.
			terms = append(terms, wanted{word, star && utf8.RuneCountInString(last) >= minBeginning})
		}
	}
	return terms
}

func between(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }

// term is a word or phrase with letters, digits and single spaces only: what the index knows. It is cut where it is too long.
func term(s string) string {
	s = strings.ToValidUTF8(s, " ")
	var b strings.Builder
	gap := false
	for _, r := range s {
		if !indexed(r) {
			gap = b.Len() > 0
			continue
		}
		if b.Len() >= maxTermBytes {
			break
		}
		if gap {
			b.WriteByte(' ')
			gap = false
		}
		b.WriteRune(r)
	}
	return b.String()
}

// indexed says whether a rune may be part of a word of the tokenizer unicode61: letters, numbers, private use, and the
// marks that stand on letters. Others only separate.
func indexed(r rune) bool {
	return unicode.In(r, unicode.L, unicode.N, unicode.Co, unicode.M)
}
