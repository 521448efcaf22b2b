package arch

import (
	"fmt"
	"math"

	"s1/engine/weights"
)

// parseGGUF reads GGUF metadata. Biases are not in it: the file has their tensors or it has not.
func parseGGUF(m *weights.Model) (Config, error) {
	architecture, _ := m.Meta.String("general.architecture")
	if !known(architecture) {
		return Config{}, unsupported("general.architecture", architecture, architectures)
	}
	g := metaReader{meta: m.Meta, prefix: architecture + "."}
	k := keys{
		hidden: g.prefix + "embedding_length", layers: g.prefix + "block_count", heads: g.prefix + "attention.head_count",
		kvHeads: g.prefix + "attention.head_count_kv", headDim: g.prefix + "attention.key_length", ff: g.prefix + "feed_forward_length",
		vocab: g.prefix + "vocab_size", context: g.prefix + "context_length", eps: g.prefix + "attention.layer_norm_rms_epsilon",
		bos: "tokenizer.ggml.bos_token_id", eos: "tokenizer.ggml.eos_token_id",
	}
	c := Config{
		Architecture: architecture,
		Hidden:       g.int("embedding_length", -1), Layers: g.int("block_count", -1), Heads: g.int("attention.head_count", -1),
		FF: g.int("feed_forward_length", -1), Context: g.int("context_length", -1),
		RMSEps: float32(g.float("attention.layer_norm_rms_epsilon", -1)),
		Tied:   !m.Has("output.weight"),
		QKNorm: architecture == Qwen3,
		// A bias without its neighbours is found out by Build, which wants all of them or none.
		QKVBias: m.Has("blk.0.attn_q.bias"), OutBias: m.Has("blk.0.attn_output.bias"), MLPBias: m.Has("blk.0.ffn_gate.bias"),
	}
	c.KVHeads = g.int("attention.head_count_kv", c.Heads)
	c.Vocab = g.int("vocab_size", 0)
	if c.Vocab == 0 { // older files: the table itself says
		if t, ok := m.Tensors["token_embd.weight"]; ok && len(t.Shape) == 2 {
			c.Vocab = t.Shape[0]
		}
	}
	if c.HeadDim = g.int("attention.key_length", 0); c.HeadDim == 0 && g.err == nil {
		c.HeadDim, g.err = headDim(c.Hidden, c.Heads, k)
	}
	if v := g.int("attention.value_length", c.HeadDim); v != c.HeadDim {
		g.fail("%sattention.value_length (%d) differs from key_length (%d), which is not supported", g.prefix, v, c.HeadDim)
	}
	if d := g.int("rope.dimension_count", c.HeadDim); d != c.HeadDim {
		g.fail("%srope.dimension_count (%d) differs from the size of a head (%d); only whole heads are rotated here", g.prefix, d, c.HeadDim)
	}
	if n := g.int("expert_count", 0); n > 0 {
		g.fail("%sexpert_count is %d: mixtures of experts are not supported", g.prefix, n)
	}
	if w := g.int("attention.sliding_window", 0); w > 0 && w < c.Context {
		g.fail("sliding window attention (window %d, context %d) is not supported", w, c.Context)
	}
	c.BOS = g.ids(c.BOS, "tokenizer.ggml.bos_token_id")
	c.EOS = g.ids(c.EOS, "tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id")
	g.rope(&c)
	if g.err != nil {
		return Config{}, g.err
	}
	if err := c.validate(k); err != nil {
		return Config{}, err
	}
	c.stretch()
	return c, nil
}

// metaReader reads keys of one architecture and keeps the first thing wrong.
type metaReader struct {
	meta   *weights.Meta
	prefix string
	err    error
}

func (g *metaReader) fail(format string, a ...any) {
	if g.err == nil {
		g.err = fmt.Errorf(format, a...)
	}
}

// int reads a number; absent < 0 means that it must be there.
func (g *metaReader) int(key string, absent int) int {
	key = g.prefix + key
	n, ok := g.meta.Int(key)
	switch {
	case !ok && g.meta.Has(key):
		g.fail("%s is not one whole number", key)
	case !ok && absent < 0:
		g.fail("%s is missing", key)
	case !ok:
		return absent
	case n < 0 || n > math.MaxInt32:
		g.fail("%s is %d", key, n)
	}
	return int(n)
}

func (g *metaReader) float(key string, absent float64) float64 {
	key = g.prefix + key
	v, ok := g.meta.Float(key)
	switch {
	case !ok && g.meta.Has(key):
		g.fail("%s is not a number", key)
	case !ok && absent < 0:
		g.fail("%s is missing", key)
	case !ok:
		return absent
	}
	return v
}

func (g *metaReader) ids(list []int32, names ...string) []int32 {
	for _, key := range names {
		id, ok := g.meta.Int(key)
		if !ok {
			continue
		}
		if id < 0 || id > math.MaxInt32 {
			g.fail("%s is %d", key, id)
			continue
		}
		list = append(list, int32(id))
	}
	return list
}

// rope reads what llama.cpp's converter writes. Llama 3's stretch is not metadata there but a tensor of factors, rope_freqs.weight.
func (g *metaReader) rope(c *Config) {
	kind, _ := g.meta.String(g.prefix + "rope.scaling.type")
	c.RoPE = RoPE{
		Type: kind, Theta: g.float("rope.freq_base", 10000), Factor: g.float("rope.scaling.factor", 0),
		OriginalContext: float64(g.int("rope.scaling.original_context_length", c.Context)),
		BetaFast:        g.float("rope.scaling.yarn_beta_fast", 32), BetaSlow: g.float("rope.scaling.yarn_beta_slow", 1),
		Interleaved: c.Architecture == Llama,
	}
	switch kind {
	case "", "none":
		c.RoPE.Type = RoPEDefault
		if f := g.float("rope.scale_linear", 1); f != 1 { // older files
			c.RoPE.Type, c.RoPE.Factor = RoPELinear, f
		}
	case RoPELlama3:
		g.fail("%srope.scaling.type is llama3, whose factors GGUF files keep in a tensor", g.prefix)
	case RoPEYaRN:
		// The file's factor multiplies YaRN's own.
		if a := g.float("rope.scaling.attn_factor", g.float("rope.scaling.yarn_attn_factor", 1)); a != 1 {
			c.RoPE.Attention = a * attentionFactor(c.RoPE.Factor, 1)
		}
	}
}
