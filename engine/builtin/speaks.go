package builtin

import (
	"slices"

	"s1/engine"
	"s1/engine/builtin/tape"
)

// Speaks says whether a model reads and writes the tape: it has the tape's 55 tokens, each with its own id, and its template
// makes the tape's prompt of a problem. A Hugging Face folder and the GGUF file made of it name their vocabularies by different
// hashes, so that it is the tokens themselves that are compared.
func Speaks(p *engine.Parts) bool {
	if p.Known != int(tape.VocabSize) {
		return false
	}
	for id, text := range tape.Tokens() {
		ids, err := p.Vocabulary.Encode(text, true)
		if err != nil || len(ids) != 1 || ids[0] != int32(id) || string(p.Vocabulary.Piece(int32(id))) != text {
			return false
		}
	}
	want, err := tape.Parse(tape.Example)
	if err != nil {
		return false
	}
	ids, _, err := p.Render("", want.String(), nil)
	return err == nil && slices.Equal(ids, tape.Encode(want))
}

// Take gives a model that speaks the tape what the built-in one has: how a person's words become a problem, its right answer,
// what to say where they do not, and the words that can stand in place of an end. It says whether p is such a model.
func Take(p *engine.Parts) bool {
	if !Speaks(p) {
		return false
	}
	dress(p)
	return true
}

func dress(p *engine.Parts) {
	p.Question, p.Info.Hint, p.Info.Words = Question, Hint, []string{"Wait", "Again"}
}
