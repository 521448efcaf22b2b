package tokenizer

import "unicode/utf8"

// Byte-level BPE writes each byte as one printable character: the printable ones of Latin-1 stand for themselves, the
// other 68 follow from U+0100 on, in order (GPT-2's encoder).

// byteOf maps a character below U+0144 to its byte, or -1.
var byteOf, runeOf = byteAlphabet()

func byteAlphabet() (from [0x144]int16, to [256]rune) {
	for i := range from {
		from[i] = -1
	}
	next := rune(0x100)
	for b := range 256 {
		r := rune(b)
		if !(b >= '!' && b <= '~' || b >= 0xA1 && b <= 0xAC || b >= 0xAE) {
			r = next
			next++
		}
		from[r], to[b] = int16(b), r
	}
	return from, to
}

// decodeBytes appends the bytes that a byte-level token stands for. A token with a character outside the alphabet
// stands for its own text.
func decodeBytes(out []byte, token string) []byte {
	n := len(out)
	for _, r := range token {
		if r >= rune(len(byteOf)) || byteOf[r] < 0 {
			return append(out[:n], token...)
		}
		out = append(out, byte(byteOf[r]))
	}
	return out
}

// encodeBytes writes bytes in the byte-level alphabet.
func encodeBytes(b []byte) string {
	out := make([]byte, 0, 2*len(b))
	for _, c := range b {
		out = utf8.AppendRune(out, runeOf[c])
	}
	return string(out)
}

// pieces holds the bytes of every token, end to end.
type pieces struct {
	bytes []byte
	ends  []uint32 // ends[id] is where token id ends
}

func (p *pieces) len() int { return len(p.ends) }

func (p *pieces) at(id int32) []byte {
	start := uint32(0)
	if id > 0 {
		start = p.ends[id-1]
	}
	return p.bytes[start:p.ends[id]]
}
