package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"s1/engine/weights"
	"s1/kernels"
)

// The model of these tests has random weights, a vocabulary of 1024 and ChatML, in which s1's own think format lives. What
// it says is noise, and with seeds and caps it says the same noise each time.
const tinyShape = "tiny-llama"

// model is the path of the tiny model, made once.
func model(t testing.TB) string {
	t.Helper()
	path := filepath.Join(ready.dir, "tiny.gguf")
	ready.made.Do(func() { ready.modelErr = synth(path, kernels.Q8_0) })
	if ready.modelErr != nil {
		t.Fatal(ready.modelErr)
	}
	return path
}

func synth(path string, t kernels.DType) error {
	shape, err := weights.SynthShapeNamed(tinyShape)
	if err != nil {
		return err
	}
	return weights.Synth(path, shape, t, 1)
}

// hfNames are the names of the tensors in a Hugging Face folder; %d is the layer.
var hfNames = strings.NewReplacer(
	"token_embd.", "model.embed_tokens.", "output_norm.", "model.norm.", "blk.", "model.layers.",
	"attn_norm.", "input_layernorm.", "attn_q.", "self_attn.q_proj.", "attn_k.", "self_attn.k_proj.", "attn_v.", "self_attn.v_proj.",
	"attn_output.", "self_attn.o_proj.", "ffn_norm.", "post_attention_layernorm.", "ffn_gate.", "mlp.gate_proj.", "ffn_up.", "mlp.up_proj.",
	"ffn_down.", "mlp.down_proj.", "output.", "lm_head.",
)

// folderModel writes the tiny model as a Hugging Face folder: config.json, tokenizer.json, tokenizer_config.json and F16 safetensors.
func folderModel(t testing.TB, dir string) string {
	t.Helper()
	gguf := filepath.Join(t.TempDir(), "f16.gguf")
	if err := synth(gguf, kernels.F16); err != nil {
		t.Fatal(err)
	}
	m, err := weights.Open(gguf)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	var tensors []weights.Tensor
	for _, x := range m.Tensors {
		x.Name = hfNames.Replace(x.Name)
		tensors = append(tensors, x)
	}
	f, err := os.Create(filepath.Join(dir, "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	if err := weights.WriteSafetensors(f, nil, tensors); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	shape, err := weights.SynthShapeNamed(tinyShape)
	if err != nil {
		t.Fatal(err)
	}
	writeJSON(t, filepath.Join(dir, "config.json"), map[string]any{
		"model_type": "llama", "architectures": []string{"LlamaForCausalLM"}, "hidden_size": shape.Hidden, "num_hidden_layers": shape.Layers,
		"num_attention_heads": shape.Heads, "num_key_value_heads": shape.KVHeads, "head_dim": shape.HeadDim, "intermediate_size": shape.Inter,
		"vocab_size": shape.Vocab, "max_position_embeddings": shape.Context, "rms_norm_eps": 1e-6, "rope_theta": shape.RopeBase,
		"hidden_act": "silu", "tie_word_embeddings": shape.Tied, "bos_token_id": shape.Vocab - 3, "eos_token_id": shape.Vocab - 1, "torch_dtype": "float16",
	})
	pieces, _ := m.Meta.Strings("tokenizer.ggml.tokens")
	merges, _ := m.Meta.Strings("tokenizer.ggml.merges")
	vocab := map[string]int{}
	var added []map[string]any
	for i, piece := range pieces {
		if i >= shape.Vocab-3 {
			added = append(added, map[string]any{"id": i, "content": piece, "special": true, "normalized": false, "lstrip": false, "rstrip": false, "single_word": false})
			continue
		}
		vocab[piece] = i
	}
	byteLevel := map[string]any{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true}
	writeJSON(t, filepath.Join(dir, "tokenizer.json"), map[string]any{
		"version": "1.0", "added_tokens": added, "normalizer": nil, "pre_tokenizer": byteLevel, "decoder": byteLevel, "post_processor": nil,
		"model": map[string]any{"type": "BPE", "vocab": vocab, "merges": merges},
	})
	template, _ := m.Meta.String("tokenizer.chat_template")
	writeJSON(t, filepath.Join(dir, "tokenizer_config.json"), map[string]any{"chat_template": template, "eos_token": "<|im_end|>", "bos_token": "<|endoftext|>"})
	return dir
}

func writeJSON(t testing.TB, path string, v any) {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}
