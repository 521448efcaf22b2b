package export

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"s1/engine/arch"
	"s1/engine/tokenizer"
	"s1/engine/weights"
)

// tokenizerFiles are the files of a folder that say how text becomes tokens; they go along byte for byte.
var tokenizerFiles = []string{
	"tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json", "merges.txt",
	"tokenizer.model", "chat_template.jinja", "chat_template.json",
}

// maxTokenizerFile is the most bytes of one of them.
const maxTokenizerFile = 128 << 20

// Tokenizer is where an export takes its tokenizer from: files of a folder, or the metadata of a GGUF file.
type Tokenizer struct {
	files map[string][]byte
	meta  *weights.Meta
}

// TokenizerOf is the tokenizer of an opened model.
func TokenizerOf(m *weights.Model) (Tokenizer, error) {
	if m.Kind == weights.KindGGUF {
		return Tokenizer{meta: m.Meta}, nil
	}
	t := Tokenizer{files: map[string][]byte{}}
	for _, name := range tokenizerFiles {
		info, err := fs.Stat(m.Files, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil && (!info.Mode().IsRegular() || info.Size() > maxTokenizerFile) {
			err = fmt.Errorf("%s of %s is no regular file of at most %d bytes", name, m.Name, maxTokenizerFile)
		}
		if err != nil {
			return Tokenizer{}, fmt.Errorf("read tokenizer: %w", err)
		}
		if t.files[name], err = fs.ReadFile(m.Files, name); err != nil {
			return Tokenizer{}, fmt.Errorf("read tokenizer: %w", err)
		}
	}
	return t, nil
}

// TokenizerFiles is a tokenizer given as files: tokenizer.json and what belongs to it.
func TokenizerFiles(files map[string][]byte) (Tokenizer, error) {
	for name := range files {
		if !slices.Contains(tokenizerFiles, name) {
			return Tokenizer{}, fmt.Errorf("%q is not a tokenizer file; those are %s", name, strings.Join(tokenizerFiles, ", "))
		}
	}
	return Tokenizer{files: maps.Clone(files)}, nil
}

// folder are the files for a Hugging Face folder. None is no error: a model of bare numbers has no text.
func (t Tokenizer) folder(c arch.Config) (map[string][]byte, error) {
	if t.meta == nil || !t.meta.Has("tokenizer.ggml.model") {
		return t.files, nil
	}
	return tokenizer.ToFolder(metadata{t.meta}, c.Context)
}

// pairs are the metadata for a GGUF file: a base's own, or what its files say.
func (t Tokenizer) pairs(c arch.Config) ([]weights.KV, error) {
	if t.meta != nil {
		var kv []weights.KV
		for _, p := range t.meta.Pairs() {
			if strings.HasPrefix(p.Key, "tokenizer.") {
				kv = append(kv, p)
			}
		}
		if tokens, _ := t.meta.Strings("tokenizer.ggml.tokens"); len(tokens) != c.Vocab {
			return nil, fmt.Errorf("the tokenizer of the base has %d tokens and the model %d: they do not belong together", len(tokens), c.Vocab)
		}
		return kv, nil
	}
	if t.files["tokenizer.json"] == nil {
		return nil, errors.New("there is no tokenizer.json, and llama.cpp opens no GGUF file without a vocabulary; export a folder instead")
	}
	dir, err := os.MkdirTemp("", "s1-tokenizer-*") // engine/tokenizer reads folders
	if err != nil {
		return nil, fmt.Errorf("convert tokenizer: %w", err)
	}
	defer os.RemoveAll(dir)
	for name, b := range t.files {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			return nil, fmt.Errorf("convert tokenizer: %w", err)
		}
	}
	g, err := tokenizer.ToGGUF(dir, c.Vocab)
	if err != nil {
		return nil, errors.New(strings.ReplaceAll(err.Error(), dir+string(filepath.Separator), ""))
	}
	return pairsOf(g, c), nil
}

func pairsOf(g tokenizer.GGUF, c arch.Config) []weights.KV {
	merges := g.Merges
	if merges == nil {
		merges = []string{} // llama.cpp wants the key
	}
	kv := []weights.KV{
		{Key: "tokenizer.ggml.model", Value: g.Model},
		{Key: "tokenizer.ggml.pre", Value: g.Pre},
		{Key: "tokenizer.ggml.tokens", Value: g.Tokens},
		{Key: "tokenizer.ggml.token_type", Value: g.Types},
		{Key: "tokenizer.ggml.merges", Value: merges},
	}
	if g.EOS < 0 && len(c.EOS) > 0 {
		g.EOS = c.EOS[0]
	}
	if g.BOS < 0 && len(c.BOS) > 0 {
		g.BOS = c.BOS[0]
	}
	for _, id := range append(slices.Clone(c.EOS), g.EOT...) {
		if id != g.EOS {
			kv = append(kv, weights.KV{Key: "tokenizer.ggml.eot_token_id", Value: uint32(id)})
			break
		}
	}
	for key, id := range map[string]int32{"bos": g.BOS, "eos": g.EOS} {
		if id >= 0 {
			kv = append(kv, weights.KV{Key: "tokenizer.ggml." + key + "_token_id", Value: uint32(id)})
		}
	}
	slices.SortStableFunc(kv[5:], func(a, b weights.KV) int { return strings.Compare(a.Key, b.Key) })
	kv = append(kv, weights.KV{Key: "tokenizer.ggml.add_bos_token", Value: g.AddBOS})
	if g.Template != "" {
		kv = append(kv, weights.KV{Key: "tokenizer.chat_template", Value: g.Template})
	}
	return kv
}

// metadata is what tokenizer asks of GGUF metadata: what is absent is empty.
type metadata struct{ *weights.Meta }

// Strings implements tokenizer.Meta.
func (m metadata) Strings(key string) []string {
	v, _ := m.Meta.Strings(key)
	return v
}

// Ints implements tokenizer.Meta.
func (m metadata) Ints(key string) []int64 {
	v, _ := m.Meta.Ints(key)
	return v
}
