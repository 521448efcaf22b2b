package tokenizer

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// mapMeta is metadata in a map.
type mapMeta map[string]any

func (m mapMeta) String(k string) (string, bool) { v, ok := m[k].(string); return v, ok }
func (m mapMeta) Int(k string) (int64, bool)     { v, ok := m[k].(int64); return v, ok }
func (m mapMeta) Bool(k string) (bool, bool)     { v, ok := m[k].(bool); return v, ok }
func (m mapMeta) Strings(k string) []string      { v, _ := m[k].([]string); return v }
func (m mapMeta) Ints(k string) []int64          { v, _ := m[k].([]int64); return v }

// readMeta reads the tokenizer.* metadata of a GGUF file that the test trusts.
func readMeta(t testing.TB, path string) mapMeta {
	t.Helper()
	doc, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := 0
	u32 := func() uint32 { at += 4; return binary.LittleEndian.Uint32(doc[at-4:]) }
	u64 := func() uint64 { at += 8; return binary.LittleEndian.Uint64(doc[at-8:]) }
	str := func() string { n := int(u64()); at += n; return string(doc[at-n : at]) }
	var value func(kind uint32) any
	value = func(kind uint32) any {
		switch kind {
		case 0, 1:
			at++
			return int64(doc[at-1])
		case 7:
			at++
			return doc[at-1] != 0
		case 2, 3:
			at += 2
			return int64(binary.LittleEndian.Uint16(doc[at-2:]))
		case 4:
			return int64(u32())
		case 5:
			return int64(int32(u32()))
		case 6:
			return float64(math.Float32frombits(u32()))
		case 8:
			return str()
		case 9:
			of, n := u32(), u64()
			var ss []string
			var is []int64
			for range n {
				switch v := value(of).(type) {
				case string:
					ss = append(ss, v)
				case int64:
					is = append(is, v)
				}
			}
			if ss != nil {
				return ss
			}
			return is
		default:
			return int64(u64())
		}
	}
	at = 16 // magic, version, tensor count
	m := mapMeta{}
	for range u64() {
		k := str()
		if v := value(u32()); strings.HasPrefix(k, "tokenizer.") {
			m[k] = v
		}
	}
	return m
}

func peers(t testing.TB) string {
	dir := os.Getenv("S1_PEERS")
	if dir == "" {
		t.Skip("needs S1_PEERS, the models folder of llama.cpp: run `make test-real`")
	}
	return dir
}

func smollm2(t testing.TB) *Tokenizer {
	path := os.Getenv("S1_SMOLLM2")
	if path == "" {
		t.Skip("needs S1_SMOLLM2, the SmolLM2 gguf: run `make test-real`")
	}
	return open(t, readMeta(t, path))
}

func open(t testing.TB, m Meta) *Tokenizer {
	t.Helper()
	tok, err := FromGGUF(m)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tok.Close() })
	return tok
}

// The peer's suite: texts with the ids that the original tokenizers give.
func TestIdsEqualThePeersSuite(t *testing.T) {
	dir := peers(t)
	for _, name := range []string{
		"gpt-2", "qwen2", "llama-bpe", "qwen35", "deepseek-llm", "deepseek-coder", "starcoder", "refact", "mpt", "falcon", "command-r",
	} {
		t.Run(name, func(t *testing.T) {
			base := filepath.Join(dir, "ggml-vocab-"+name+".gguf")
			in, err := os.ReadFile(base + ".inp")
			if err != nil {
				t.Fatal(err)
			}
			want, err := os.ReadFile(base + ".out")
			if err != nil {
				t.Fatal(err)
			}
			tok := open(t, readMeta(t, base))
			texts := strings.Split(string(in), "\n__ggml_vocab_test__\n")
			lines := strings.Split(strings.TrimSuffix(string(want), "\n"), "\n")
			if len(texts) < len(lines) {
				t.Fatalf("%d texts, %d lines", len(texts), len(lines))
			}
			for i, line := range lines {
				ids, err := tok.Encode(texts[i], false)
				if err != nil {
					t.Fatalf("text %d %q: %v", i, texts[i], err)
				}
				if got := fmt.Sprint(ids); got != fmt.Sprint(fields(t, line)) {
					t.Errorf("text %d %q:\n got %v\nwant [%s]", i, texts[i], got, strings.TrimSpace(line))
				}
				if got := string(tok.Text(ids)); tok.exact && got != texts[i] {
					t.Errorf("text %d: pieces joined are %q, want %q", i, got, texts[i])
				}
			}
			t.Logf("%d texts, vocabulary of %d", len(lines), tok.VocabSize())
		})
	}
}

func fields(t testing.TB, line string) []int32 {
	ids := []int32{}
	for _, f := range strings.Fields(line) {
		var id int32
		if _, err := fmt.Sscan(f, &id); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	return ids
}

// tiny is a complete byte-level vocabulary with a few merges and control tokens.
func tiny() mapMeta {
	tokens, kinds := []string{}, []int64{}
	add := func(kind int64, ts ...string) {
		for _, s := range ts {
			tokens, kinds = append(tokens, s), append(kinds, kind)
		}
	}
	add(kindControl, "<|endoftext|>", "<|im_start|>", "<|im_end|>")
	for b := range 256 {
		add(kindNormal, string(runeOf[b]))
	}
	add(kindNormal, "he", "ll", "hell", "hello", "Ġw")
	add(kindUserDefined, "<think>", "</think>", "    ")
	add(kindUnused, "[PAD1]")
	return mapMeta{
		"tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": "qwen2", "tokenizer.ggml.tokens": tokens,
		"tokenizer.ggml.token_type": kinds, "tokenizer.ggml.merges": []string{"h e", "l l", "he ll", "hell o", "Ġ w"},
		"tokenizer.ggml.eos_token_id": int64(2), "tokenizer.ggml.bos_token_id": int64(0),
	}
}

func TestTinyVocabulary(t *testing.T) {
	t.Parallel()
	tok := open(t, tiny())
	id := func(s string) int32 { return int32(slices.Index(tiny()["tokenizer.ggml.tokens"].([]string), s)) }
	for _, c := range []struct {
		text    string
		special bool
		want    []int32
	}{
		{"", true, []int32{}},
		{"hello w", false, []int32{id("hello"), id("Ġw")}},
		{"<|im_end|>", true, []int32{2}},
		{"hello<|im_end|>hello", true, []int32{id("hello"), 2, id("hello")}},
		{"<think>h", true, []int32{id("<think>"), id("h")}},
		{"h    h", false, []int32{id("h"), id("    "), id("h")}},
		{"\n\x1b", false, []int32{id("Ċ"), id(string(runeOf[0x1b]))}},
	} {
		got, err := tok.Encode(c.text, c.special)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("Encode(%q, %t) = %v, %v, want %v", c.text, c.special, got, err, c.want)
		}
	}
	if n := tok.VocabSize(); n != len(tiny()["tokenizer.ggml.tokens"].([]string)) {
		t.Errorf("VocabSize = %d", n)
	}
	if eog := tok.EndOfGeneration(); !slices.Equal(eog, []int32{0, 2}) {
		t.Errorf("EndOfGeneration = %v, want [0 2]", eog)
	}
	if p := tok.Piece(id(string(runeOf[0xE2]))); string(p) != "\xe2" {
		t.Errorf("Piece of byte 0xE2 = %q", p)
	}
	if p := tok.Piece(2); string(p) != "<|im_end|>" {
		t.Errorf("Piece(2) = %q", p)
	}
	if p := tok.Piece(99999); p != nil {
		t.Errorf("Piece outside = %q", p)
	}
}

func TestFromGGUFRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		key  string
		val  any
		want string
	}{
		{"tokenizer.ggml.model", nil, "model is missing"},
		{"tokenizer.ggml.model", "llama", `"llama" is not supported`},
		{"tokenizer.ggml.pre", "martian", `"martian" is not known; known are command-r, dbrx`},
		{"tokenizer.ggml.pre", nil, "pre is missing"},
		{"tokenizer.ggml.tokens", []string{}, "0 entries"},
		{"tokenizer.ggml.token_type", []int64{1}, "1 entries for 26"},
		{"tokenizer.ggml.merges", []string{"nospace"}, `"nospace"`},
		{"tokenizer.ggml.merges", []string{"zz zz"}, `"zz" is not in the vocabulary`},
		{"tokenizer.ggml.eos_token_id", int64(1 << 40), "outside the vocabulary"},
		{"tokenizer.ggml.bos_token_id", int64(-7), "outside the vocabulary"},
	} {
		m := tiny()
		if c.val == nil {
			delete(m, c.key)
		} else {
			m[c.key] = c.val
		}
		if tok, err := FromGGUF(m); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s = %v: got %v, %v, want an error with %q", c.key, c.val, tok, err, c.want)
		}
	}
}
