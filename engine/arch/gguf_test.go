package arch

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"s1/engine/weights"
	"s1/kernels"
)

// The fixtures again as GGUF: other names, q and k of Llama permuted for rotation of neighbours, Llama 3's stretch as a tensor.
func TestGGUFGivesTheLogitsOfTheFolder(t *testing.T) {
	t.Parallel()
	for _, name := range fixtures {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := open(t, filepath.Join("testdata", name))
			tokens, want := expected(t, name)
			twin := openGGUF(t, m, nil)
			closeTo(t, run(t, twin, tokens), want)

			a, err := Parse(m)
			if err != nil {
				t.Fatal(err)
			}
			b, err := Parse(twin)
			if err != nil {
				t.Fatal(err)
			}
			if a.Context != b.Context || a.HeadDim != b.HeadDim || a.Tied != b.Tied || len(a.EOS) > 0 != (len(b.EOS) > 0) {
				t.Errorf("gguf: %+v\nfolder: %+v", b, a)
			}
		})
	}
}

func TestGGUFContradictionsNameBothSides(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, fixture string
		key           string
		value         any // nil takes the key away
		want          []string
	}{
		{"unknown architecture", "qwen3", "general.architecture", "mamba", []string{`"mamba"`, "llama, qwen2, qwen3"}},
		{"no architecture", "qwen3", "general.architecture", nil, []string{"general.architecture", "llama, qwen2, qwen3"}},
		{"no width", "qwen3", "qwen3.embedding_length", nil, []string{"qwen3.embedding_length is missing"}},
		{"width is a text", "qwen3", "qwen3.embedding_length", "wide", []string{"qwen3.embedding_length is not one whole number"}},
		{"wrong width", "qwen3", "qwen3.embedding_length", uint32(48), []string{"token_embd.weight", "40", "48"}},
		{"wrong vocabulary", "qwen3", "qwen3.vocab_size", uint32(171), []string{"token_embd.weight", "170", "171"}},
		{"fewer layers", "qwen3", "qwen3.block_count", uint32(2), []string{"2 layers", "blk.2.attn_k.weight"}},
		{"more layers", "qwen3", "qwen3.block_count", uint32(4), []string{`"blk.3.attn_norm.weight"`, "missing"}},
		{"huge layers", "qwen3", "qwen3.block_count", uint32(1 << 31), []string{"2147483648"}},
		{"wrong MLP", "qwen2", "qwen2.feed_forward_length", uint32(96), []string{"ffn_gate", "80", "96"}},
		{"heads and kv heads", "qwen2", "qwen2.attention.head_count_kv", uint32(4), []string{"(6)", "(4)"}},
		{"heads by layer", "qwen2", "qwen2.attention.head_count_kv", []uint32{2, 2}, []string{"head_count_kv is not one whole number"}},
		{"partial rotation", "qwen2", "qwen2.rope.dimension_count", uint32(4), []string{"(4)", "(8)"}},
		{"experts", "llama3", "llama.expert_count", uint32(8), []string{"8", "mixtures of experts"}},
		{"window", "llama3", "llama.attention.sliding_window", uint32(64), []string{"window 64", "context 256"}},
		{"unknown rope", "llama3", "llama.rope.scaling.type", "longrope", []string{`"longrope"`, "yarn"}},
		{"values narrower", "llama3", "llama.attention.value_length", uint32(8), []string{"(8)", "(12)"}},
		{"eos outside", "qwen2", "tokenizer.ggml.eos_token_id", uint32(150), []string{"150"}},
		{"eps zero", "qwen2", "qwen2.attention.layer_norm_rms_epsilon", float32(0), []string{"layer_norm_rms_epsilon is 0"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := openGGUF(t, open(t, filepath.Join("testdata", c.fixture)), map[string]any{c.key: c.value})
			wantError(t, buildError(m), c.want)
		})
	}
}

func buildError(m *weights.Model) error {
	c, err := Parse(m)
	if err != nil {
		return err
	}
	_, err = Build(c, m)
	return err
}

// wantError checks that an error is one sentence that says all of want.
func wantError(t *testing.T, err error, want []string) {
	t.Helper()
	if err == nil {
		t.Fatalf("accepted, want an error with %q", want)
	}
	for _, w := range want {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("error %q does not say %q", err, w)
		}
	}
	if strings.Contains(err.Error(), "\n") || len(err.Error()) > 300 {
		t.Errorf("error %q is not one sentence", err)
	}
}

// openGGUF writes a folder's model as GGUF, with some metadata changed, and opens it.
func openGGUF(t *testing.T, m *weights.Model, change map[string]any) *weights.Model {
	t.Helper()
	c, err := Parse(m)
	if err != nil {
		t.Fatal(err)
	}
	pairs, seen := []weights.KV{}, map[string]bool{}
	for _, kv := range append(metadata(c), added(change)...) {
		value, changed := change[kv.Key]
		if !changed {
			value = kv.Value
		}
		if value != nil && !seen[kv.Key] {
			seen[kv.Key] = true
			pairs = append(pairs, weights.KV{Key: kv.Key, Value: value})
		}
	}
	var b bytes.Buffer
	if err := weights.WriteGGUF(&b, pairs, renamed(t, c, m), nil); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "model.gguf")
	write(t, path, b.Bytes())
	return open(t, path)
}

func added(change map[string]any) (kv []weights.KV) {
	for k, v := range change {
		kv = append(kv, weights.KV{Key: k, Value: v})
	}
	return kv
}

// metadata is what llama.cpp's converter writes of a config.
func metadata(c Config) []weights.KV {
	a := c.Architecture + "."
	kv := []weights.KV{
		{Key: "general.architecture", Value: c.Architecture},
		{Key: a + "embedding_length", Value: uint32(c.Hidden)},
		{Key: a + "block_count", Value: uint32(c.Layers)},
		{Key: a + "attention.head_count", Value: uint32(c.Heads)},
		{Key: a + "attention.head_count_kv", Value: uint32(c.KVHeads)},
		{Key: a + "attention.key_length", Value: uint32(c.HeadDim)},
		{Key: a + "feed_forward_length", Value: uint32(c.FF)},
		{Key: a + "attention.layer_norm_rms_epsilon", Value: c.RMSEps},
		{Key: a + "rope.freq_base", Value: float32(c.RoPE.Theta)},
		{Key: a + "context_length", Value: uint32(c.Context)},
	}
	if c.RoPE.Type == RoPELinear || c.RoPE.Type == RoPEYaRN {
		kv = append(kv, weights.KV{Key: a + "rope.scaling.type", Value: c.RoPE.Type},
			weights.KV{Key: a + "rope.scaling.factor", Value: float32(c.RoPE.Factor)},
			weights.KV{Key: a + "rope.scaling.original_context_length", Value: uint32(c.RoPE.OriginalContext)})
	}
	if len(c.EOS) > 0 {
		kv = append(kv, weights.KV{Key: "tokenizer.ggml.eos_token_id", Value: uint32(c.EOS[0])})
	}
	return kv
}

func renamed(t *testing.T, c Config, m *weights.Model) []weights.Tensor {
	t.Helper()
	names := map[string]string{}
	for _, suffix := range []string{".weight", ".bias"} {
		names[folderNames.embedding+suffix] = ggufNames.embedding + suffix
		names[folderNames.norm+suffix] = ggufNames.norm + suffix
		names[folderNames.head+suffix] = ggufNames.head + suffix
		for l := range c.Layers {
			for p := range numParts {
				names[folderNames.of(l, p)+suffix] = ggufNames.of(l, p) + suffix
			}
		}
	}
	var out []weights.Tensor
	for name, x := range m.Tensors {
		x.Name = names[name]
		if x.Name == "" {
			t.Fatalf("no GGUF name for %q", name)
		}
		if c.Architecture == Llama {
			switch {
			case strings.Contains(x.Name, "attn_q."):
				x.Data = permuted(x, c.Heads)
			case strings.Contains(x.Name, "attn_k."):
				x.Data = permuted(x, c.KVHeads)
			}
		}
		out = append(out, x)
	}
	if c.RoPE.Type == RoPELlama3 {
		stretched, _ := c.RoPE.Frequencies(c.HeadDim)
		plain := RoPE{Type: RoPEDefault, Theta: c.RoPE.Theta}
		factors, _ := plain.Frequencies(c.HeadDim)
		for i := range factors {
			factors[i] /= stretched[i]
		}
		out = append(out, weights.Tensor{Name: ropeFactors, Type: kernels.F32, Shape: []int{len(factors)}, Data: weights.Floats32(factors)})
	}
	return out
}

// permuted moves row i of each head's first half to 2i and of its second half to 2i+1.
func permuted(x weights.Tensor, heads int) []byte {
	row := len(x.Data) / x.Shape[0]
	dim := x.Shape[0] / heads
	out := make([]byte, len(x.Data))
	for h := range heads {
		for i := range dim {
			to := 2*(i%(dim/2)) + i/(dim/2)
			copy(out[(h*dim+to)*row:(h*dim+to+1)*row], x.Data[(h*dim+i)*row:])
		}
	}
	return out
}
