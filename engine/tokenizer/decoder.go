package tokenizer

import (
	"slices"
	"unicode/utf8"
)

// Decoder turns the bytes of tokens, as they come, into whole characters: a character split over tokens is held back
// until it is complete. Bytes that can no longer become a character are released as U+FFFD, one for each maximal part
// that could have begun one, as Python and the browsers do. The zero value is ready; it is not for several goroutines.
type Decoder struct {
	held [utf8.UTFMax]byte
	n    int // bytes in held, at most 3
}

// NewDecoder gives an empty decoder.
func NewDecoder() *Decoder { return &Decoder{} }

// Push takes the bytes of one token and gives the characters that are complete with them.
func (d *Decoder) Push(piece []byte) string {
	in := piece
	if d.n > 0 {
		in = slices.Concat(d.held[:d.n], piece)
		d.n = 0
	}
	out := make([]byte, 0, len(in))
	for len(in) > 0 {
		if !utf8.FullRune(in) {
			d.n = copy(d.held[:], in)
			break
		}
		r, size := utf8.DecodeRune(in)
		if r == utf8.RuneError && size == 1 {
			size = invalidLen(in)
		}
		out = utf8.AppendRune(out, r)
		in = in[size:]
	}
	return string(out)
}

// invalidLen gives the length of the maximal part of a character that in, which starts with an invalid sequence, has.
func invalidLen(in []byte) int {
	n := 1
	for n < len(in) && n < utf8.UTFMax && !utf8.FullRune(in[:n]) {
		n++
	}
	// in[:n] is where it became clear; its last byte is not part of it.
	if n > 1 {
		n--
	}
	return n
}

// Flush ends the stream: what is held back comes out as one U+FFFD.
func (d *Decoder) Flush() string {
	if d.n == 0 {
		return ""
	}
	d.n = 0
	return "\uFFFD"
}

// Held is the number of bytes held back.
func (d *Decoder) Held() int { return d.n }

// Clone gives an independent copy, for a fork.
func (d *Decoder) Clone() *Decoder {
	c := *d
	return &c
}
