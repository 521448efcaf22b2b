package tokenizer

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// asFolder writes a GGUF vocabulary as the files of a folder and opens them.
func asFolder(t *testing.T, m Meta) (string, *Tokenizer) {
	t.Helper()
	files, err := ToFolder(m, 2048)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tok, err := FromFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tok.Close() })
	return dir, tok
}

func (g GGUF) meta() mapMeta {
	m := mapMeta{
		"tokenizer.ggml.model": g.Model, "tokenizer.ggml.pre": g.Pre, "tokenizer.ggml.tokens": g.Tokens, "tokenizer.ggml.merges": g.Merges,
		"tokenizer.ggml.bos_token_id": int64(g.BOS), "tokenizer.ggml.eos_token_id": int64(g.EOS), "tokenizer.ggml.add_bos_token": g.AddBOS,
		"tokenizer.chat_template": g.Template,
	}
	var types []int64
	for _, k := range g.Types {
		types = append(types, int64(k))
	}
	m["tokenizer.ggml.token_type"] = types
	return m
}

// alike compares two tokenizers on texts, and in what they say of themselves.
func alike(t *testing.T, a, b *Tokenizer, seed uint64, n int) {
	t.Helper()
	if !slices.Equal(a.EndOfGeneration(), b.EndOfGeneration()) || a.bos != b.bos || a.eos != b.eos || a.addBOS != b.addBOS {
		t.Errorf("ends %v, %v; first %d, %d; last %d, %d; first added %t, %t", a.EndOfGeneration(), b.EndOfGeneration(), a.bos, b.bos, a.eos, b.eos, a.addBOS, b.addBOS)
	}
	if (a.tmpl == nil) != (b.tmpl == nil) || a.tmpl != nil && a.tmpl.SHA256() != b.tmpl.SHA256() {
		t.Error("the chat templates differ")
	}
	r := rand.New(rand.NewPCG(seed, 0))
	for range n {
		text := randomText(r)
		for _, special := range []bool{false, true} {
			x, errX := a.Encode(text, special)
			y, errY := b.Encode(text, special)
			if (errX == nil) != (errY == nil) || !slices.Equal(x, y) {
				t.Fatalf("%q (special %t):\n%v, %v\n%v, %v", text, special, x, errX, y, errY)
			}
		}
	}
}

func TestAGGUFVocabularyAndItsFolderEncodeAlikeAndBackAgain(t *testing.T) {
	t.Parallel()
	for _, pre := range []string{"qwen2", "smollm", "llama-bpe", "gpt-2"} {
		m := tiny()
		m["tokenizer.ggml.pre"], m["tokenizer.chat_template"] = pre, "{{ messages[0]['content'] }}"
		// Merges that make an added token of ordinary text.
		m["tokenizer.ggml.merges"] = append(m["tokenizer.ggml.merges"].([]string), "Ġ Ġ", "ĠĠ ĠĠ")
		tokens := append(slices.Clone(m["tokenizer.ggml.tokens"].([]string)), "ĠĠ")
		m["tokenizer.ggml.tokens"], m["tokenizer.ggml.token_type"] = tokens, append(m["tokenizer.ggml.token_type"].([]int64), kindNormal)
		dir, folder := asFolder(t, m)
		alike(t, open(t, m), folder, 1, 100)

		g, err := ToGGUF(dir, len(tokens)+3)
		if err != nil {
			t.Fatal(err)
		}
		if g.Pre != pre || g.Tokens[1] != "<|im_start|>" || g.Types[1] != kindControl || len(g.Tokens) != len(tokens)+3 || g.Types[len(tokens)+2] != kindUnused {
			t.Errorf("%s: back as %s, token 1 %q of type %d, %d tokens", pre, g.Pre, g.Tokens[1], g.Types[1], len(g.Tokens))
		}
		alike(t, folder, open(t, g.meta()), 2, 100)
	}
}

func TestRealVocabulariesGoToAFolderAndBack(t *testing.T) {
	dir := peers(t)
	for _, name := range []string{"gpt-2", "qwen2", "llama-bpe", "deepseek-llm", "starcoder", "command-r"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := readMeta(t, filepath.Join(dir, "ggml-vocab-"+name+".gguf"))
			folder, tok := asFolder(t, m)
			alike(t, open(t, m), tok, 3, 200)
			g, err := ToGGUF(folder, len(m.Strings("tokenizer.ggml.tokens")))
			if err != nil {
				t.Fatal(err)
			}
			alike(t, tok, open(t, g.meta()), 4, 200)
		})
	}
}

const words = `{"version":"1.0","added_tokens":[{"id":0,"content":"<end>","special":true},{"id":1,"content":"<think>","special":false}],
"normalizer":null,"model":{"type":"WordLevel","unk_token":"?","vocab":{"<end>":0,"<think>":1,"Wait":2," ok":3,"\n":4,"7":5,"+":6,"c1":7,"?":8," =":9,"=":10}}}`

func TestWholeWordsBecomeTokensThatAreCutOutFirst(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{"tokenizer.json": words, "tokenizer_config.json": `{"eos_token":"<end>"}`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	g, err := ToGGUF(dir, 12)
	if err != nil {
		t.Fatal(err)
	}
	want := []int32{kindControl, kindUserDefined, kindUserDefined, kindUserDefined, kindNormal, kindNormal, kindNormal, kindUserDefined, kindControl, kindUserDefined, kindNormal, kindUnused}
	if !slices.Equal(g.Types, want) || g.Tokens[4] != "Ċ" || g.Tokens[3] != " ok" || g.EOS != 0 || g.Pre != "gpt-2" {
		t.Errorf("types %v, want %v; tokens %q, last %d", g.Types, want, g.Tokens, g.EOS)
	}
	tok := open(t, g.meta())
	got, err := tok.Encode("<think>7+7=7\nWait\n7 =7 ok<end>", true)
	if w := []int32{1, 5, 6, 5, 10, 5, 4, 2, 4, 5, 9, 5, 3, 0}; err != nil || !slices.Equal(got, w) {
		t.Errorf("encoded as %v, %v, want %v", got, err, w)
	}
}

func TestATokenizerThatGGUFCannotSayIsRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ json, want string }{
		{"", "it has no tokenizer.json"},
		{`{`, "parse json"},
		{`{"model":{"type":"Unigram"}}`, `"Unigram" is not supported`},
		{`{"model":{"type":"WordLevel","vocab":{}}}`, "no vocab"},
		{`{"model":{"type":"WordLevel","vocab":{"a":0,"b":0}}}`, "both have id 0"},
		{`{"model":{"type":"WordLevel","vocab":{"a":-1}}}`, "has id -1"},
		{`{"normalizer":{"type":"Lowercase"},"model":{"type":"WordLevel","vocab":{"a":1}}}`, "normalizer"},
		{words, "11 tokens and the model 5"},
	} {
		dir := t.TempDir()
		if c.json != "" {
			if err := os.WriteFile(filepath.Join(dir, "tokenizer.json"), []byte(c.json), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := ToGGUF(dir, 5); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.60s: %v, want an error with %q", c.json, err, c.want)
		}
	}
}
