package remote

import (
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"s1/engine/trace"
)

// vocabulary is what a route knows of tokens: think.Vocabulary, and the two ways between a stored token and an id.
type vocabulary interface {
	Encode(text string, parseSpecial bool) ([]int32, error)
	ID(special string) (int32, bool)
	Piece(id int32) []byte
	EndIDs() []int32

	// stored is the id that a log shows: -1 where ids mean nothing outside this run.
	stored(id int32) int32
	// again is the id of a token of a log.
	again(t trace.Token) (int32, error)
}

// words is the vocabulary of a server that tells no ids: every different text that went by is a word, numbered as it came.
// The tags of the think format are words of their own; the same letters written by a user are not.
type words struct {
	specials []string

	mu     sync.Mutex
	ids    map[string]int32
	pieces [][]byte
}

// endOfTurn is the word that stands for the end of an answer, which a server tells by ending its stream.
const endOfTurn = 0

func newWords(specials []string) *words {
	w := &words{specials: specials, ids: map[string]int32{}, pieces: [][]byte{{}}}
	for _, s := range specials {
		w.ids["<"+s] = int32(len(w.pieces))
		w.pieces = append(w.pieces, []byte(s))
	}
	return w
}

// word is the number of a text that is no tag.
func (w *words) word(text string) int32 {
	w.mu.Lock()
	defer w.mu.Unlock()
	id, ok := w.ids["-"+text]
	if !ok {
		id = int32(len(w.pieces))
		w.ids["-"+text] = id
		w.pieces = append(w.pieces, []byte(text))
	}
	return id
}

// ID implements think.Vocabulary.
func (w *words) ID(special string) (int32, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	id, ok := w.ids["<"+special]
	return id, ok
}

// Piece implements think.Vocabulary.
func (w *words) Piece(id int32) []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	if id < 0 || int(id) >= len(w.pieces) {
		return nil
	}
	return w.pieces[id]
}

// EndIDs implements think.Vocabulary.
func (w *words) EndIDs() []int32 { return []int32{endOfTurn} }

// Encode implements think.Vocabulary. A text of ours is cut into words with the space before them, and newlines: about as
// many as a tokenizer would make of it.
func (w *words) Encode(text string, parseSpecial bool) ([]int32, error) {
	var ids []int32
	for text != "" {
		at, tag := len(text), ""
		if parseSpecial {
			at, tag = firstTag(text, w.specials)
		}
		for prose := text[:at]; prose != ""; {
			n := firstWord(prose)
			ids = append(ids, w.word(prose[:n]))
			prose = prose[n:]
		}
		if tag != "" {
			id, _ := w.ID(tag) // it is one of ours
			ids = append(ids, id)
		}
		text = text[at+len(tag):]
	}
	return ids, nil
}

func (w *words) stored(int32) int32 { return -1 }

func (w *words) again(t trace.Token) (int32, error) {
	if t.Origin != trace.OriginInjected || !t.Counted && t.Phase == trace.PhaseThinking {
		if id, ok := w.ID(string(t.Bytes)); ok {
			return id, nil
		}
	}
	return w.word(string(t.Bytes)), nil
}

// firstTag is where the first of the tags begins in a text; tag is "" and at the end when there is none.
func firstTag(text string, tags []string) (at int, tag string) {
	at = len(text)
	for _, s := range tags {
		if i := strings.Index(text, s); i >= 0 && i < at {
			at, tag = i, s
		}
	}
	return at, tag
}

// firstWord is the length of the first word of a text: newlines together, or spaces and what follows them.
func firstWord(text string) int {
	i := 0
	for i < len(text) && text[i] == '\n' {
		i++
	}
	if i > 0 {
		return i
	}
	letters := false
	for i < len(text) {
		r, n := utf8.DecodeRuneInString(text[i:])
		if r == '\n' || letters && unicode.IsSpace(r) {
			break
		}
		letters = letters || !unicode.IsSpace(r)
		i += n
	}
	return i
}

// cutter takes tags out of a text that comes in parts. A part's end that may be the beginning of a tag is held back.
type cutter struct {
	tags []string
	held string
}

// cut is a part of a text: a tag, or what stands between tags.
type cut struct {
	text string
	tag  bool
}

func (c *cutter) push(text string) []cut {
	text, c.held = c.held+text, ""
	var out []cut
	for text != "" {
		at, tag := firstTag(text, c.tags)
		if tag == "" {
			keep := beginning(text, c.tags)
			text, c.held = text[:len(text)-keep], text[len(text)-keep:]
			at = len(text)
		}
		if at > 0 {
			out = append(out, cut{text: text[:at]})
		}
		if tag != "" {
			out = append(out, cut{text: tag, tag: true})
		}
		text = text[at+len(tag):]
	}
	return out
}

// flush releases what was held back: the text has ended.
func (c *cutter) flush() string {
	s := c.held
	c.held = ""
	return s
}

// beginning is the length of the longest end of text that a tag begins with.
func beginning(text string, tags []string) int {
	longest := 0
	for _, t := range tags {
		for n := min(len(t)-1, len(text)); n > longest; n-- {
			if strings.HasSuffix(text, t[:n]) {
				longest = n
			}
		}
	}
	return longest
}

// whole turns the bytes of tokens into whole characters, as they come. What cannot become one is U+FFFD.
type whole struct{ held []byte }

func (w *whole) push(b []byte) string {
	in := slices.Concat(w.held, b)
	w.held = nil
	for n := 1; n < utf8.UTFMax && n <= len(in); n++ {
		if tail := in[len(in)-n:]; utf8.RuneStart(tail[0]) {
			if !utf8.FullRune(tail) {
				w.held = slices.Clone(tail)
				in = in[:len(in)-n]
			}
			break
		}
	}
	return strings.ToValidUTF8(string(in), "\uFFFD")
}
