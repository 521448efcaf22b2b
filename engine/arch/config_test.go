package arch

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"s1/engine/weights"
)

func TestConfigContradictionsNameBothSides(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, fixture, key string
		value              any // nil takes the key away
		want               []string
	}{
		{"unknown model type", "qwen3", "model_type", "mamba", []string{`"mamba"`, "Qwen3ForCausalLM"}},
		{"unknown class", "qwen3", "architectures", []string{"Qwen3ForSequenceClassification"}, []string{"Qwen3ForSequenceClassification", "Qwen3ForCausalLM"}},
		{"class of another type", "qwen3", "architectures", []string{"LlamaForCausalLM"}, []string{"LlamaForCausalLM", "qwen3"}},
		{"width against the weights", "qwen3", "hidden_size", 48, []string{"model.embed_tokens.weight", "40", "48"}},
		{"vocabulary against the weights", "qwen3", "vocab_size", 171, []string{"model.embed_tokens.weight", "170", "171"}},
		{"MLP against the weights", "qwen2", "intermediate_size", 96, []string{"gate_proj", "80", "96"}},
		{"head size against the weights", "qwen3", "head_dim", 8, []string{"q_proj", "64", "32"}},
		{"head size of the class against the weights", "qwen3", "head_dim", nil, []string{"q_proj", "64", "512"}},
		{"fewer layers", "qwen3", "num_hidden_layers", 2, []string{"2 layers", "model.layers.2."}},
		{"more layers", "qwen3", "num_hidden_layers", 4, []string{`"model.layers.3.input_layernorm.weight"`, "missing"}},
		{"untied without a head", "qwen3", "tie_word_embeddings", false, []string{"lm_head.weight", "missing"}},
		{"biases the weights have not", "qwen3", "attention_bias", true, []string{"q_proj.bias", "missing"}},
		{"biases the config has not", "llama-bias-linear", "mlp_bias", false, []string{"down_proj.bias", "does not use"}},
		{"width not divisible", "qwen2", "num_attention_heads", 5, []string{"(48)", "(5)"}},
		{"kv heads not dividing", "qwen3", "num_key_value_heads", 3, []string{"(4)", "(3)"}},
		{"odd head", "qwen3", "head_dim", 15, []string{"head_dim (15)", "even"}},
		{"no heads", "qwen2", "num_attention_heads", 0, []string{"num_attention_heads (0)"}},
		{"no context", "qwen2", "max_position_embeddings", nil, []string{"max_position_embeddings is 0"}},
		{"negative width", "qwen2", "hidden_size", -48, []string{"hidden_size is -48"}},
		{"width is a text", "qwen2", "hidden_size", "wide", []string{"hidden_size", "string"}},
		{"width is a fraction", "qwen2", "hidden_size", 48.5, []string{"hidden_size", "48.5"}},
		{"width beyond anything", "qwen2", "hidden_size", 1 << 40, []string{"1099511627776"}},
		{"other activation", "qwen2", "hidden_act", "gelu", []string{`"gelu"`, "silu"}},
		{"eps zero", "qwen2", "rms_norm_eps", 0, []string{"rms_norm_eps is 0"}},
		{"eos outside", "qwen2", "eos_token_id", []int{7, 150}, []string{"150", "vocabulary of 150"}},
		{"eos a text", "qwen2", "eos_token_id", "</s>", []string{"token id"}},
		{"quantised", "qwen2", "quantization_config", map[string]any{"quant_method": "gptq"}, []string{"gptq", "GGUF"}},
		{"sliding window", "qwen2", "layer_types", []string{"full_attention", "sliding_attention"}, []string{"sliding window"}},
		{"layers of another kind", "qwen2", "layer_types", []string{"linear_attention"}, []string{"linear_attention", "full_attention"}},
		{"unknown rope", "qwen2", "rope_parameters", map[string]any{"rope_type": "longrope"}, []string{`"longrope"`, "default, linear, llama3, yarn"}},
		{"yarn without a factor", "qwen2", "rope_parameters", map[string]any{"rope_type": "yarn", "factor": 0}, []string{"factor is 0"}},
		{"llama3 bounds crossed", "llama3", "rope_parameters", map[string]any{
			"rope_type": "llama3", "factor": 8, "low_freq_factor": 4, "high_freq_factor": 1,
		}, []string{"(1)", "(4)"}},
		{"theta zero", "qwen2", "rope_parameters", map[string]any{"rope_theta": 0}, []string{"theta is 0"}},
		{"partial rotation", "qwen2", "partial_rotary_factor", 0.5, []string{"partial_rotary_factor is 0.5"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := openChanged(t, c.fixture, c.key, c.value)
			if c.name == "sliding window" {
				m.Config = changed(t, m.Config, "use_sliding_window", true)
			}
			wantError(t, buildError(m), c.want)
		})
	}
}

func TestSlidingWindowThatTheContextNeverLeavesIsAccepted(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		set  map[string]any
		ok   bool
	}{
		{"switched off", map[string]any{"use_sliding_window": false, "sliding_window": 16}, true},
		{"wider than the context", map[string]any{"use_sliding_window": true, "sliding_window": 4096, "max_window_layers": 0}, true},
		{"begins behind the last layer", map[string]any{"use_sliding_window": true, "sliding_window": 16, "max_window_layers": 2}, true},
		{"in use", map[string]any{"use_sliding_window": true, "sliding_window": 16, "max_window_layers": 1}, false},
	} {
		b := changed(t, read(t, "testdata/qwen2/config.json"), "layer_types", nil)
		for k, v := range c.set {
			b = changed(t, b, k, v)
		}
		if _, err := ParseJSON(b); (err == nil) != c.ok {
			t.Errorf("%s: got %v, want accepted: %t", c.name, err, c.ok)
		}
	}
}

func TestYaRNStretchesTheContext(t *testing.T) {
	t.Parallel()
	c, err := ParseJSON(read(t, "testdata/qwen2-yarn/config.json"))
	if err != nil {
		t.Fatal(err)
	}
	if c.Context != 128 {
		t.Errorf("context %d, want 4 x 32", c.Context)
	}
	if _, scale := c.RoPE.Frequencies(c.HeadDim); scale < 1.13862 || scale > 1.13864 {
		t.Errorf("attention factor %g, want 0.1 ln 4 + 1 = 1.13863", scale)
	}
}

// openChanged opens a fixture with one key of its config changed.
func openChanged(t *testing.T, fixture, key string, value any) *weights.Model {
	t.Helper()
	folder := t.TempDir()
	from := filepath.Join("testdata", fixture)
	write(t, filepath.Join(folder, "model.safetensors"), read(t, filepath.Join(from, "model.safetensors")))
	write(t, filepath.Join(folder, "config.json"), changed(t, read(t, filepath.Join(from, "config.json")), key, value))
	return open(t, folder)
}

func changed(t *testing.T, config []byte, key string, value any) []byte {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal(config, &all); err != nil {
		t.Fatal(err)
	}
	if all[key] = value; value == nil {
		delete(all, key)
	}
	b, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// FuzzParseConfig: whatever a config says, parsing it ends in a Config whose sizes are sane, or in an error.
func FuzzParseConfig(f *testing.F) {
	for _, name := range fixtures {
		for _, file := range []string{"config.json", "config.old.json"} {
			b, err := os.ReadFile(filepath.Join("testdata", name, file))
			if err != nil {
				f.Fatal(err)
			}
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := ParseJSON(b)
		if err != nil {
			return
		}
		if c.Heads < 1 || c.KVHeads < 1 || c.Heads%c.KVHeads != 0 || c.HeadDim < 2 || c.Context < 1 || c.Context > maxContext || c.Vocab < 1 {
			t.Fatalf("accepted %+v", c)
		}
		freqs, scale := c.RoPE.Frequencies(min(c.HeadDim, 256))
		for i, v := range freqs {
			if !(v >= 0) {
				t.Fatalf("frequency %d is %g with %+v", i, v, c.RoPE)
			}
		}
		if !(scale > 0) {
			t.Fatalf("scale %g with %+v", scale, c.RoPE)
		}
		var g Generation
		_, _ = g.ParseJSON(b, c)
	})
}
