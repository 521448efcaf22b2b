package think

import "fmt"

// encode gives the ids of a text of the user's. One with letters or digits that the vocabulary has no tokens for is
// refused: what is left of it would go in as something else than what the user wrote.
func (f *Format) encode(text string) ([]int32, error) {
	ids, err := f.vocab.Encode(text, false)
	if err != nil {
		return nil, fmt.Errorf("encode %q: %w", text, err)
	}
	if !says(f.vocab, ids, text) {
		return nil, fmt.Errorf("this model has no tokens for all of %q", text)
	}
	return ids, nil
}

// says reports whether ids hold every ASCII letter and digit of text. Other characters may have been normalised, and a
// missing control character changes no word.
func says(v Vocabulary, ids []int32, text string) bool {
	n := letters(text)
	for _, id := range ids {
		n -= letters(string(v.Piece(id)))
	}
	return n <= 0
}

// letters counts the ASCII letters and digits of a text; a text with anything outside ASCII has none that are counted.
func letters(text string) int {
	n := 0
	for i := range len(text) {
		switch b := text[i]; {
		case b >= 0x80:
			return 0
		case b >= '0' && b <= '9', b >= 'a' && b <= 'z', b >= 'A' && b <= 'Z':
			n++
		}
	}
	return n
}
