package tokenizer

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// ToFolder writes the vocabulary of a GGUF file as the tokenizer files of a Hugging Face folder, by name: tokenizer.json for the
// tokenizers library, tokenizer_config.json with the special tokens and the chat template. context is the model's, in tokens.
func ToFolder(meta Meta, context int) (map[string][]byte, error) {
	v, err := vocabularyOfGGUF(meta)
	if err == nil {
		err = v.check()
	}
	if err != nil {
		return nil, fmt.Errorf("write the tokenizer of a gguf file as tokenizer.json: %w", err)
	}
	doc, err := v.folderJSON()
	if err != nil {
		return nil, fmt.Errorf("write the tokenizer of a gguf file as tokenizer.json: %w", err)
	}
	config := map[string]any{
		"tokenizer_class": "PreTrainedTokenizerFast", "add_bos_token": v.addBOS, "add_prefix_space": false,
		"clean_up_tokenization_spaces": false, "model_max_length": context,
	}
	for key, id := range map[string]int32{"bos_token": v.bos, "eos_token": v.eos} {
		if id >= 0 {
			config[key] = v.tokens[id]
		}
	}
	if n, ok := meta.Int("tokenizer.ggml.padding_token_id"); ok && n >= 0 && n < int64(len(v.tokens)) {
		config["pad_token"] = v.tokens[n]
	}
	if src, ok := meta.String("tokenizer.chat_template"); ok && src != "" {
		config["chat_template"] = src
	}
	second, err := pretty(config)
	if err != nil {
		return nil, err
	}
	return map[string][]byte{"tokenizer.json": doc, "tokenizer_config.json": second}, nil
}

// typed is an object of tokenizer.json: {"type": ..., ...}.
type typed map[string]any

// folderJSON writes the whole vocabulary, added tokens included, in the order of ids.
func (v *vocabulary) folderJSON() ([]byte, error) {
	added := make([]typed, 0, len(v.added))
	isAdded := map[int32]bool{}
	for _, a := range v.added {
		isAdded[a.id] = true
		added = append(added, typed{
			"id": a.id, "content": a.content, "special": a.special, "normalized": false,
			"single_word": a.singleWord, "lstrip": a.lstrip, "rstrip": a.rstrip,
		})
	}
	// The library numbers an added token by the vocabulary where that has it, and else behind its end: so all are in it.
	index := map[string]int32{}
	for id, token := range v.tokens {
		if v.ordinary[id] || isAdded[int32(id)] {
			index[token] = int32(id)
		}
	}
	merges, err := v.mergesWithin(index)
	if err != nil {
		return nil, err
	}
	words := slices.SortedFunc(maps.Keys(index), func(a, b string) int { return cmp.Or(cmp.Compare(index[a], index[b]), cmp.Compare(a, b)) })
	var vocab bytes.Buffer
	for i, token := range words {
		if i > 0 {
			vocab.WriteByte(',')
		}
		key, err := plainMarshal(token)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&vocab, "%s:%d", key, index[token])
	}
	var normalizer any
	if len(v.normalizer) > 0 {
		all := []typed{}
		for _, n := range v.normalizer {
			all = append(all, typed{"type": n})
		}
		normalizer = typed{"type": "Sequence", "normalizers": all}
	}
	byteLevel := typed{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": false}
	cuts := []typed{}
	for _, re := range v.preTokenizer {
		cuts = append(cuts, typed{"type": "Split", "pattern": typed{"Regex": re}, "behavior": "Isolated", "invert": false})
	}
	return pretty(typed{
		"version": "1.0", "truncation": nil, "padding": nil, "added_tokens": added, "normalizer": normalizer,
		"pre_tokenizer":  typed{"type": "Sequence", "pretokenizers": append(cuts, byteLevel)},
		"post_processor": v.postProcessor(byteLevel), "decoder": byteLevel,
		"model": typed{
			"type": "BPE", "dropout": nil, "unk_token": nil, "continuing_subword_prefix": nil, "end_of_word_suffix": nil,
			"fuse_unk": false, "byte_fallback": false, "ignore_merges": v.ignoreMerges,
			"vocab": json.RawMessage("{" + vocab.String() + "}"), "merges": merges,
		},
	})
}

// mergesWithin gives the merges whose parts are in the vocabulary. A merge that spells an added token is left out: a control token must
// not come from text, and one of ordinary text (a run of spaces) is cut out before merges are tried.
func (v *vocabulary) mergesWithin(index map[string]int32) ([][2]string, error) {
	apart := map[string]bool{}
	for _, a := range v.added {
		apart[a.content] = true
		if spelled := encodeBytes([]byte(a.content)); !v.has(index, spelled) {
			apart[spelled] = true
		}
	}
	out := [][2]string{}
merges:
	for i, m := range v.merges {
		for _, part := range []string{m[0], m[1], m[0] + m[1]} {
			if apart[part] {
				continue merges
			}
			if _, known := index[part]; !known {
				return nil, fmt.Errorf("merge %d (%q %q): %q is not in the vocabulary", i, m[0], m[1], part)
			}
		}
		out = append(out, m)
	}
	return out, nil
}

// has says whether a token of the index is an ordinary one.
func (v *vocabulary) has(index map[string]int32, token string) bool {
	id, ok := index[token]
	return ok && v.ordinary[id]
}

// postProcessor puts the first token before a text where the vocabulary asks for it.
func (v *vocabulary) postProcessor(byteLevel typed) typed {
	if !v.addBOS || v.bos < 0 {
		return byteLevel
	}
	bos := v.tokens[v.bos]
	token := typed{"SpecialToken": typed{"id": bos, "type_id": 0}}
	text := func(id string, n int) typed { return typed{"Sequence": typed{"id": id, "type_id": n}} }
	return typed{"type": "Sequence", "processors": []typed{byteLevel, {
		"type": "TemplateProcessing", "single": []typed{token, text("A", 0)}, "pair": []typed{token, text("A", 0), token, text("B", 1)},
		"special_tokens": typed{bos: typed{"id": bos, "ids": []int32{v.bos}, "tokens": []string{bos}}},
	}}}
}

// plainMarshal is json.Marshal without its escapes for HTML: <think> stays readable.
func plainMarshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("write json: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

func pretty(v any) ([]byte, error) {
	b, err := plainMarshal(v)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, b, "", "  "); err != nil {
		return nil, fmt.Errorf("write json: %w", err)
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}
