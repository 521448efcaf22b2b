package tokenizer

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// addedToken is a token found in the text before anything else happens to it.
type addedToken struct {
	content    string
	id         int32
	special    bool // the model's files call it special (GGUF: control)
	lstrip     bool // it swallows whitespace on its left
	rstrip     bool // and on its right
	singleWord bool // only between non-word characters
}

// control says whether the token can steer a model: it is special, or it is written as a tag (<think>, [/THINK],
// <tool_call>), which files often list as not special. Text from a user never becomes such a token. What remains are
// runs of spaces and rare letters that the vocabulary got late.
func (a addedToken) control() bool {
	if a.special {
		return true
	}
	c := strings.TrimSpace(a.content)
	if len(c) < 3 {
		return false
	}
	first, last := c[0], c[len(c)-1]
	return first == '<' && last == '>' || first == '[' && last == ']'
}

// addedMatcher finds added tokens: the leftmost, and of those the longest.
type addedMatcher struct {
	tokens  map[string]addedToken
	lengths [256][]int // by first byte: the lengths that occur, longest first
}

func (m *addedMatcher) add(a addedToken) {
	if a.content == "" {
		return
	}
	if m.tokens == nil {
		m.tokens = map[string]addedToken{}
	}
	m.tokens[a.content] = a
	b, n := a.content[0], len(a.content)
	if !slices.Contains(m.lengths[b], n) {
		m.lengths[b] = append(m.lengths[b], n)
		slices.SortFunc(m.lengths[b], func(x, y int) int { return y - x })
	}
}

// next gives the first added token of text: text[:start] is ordinary, text[end:] is not looked at yet. id is -1 when
// there is none; then start = end = len(text).
func (m *addedMatcher) next(text string) (start, end int, id int32) {
	for i := 0; i < len(text); i++ {
		for _, n := range m.lengths[text[i]] {
			if i+n > len(text) {
				continue
			}
			a, ok := m.tokens[text[i:i+n]]
			if !ok || a.singleWord && !standsAlone(text, i, i+n) {
				continue
			}
			start, end = i, i+n
			if a.lstrip {
				start = len(strings.TrimRightFunc(text[:start], unicode.IsSpace))
			}
			if a.rstrip {
				end = len(text) - len(strings.TrimLeftFunc(text[end:], unicode.IsSpace))
			}
			return start, end, a.id
		}
	}
	return len(text), len(text), -1
}

// find gives the place and length of the first token in text for which keep holds; the length is 0 when there is none.
func (m *addedMatcher) find(text string, keep func(addedToken) bool) (at, n int) {
	for i := 0; i < len(text); i++ {
		for _, n := range m.lengths[text[i]] {
			if i+n > len(text) {
				continue
			}
			if a, ok := m.tokens[text[i:i+n]]; ok && keep(a) {
				return i, n
			}
		}
	}
	return len(text), 0
}

func standsAlone(text string, start, end int) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:start])
	after, _ := utf8.DecodeRuneInString(text[end:])
	word := func(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r) }
	return (start == 0 || !word(before)) && (end == len(text) || !word(after))
}
