package arch

import (
	"errors"

	"s1/engine/weights"
)

// Pairs writes the metadata that describes a decoder in a GGUF file, as llama.cpp's converter does. Llama 3's stretch has none: it is
// the tensor of Factors.
func (c *Config) Pairs() ([]weights.KV, error) {
	if !known(c.Architecture) {
		return nil, unsupported("architecture", c.Architecture, architectures)
	}
	if c.RoPE.Type == RoPEYaRN && c.RoPE.NoTruncate {
		return nil, errors.New("a GGUF file cannot say that YaRN's bounds are not rounded (truncate: false)")
	}
	a := c.Architecture + "."
	kv := []weights.KV{
		{Key: a + "block_count", Value: uint32(c.Layers)},
		{Key: a + "context_length", Value: uint32(c.Context)},
		{Key: a + "embedding_length", Value: uint32(c.Hidden)},
		{Key: a + "feed_forward_length", Value: uint32(c.FF)},
		{Key: a + "attention.head_count", Value: uint32(c.Heads)},
		{Key: a + "attention.head_count_kv", Value: uint32(c.KVHeads)},
		{Key: a + "attention.key_length", Value: uint32(c.HeadDim)},
		{Key: a + "attention.value_length", Value: uint32(c.HeadDim)},
		{Key: a + "attention.layer_norm_rms_epsilon", Value: c.RMSEps},
		{Key: a + "rope.dimension_count", Value: uint32(c.HeadDim)},
		{Key: a + "rope.freq_base", Value: float32(c.RoPE.Theta)},
		{Key: a + "vocab_size", Value: uint32(c.Vocab)},
	}
	add := func(key string, value any) { kv = append(kv, weights.KV{Key: a + "rope.scaling." + key, Value: value}) }
	switch c.RoPE.Type {
	case RoPELinear:
		add("type", "linear")
		add("factor", float32(c.RoPE.Factor))
	case RoPEYaRN:
		add("type", "yarn")
		add("factor", float32(c.RoPE.Factor))
		add("original_context_length", uint32(c.RoPE.OriginalContext))
		add("yarn_beta_fast", float32(c.RoPE.BetaFast))
		add("yarn_beta_slow", float32(c.RoPE.BetaSlow))
		if c.RoPE.Attention > 0 { // the file's factor multiplies YaRN's own
			add("attn_factor", float32(c.RoPE.Attention/attentionFactor(c.RoPE.Factor, 1)))
		}
	}
	return kv, nil
}

// FactorsName is the tensor of Factors in a GGUF file.
const FactorsName = ropeFactors

// Factors are what a GGUF file divides the plain frequencies of each pair by (HeadDim/2), where its metadata cannot say the stretch;
// nil where it can.
func (c *Config) Factors() []float32 {
	if c.RoPE.Type != RoPELlama3 {
		return nil
	}
	stretched, _ := c.RoPE.Frequencies(c.HeadDim)
	plain := RoPE{Type: RoPEDefault, Theta: c.RoPE.Theta}
	factors, _ := plain.Frequencies(c.HeadDim)
	for i := range factors {
		factors[i] /= stretched[i]
	}
	return factors
}
