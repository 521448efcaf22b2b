package engine

import (
	"errors"
	"fmt"
	"slices"

	"s1/engine/arch"
	"s1/engine/tokenizer"
	"s1/engine/weights"
)

// vocabulary is a tokenizer with every id that ends a turn: those of its files and those of the model's own description.
type vocabulary struct {
	*tokenizer.Tokenizer
	ends []int32
}

// EndIDs implements think.Vocabulary.
func (v vocabulary) EndIDs() []int32 { return v.ends }

func endIDs(t *tokenizer.Tokenizer, g arch.Generation) []int32 {
	ends := t.EndOfGeneration()
	for _, id := range g.EOS {
		if !slices.Contains(ends, id) {
			ends = append(ends, id)
		}
	}
	return ends
}

// openTokenizer finds the tokenizer of a model: in the GGUF file, or beside the weights.
func openTokenizer(w *weights.Model, vocab int) (*tokenizer.Tokenizer, error) {
	var t *tokenizer.Tokenizer
	var err error
	if w.Kind == weights.KindGGUF {
		t, err = tokenizer.FromGGUF(ggufMeta{w.Meta})
	} else {
		t, err = tokenizer.FromFS(w.Files, w.Path)
	}
	if err != nil {
		return nil, err
	}
	if t.VocabSize() > vocab {
		t.Close()
		return nil, fmt.Errorf("the tokenizer has %d tokens and the model %d: they do not belong together", t.VocabSize(), vocab)
	}
	return t, nil
}

// ggufMeta is the metadata of a GGUF file as a tokenizer reads it: what is absent is empty.
type ggufMeta struct{ *weights.Meta }

// Strings implements tokenizer.Meta.
func (m ggufMeta) Strings(key string) []string {
	v, _ := m.Meta.Strings(key)
	return v
}

// Ints implements tokenizer.Meta.
func (m ggufMeta) Ints(key string) []int64 {
	v, _ := m.Meta.Ints(key)
	return v
}

// prompts makes prompts with a model's chat template.
type prompts struct{ t *tokenizer.Tokenizer }

func (p prompts) render(system, prompt string, thinking *bool) (ids []int32, text string, err error) {
	if p.t.Template() == nil {
		return p.bare(system, prompt)
	}
	var messages []tokenizer.Message
	if system != "" {
		messages = append(messages, tokenizer.Message{Role: "system", Content: system})
	}
	messages = append(messages, tokenizer.Message{Role: "user", Content: prompt})
	return p.t.EncodeChat(messages, tokenizer.RenderOptions{AddGenerationPrompt: true, EnableThinking: thinking})
}

// bare is the prompt of a model without a chat template: the text itself.
func (p prompts) bare(system, prompt string) (ids []int32, text string, err error) {
	text = prompt
	if system != "" {
		text = system + "\n\n" + prompt
	}
	if ids, err = p.t.Encode(text, false); err != nil {
		return nil, "", err
	}
	if bos, ok := p.t.BOS(); ok && p.t.AddBOS() {
		ids = slices.Insert(ids, 0, bos)
		text = string(p.t.Piece(bos)) + text
	}
	return ids, text, nil
}

// OpenTokenizer opens a model's tokenizer alone.
func OpenTokenizer(path string) (*tokenizer.Tokenizer, error) {
	w, err := weights.Open(path)
	if err != nil {
		return nil, err
	}
	t, err := TokenizerOf(w)
	return t, errors.Join(err, w.Close())
}

// TokenizerOf opens the tokenizer of an opened model, which may be closed afterwards.
func TokenizerOf(w *weights.Model) (*tokenizer.Tokenizer, error) {
	c, err := arch.Parse(w)
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", w.Path, err)
	}
	t, err := openTokenizer(w, c.Vocab)
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", w.Path, err)
	}
	return t, nil
}
