package tokenizer

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
)

// Meta is the metadata of a GGUF file, as far as this package asks for it. A missing key gives false, or nil.
type Meta interface {
	String(key string) (string, bool)
	Int(key string) (int64, bool)
	Bool(key string) (value, ok bool)
	Strings(key string) []string
	Ints(key string) []int64
}

// Kinds of token in tokenizer.ggml.token_type.
const (
	kindNormal      = 1
	kindUnknown     = 2
	kindControl     = 3
	kindUserDefined = 4
	kindUnused      = 5
	kindByte        = 6
)

// FromGGUF makes the tokenizer of a GGUF file's metadata, its chat template included. It takes byte-level BPE
// vocabularies (tokenizer.ggml.model = gpt2) whose pre-tokenizer it knows by name.
func FromGGUF(meta Meta) (*Tokenizer, error) {
	v, err := vocabularyOfGGUF(meta)
	if err != nil {
		return nil, fmt.Errorf("read the tokenizer of a gguf file: %w", err)
	}
	t, err := build(v)
	if err != nil {
		return nil, fmt.Errorf("read the tokenizer of a gguf file: %w", err)
	}
	if src, ok := meta.String("tokenizer.chat_template"); ok && src != "" {
		t.tmpl = newTemplate(src, t)
	}
	return t, nil
}

func vocabularyOfGGUF(meta Meta) (*vocabulary, error) {
	model, ok := meta.String("tokenizer.ggml.model")
	if !ok {
		return nil, fmt.Errorf("tokenizer.ggml.model is missing: the file has no vocabulary")
	}
	if model != "gpt2" {
		return nil, fmt.Errorf("vocabulary model %q is not supported; supported is gpt2 (byte-level BPE: Llama 3, Qwen, SmolLM, "+
			"DeepSeek); for a SentencePiece model use its Hugging Face folder if that has a byte-level tokenizer.json", model)
	}
	pre, ok := meta.String("tokenizer.ggml.pre")
	if !ok {
		return nil, fmt.Errorf("tokenizer.ggml.pre is missing: the file is too old to say how text is cut into words; convert the model again")
	}
	fam, err := familyNamed(pre)
	if err != nil {
		return nil, err
	}
	tokens, kinds := meta.Strings("tokenizer.ggml.tokens"), meta.Ints("tokenizer.ggml.token_type")
	if len(tokens) == 0 || len(tokens) > maxTokens {
		return nil, fmt.Errorf("tokenizer.ggml.tokens has %d entries, wanted 1 to %d", len(tokens), maxTokens)
	}
	if kinds != nil && len(kinds) != len(tokens) {
		return nil, fmt.Errorf("tokenizer.ggml.token_type has %d entries for %d tokens", len(kinds), len(tokens))
	}
	v := &vocabulary{
		tokens: tokens, ordinary: make([]bool, len(tokens)), bos: -1, eos: -1,
		preTokenizer: fam.patterns, normalizer: fam.normalizer, ignoreMerges: fam.ignoreMerges, addBOS: fam.addBOS,
	}
	for id, token := range tokens {
		kind := int64(kindNormal)
		if kinds != nil {
			kind = kinds[id]
		}
		switch kind {
		case kindNormal, kindByte:
			v.ordinary[id] = token != ""
		case kindUserDefined, kindControl, kindUnknown:
			if token != "" {
				v.added = append(v.added, addedToken{content: token, id: int32(id), special: kind != kindUserDefined})
			}
		case kindUnused:
		default:
			return nil, fmt.Errorf("token %d has type %d, known are 1 to 6", id, kind)
		}
	}
	merges := meta.Strings("tokenizer.ggml.merges")
	if len(merges) > maxMerges {
		return nil, fmt.Errorf("tokenizer.ggml.merges has %d entries, at most %d", len(merges), maxMerges)
	}
	for i, m := range merges {
		left, right, ok := strings.Cut(m, " ")
		if !ok || left == "" || right == "" {
			return nil, fmt.Errorf("merge %d is %q, wanted two tokens with a space between", i, m)
		}
		v.merges = append(v.merges, [2]string{left, right})
	}
	if err := v.specialsOfGGUF(meta); err != nil {
		return nil, err
	}
	v.sha = shaOfGGUF(model, pre, tokens, kinds, merges)
	return v, nil
}

func (v *vocabulary) specialsOfGGUF(meta Meta) error {
	id := func(name string) (int32, error) {
		key := "tokenizer.ggml." + name + "_token_id"
		n, ok := meta.Int(key)
		if !ok || n == -1 || n == 0xFFFFFFFF {
			return -1, nil
		}
		if n < 0 || n >= int64(len(v.tokens)) {
			return -1, fmt.Errorf("%s is %d, outside the vocabulary of %d tokens", key, n, len(v.tokens))
		}
		return int32(n), nil
	}
	var err error
	if v.bos, err = id("bos"); err != nil {
		return err
	}
	if v.eos, err = id("eos"); err != nil {
		return err
	}
	for _, name := range []string{"eot", "eom"} {
		end, err := id(name)
		if err != nil {
			return err
		}
		if end >= 0 {
			v.eog = append(v.eog, end)
		}
	}
	if b, ok := meta.Bool("tokenizer.ggml.add_bos_token"); ok {
		v.addBOS = b
	}
	return nil
}

// shaOfGGUF is over every string with its length before it, and every type, so that no two vocabularies share it.
func shaOfGGUF(model, pre string, tokens []string, kinds []int64, merges []string) string {
	h := sha256.New()
	var buf []byte
	number := func(n int64) { buf = binary.LittleEndian.AppendUint64(buf, uint64(n)) }
	list := func(ss ...string) {
		number(int64(len(ss)))
		for _, s := range ss {
			number(int64(len(s)))
			buf = append(buf, s...)
			if len(buf) > 32<<10 {
				h.Write(buf)
				buf = buf[:0]
			}
		}
	}
	list(model, pre)
	list(tokens...)
	list(merges...)
	number(int64(len(kinds)))
	for _, k := range kinds {
		number(k)
	}
	h.Write(buf)
	return hex.EncodeToString(h.Sum(nil))
}
