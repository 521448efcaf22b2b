package export

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"s1/engine/adapter"
	"s1/engine/arch"
	"s1/engine/weights"
	"s1/kernels"
)

// someLoRA is random, and equal for equal names.
func someLoRA(c arch.Config) LoRA {
	l := LoRA{Rank: 4, Alpha: 8, Dropout: 0.1, Targets: everyTarget(), Base: "org/base"}
	all, _ := l.pairs(c)
	l.Targets = []string{"q_proj", "v_proj", "down_proj"}
	l.Params = func(name string) ([]float32, error) {
		h := fnv.New64a()
		_, _ = h.Write([]byte(name))
		r := rand.New(rand.NewPCG(h.Sum64(), 0))
		for _, p := range all {
			n := 0
			switch name {
			case p.matrix + ".lora_A.weight":
				n = l.Rank * p.in
			case p.matrix + ".lora_B.weight":
				n = l.Rank * p.out
			default:
				continue
			}
			v := make([]float32, n)
			for i := range v {
				v[i] = float32(r.NormFloat64() * 0.2)
			}
			return v, nil
		}
		return nil, nil
	}
	return l
}

func everyTarget() []string {
	return []string{"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}
}

func TestAnAdapterHasTheNamesOfPEFT(t *testing.T) {
	t.Parallel()
	b, err := Load(open(t, bases()["qwen3"]))
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "adapter")
	if err := Adapter(t.Context(), dir, b.Config, someLoRA(b.Config), Card{Name: "n"}, Options{}); err != nil {
		t.Fatal(err)
	}
	doc := read(t, filepath.Join(dir, "adapter_model.safetensors"))
	header := map[string]struct {
		Shape []int `json:"shape"`
	}{}
	if err := json.Unmarshal(doc[8:8+binary.LittleEndian.Uint64(doc)], &header); err != nil {
		t.Fatal(err)
	}
	delete(header, "__metadata__")
	if len(header) != 3*3*2 {
		t.Errorf("%d tensors, want A and B of three matrices in three layers", len(header))
	}
	for name, want := range map[string][2]int{
		"base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight": {4, 40},
		"base_model.model.model.layers.2.self_attn.q_proj.lora_B.weight": {64, 4},
		"base_model.model.model.layers.1.mlp.down_proj.lora_A.weight":    {4, 72},
	} {
		if s := header[name].Shape; len(s) != 2 || s[0] != want[0] || s[1] != want[1] {
			t.Errorf("%s has shape %v, want %v", name, s, want)
		}
	}
	var config map[string]any
	if err := json.Unmarshal(read(t, filepath.Join(dir, "adapter_config.json")), &config); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]any{"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": 4.0, "lora_alpha": 8.0, "bias": "none", "base_model_name_or_path": "org/base"} {
		if config[key] != want {
			t.Errorf("%s is %v, want %v", key, config[key], want)
		}
	}
}

func TestMergingAddsTheScaledProduct(t *testing.T) {
	t.Parallel()
	b, err := Load(open(t, bases()["qwen3"]))
	if err != nil {
		t.Fatal(err)
	}
	for _, rs := range []bool{false, true} {
		l := someLoRA(b.Config)
		scale := 2.0
		if l.RSLoRA = rs; rs {
			scale = 4
		}
		merged, err := l.Merge(b.Config, b.Params)
		if err != nil {
			t.Fatal(err)
		}
		const matrix, out, in = "model.layers.1.self_attn.v_proj", 32, 40
		w, _ := b.Params(matrix + ".weight")
		down, _ := l.Params(matrix + ".lora_A.weight")
		up, _ := l.Params(matrix + ".lora_B.weight")
		got, err := merged(matrix + ".weight")
		if err != nil {
			t.Fatal(err)
		}
		for _, at := range [][2]int{{0, 0}, {31, 39}, {5, 17}} {
			want := float64(w[at[0]*in+at[1]])
			for r := range 4 {
				want += scale * float64(up[at[0]*4+r]) * float64(down[r*in+at[1]])
			}
			if v := float64(got[at[0]*in+at[1]]); math.Abs(v-want) > 1e-6 {
				t.Errorf("rsLoRA %t: element %v is %g, want %g", rs, at, v, want)
			}
		}
		for _, same := range []string{"model.layers.1.self_attn.k_proj.weight", "model.norm.weight"} {
			x, _ := b.Params(same)
			if y, err := merged(same); err != nil || difference(x, y) != 0 {
				t.Errorf("%s has changed by %g, %v", same, difference(x, y), err)
			}
		}
	}
}

// openAdapter opens an adapter whose base is a path.
func openAdapter(t *testing.T, dir string) (*weights.Model, error) {
	t.Helper()
	m, err := adapter.Open(t.Context(), dir, func(_ context.Context, word string) (*weights.Model, error) { return weights.Open(word) })
	if err == nil {
		t.Cleanup(func() { _ = m.Close() })
	}
	return m, err
}

func TestAnAdapterOpensAsItsMergeOnEveryKindOfBase(t *testing.T) {
	t.Parallel()
	for _, shape := range []string{"tiny-llama", "tiny-qwen2", "tiny-qwen3"} {
		t.Run(shape, func(t *testing.T) {
			t.Parallel()
			gguf := synth(t, shape, kernels.F32)
			model := modelOf(t, gguf)
			dir := t.TempDir()
			folder, put := filepath.Join(dir, "base"), filepath.Join(dir, "adapter")
			l := someLoRA(model.Config)
			l.Targets, l.RSLoRA = everyTarget(), shape == "tiny-qwen2"
			if err := Folder(t.Context(), folder, model, Options{}); err != nil {
				t.Fatal(err)
			}
			plain := logits(t, open(t, folder), someTokens)
			base := model.Params
			var err error
			if model.Params, err = l.Merge(model.Config, base); err != nil {
				t.Fatal(err)
			}
			if err := Folder(t.Context(), filepath.Join(dir, "merged"), model, Options{}); err != nil {
				t.Fatal(err)
			}
			want := logits(t, open(t, filepath.Join(dir, "merged")), someTokens)
			hashes := map[string]bool{}
			for path, allowed := range map[string]float64{folder: 0, gguf.Path: sameLogits} {
				l.Base = path
				if err := Adapter(t.Context(), put, model.Config, l, Card{}, Options{Replace: true}); err != nil {
					t.Fatal(err)
				}
				m, err := openAdapter(t, put)
				if err != nil {
					t.Fatal(err)
				}
				got := logits(t, m, someTokens)
				if d := difference(got, want); d > allowed || difference(got, plain) < 0.1 || m.Path != put {
					t.Errorf("on %s: %g from the merged model, allowed %g; %g from the base; it lies at %s", path, d, allowed, difference(got, plain), m.Path)
				}
				sum, err := m.SHA256()
				if own, _ := open(t, path).SHA256(); err != nil || sum == own || hashes[sum] {
					t.Errorf("on %s: the hash is %s, %v; the base's is %s", path, sum, err, own)
				}
				hashes[sum] = true
				l.SHA256 = sum // of another model than the base
				if err := Adapter(t.Context(), put, model.Config, l, Card{}, Options{Replace: true}); err != nil {
					t.Fatal(err)
				}
				if _, err := openAdapter(t, put); err == nil || !strings.Contains(err.Error(), "was trained on a base whose SHA-256") {
					t.Errorf("on another base: %v", err)
				}
				l.SHA256 = ""
			}
		})
	}
}

func TestALoRAThatCannotBeIsRefused(t *testing.T) {
	t.Parallel()
	b, err := Load(open(t, bases()["llama-bias-linear"]))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		l    LoRA
		want string
	}{
		{LoRA{Rank: 0, Alpha: 1, Targets: []string{"q_proj"}}, "rank 0"},
		{LoRA{Rank: 1, Alpha: math.NaN(), Targets: []string{"q_proj"}}, "alpha NaN"},
		{LoRA{Rank: 1, Alpha: 1}, "without targets"},
		{LoRA{Rank: 1, Alpha: 1, Targets: []string{"lm_head"}}, `"lm_head"`},
	} {
		if err := Adapter(t.Context(), filepath.Join(t.TempDir(), "a"), b.Config, c.l, Card{}, Options{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want an error with %q", err, c.want)
		}
	}
}

func TestTheCardSaysWhereTheModelComesFrom(t *testing.T) {
	t.Parallel()
	m := modelOf(t, open(t, bases()["qwen3"]))
	m.Card = Card{
		Name: "mini | \x1b[31mred\n# not a title", License: "apache-2.0", Base: `org/"base"`, Hub: `org/"base"`, Method: "full fine-tuning", Code: "v0.3.0",
		Recipe: "lr = 1e-5\n```\nnot the end\n", Data: []Data{{"train.jsonl", "abc123", 1000}}, Hashes: []Fact{{"recipe", "def456"}},
		Seed: 5, Steps: 315, Tokens: 4700000, Metrics: []Metric{{"accuracy, cap 32", "34.6 % [31.7, 37.6]", 1000}}, Remarks: []string{"It knows nothing else."},
	}
	dir := filepath.Join(t.TempDir(), "out")
	if err := Folder(t.Context(), dir, m, Options{}); err != nil {
		t.Fatal(err)
	}
	card := string(read(t, filepath.Join(dir, "README.md")))
	for _, want := range []string{
		"library_name: \"transformers\"\n", `license: "apache-2.0"`, `base_model: "org/\"base\""`, "# mini | [31mred # not a title\n",
		"| optimizer steps | 315 |", "| trained tokens | 4700000 |", "| seed | 5 |", "| data | train.jsonl, 1000 rows, SHA-256 abc123 |", "| recipe SHA-256 | def456 |",
		"| accuracy, cap 32 | 34.6 % [31.7, 37.6] | 1000 |", "````\nlr = 1e-5\n```\nnot the end\n````\n", "It knows nothing else.", "| code | v0.3.0 |",
		"qwen3 decoder, 56136 parameters stored as F32", "3 layers of width 40",
	} {
		if !strings.Contains(card, want) {
			t.Errorf("the card does not say %q:\n%s", want, card)
		}
	}
	if sum := fmt.Sprintf("%x", sha256.Sum256(read(t, filepath.Join(dir, "model.safetensors")))); !strings.Contains(card, sum) {
		t.Errorf("the card does not have the weights' hash %s", sum)
	}
	if strings.Contains(card, "\x1b") {
		t.Error("the card holds a control character")
	}
}
