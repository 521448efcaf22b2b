package arch

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"s1/kernels"
)

// JSON writes the config.json of a decoder whose weights are stored as t. Both forms of the rotary parameters are in it, that of
// transformers 5 (rope_parameters) and that of transformers 4 (rope_theta beside rope_scaling), so that either opens it.
func (c *Config) JSON(t kernels.DType) ([]byte, error) {
	dtype, ok := map[kernels.DType]string{kernels.F32: "float32", kernels.F16: "float16", kernels.BF16: "bfloat16"}[t]
	if !ok {
		return nil, fmt.Errorf("config.json cannot say %v; a folder holds F32, F16 or BF16", t)
	}
	var class string
	for name, a := range classes {
		if a == c.Architecture {
			class = name
		}
	}
	switch {
	case class == "":
		return nil, unsupported("architecture", c.Architecture, architectures)
	case c.RoPE.Interleaved:
		return nil, errors.New("q and k are in the order of a GGUF file (neighbours rotated); a folder wants halves")
	case c.Architecture == Qwen2 && (!c.QKVBias || c.OutBias || c.MLPBias):
		return nil, errors.New("config.json cannot say that a qwen2 has no bias on q, k and v, or one anywhere else")
	case c.Architecture != Qwen2 && c.QKVBias != c.OutBias:
		return nil, fmt.Errorf("config.json cannot say that a %s has a bias on q, k and v (%t) but not on the output (%t)", c.Architecture, c.QKVBias, c.OutBias)
	case c.Architecture == Qwen3 && c.MLPBias:
		return nil, errors.New("config.json cannot say that a qwen3 has biases in its MLP")
	}
	j := configOut{
		Architectures: []string{class}, ModelType: c.Architecture, Hidden: c.Hidden, Layers: c.Layers, Heads: c.Heads, KVHeads: c.KVHeads,
		HeadDim: c.HeadDim, FF: c.FF, Vocab: c.Vocab, Context: c.Context, Eps: json.Number(shortest(c.RMSEps)), Act: "silu", Tied: c.Tied,
		Theta: c.RoPE.Theta, Parameters: c.RoPE.parameters(), BOS: oneOrMany(c.BOS), EOS: oneOrMany(c.EOS),
		DType: dtype, TorchDType: dtype, UseCache: true, Init: 0.02,
	}
	if c.RoPE.Type != RoPEDefault {
		j.Scaling = c.RoPE.parameters()
		delete(j.Scaling, "rope_theta")
	}
	switch c.Architecture {
	case Llama:
		j.AttentionBias, j.MLPBias = &c.QKVBias, &c.MLPBias
	case Qwen3:
		j.AttentionBias = &c.QKVBias
	}
	if c.Architecture != Llama {
		j.Sliding = new(bool)
	}
	return json.MarshalIndent(j, "", "  ")
}

// configOut is config.json in the order it is written.
type configOut struct {
	Architectures []string       `json:"architectures"`
	ModelType     string         `json:"model_type"`
	AttentionBias *bool          `json:"attention_bias,omitempty"`
	BOS           any            `json:"bos_token_id"`
	EOS           any            `json:"eos_token_id"`
	DType         string         `json:"dtype"`
	HeadDim       int            `json:"head_dim"`
	Act           string         `json:"hidden_act"`
	Hidden        int            `json:"hidden_size"`
	Init          float64        `json:"initializer_range"`
	FF            int            `json:"intermediate_size"`
	Context       int            `json:"max_position_embeddings"`
	MLPBias       *bool          `json:"mlp_bias,omitempty"`
	Heads         int            `json:"num_attention_heads"`
	Layers        int            `json:"num_hidden_layers"`
	KVHeads       int            `json:"num_key_value_heads"`
	Eps           json.Number    `json:"rms_norm_eps"`
	Parameters    map[string]any `json:"rope_parameters"`
	Scaling       map[string]any `json:"rope_scaling"`
	Theta         float64        `json:"rope_theta"`
	Tied          bool           `json:"tie_word_embeddings"`
	TorchDType    string         `json:"torch_dtype"`
	UseCache      bool           `json:"use_cache"`
	Sliding       *bool          `json:"use_sliding_window,omitempty"`
	Vocab         int            `json:"vocab_size"`
}

// parameters are the rotary parameters as transformers 5 writes them.
func (r *RoPE) parameters() map[string]any {
	p := map[string]any{"rope_type": r.Type, "rope_theta": r.Theta}
	switch r.Type {
	case RoPELinear:
		p["factor"] = r.Factor
	case RoPELlama3:
		p["factor"], p["original_max_position_embeddings"] = r.Factor, int(r.OriginalContext)
		p["low_freq_factor"], p["high_freq_factor"] = r.LowFreq, r.HighFreq
	case RoPEYaRN:
		p["factor"], p["original_max_position_embeddings"] = r.Factor, int(r.OriginalContext)
		p["beta_fast"], p["beta_slow"] = r.BetaFast, r.BetaSlow
		if r.Attention > 0 {
			p["attention_factor"] = r.Attention
		}
		if r.NoTruncate {
			p["truncate"] = false
		}
	}
	return p
}

// shortest writes 1e-05 where float64(v) would be 9.999999747378752e-06.
func shortest(v float32) string {
	return strings.ToLower(fmt.Sprint(v))
}

// oneOrMany is an id, a list of ids, or null.
func oneOrMany(ids []int32) any {
	switch len(ids) {
	case 0:
		return nil
	case 1:
		return ids[0]
	}
	return ids
}
