package dataset

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"s1/engine/tokenizer"
)

// Two ChatML templates: one that knows no thoughts, and one in the manner of Qwen3.
const (
	chatML = `{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n' }}{% endfor %}` +
		`{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}`
	thinking = chatML + `{% if add_generation_prompt and enable_thinking is defined and enable_thinking is false %}{{ '<think>\n\n</think>\n\n' }}{% endif %}`
	// always opens the thought itself, as DeepSeek-R1's distillates do
	opened = chatML + `{% if add_generation_prompt %}{{ '<think>\n' }}{% endif %}`
)

// byteTokenizer has a token for each byte, a few words, and control tokens.
func byteTokenizer(t testing.TB, template string, control ...string) *tokenizer.Tokenizer {
	t.Helper()
	dir := t.TempDir()
	vocab := map[string]int{}
	piece := make([]string, 256)
	next := rune(256)
	for b := range 256 { // GPT-2's characters for bytes
		r := rune(b)
		if b < '!' || b > '~' && b < 0xa1 || b == 0xad {
			r = next
			next++
		}
		piece[b] = string(r)
		vocab[piece[b]] = b
	}
	merges := []string{"W a", "i t", "Wa it", piece['\n'] + " " + piece['\n'], piece[' '] + " o", piece[' '] + "o k"}
	for _, m := range merges {
		vocab[strings.ReplaceAll(m, " ", "")] = len(vocab)
	}
	var added []map[string]any
	for _, c := range append([]string{"<|endoftext|>", "<|im_start|>", "<|im_end|>"}, control...) {
		added = append(added, map[string]any{"id": len(vocab) + len(added), "content": c, "special": true, "normalized": false, "lstrip": false, "rstrip": false, "single_word": false})
	}
	byteLevel := map[string]any{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true}
	config := map[string]any{"eos_token": "<|im_end|>", "bos_token": "<|endoftext|>"}
	if template != "" {
		config["chat_template"] = template
	}
	for name, v := range map[string]any{
		"tokenizer.json": map[string]any{
			"version": "1.0", "added_tokens": added, "normalizer": nil, "pre_tokenizer": byteLevel, "decoder": byteLevel, "post_processor": nil,
			"model": map[string]any{"type": "BPE", "vocab": vocab, "merges": merges},
		},
		"tokenizer_config.json": config,
	} {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tok, err := tokenizer.FromFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tok.Close() })
	return tok
}

// shown writes a document as the pieces of its tokens, the trained ones after a bar at each change.
func shown(tok *tokenizer.Tokenizer, e Example) string {
	var b strings.Builder
	on := false
	for i, id := range e.IDs {
		if trained := e.Weights[i] > 0; trained != on {
			b.WriteByte('|')
			on = trained
		}
		b.Write(tok.Piece(id))
	}
	return b.String()
}

func writeRows(t testing.TB, lines ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rows.jsonl")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
