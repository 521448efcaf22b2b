package tokenizer

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// tokenizerJSON is what we read of a tokenizer.json. Everything else in it is left behind.
type tokenizerJSON struct {
	AddedTokens []struct {
		ID         int64  `json:"id"`
		Content    string `json:"content"`
		Special    bool   `json:"special"`
		LStrip     bool   `json:"lstrip"`
		RStrip     bool   `json:"rstrip"`
		SingleWord bool   `json:"single_word"`
	} `json:"added_tokens"`
	Normalizer    *component `json:"normalizer"`
	PreTokenizer  *component `json:"pre_tokenizer"`
	PostProcessor *component `json:"post_processor"`
	Model         struct {
		Type         string           `json:"type"`
		Dropout      *float64         `json:"dropout"`
		Prefix       *string          `json:"continuing_subword_prefix"`
		Suffix       *string          `json:"end_of_word_suffix"`
		ByteFallback bool             `json:"byte_fallback"`
		IgnoreMerges bool             `json:"ignore_merges"`
		Vocab        map[string]int64 `json:"vocab"`
		Merges       []merge          `json:"merges"`
	} `json:"model"`
}

// component is a normalizer, pre-tokenizer or post-processor: a tagged union.
type component struct {
	Type          string      `json:"type"`
	Normalizers   []component `json:"normalizers"`
	Pretokenizers []component `json:"pretokenizers"`
	Processors    []component `json:"processors"`
	Pattern       struct {
		Regex  *string `json:"Regex"`
		String *string `json:"String"`
	} `json:"pattern"`
	Behavior         string `json:"behavior"`
	Invert           bool   `json:"invert"`
	IndividualDigits bool   `json:"individual_digits"`
	AddPrefixSpace   bool   `json:"add_prefix_space"`
	UseRegex         *bool  `json:"use_regex"`
	Single           []struct {
		SpecialToken *struct {
			ID string `json:"id"`
		} `json:"SpecialToken"`
	} `json:"single"`
}

// merge is written as "a b" or as ["a", "b"].
type merge [2]string

func (m *merge) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		left, right, ok := strings.Cut(s, " ")
		if !ok || left == "" || right == "" {
			return fmt.Errorf("merge %q is not two tokens with a space between", s)
		}
		*m = merge{left, right}
		return nil
	}
	var pair []string
	if err := json.Unmarshal(b, &pair); err != nil {
		return fmt.Errorf("read a merge: %w", err)
	}
	if len(pair) != 2 || pair[0] == "" || pair[1] == "" {
		return fmt.Errorf("merge %q is not two tokens", pair)
	}
	*m = merge{pair[0], pair[1]}
	return nil
}

// parseTokenizerJSON reads a tokenizer.json into a vocabulary. firstOfText is the special token that the
// post-processor puts before a text, "" if none.
func parseTokenizerJSON(doc []byte) (v *vocabulary, firstOfText string, err error) {
	var f tokenizerJSON
	err = json.Unmarshal(doc, &f)
	m := &f.Model
	if m.Type != "BPE" && m.Type != "" { // first: another type has a vocab of another shape, about which err would be
		return nil, "", fmt.Errorf("model type %q is not supported; supported is byte-level BPE", m.Type)
	}
	if err != nil {
		return nil, "", fmt.Errorf("parse json: %w", err)
	}
	if len(m.Vocab) == 0 {
		return nil, "", fmt.Errorf("the model has no vocab")
	}
	if m.Dropout != nil && *m.Dropout != 0 {
		return nil, "", fmt.Errorf("dropout is %g: ids would be random", *m.Dropout)
	}
	if m.Prefix != nil && *m.Prefix != "" || m.Suffix != nil && *m.Suffix != "" {
		return nil, "", fmt.Errorf("subword prefix and suffix are not supported")
	}
	v = &vocabulary{ignoreMerges: m.IgnoreMerges, bos: -1, eos: -1}
	if v.normalizer, err = normalizers(f.Normalizer, 0); err != nil {
		return nil, "", err
	}
	byteLevel := false
	if v.preTokenizer, err = preTokenizers(f.PreTokenizer, &byteLevel, 0); err != nil {
		return nil, "", err
	}
	if !byteLevel {
		return nil, "", fmt.Errorf("not a byte-level BPE (it has no ByteLevel pre-tokenizer): SentencePiece vocabularies are not supported")
	}
	if err := v.number(&f); err != nil {
		return nil, "", err
	}
	v.merges = make([][2]string, len(m.Merges))
	for i, p := range m.Merges {
		v.merges[i] = p
	}
	sum := sha256.Sum256(doc)
	v.sha = hex.EncodeToString(sum[:])
	return v, firstSpecial(f.PostProcessor, 0), nil
}

// number puts every token at its id.
func (v *vocabulary) number(f *tokenizerJSON) error {
	size := int64(0)
	for token, id := range f.Model.Vocab {
		if id < 0 || id >= maxTokens {
			return fmt.Errorf("token %q has id %d, wanted 0 to %d", token, id, maxTokens-1)
		}
		size = max(size, id+1)
	}
	for _, a := range f.AddedTokens {
		if a.ID < 0 || a.ID >= maxTokens {
			return fmt.Errorf("added token %q has id %d, wanted 0 to %d", a.Content, a.ID, maxTokens-1)
		}
		size = max(size, a.ID+1)
	}
	v.tokens, v.ordinary = make([]string, size), make([]bool, size)
	for token, id := range f.Model.Vocab {
		if token == "" {
			return fmt.Errorf("token %d is empty", id)
		}
		if v.tokens[id] != "" {
			return fmt.Errorf("tokens %q and %q both have id %d", v.tokens[id], token, id)
		}
		v.tokens[id], v.ordinary[id] = token, true
	}
	seen := map[int64]bool{}
	for _, a := range f.AddedTokens {
		if a.Content == "" {
			return fmt.Errorf("added token %d is empty", a.ID)
		}
		if seen[a.ID] {
			return fmt.Errorf("two added tokens have id %d", a.ID)
		}
		seen[a.ID] = true
		v.tokens[a.ID], v.ordinary[a.ID] = a.Content, false
		v.added = append(v.added, addedToken{
			content: a.Content, id: int32(a.ID), special: a.Special,
			lstrip: a.LStrip, rstrip: a.RStrip, singleWord: a.SingleWord,
		})
	}
	return nil
}

const maxNesting = 8 // of Sequence in Sequence

func normalizers(c *component, depth int) ([]string, error) {
	if c == nil {
		return nil, nil
	}
	switch c.Type {
	case "NFC", "NFD", "NFKC", "NFKD":
		return []string{c.Type}, nil
	case "Sequence":
		if depth > maxNesting {
			return nil, fmt.Errorf("normalizers are nested deeper than %d", maxNesting)
		}
		var all []string
		for i := range c.Normalizers {
			n, err := normalizers(&c.Normalizers[i], depth+1)
			if err != nil {
				return nil, err
			}
			all = append(all, n...)
		}
		if len(all) > maxNesting {
			return nil, fmt.Errorf("%d normalizers, at most %d", len(all), maxNesting)
		}
		return all, nil
	}
	return nil, fmt.Errorf("normalizer %q is not supported; supported are NFC, NFD, NFKC, NFKD and Sequence", c.Type)
}

func preTokenizers(c *component, byteLevel *bool, depth int) ([]string, error) {
	if c == nil {
		return nil, nil
	}
	switch c.Type {
	case "ByteLevel":
		if c.AddPrefixSpace {
			return nil, fmt.Errorf("a ByteLevel pre-tokenizer with add_prefix_space is not supported")
		}
		if *byteLevel {
			return nil, fmt.Errorf("two ByteLevel pre-tokenizers")
		}
		*byteLevel = true
		if c.UseRegex == nil || *c.UseRegex {
			return []string{patternGPT2}, nil
		}
		return nil, nil
	case "Digits":
		if c.IndividualDigits {
			return []string{patternDigit}, nil
		}
		return []string{patternDigits}, nil
	case "Split":
		// Removing what does not match is the same as isolating what does: every pattern we know matches everything.
		isolated := c.Behavior == "Isolated" && !c.Invert || c.Behavior == "Removed" && c.Invert
		if !isolated || c.Pattern.Regex == nil {
			return nil, fmt.Errorf("a Split pre-tokenizer with behavior %q and invert %t is not supported", c.Behavior, c.Invert)
		}
		if !knownPattern(*c.Pattern.Regex) {
			return nil, unknownPattern(*c.Pattern.Regex)
		}
		return []string{*c.Pattern.Regex}, nil
	case "Sequence":
		if depth > maxNesting {
			return nil, fmt.Errorf("pre-tokenizers are nested deeper than %d", maxNesting)
		}
		var all []string
		for i := range c.Pretokenizers {
			if *byteLevel {
				return nil, fmt.Errorf("pre-tokenizer %q after ByteLevel is not supported", c.Pretokenizers[i].Type)
			}
			p, err := preTokenizers(&c.Pretokenizers[i], byteLevel, depth+1)
			if err != nil {
				return nil, err
			}
			all = append(all, p...)
		}
		if len(all) > 2*maxNesting {
			return nil, fmt.Errorf("%d pre-tokenizers, at most %d", len(all), 2*maxNesting)
		}
		return all, nil
	}
	return nil, fmt.Errorf("pre-tokenizer %q is not supported; supported are ByteLevel, Digits, Split and Sequence", c.Type)
}

// firstSpecial gives the special token a post-processor puts before a single text.
func firstSpecial(c *component, depth int) string {
	if c == nil || depth > maxNesting {
		return ""
	}
	if c.Type == "TemplateProcessing" && len(c.Single) > 0 && c.Single[0].SpecialToken != nil {
		return c.Single[0].SpecialToken.ID
	}
	for i := range c.Processors {
		if s := firstSpecial(&c.Processors[i], depth+1); s != "" {
			return s
		}
	}
	return ""
}

// idOf gives the id of an added token by its text, or -1.
func (v *vocabulary) idOf(content string) int32 {
	i := slices.IndexFunc(v.added, func(a addedToken) bool { return a.content == content })
	if i < 0 {
		return -1
	}
	return v.added[i].id
}
