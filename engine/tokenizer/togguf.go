package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"
)

// GGUF is a vocabulary in the terms of GGUF metadata: tokenizer.ggml.*, and the chat template.
type GGUF struct {
	Model, Pre string // tokenizer.ggml.model and .pre
	Tokens     []string
	Types      []int32
	Merges     []string
	BOS, EOS   int32   // -1 = none
	EOT        []int32 // other ends of generation
	AddBOS     bool
	Template   string
}

// preferred are the names of pre-tokenizers to write, the first that means the same; the others are synonyms of these.
var preferred = []string{"gpt-2", "smollm", "qwen2", "llama-bpe", "qwen35", "deepseek-llm", "deepseek-coder", "deepseek-v3", "tekken", "gpt-4o", "falcon", "command-r", "stablelm2", "dbrx"}

// ToGGUF reads the tokenizer of a Hugging Face folder as GGUF metadata would hold it, filled up with unused tokens to size, the rows of
// the model's table. Two kinds can be said there. A byte-level BPE is llama.cpp's "gpt2" with the name of its pre-tokenizer. A WordLevel
// vocabulary becomes a "gpt2" without merges, whose words of several bytes are user-defined tokens: those are cut out of a text longest
// first, before anything else, which is the same as whole words where no word is the beginning of two.
func ToGGUF(dir string, size int) (GGUF, error) {
	from := files{os.DirFS(dir), dir}
	doc, err := from.read("tokenizer.json", maxTokenizerJSON)
	if errors.Is(err, os.ErrNotExist) {
		return GGUF{}, fmt.Errorf("tokenizer of %s: it has no tokenizer.json: %w", dir, err)
	}
	if err != nil {
		return GGUF{}, err
	}
	g, err := toGGUF(from, doc)
	if err != nil {
		return GGUF{}, fmt.Errorf("say %s in GGUF metadata: %w", filepath.Join(dir, "tokenizer.json"), err)
	}
	if len(g.Tokens) > size {
		return GGUF{}, fmt.Errorf("the tokenizer of %s has %d tokens and the model %d: they do not belong together", dir, len(g.Tokens), size)
	}
	for id := range size {
		if id == len(g.Tokens) {
			g.Tokens, g.Types = append(g.Tokens, ""), append(g.Types, kindUnused)
		}
		if g.Tokens[id] == "" {
			g.Tokens[id], g.Types[id] = fmt.Sprintf("[PAD%d]", id), kindUnused
		}
	}
	return g, nil
}

func toGGUF(dir files, doc []byte) (GGUF, error) {
	var kind struct {
		Model struct {
			Type string `json:"type"`
		} `json:"model"`
	}
	if err := json.Unmarshal(doc, &kind); err != nil {
		return GGUF{}, fmt.Errorf("parse json: %w", err)
	}
	v, first := &vocabulary{bos: -1, eos: -1}, ""
	g := GGUF{Model: "gpt2", Pre: preferred[0]}
	var err error
	if kind.Model.Type == "WordLevel" {
		err = v.wordLevel(doc)
	} else if v, first, err = parseTokenizerJSON(doc); err == nil {
		g.Pre, err = v.familyName()
	}
	if err != nil {
		return GGUF{}, err
	}
	if g.Template, err = v.readConfigs(dir, first); err != nil {
		return GGUF{}, err
	}
	g.BOS, g.EOS, g.AddBOS = v.bos, v.eos, v.addBOS
	for _, id := range v.eog {
		if id != v.eos {
			g.EOT = append(g.EOT, id)
		}
	}
	g.Tokens, g.Types = v.tokens, make([]int32, len(v.tokens))
	for id, token := range v.tokens {
		g.Types[id] = kindNormal
		if token == "" {
			g.Types[id] = kindUnused
		}
	}
	for _, a := range v.added {
		g.Types[a.id] = kindUserDefined
		if a.special {
			g.Types[a.id] = kindControl
		}
	}
	for _, m := range v.merges {
		if strings.Contains(m[0]+m[1], " ") {
			return GGUF{}, fmt.Errorf("merge %q has a token with a space in it, which GGUF cannot say", m)
		}
		g.Merges = append(g.Merges, m[0]+" "+m[1])
	}
	return g, nil
}

// familyName is the name of the pre-tokenizer. llama.cpp normalises nothing, so a normalizer decides only between equal patterns.
func (v *vocabulary) familyName() (string, error) {
	same := func(name string, all bool) bool {
		f := families[name]
		return slices.Equal(f.patterns, v.preTokenizer) && (!all || f.ignoreMerges == v.ignoreMerges && slices.Equal(f.normalizer, v.normalizer))
	}
	for _, all := range []bool{true, false} {
		for _, name := range preferred {
			if same(name, all) {
				return name, nil
			}
		}
	}
	return "", fmt.Errorf("its pre-tokenizer %.200q has no name in GGUF", v.preTokenizer)
}

// wordLevel reads a vocabulary of whole words. A word of one byte is an ordinary token of a byte-level vocabulary; longer ones are
// added tokens, and so are the special ones.
func (v *vocabulary) wordLevel(doc []byte) error {
	var f struct {
		AddedTokens []struct {
			ID      int64  `json:"id"`
			Content string `json:"content"`
			Special bool   `json:"special"`
		} `json:"added_tokens"`
		Normalizer json.RawMessage `json:"normalizer"`
		Model      struct {
			Vocab   map[string]int64 `json:"vocab"`
			Unknown string           `json:"unk_token"`
		} `json:"model"`
	}
	if err := json.Unmarshal(doc, &f); err != nil {
		return fmt.Errorf("parse json: %w", err)
	}
	if len(f.Normalizer) > 0 && string(f.Normalizer) != "null" {
		return errors.New("a WordLevel vocabulary with a normalizer cannot be said: llama.cpp normalises nothing")
	}
	special := map[string]bool{f.Model.Unknown: true}
	for _, a := range f.AddedTokens {
		if f.Model.Vocab == nil {
			f.Model.Vocab = map[string]int64{}
		}
		f.Model.Vocab[a.Content] = a.ID
		special[a.Content] = a.Special
	}
	for word, id := range f.Model.Vocab {
		if word == "" || id < 0 || id >= maxTokens {
			return fmt.Errorf("word %q has id %d, wanted a word and 0 to %d", word, id, maxTokens-1)
		}
		for len(v.tokens) <= int(id) {
			v.tokens, v.ordinary = append(v.tokens, ""), append(v.ordinary, false)
		}
		if v.tokens[id] != "" {
			return fmt.Errorf("words %q and %q both have id %d", v.tokens[id], word, id)
		}
		v.tokens[id] = word
	}
	if len(v.tokens) == 0 {
		return errors.New("the model has no vocab")
	}
	for id, word := range v.tokens {
		switch {
		case word == "":
		case len(word) == 1 && !special[word]:
			v.tokens[id], v.ordinary[id] = encodeBytes([]byte(word)), true
		case !utf8.ValidString(word):
			return fmt.Errorf("word %d is %q, which is not UTF-8", id, word)
		default:
			v.added = append(v.added, addedToken{content: word, id: int32(id), special: special[word]})
		}
	}
	return nil
}
