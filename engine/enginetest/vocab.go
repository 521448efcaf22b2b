package enginetest

import (
	"bytes"
	"unicode/utf8"
)

// Vocab is a tokenizer one can read: ids 0 to 255 are the bytes, then come the words, then the special tokens.
type Vocab struct {
	pieces   [][]byte
	specials map[string]int32
	ends     []int32
}

// The special tokens of NewVocab.
const (
	ThinkOpen  = "<think>"
	ThinkClose = "</think>"
	TurnStart  = "<|im_start|>"
	TurnEnd    = "<|im_end|>"
)

// NewVocab returns a vocabulary with a few words, the tags of a thought and of a turn. TurnEnd ends a turn.
func NewVocab() *Vocab {
	v := &Vocab{specials: map[string]int32{}}
	for b := range 256 {
		v.pieces = append(v.pieces, []byte{byte(b)})
	}
	for _, w := range []string{"think", "answer", "Wait", " so", " the", " number", " is", "Final", " Answer", "\n\n", "é"} {
		v.pieces = append(v.pieces, []byte(w))
	}
	for _, s := range []string{ThinkOpen, ThinkClose, TurnStart, TurnEnd} {
		v.specials[s] = int32(len(v.pieces))
		v.pieces = append(v.pieces, []byte(s))
	}
	v.ends = []int32{v.specials[TurnEnd]}
	return v
}

// Size is the number of ids.
func (v *Vocab) Size() int { return len(v.pieces) }

// Encode always takes the longest piece that fits; special tokens only with parseSpecial.
func (v *Vocab) Encode(text string, parseSpecial bool) ([]int32, error) {
	var ids []int32
	for b := []byte(text); len(b) > 0; {
		best := int32(b[0])
		for id, p := range v.pieces {
			_, special := v.specials[string(p)]
			if (parseSpecial || !special) && len(p) > len(v.pieces[best]) && bytes.HasPrefix(b, p) {
				best = int32(id)
			}
		}
		ids = append(ids, best)
		b = b[len(v.pieces[best]):]
	}
	return ids, nil
}

// ID is the id of a special token.
func (v *Vocab) ID(special string) (int32, bool) {
	id, ok := v.specials[special]
	return id, ok
}

// Special is the id of a special token that there is.
func (v *Vocab) Special(s string) int32 { return v.specials[s] }

// Piece is the bytes of an id, nil for an unknown one.
func (v *Vocab) Piece(id int32) []byte {
	if id < 0 || int(id) >= len(v.pieces) {
		return nil
	}
	return v.pieces[id]
}

// EndIDs end a turn.
func (v *Vocab) EndIDs() []int32 { return v.ends }

// Decoder holds back the bytes of a character until it is complete.
type Decoder struct{ held []byte }

// Push returns what is complete after piece; bytes that can no longer become a character are replaced.
func (d *Decoder) Push(piece []byte) string {
	d.held = append(d.held, piece...)
	n := 0
	for n < len(d.held) && utf8.FullRune(d.held[n:]) {
		_, size := utf8.DecodeRune(d.held[n:])
		n += size
	}
	out := string(bytes.ToValidUTF8(d.held[:n], []byte("\uFFFD")))
	d.held = append([]byte(nil), d.held[n:]...)
	return out
}
