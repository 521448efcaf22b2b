package tokenizer

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// tinyJSON is a complete tokenizer.json; edit changes it before it is written.
func tinyJSON(t testing.TB, edit func(doc map[string]any)) []byte {
	t.Helper()
	vocab := map[string]any{}
	for b := range 256 {
		vocab[string(runeOf[b])] = b
	}
	for i, s := range []string{"he", "ll", "hell", "hello"} {
		vocab[s] = 256 + i
	}
	doc := map[string]any{
		"version": "1.0",
		"added_tokens": []any{
			map[string]any{"id": 260, "content": "<|begin|>", "special": true},
			map[string]any{"id": 261, "content": "<|im_start|>", "special": true},
			map[string]any{"id": 262, "content": "<|im_end|>", "special": true},
			map[string]any{"id": 263, "content": "<think>", "special": false},
			map[string]any{"id": 264, "content": "<pad>", "special": true, "rstrip": true, "lstrip": true},
			map[string]any{"id": 265, "content": "word", "special": false, "single_word": true},
		},
		"normalizer": map[string]any{"type": "NFC"},
		"pre_tokenizer": map[string]any{"type": "Sequence", "pretokenizers": []any{
			map[string]any{"type": "Split", "pattern": map[string]any{"Regex": patternQwen2}, "behavior": "Isolated", "invert": false},
			map[string]any{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false, "use_regex": false},
		}},
		"post_processor": map[string]any{"type": "Sequence", "processors": []any{
			map[string]any{"type": "ByteLevel"},
			map[string]any{"type": "TemplateProcessing", "single": []any{map[string]any{"SpecialToken": map[string]any{"id": "<|begin|>"}}, map[string]any{"Sequence": map[string]any{"id": "A"}}}},
		}},
		"model": map[string]any{"type": "BPE", "vocab": vocab, "merges": []any{"h e", []any{"l", "l"}, "he ll", "hell o"}},
	}
	if edit != nil {
		edit(doc)
	}
	b, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func folder(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestFromFolder(t *testing.T) {
	t.Parallel()
	doc := string(tinyJSON(t, nil))
	dir := folder(t, map[string]string{
		"tokenizer.json":          doc,
		"special_tokens_map.json": `{"bos_token": {"content": "<|begin|>"}, "eos_token": "<pad>"}`,
		"tokenizer_config.json":   `{"eos_token": "<|im_end|>", "chat_template": [{"name": "tool_use", "template": "no"}, {"name": "default", "template": "{{ messages[-1].content }}"}]}`,
		"generation_config.json":  `{"eos_token_id": [262, 260, 99999]}`,
	})
	tok, err := FromFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer tok.Close()
	if bos, ok := tok.BOS(); !ok || bos != 260 || !tok.AddBOS() {
		t.Errorf("BOS %d %t, AddBOS %t", bos, ok, tok.AddBOS())
	}
	if eos, ok := tok.EOS(); !ok || eos != 262 {
		t.Errorf("EOS %d %t", eos, ok)
	}
	if eog := tok.EndOfGeneration(); !slices.Equal(eog, []int32{260, 262}) {
		t.Errorf("EndOfGeneration %v", eog)
	}
	if id, ok := tok.ID("<think>"); !ok || id != 263 {
		t.Errorf("ID(<think>) = %d, %t", id, ok)
	}
	if _, ok := tok.ID("hello"); ok {
		t.Error("ID(hello) is not an added token")
	}
	for _, c := range []struct {
		text    string
		special bool
		want    []int32
	}{
		{"hello", false, []int32{259}},
		{"hello<|im_end|>", true, []int32{259, 262}},
		{"hello  <pad> \n hello", true, []int32{259, 264, 259}},
		{"word", false, []int32{265}},
		{"words", false, []int32{'w' - 0, 'o', 'r', 'd', 's'}},
		{"e\u0301", false, []int32{0xc3, 0xa9}},
	} {
		if got, err := tok.Encode(c.text, c.special); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("Encode(%q, %t) = %v, %v, want %v", c.text, c.special, got, err, c.want)
		}
	}
	got, err := tok.Template().Render([]Message{{Role: "user", Content: "x"}}, RenderOptions{})
	if err != nil || got != "x" {
		t.Errorf("template gives %q, %v", got, err)
	}
	if len(tok.SHA256()) != 64 || len(tok.Template().SHA256()) != 64 {
		t.Errorf("hashes %q %q", tok.SHA256(), tok.Template().SHA256())
	}
}

func TestChatTemplateFilesGoBeforeTheConfig(t *testing.T) {
	t.Parallel()
	doc := string(tinyJSON(t, nil))
	files := map[string]string{"tokenizer.json": doc}
	for _, f := range []struct{ name, text, want string }{
		{"tokenizer_config.json", `{"chat_template": "one"}`, "one"},
		{"chat_template.json", `{"chat_template": "two"}`, "two"},
		{"chat_template.jinja", `three`, "three"},
	} {
		files[f.name] = f.text
		tok, err := FromFolder(folder(t, files))
		if err != nil {
			t.Fatal(err)
		}
		if got := tok.Template().Source(); got != f.want {
			t.Errorf("with %s: %q, want %q", f.name, got, f.want)
		}
		tok.Close()
	}
}

func TestFromFolderRefuses(t *testing.T) {
	t.Parallel()
	model := func(doc map[string]any) map[string]any { return doc["model"].(map[string]any) }
	for _, c := range []struct {
		edit func(doc map[string]any)
		want string
	}{
		{func(d map[string]any) { model(d)["type"] = "Unigram" }, `"Unigram" is not supported`},
		{func(d map[string]any) { model(d)["vocab"] = map[string]any{} }, "no vocab"},
		{func(d map[string]any) { model(d)["vocab"] = []any{1} }, "parse json"},
		{func(d map[string]any) { model(d)["dropout"] = 0.1 }, "dropout is 0.1"},
		{func(d map[string]any) { model(d)["vocab"].(map[string]any)["zz"] = 5 }, "both have id 5"},
		{func(d map[string]any) { model(d)["vocab"].(map[string]any)["zz"] = -1 }, "id -1"},
		{func(d map[string]any) { model(d)["vocab"].(map[string]any)["zz"] = 1 << 30 }, "id 1073741824"},
		{func(d map[string]any) { model(d)["merges"] = []any{"a b c", "zz y"} }, `"b c" is not in the vocabulary`},
		{func(d map[string]any) { model(d)["merges"] = []any{[]any{"a"}} }, "not two tokens"},
		{func(d map[string]any) { model(d)["merges"] = []any{5} }, "read a merge"},
		{func(d map[string]any) { d["normalizer"] = map[string]any{"type": "Precompiled"} }, `normalizer "Precompiled"`},
		{func(d map[string]any) { d["pre_tokenizer"] = map[string]any{"type": "Metaspace"} }, `pre-tokenizer "Metaspace"`},
		{func(d map[string]any) { d["pre_tokenizer"] = nil }, "not a byte-level BPE"},
		{func(d map[string]any) {
			d["pre_tokenizer"] = map[string]any{"type": "Split", "behavior": "Isolated", "pattern": map[string]any{"Regex": "(a+)+$"}}
		}, `pattern "(a+)+$" is not known`},
		{func(d map[string]any) {
			d["added_tokens"] = []any{map[string]any{"id": 1 << 40, "content": "x"}}
		}, "id 1099511627776"},
	} {
		tok, err := FromFolder(folder(t, map[string]string{"tokenizer.json": string(tinyJSON(t, c.edit))}))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, %v, want an error with %q", tok, err, c.want)
		}
	}
	for name, files := range map[string]map[string]string{
		"no tokenizer.json": {}, "not json": {"tokenizer.json": "{"}, "empty": {"tokenizer.json": ""}, "null": {"tokenizer.json": "null"},
		"bad config": {"tokenizer.json": string(tinyJSON(t, nil)), "tokenizer_config.json": `{"chat_template": 5}`},
	} {
		if tok, err := FromFolder(folder(t, files)); err == nil {
			t.Errorf("%s: got %v", name, tok)
		}
	}
}

// A vocabulary from GGUF and the same one as a tokenizer.json encode alike.
func TestRealVocabularyAsAFolderEncodesAlike(t *testing.T) {
	dir := peers(t)
	meta := readMeta(t, filepath.Join(dir, "ggml-vocab-qwen2.gguf"))
	a := open(t, meta)
	v, err := vocabularyOfGGUF(meta)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := v.libraryJSON()
	if err != nil {
		t.Fatal(err)
	}
	b, err := FromFolder(folder(t, map[string]string{"tokenizer.json": string(doc)}))
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	for _, text := range []string{"Wait, 12 + 30 = 42.", "日本語 e\u0301\n\n  x", "<|im_start|>"} {
		x, err1 := a.Encode(text, false)
		y, err2 := b.Encode(text, false)
		if err1 != nil || err2 != nil || !slices.Equal(x, y) {
			t.Errorf("%q: %v %v, %v %v", text, x, err1, y, err2)
		}
	}
}

// s1's own format: the Qwen chat prefix with its default system text, up to the assistant's turn.
func TestS1PromptOnTheQwenVocabulary(t *testing.T) {
	dir := peers(t)
	meta := readMeta(t, filepath.Join(dir, "ggml-vocab-qwen2.gguf"))
	src, err := os.ReadFile(filepath.Join(dir, "templates", "Qwen-Qwen2.5-7B-Instruct.jinja"))
	if err != nil {
		t.Fatal(err)
	}
	meta["tokenizer.chat_template"] = string(src)
	tok := open(t, meta)
	ids, rendered, err := tok.EncodeChat([]Message{{Role: "user", Content: "How many r in raspberry?"}}, RenderOptions{AddGenerationPrompt: true})
	if err != nil {
		t.Fatal(err)
	}
	want := "<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\n" +
		"<|im_start|>user\nHow many r in raspberry?<|im_end|>\n<|im_start|>assistant\n"
	if rendered != want || string(tok.Text(ids)) != want {
		t.Errorf("rendered %q\nids stand for %q\nwant %q", rendered, tok.Text(ids), want)
	}
	plain, err := tok.Encode(want, true)
	if err != nil || !slices.Equal(plain, ids) {
		t.Errorf("EncodeChat %v\nEncode %v %v", ids, plain, err)
	}
	think, err := tok.Encode("<|im_start|>think", true)
	if err != nil || fmt.Sprint(think) != "[151644 26865]" {
		t.Errorf("<|im_start|>think = %v, %v", think, err)
	}
}
