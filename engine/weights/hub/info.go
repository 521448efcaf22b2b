package hub

import (
	"context"
	"encoding/json"
	"fmt"

	"s1/engine/weights"
)

// Info describes a model on this machine. Numbers that its file does not give are 0.
type Info struct {
	Word         string         `json:"word"`
	Path         string         `json:"path"`
	Kind         string         `json:"kind"`
	Name         string         `json:"name"`
	Architecture string         `json:"architecture"` // llama, qwen2, qwen3, ... as the file says
	License      string         `json:"license,omitempty"`
	Parameters   int64          `json:"parameters"`
	Bytes        int64          `json:"bytes"` // of all tensors
	Types        map[string]int `json:"types"` // tensors of each type
	Layers       int            `json:"layers"`
	Hidden       int            `json:"hidden"`
	Heads        int            `json:"heads"`
	KVHeads      int            `json:"kv_heads"`
	Vocab        int            `json:"vocab"`
	Context      int            `json:"context"`
	SHA256       string         `json:"sha256"`
}

// Inspect opens a local model and describes it. The first time it reads the whole file for its hash.
func (h *Hub) Inspect(ctx context.Context, word string) (Info, error) {
	path, err := h.Resolve(ctx, word)
	if err != nil {
		return Info{}, err
	}
	m, err := weights.Open(path)
	if err != nil {
		return Info{}, err
	}
	defer m.Close()
	i := Info{Word: word, Path: path, Kind: m.Kind, Name: m.Name, Parameters: m.Parameters(), Bytes: m.Bytes(), Types: map[string]int{}}
	for _, t := range m.Tensors {
		i.Types[t.Type.String()]++
	}
	if m.Kind == weights.KindGGUF {
		i.fromMeta(m.Meta)
	} else if err := i.fromConfig(m.Config); err != nil {
		return Info{}, fmt.Errorf("describe %s: %w", word, err)
	}
	if i.SHA256, err = m.SHA256(); err != nil {
		return Info{}, fmt.Errorf("describe %s: %w", word, err)
	}
	return i, ctx.Err()
}

func (i *Info) fromMeta(meta *weights.Meta) {
	i.Architecture, _ = meta.String("general.architecture")
	i.License, _ = meta.String("general.license")
	for key, to := range map[string]*int{
		"block_count": &i.Layers, "embedding_length": &i.Hidden, "attention.head_count": &i.Heads,
		"attention.head_count_kv": &i.KVHeads, "context_length": &i.Context,
	} {
		if v, ok := meta.Int(i.Architecture + "." + key); ok {
			*to = int(v)
		}
	}
	if tokens, ok := meta.Strings("tokenizer.ggml.tokens"); ok {
		i.Vocab = len(tokens)
	}
}

func (i *Info) fromConfig(config []byte) error {
	var c struct {
		ModelType string `json:"model_type"`
		Layers    int    `json:"num_hidden_layers"`
		Hidden    int    `json:"hidden_size"`
		Heads     int    `json:"num_attention_heads"`
		KVHeads   int    `json:"num_key_value_heads"`
		Vocab     int    `json:"vocab_size"`
		Context   int    `json:"max_position_embeddings"`
	}
	if err := json.Unmarshal(config, &c); err != nil {
		return fmt.Errorf("config.json: %w", err)
	}
	i.Architecture, i.Layers, i.Hidden, i.Heads, i.KVHeads, i.Vocab, i.Context = c.ModelType, c.Layers, c.Hidden, c.Heads, c.KVHeads, c.Vocab, c.Context
	if i.KVHeads == 0 {
		i.KVHeads = i.Heads
	}
	return nil
}
