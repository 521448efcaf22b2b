package tape

import (
	"encoding/json"
	"strings"
)

// TokenizerJSON gives the tokenizer.json of the vocabulary, as the Rust tokenizers library reads it: a byte-level BPE without
// merges, which by itself finds tokens of one character only. The longer ones are added tokens, found first, the leftmost and
// longest. They stand in the BPE's vocab too: a reader that adds them anew, as transformers does, numbers what it does not find
// there itself. The four in angle brackets are special.
func TokenizerJSON() []byte {
	type added struct {
		ID         int    `json:"id"`
		Content    string `json:"content"`
		SingleWord bool   `json:"single_word"`
		LStrip     bool   `json:"lstrip"`
		RStrip     bool   `json:"rstrip"`
		Normalized bool   `json:"normalized"`
		Special    bool   `json:"special"`
	}
	var more []added
	vocab := map[string]int{}
	for id, text := range Tokens() {
		if text == "\n" {
			text = "Ċ" // as the byte-level alphabet writes it
		}
		vocab[text] = id
		if id == int(Newline) || len(text) == 1 {
			continue
		}
		more = append(more, added{ID: id, Content: text, Special: strings.HasPrefix(text, "<")})
	}
	type dict = map[string]any
	doc, err := json.MarshalIndent(dict{
		"version": "1.0", "truncation": nil, "padding": nil, "normalizer": nil, "post_processor": nil,
		"added_tokens":  more,
		"pre_tokenizer": dict{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": true},
		"decoder":       dict{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": true},
		"model": dict{
			"type": "BPE", "dropout": nil, "unk_token": nil, "continuing_subword_prefix": nil, "end_of_word_suffix": nil,
			"fuse_unk": false, "byte_fallback": false, "ignore_merges": false, "vocab": vocab, "merges": []string{},
		},
	}, "", " ")
	if err != nil {
		panic(err) // strings, numbers and maps of them
	}
	return append(doc, '\n')
}
