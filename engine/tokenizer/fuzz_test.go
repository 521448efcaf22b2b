package tokenizer

import (
	"strings"
	"testing"
)

// useAll does with a tokenizer whatever a program may do with it.
func useAll(t *testing.T, tok *Tokenizer) {
	defer tok.Close()
	for _, text := range []string{"", "hello <|im_start|> \x1b 日本 e\u0301 1234\n\n  x", "<think>a</think>"} {
		for _, special := range []bool{false, true} {
			ids, err := tok.Encode(text, special)
			if err == nil && tok.exact && len(tok.parse.tokens) == 0 && len(tok.Text(ids)) != len(text)-tok.Dropped(text) {
				t.Fatalf("%q became %q", text, tok.Text(ids))
			}
		}
	}
	for _, id := range append(tok.EndOfGeneration(), -1, 0, int32(tok.VocabSize())) {
		tok.Piece(id)
	}
	if tok.Template() != nil {
		_, _, _ = tok.EncodeChat([]Message{{Role: "user", Content: "hi"}}, RenderOptions{})
	}
}

func FuzzTokenizerJSON(f *testing.F) {
	f.Add(tinyJSON(f, nil))
	small := func(edit func(map[string]any)) []byte {
		return tinyJSON(f, func(d map[string]any) {
			m := d["model"].(map[string]any)
			m["vocab"], m["merges"] = map[string]any{"h": 0, "e": 1, "he": 2}, []any{"h e"}
			d["added_tokens"] = []any{map[string]any{"id": 3, "content": "<x>", "special": true, "lstrip": true}}
			if edit != nil {
				edit(d)
			}
		})
	}
	f.Add(small(nil))
	f.Add(small(func(d map[string]any) { d["pre_tokenizer"] = map[string]any{"type": "ByteLevel"} }))
	f.Add([]byte(`{"model":{"type":"BPE","vocab":{"a":0},"merges":[["a","a"]]},"pre_tokenizer":{"type":"ByteLevel"}}`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		v, _, err := parseTokenizerJSON(doc)
		if err != nil {
			return
		}
		tok, err := build(v)
		if err != nil {
			return
		}
		useAll(t, tok)
	})
}

func FuzzGGUFVocabulary(f *testing.F) {
	f.Add("gpt2", "qwen2", "h e he <|x|> <think> Ġ \n", "\x01\x01\x01\x03\x04\x01", "h e\nhe h", int64(3), int64(0))
	f.Add("gpt2", "llama-bpe", "a b ab", "", "a b", int64(-1), int64(7))
	f.Fuzz(func(t *testing.T, model, pre, tokens, kinds, merges string, eos, bos int64) {
		m := mapMeta{
			"tokenizer.ggml.model": model, "tokenizer.ggml.pre": pre, "tokenizer.ggml.tokens": strings.Split(tokens, " "),
			"tokenizer.ggml.merges": strings.Split(merges, "\n"), "tokenizer.ggml.eos_token_id": eos, "tokenizer.ggml.bos_token_id": bos,
		}
		if kinds != "" {
			var list []int64
			for _, k := range []byte(kinds) {
				list = append(list, int64(k))
			}
			m["tokenizer.ggml.token_type"] = list
		}
		if merges == "" {
			delete(m, "tokenizer.ggml.merges")
		}
		tok, err := FromGGUF(m)
		if err != nil {
			return
		}
		useAll(t, tok)
	})
}

func FuzzTemplate(f *testing.F) {
	for _, src := range []string{
		chatml, "{{ messages[-1].content | trim }}", "{% set ns = namespace(x='') %}{% for i in range(9) %}{% set ns.x = ns.x ~ i %}{% endfor %}{{ ns.x }}",
		"{% macro m(a, b=1) %}{{ a }}{{ b }}{% endmacro %}{{ m(messages) }}", "{{ [1, 'a', true, none] | tojson }}",
		"{% if messages[0].role == 'system' %}{{ raise_exception('no') }}{% elif x is defined and not y %}{{ 'a'.split('b')[0].replace('a', 'c') }}{% endif %}",
		"{{ messages | selectattr('role', 'equalto', 'user') | list | length }}{{ strftime_now('%d %b') }}", "{{ 'x'[::-1] }}{{ messages[1:] }}",
	} {
		f.Add(src, "hello")
	}
	vocab, _, err := parseTokenizerJSON(tinyJSON(f, nil))
	if err != nil {
		f.Fatal(err)
	}
	tok, err := build(vocab)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, src, content string) {
		m := newTemplate(src, tok)
		text, err := m.Render([]Message{{Role: "user", Content: content}, {Role: "assistant", Content: content}}, RenderOptions{AddGenerationPrompt: true})
		if err != nil && text != "" {
			t.Fatalf("both %q and %v", text, err)
		}
		if len([]rune(m.Fallback())) > 400 {
			t.Fatalf("the sentence has %d bytes: %s", len(m.Fallback()), m.Fallback())
		}
	})
}
