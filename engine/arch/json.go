package arch

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

var jsonKeys = keys{
	hidden: "hidden_size", layers: "num_hidden_layers", heads: "num_attention_heads", kvHeads: "num_key_value_heads",
	headDim: "head_dim", ff: "intermediate_size", vocab: "vocab_size", context: "max_position_embeddings", eps: "rms_norm_eps",
	bos: "bos_token_id", eos: "eos_token_id",
}

// configJSON is what we read of a config.json. A pointer tells an absent number from zero.
type configJSON struct {
	ModelType     string   `json:"model_type"`
	Architectures []string `json:"architectures"`

	HiddenSize int  `json:"hidden_size"`
	Layers     int  `json:"num_hidden_layers"`
	Heads      int  `json:"num_attention_heads"`
	KVHeads    *int `json:"num_key_value_heads"`
	HeadDim    *int `json:"head_dim"`
	FF         int  `json:"intermediate_size"`
	Vocab      int  `json:"vocab_size"`
	Context    int  `json:"max_position_embeddings"`

	RMSEps        *float64 `json:"rms_norm_eps"`
	HiddenAct     string   `json:"hidden_act"`
	Tied          bool     `json:"tie_word_embeddings"`
	AttentionBias bool     `json:"attention_bias"`
	MLPBias       bool     `json:"mlp_bias"`

	RopeTheta       *float64        `json:"rope_theta"`
	RopeScaling     json.RawMessage `json:"rope_scaling"`    // transformers 4
	RopeParameters  json.RawMessage `json:"rope_parameters"` // transformers 5, theta included
	PartialRotary   *float64        `json:"partial_rotary_factor"`
	OriginalContext *float64        `json:"original_max_position_embeddings"`

	UseSlidingWindow *bool    `json:"use_sliding_window"`
	SlidingWindow    *int     `json:"sliding_window"`
	MaxWindowLayers  *int     `json:"max_window_layers"`
	LayerTypes       []string `json:"layer_types"`

	Quantization json.RawMessage `json:"quantization_config"`

	BOS idList `json:"bos_token_id"`
	EOS idList `json:"eos_token_id"`
}

// idList reads an id, a list of ids, or null.
type idList []int32

func (l *idList) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		return nil
	}
	var one int32
	if err := json.Unmarshal(b, &one); err == nil {
		*l = idList{one}
		return nil
	}
	var many []int32
	if err := json.Unmarshal(b, &many); err != nil {
		return fmt.Errorf("want a token id or a list of them, have %.40s", b)
	}
	*l = many
	return nil
}

// classes are the model classes of transformers that are the decoder with its language model head.
var classes = map[string]string{"LlamaForCausalLM": Llama, "Qwen2ForCausalLM": Qwen2, "Qwen3ForCausalLM": Qwen3}

// ParseJSON reads a config.json.
func ParseJSON(b []byte) (Config, error) {
	var j configJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return Config{}, jsonError(err)
	}
	c := Config{
		Architecture: j.ModelType, Hidden: j.HiddenSize, Layers: j.Layers, Heads: j.Heads, KVHeads: j.Heads, FF: j.FF, Vocab: j.Vocab,
		Context: j.Context, RMSEps: 1e-6, Tied: j.Tied, BOS: j.BOS, EOS: j.EOS,
	}
	if err := j.architecture(&c); err != nil {
		return Config{}, err
	}
	if present(j.Quantization) {
		var q struct {
			Method string `json:"quant_method"`
		}
		_ = json.Unmarshal(j.Quantization, &q) // only for the message
		return Config{}, fmt.Errorf("the weights are quantised (quantization_config, method %.40q), which is read from GGUF files only", q.Method)
	}
	if j.HiddenAct != "" && j.HiddenAct != "silu" && j.HiddenAct != "swish" {
		return Config{}, unsupported("hidden_act", j.HiddenAct, []string{"silu"})
	}
	if j.KVHeads != nil {
		c.KVHeads = *j.KVHeads
	}
	if j.RMSEps != nil {
		c.RMSEps = float32(*j.RMSEps)
	}
	switch {
	case j.HeadDim != nil:
		c.HeadDim = *j.HeadDim
	case c.Architecture == Qwen3:
		c.HeadDim = 128 // the default of the class
	default:
		var err error
		if c.HeadDim, err = headDim(c.Hidden, c.Heads, jsonKeys); err != nil {
			return Config{}, err
		}
	}
	switch c.Architecture {
	case Qwen2: // fixed in the class, not in its config
		c.QKVBias = true
	default:
		c.QKVBias, c.OutBias = j.AttentionBias, j.AttentionBias
		c.QKNorm = c.Architecture == Qwen3
		c.MLPBias = j.MLPBias && c.Architecture == Llama
	}
	if err := j.rope(&c); err != nil {
		return Config{}, err
	}
	if err := c.validate(jsonKeys); err != nil {
		return Config{}, err
	}
	c.stretch()
	return c, j.sliding(&c)
}

func jsonError(err error) error {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		if wrong.Field == "" {
			return fmt.Errorf("it holds an %s, want an object", wrong.Value)
		}
		return fmt.Errorf("%s is a %s, want %s", wrong.Field, wrong.Value, wrong.Type)
	}
	return err
}

func (j *configJSON) architecture(c *Config) error {
	var supported []string
	for class := range classes {
		supported = append(supported, class)
	}
	slices.Sort(supported)
	for _, class := range j.Architectures {
		a, ok := classes[class]
		if !ok {
			return unsupported("architecture", class, supported)
		}
		if c.Architecture == "" {
			c.Architecture = a
		}
		if a != c.Architecture {
			return fmt.Errorf("architectures says %q and model_type %.60q", class, c.Architecture)
		}
	}
	if !known(c.Architecture) {
		return unsupported("model_type", c.Architecture, architectures)
	}
	return nil
}

// ropeJSON is rope_parameters, or the older rope_scaling.
type ropeJSON struct {
	RopeType        string   `json:"rope_type"`
	Type            string   `json:"type"` // before rope_type
	Theta           *float64 `json:"rope_theta"`
	Factor          *float64 `json:"factor"`
	OriginalContext *float64 `json:"original_max_position_embeddings"`
	LowFreq         float64  `json:"low_freq_factor"`
	HighFreq        float64  `json:"high_freq_factor"`
	BetaFast        *float64 `json:"beta_fast"`
	BetaSlow        *float64 `json:"beta_slow"`
	Attention       *float64 `json:"attention_factor"`
	MScale          *float64 `json:"mscale"`
	MScaleAllDim    *float64 `json:"mscale_all_dim"`
	Truncate        *bool    `json:"truncate"`
	PartialRotary   *float64 `json:"partial_rotary_factor"`

	FullAttention json.RawMessage `json:"full_attention"` // parameters by kind of layer
}

func present(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }

func (j *configJSON) rope(c *Config) error {
	raw, name := j.RopeParameters, "rope_parameters"
	if present(j.RopeScaling) {
		raw, name = j.RopeScaling, "rope_scaling"
	}
	var r ropeJSON
	if present(raw) {
		if err := json.Unmarshal(raw, &r); err != nil {
			return fmt.Errorf("%s: %w", name, jsonError(err))
		}
		if present(r.FullAttention) {
			full := r.FullAttention
			r = ropeJSON{}
			if err := json.Unmarshal(full, &r); err != nil {
				return fmt.Errorf("%s.full_attention: %w", name, jsonError(err))
			}
		}
	}
	for _, partial := range []*float64{j.PartialRotary, r.PartialRotary} {
		if partial != nil && *partial != 1 {
			return fmt.Errorf("partial_rotary_factor is %g; only whole heads are rotated here", *partial)
		}
	}
	or := func(fallback float64, from ...*float64) float64 {
		for _, v := range from {
			if v != nil {
				return *v
			}
		}
		return fallback
	}
	c.RoPE = RoPE{
		Type: r.RopeType, Theta: or(10000, r.Theta, j.RopeTheta), Factor: or(0, r.Factor), LowFreq: r.LowFreq, HighFreq: r.HighFreq,
		OriginalContext: or(float64(j.Context), j.OriginalContext, r.OriginalContext),
		BetaFast:        or(32, r.BetaFast), BetaSlow: or(1, r.BetaSlow),
		NoTruncate: r.Truncate != nil && !*r.Truncate, Attention: or(0, r.Attention),
	}
	if c.RoPE.Type == "" {
		c.RoPE.Type = r.Type
	}
	if c.RoPE.Type == "" {
		c.RoPE.Type = RoPEDefault
	}
	if c.RoPE.Type == RoPEYaRN {
		if r.Factor == nil && c.RoPE.OriginalContext > 0 { // as DeepSeek writes it
			c.RoPE.Factor = float64(j.Context) / c.RoPE.OriginalContext
		}
		if m, all := or(0, r.MScale), or(0, r.MScaleAllDim); m != 0 && all != 0 && r.Attention == nil {
			c.RoPE.Attention = attentionFactor(c.RoPE.Factor, m) / attentionFactor(c.RoPE.Factor, all)
		}
	}
	return nil
}

// sliding refuses windows of attention that the context can outgrow.
func (j *configJSON) sliding(c *Config) error {
	slides := false
	for _, t := range j.LayerTypes {
		switch t {
		case "full_attention":
		case "sliding_attention":
			slides = true
		default:
			return unsupported("layer type", t, []string{"full_attention"})
		}
	}
	if len(j.LayerTypes) == 0 && j.UseSlidingWindow != nil {
		slides = j.MaxWindowLayers == nil || *j.MaxWindowLayers < c.Layers
	}
	if j.UseSlidingWindow != nil && !*j.UseSlidingWindow {
		slides = false
	}
	if slides && (j.SlidingWindow == nil || *j.SlidingWindow < c.Context) {
		window := 0
		if j.SlidingWindow != nil {
			window = *j.SlidingWindow
		}
		return fmt.Errorf("sliding window attention (window %d, context %d) is not supported", window, c.Context)
	}
	return nil
}
