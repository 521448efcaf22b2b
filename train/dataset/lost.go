package dataset

import "fmt"

// lost gives the bytes of a text for which the vocabulary has no token, in their order: the tokenizer leaves them out. special says
// whether control tokens in the text are tokens.
func (p *preparer) lost(text string, special bool) ([]byte, error) {
	if p.t.Dropped(text) == 0 { // each byte has a token of its own, so whatever they become is whole
		return nil, nil
	}
	ids, err := p.t.Encode(text, special)
	if err != nil {
		return nil, err
	}
	var gone, alone []byte
	at := 0
	for _, id := range ids {
		for _, b := range p.t.Piece(id) {
			for at < len(text) && text[at] != b {
				gone = append(gone, text[at])
				at++
			}
			at++
		}
	}
	if at <= len(text) {
		return append(gone, text[at:]...), nil
	}
	for i := range len(text) { // a normalizer changed the text, so its pieces cannot be laid against it
		if p.t.Dropped(text[i:i+1]) > 0 {
			alone = append(alone, text[i])
		}
	}
	return alone, nil
}

// lose counts what a document's text loses.
func (d *document) lose(p *preparer, special bool, texts ...string) error {
	for _, text := range texts {
		gone, err := p.lost(text, special)
		if err != nil {
			return err
		}
		d.lost = append(d.lost, gone...)
	}
	return nil
}

// shownLost is how many characters of the bytes without a token an error shows.
const shownLost = 32

// unfit says that a row's text is not what the model would see.
func unfit(lost []byte) error {
	return fmt.Errorf("%d bytes of its text have no token in the model's vocabulary (%.*q), so the model would be trained on another text: take them out, or another model, or say lost_bytes = \"allow\"",
		len(lost), shownLost, lost)
}
