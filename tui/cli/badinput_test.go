package cli

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// maxSentence is how long a message may be: one sentence, perhaps with a path and a hint.
const maxSentence = 500

// refuses fails unless the program ended with code 1 or 2 and one clear sentence on stderr that holds every text.
func (r result) refuses(code int, texts ...string) result {
	r.t.Helper()
	r.wants(code, texts...)
	lines := strings.Split(strings.TrimSpace(r.err), "\n")
	if len(lines) == 2 && (strings.Contains(lines[1], "s1 --help") || strings.HasPrefix(lines[1], "    for example: s1 ")) { // what to type instead
		lines = lines[:1]
	}
	if len(lines) != 1 || !strings.HasPrefix(lines[0], "s1: ") || len(lines[0]) > maxSentence || !utf8.ValidString(lines[0]) {
		r.t.Errorf("s1 %.300s: not one sentence of at most %d bytes: %.1500q", r.args, maxSentence, r.err)
	}
	r.t.Logf("%-60.60q %s", r.args, lines[0])
	return r
}

func TestMisspeltAndImpossibleWordsAreRefused(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	m := model(t)
	for _, c := range []struct {
		args  []string
		code  int
		texts []string
	}{
		{[]string{"rnu", "x"}, 2, []string{`"rnu"`, `"run"`}},
		{[]string{"sessions", "lst"}, 2, []string{`"lst"`, `"list"`}},
		{[]string{"models", "fetch", "x"}, 2, []string{`"fetch"`, "list, path, pull"}},
		{[]string{"help", "foo"}, 2, []string{`s1 has no command "foo"`}},
		{[]string{"help", "sessions", "lst"}, 2, []string{`s1 sessions has no command "lst"`, `"list"`}},
		{[]string{"completion", "foo"}, 2, []string{`s1 completion has no command "foo"`}},
		{[]string{"what is 12 plus 30?"}, 2, []string{"s1 run"}},
		{[]string{"run", "--capp", "3", "x"}, 2, []string{"--capp", "--cap?"}},
		{[]string{"run", "--foo", "x"}, 2, []string{"no flag --foo; s1 run --help shows"}},
		{[]string{"run", "--preset", "nope", "x"}, 2, []string{`--preset "nope": one of ["s1-readme" "s1-harness"]`}},
		{[]string{"run", "--wiat=3", "x"}, 2, []string{"--wiat", "--wait?"}},
		{[]string{"run", "-Z", "x"}, 2, []string{"Z"}},
		{[]string{"run", "-5+3"}, 2, []string{"s1 run has no flag -5", "s1 run -- '-5+3'"}},
		{[]string{"train"}, 2, []string{"s1 train needs RECIPE.toml; for example: s1 train mini"}},
		{[]string{"curate"}, 2, []string{"s1 curate needs RECIPE; for example: s1 curate s1-code --data rows.jsonl"}},
		{[]string{"curate", "s1-code"}, 1, []string{"--data FILE"}},
		{[]string{"bench", "x"}, 2, []string{`s1 bench takes no words; there is "x"`}},
		{[]string{"models", "info"}, 2, []string{"s1 models info needs MODEL; for example: s1 models info mini"}},
		{[]string{"run", "-m", "Mini", "x"}, 1, []string{`"Mini" names no model; did you mean "mini"?`, "http://host:port/v1#name"}},
		{[]string{"run", "--cap"}, 2, []string{"--cap"}},
		{[]string{"run", "--cap", "abc", "x"}, 2, []string{"--cap", `"abc"`, "whole number"}},
		{[]string{"run", "--cap", "99999999999999999999", "x"}, 2, []string{"--cap"}},
		{[]string{"run", "--cap", "-2", "x"}, 2, []string{"--cap -2"}},
		{[]string{"run", "--cap", "1.5", "x"}, 2, []string{"--cap"}},
		{[]string{"run", "--wait", "-1", "x"}, 2, []string{"--wait -1"}},
		{[]string{"run", "--answer-cap", "0", "x"}, 2, []string{"--answer-cap 0"}},
		{[]string{"run", "--samples", "0", "x"}, 2, []string{"--samples 0"}},
		{[]string{"run", "--samples", "100000", "x"}, 2, []string{"--samples 100000"}},
		{[]string{"run", "--threads", "-1", "x"}, 2, []string{"--threads -1"}},
		{[]string{"run", "--threads", "100000", "x"}, 2, []string{"--threads 100000"}},
		{[]string{"run", "--context", "-1", "x"}, 2, []string{"--context -1"}},
		{[]string{"run", "--temp", "-0.5", "x"}, 2, []string{"--temp -0.5"}},
		{[]string{"run", "--temp", "NaN", "x"}, 2, []string{"--temp NaN"}},
		{[]string{"run", "--temp", "warm", "x"}, 2, []string{"--temp", `"warm"`, "not a number"}},
		{[]string{"run", "--top-p", "1.5", "x"}, 2, []string{"--top-p 1.5"}},
		{[]string{"run", "--top-k", "0.5", "x"}, 2, []string{"--top-k 0.5"}},
		{[]string{"run", "--repeat-penalty", "0", "x"}, 2, []string{"--repeat-penalty 0"}},
		{[]string{"run", "--seed", "-1", "x"}, 2, []string{"--seed", `"-1"`}},
		{[]string{"run", "--pace", "fast", "x"}, 2, []string{"--pace", `"fast"`}},
		{[]string{"run", "--pace", "0", "x"}, 2, []string{"--pace"}},
		{[]string{"run", "--weights", "exakt", "x"}, 2, []string{`"exakt"`, `"exact"`}},
		{[]string{"run", "--preset", "s1-readmi", "x"}, 2, []string{`"s1-readmi"`, `"s1-readme"`}},
		{[]string{"run", "--think-format", "thin", "x"}, 2, []string{`"thin"`, `"think"`}},
		{[]string{"run", "-m", m, "--think-format", "think", "x"}, 1, []string{"<think>"}},
		{[]string{"run", "-m", m, "--backend", "gpu", "x"}, 1, []string{`"gpu"`, "this build has cpu and ref"}},
		{[]string{"run", "-m", m, "one", "two"}, 2, []string{`"two" is one too many`}},
		{[]string{"run", "-m", m, ""}, 2, []string{"the prompt is empty"}},
		{[]string{"run", "-m", m, " \n\t"}, 2, []string{"the prompt is empty"}},
		{[]string{"run", "-m", m}, 2, []string{"the prompt is empty"}}, // an empty pipe
		{[]string{"run", "-m", m, "a\xffb"}, 2, []string{"not valid UTF-8", "1"}},
		{[]string{"run", "-m", m, "--system", "a\xffb", "x"}, 2, []string{"--system", "UTF-8"}},
		{[]string{"run", "-m", m, "--wait-text", "\xc3", "x"}, 2, []string{"--wait-text", "UTF-8"}},
		{[]string{"run", "-m", m, "--cap", "99999", "x"}, 1, []string{"99999", "lower the cap"}},
		{[]string{"run", "-m", m, "--answer-cap", "99999", "x"}, 1, []string{"99999"}},
		{[]string{"run", "-m", m, "--context", "100", strings.Repeat("long ", 500)}, 1, []string{"context 100"}},
		{[]string{"run", "-m", m, "--context", "10", "x"}, 1, []string{"context 10"}},
		{[]string{"run", "-m", m, strings.Repeat("even longer ", 9000)}, 1, []string{"context"}},
		{[]string{"tokens", "-m", m, "\xff"}, 2, []string{"UTF-8"}},
		{[]string{"tokens", "-m", m}, 2, []string{"s1 tokens needs TEXT; for example: s1 tokens '"}},
		{[]string{"run", "-m", "nosuch", "x"}, 1, []string{`"nosuch"`, "smollm2"}},
		{[]string{"run", "-m", "org/name", "x"}, 1, []string{"org/name", "s1 models pull org/name"}},
		{[]string{"run", "-m", "", "x"}, 1, nil},
		{[]string{"run", "-m", "../../etc", "x"}, 1, nil},
		{[]string{"run", "-m", "/nowhere/model.gguf", "x"}, 1, []string{"/nowhere/model.gguf"}},
		{[]string{"run", "-m", "\x1b]0;x\x07", "x"}, 1, nil},
		{[]string{"run", "-m", "smollm2", "x"}, 1, []string{"smollm2"}},
		{[]string{"run", "x"}, 2, []string{"for example: s1 run '316,+275,/3,*3'"}},
		{[]string{"run", "7/2"}, 2, []string{"remainder"}},
		{[]string{"run", "--json", "what is love?"}, 2, []string{"“love”"}},
		{[]string{"run", "--system", "be kind", "2+3"}, 1, []string{"no system text"}},
		{[]string{"run", "--wait-text", "Hmm", "2+3"}, 1, []string{`no tokens for all of "Hmm"`}},
		{[]string{"models", "pull", "mini"}, 1, []string{"built in"}},
		{[]string{"models", "rm", "mini"}, 1, []string{"part of the program"}},
		{[]string{"models", "path", "mini"}, 1, []string{"inside the program"}},
		{[]string{"models", "pull", "org/name"}, 1, []string{"HF_HUB_OFFLINE"}},
		{[]string{"models", "pull", "smollm2"}, 1, []string{"HF_HUB_OFFLINE"}},
		{[]string{"models", "info", "org/name"}, 1, []string{"org/name"}},
		{[]string{"models", "rm", "org/name"}, 1, []string{"org/name"}},
		{[]string{"models", "rm", "../x"}, 1, nil},
		{[]string{"sessions", "show", "nope"}, 1, []string{`"nope"`, "s1 sessions list"}},
		{[]string{"sessions", "show", "\x1b[31m"}, 1, nil},
		{[]string{"sessions", "export", "nope"}, 1, []string{`"nope"`}},
		{[]string{"sessions", "export", "nope", "--format", "xml"}, 2, []string{`"xml"`, "jsonl"}},
		{[]string{"sessions", "import", "/nowhere"}, 1, []string{"/nowhere"}},
		{[]string{"sessions", "import", b.dir}, 1, []string{"directory"}},
		{[]string{"sessions", "rm"}, 2, nil},
		{[]string{"chat", "-m", m, "--session", "nope"}, 2, []string{"terminal"}},
	} {
		b.run(c.args...).refuses(c.code, c.texts...)
	}
	b.feed("a\x00b", "run", "-m", m).refuses(2, "NUL")
	b.feed("a\xffb", "run", "-m", m, "-").refuses(2, "UTF-8")
}

// rawEscape is ESC, or C1's own CSI and OSC as characters, that reached stdout.
var rawEscape = regexp.MustCompile("[\x1b\u009b\u009d]")

func TestEscapesInAPromptNeverReachTheTerminalRaw(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	const evil = "hi \x1b[31mred\x1b]0;title\x07 \u009b1m \u202egnp.exe \x08\x7f"
	args := []string{"-m", model(t), "--cap", "4", "--answer-cap", "4", "--system", evil, "--wait-text", evil, "--wait", "1", evil}
	for _, more := range [][]string{{"run"}, {"run", "--json"}, {"chat"}} {
		r := b.run(append(more, args...)...).wants(0) // every run is held to no control characters
		if rawEscape.MatchString(r.out + r.err) {
			t.Errorf("%v: an escape reached the output: %.500q", more, r.out)
		}
	}
	for _, m := range b.sessions() {
		if m["prompt"] != evil {
			t.Errorf("kept is the prompt %q, asked was %q", m["prompt"], evil)
		}
		id := m["id"].(string)
		for _, args := range [][]string{{"sessions", "list"}, {"sessions", "show", id}, {"sessions", "export", id}, {"sessions", "export", id, "--format", "md"}} {
			if r := b.run(args...).wants(0); rawEscape.MatchString(r.out) || strings.Contains(r.out, "\u202e") {
				t.Errorf("%v: an escape or a direction override reached the output: %.500q", args, r.out)
			}
		}
	}
	b.run("tokens", "-m", model(t), evil).wants(0)
}

// put returns a copy of b with v written at i.
func put(b []byte, i int, v []byte) []byte {
	c := bytes.Clone(b)
	copy(c[i:], v)
	return c
}

func u32(v uint32) []byte { return binary.LittleEndian.AppendUint32(nil, v) }
func u64(v uint64) []byte { return binary.LittleEndian.AppendUint64(nil, v) }

// after is the position right behind text.
func after(t *testing.T, b []byte, text string) int {
	t.Helper()
	i := bytes.Index(b, []byte(text))
	if i < 0 {
		t.Fatalf("the file has no %q", text)
	}
	return i + len(text)
}

func TestDamagedGGUFFilesAreRefused(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	good, err := os.ReadFile(model(t))
	if err != nil {
		t.Fatal(err)
	}
	data := len(good) / 2
	entry := after(t, good, "blk.0.attn_q.weight") // dims u32, each u64, type u32, offset u64
	arch := after(t, good, "general.architecture") + 4
	tensor := func(i int, v []byte) []byte { return put(good, entry+i, v) }
	for _, c := range []struct {
		name  string
		bytes []byte
		texts []string
	}{
		{"empty", nil, []string{"empty"}},
		{"four bytes", good[:4], nil},
		{"a cut header", good[:20], nil},
		{"cut metadata", good[:2000], nil},
		{"a cut tensor table", good[:entry+3], nil},
		{"cut weights", good[:data], nil},
		{"one byte too few", good[:len(good)-33], nil},
		{"another magic", put(good, 0, []byte("GGML")), nil},
		{"text", []byte("<html>404 not found</html>\n"), nil},
		{"version 1", put(good, 4, u32(1)), []string{"version 1"}},
		{"version 99", put(good, 4, u32(99)), []string{"version 99"}},
		{"2^60 tensors", put(good, 8, u64(1<<60)), nil},
		{"no tensors", put(good, 8, u64(0)), nil},
		{"2^60 pairs", put(good, 16, u64(1<<60)), nil},
		{"a key of 2^60 bytes", put(good, 24, u64(1<<60)), nil},
		{"a value of an unknown type", put(good, arch-4, u32(77)), nil},
		{"an unknown architecture", put(good, arch+8, []byte("zzzzz")), []string{`"zzzzz"`, "llama"}},
		{"nine dimensions", tensor(0, u32(9)), nil},
		{"no rows", tensor(4, u64(0)), nil},
		{"2^62 columns", tensor(4, u64(1<<62)), nil},
		{"other columns", tensor(4, u64(128)), nil},
		{"an unknown type of weights", tensor(20, u32(99)), []string{"99"}},
		{"another type of weights", tensor(20, u32(0)), []string{"overlap"}},
		{"weights beyond the file", tensor(24, u64(1<<40)), nil},
		{"weights at an odd byte", tensor(24, u64(1)), []string{"blk.0.attn_q.weight"}},
		{"weights at a negative place", tensor(24, u64(1<<63)), nil},
		{"overlapping weights", tensor(24, u64(32)), []string{"overlap"}},
		{"a tensor missing", put(good, entry-1, []byte("X")), []string{"blk.0.attn_q.weight"}},
		{"no layers", put(good, after(t, good, "llama.block_count")+4, u32(0)), nil},
		{"a billion layers", put(good, after(t, good, "llama.block_count")+4, u32(1e9)), nil},
		{"another width", put(good, after(t, good, "llama.embedding_length")+4, u32(512)), []string{"512", "256"}},
		{"no heads", put(good, after(t, good, "llama.attention.head_count")+4, u32(0)), nil},
		{"three heads", put(good, after(t, good, "llama.attention.head_count")+4, u32(3)), nil},
		{"a vocabulary of 9999", put(good, after(t, good, "llama.vocab_size")+4, u32(9999)), []string{"9999"}},
		{"an unknown pre-tokenizer", put(good, after(t, good, "tokenizer.ggml.pre")+12, []byte("smoxxx")), []string{"smoxxx"}},
		{"a context of nothing", put(good, after(t, good, "llama.context_length")+4, u32(0)), nil},
	} {
		if c.bytes != nil && bytes.Equal(c.bytes, good) {
			t.Errorf("%s: nothing was changed", c.name)
		}
		path := b.write("bad.gguf", string(c.bytes))
		t.Logf("%s:", c.name)
		b.run("run", "-m", path, "--cap", "2", "--answer-cap", "2", "x").refuses(1, append(c.texts, "bad.gguf")...)
	}
	if list := b.sessions(); len(list) != 0 {
		t.Errorf("a file that is no model made sessions: %v", list)
	}
}

func TestFlippedBytesNeverCrash(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	good, err := os.ReadFile(model(t))
	if err != nil {
		t.Fatal(err)
	}
	header := after(t, good, "blk.1.ffn_down.weight") // metadata and tensor table, not the weights
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 40 {
		c := bytes.Clone(good)
		for range 1 + i%3 {
			at := r.IntN(header)
			if i%2 == 0 { // most of the header is vocabulary: as often, near the front
				at = r.IntN(1500)
			}
			c[at] ^= byte(1 + r.IntN(255))
		}
		path := b.write(fmt.Sprintf("flip%d.gguf", i), string(c))
		if got := b.run("run", "-m", path, "--cap", "2", "--answer-cap", "2", "x"); got.code != 0 {
			got.refuses(got.code)
			if got.code != 1 {
				t.Errorf("flip %d: exit %d: %s", i, got.code, got.err)
			}
		}
		os.Remove(path)
	}
}

func TestDamagedFoldersAreRefused(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	good := folderModel(t, t.TempDir())
	read := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join(good, name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	files := map[string][]byte{}
	for _, name := range []string{"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"} {
		files[name] = read(name)
	}
	config := func(key string, v any) []byte {
		var m map[string]any
		if err := json.Unmarshal(files["config.json"], &m); err != nil {
			t.Fatal(err)
		}
		m[key] = v
		return marshal(t, m)
	}
	shards := files["model.safetensors"]
	header := int(binary.LittleEndian.Uint64(shards))
	swap := func(old, now string) []byte {
		if len(old) != len(now) || !bytes.Contains(shards[:header], []byte(old)) {
			t.Fatalf("cannot put %q for %q", now, old)
		}
		return bytes.Replace(shards, []byte(old), []byte(now), 1)
	}
	bigger := func() []byte { // the vocabulary has a token that the model has not
		var m map[string]any
		if err := json.Unmarshal(files["tokenizer.json"], &m); err != nil {
			t.Fatal(err)
		}
		m["added_tokens"] = append(m["added_tokens"].([]any), map[string]any{"id": 5000, "content": "<|more|>", "special": true, "normalized": false, "lstrip": false, "rstrip": false, "single_word": false})
		return marshal(t, m)
	}
	for _, c := range []struct {
		name, file string
		bytes      []byte // nil: the file is missing
		texts      []string
	}{
		{"no config", "config.json", nil, []string{"config.json"}},
		{"an empty config", "config.json", []byte{}, []string{"config.json"}},
		{"a config that is no JSON", "config.json", []byte("{\"a\": \x1b[31m"), []string{"config.json"}},
		{"a config that is a list", "config.json", []byte("[1,2]"), []string{"config.json: it holds an array"}},
		{"a config that holds nothing", "config.json", []byte("{}"), nil},
		{"an unknown architecture", "config.json", config("model_type", "mamba9"), []string{"mamba9"}},
		{"another width", "config.json", config("hidden_size", 512), []string{"512", "256"}},
		{"another width of the heads", "config.json", config("head_dim", 32), nil},
		{"more layers", "config.json", config("num_hidden_layers", 3), []string{"layers.2"}},
		{"another vocabulary", "config.json", config("vocab_size", 2000), []string{"2000", "1024"}},
		{"no heads", "config.json", config("num_attention_heads", 0), nil},
		{"a word for a number", "config.json", config("hidden_size", "wide"), []string{"hidden_size"}},
		{"a negative number", "config.json", config("num_hidden_layers", -1), nil},
		{"a quantization it does not know", "config.json", config("quantization_config", map[string]any{"quant_method": "gptq"}), []string{"gptq"}},
		{"no weights", "model.safetensors", nil, nil},
		{"empty weights", "model.safetensors", []byte{}, []string{"model.safetensors"}},
		{"cut weights", "model.safetensors", shards[:len(shards)/2], []string{"model.safetensors"}},
		{"a cut header", "model.safetensors", shards[:100], []string{"model.safetensors"}},
		{"a header of 2^60 bytes", "model.safetensors", put(shards, 0, u64(1<<60)), []string{"model.safetensors"}},
		{"a header that is no JSON", "model.safetensors", put(shards, 8, []byte("!!!!")), []string{"model.safetensors"}},
		{"another type of weights", "model.safetensors", swap(`"F16"`, `"F99"`), []string{"F99"}},
		{"a wider type of weights", "model.safetensors", swap(`"F16"`, `"F32"`), nil},
		{"negative offsets", "model.safetensors", swap(`"data_offsets":[0,`, `"data_offsets":[-,`), nil},
		{"a tensor missing", "model.safetensors", swap("layers.1.mlp.down_proj", "layers.1.mlp.dawn_proj"), []string{"layers.1.mlp.down_proj"}},
		{"no tokenizer", "tokenizer.json", nil, []string{"tokenizer"}},
		{"an empty tokenizer", "tokenizer.json", []byte{}, []string{"tokenizer.json"}},
		{"a tokenizer that is garbage", "tokenizer.json", []byte("\x00\x01\x02 not a tokenizer"), []string{"tokenizer.json"}},
		{"a tokenizer that holds nothing", "tokenizer.json", []byte("{}"), []string{"tokenizer.json"}},
		{"a tokenizer of another kind", "tokenizer.json", []byte(`{"version":"1.0","model":{"type":"Unigram","vocab":[["a",0]]}}`), []string{"Unigram"}},
		{"a vocabulary larger than the model", "tokenizer.json", bigger(), []string{"5001", "1024"}},
		{"a cut tokenizer", "tokenizer.json", files["tokenizer.json"][:2000], []string{"tokenizer.json"}},
	} {
		dir := t.TempDir()
		for name, data := range files {
			if name == c.file {
				data = c.bytes
			}
			if data == nil {
				continue
			}
			if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		t.Logf("%s:", c.name)
		b.run("run", "-m", dir, "--cap", "2", "--answer-cap", "2", "x").refuses(1, c.texts...)
	}
	// A template that cannot be run stops nothing: the run says which form the prompt has instead.
	for _, c := range [][2]string{
		{`{}`, "no chat template"},
		{`{"chat_template":"{% for x in %}{{ y }"}`, "cannot be run"},
		{`{"chat_template":"{% for i in range(1000000000) %}{% for j in range(1000000000) %}x{% endfor %}{% endfor %}"}`, "cannot be run"},
		{`{"chat_template":"{% for i in [1,2,3] %}{{ '\u001b[31m' }}{% endfor %}"}`, ""},
	} {
		if err := os.WriteFile(filepath.Join(good, "tokenizer_config.json"), []byte(c[0]), 0o644); err != nil {
			t.Fatal(err)
		}
		b.run("run", "-m", good, "--think-format", "s1", "--cap", "2", "--answer-cap", "2", "x").wants(0, c[1])
	}
	b.run("run", "-m", t.TempDir(), "x").refuses(1, "config.json")
	b.run("models", "info", b.dir).refuses(1, "config.json")
}

func marshal(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestHostileImportsChangeNothing(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.run("run", "-m", model(t), "--cap", "4", "--answer-cap", "4", "keep me").wants(0)
	id := b.sessions()[0]["id"].(string)
	good := b.run("sessions", "export", id).wants(0).out
	other := strings.ReplaceAll(good, id, "20200101-000000-00000000")
	first, rest, _ := strings.Cut(other, "\n")
	for name, text := range map[string]string{
		"empty":                   "",
		"text":                    "hello\n",
		"a binary":                "\x7fELF\x00\x00\x1b[31m",
		"a run that is here":      good,
		"an id that is a path":    strings.ReplaceAll(good, id, "../../../../etc/cron.d/x"),
		"an id that is an escape": strings.ReplaceAll(good, id, `\u001b[31m`),
		"cut in a line":           other[:len(other)*2/3],
		"no branch":               rest,
		"a newer format":          strings.Replace(other, `"format":1`, `"format":99`, 1),
		"an unknown field":        strings.Replace(other, `"format":1`, `"format":1,"exec":"rm -rf /"`, 1),
		"two runs":                first + "\n" + first + "\n",
		"tokens out of order":     strings.Replace(other, `"i":3,`, `"i":7,`, 1),
		"a line of 20 MB":         first + "\n" + strings.Repeat("[", 20<<20),
		"deeply nested":           first + "\n" + `{"type":"branch","note":` + strings.Repeat("[", 1<<20) + "}",
		"an unknown phase":        strings.Replace(other, `"phase":"thinking"`, `"phase":"dreaming"`, 1),
	} {
		path := b.write("evil.jsonl", text)
		t.Logf("%s:", name)
		b.run("sessions", "import", path).refuses(1, "import session")
	}
	if list := b.sessions(); len(list) != 1 || list[0]["id"] != id {
		t.Errorf("kept are %v", list)
	}
	if again := b.run("sessions", "export", id).wants(0).out; again != good {
		t.Error("the run that was there has changed")
	}
	// What may be imported is still hostile when it is shown.
	evil := strings.Replace(other, "keep me", `\u001b]0;owned\u0007\u202e`, 1)
	b.feed(evil, "sessions", "import", "-").wants(0)
	b.run("sessions", "list").wants(0)
	b.run("sessions", "show", "20200101-000000-00000000").wants(0)
	// Nothing is written where nothing may be.
	for _, path := range []string{b.at("nowhere", "x.jsonl"), b.dir, b.at("evil.jsonl"), "/proc/s1-cannot"} {
		b.run("sessions", "export", id, "-o", path).refuses(1, filepath.Base(path))
	}
}
