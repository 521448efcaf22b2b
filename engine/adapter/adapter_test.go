package adapter

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"s1/engine/weights"
	"s1/kernels"
)

func TestAddIsScaleTimesBA(t *testing.T) {
	t.Parallel()
	w := []float32{1, 2, 3, 4, 5, 6} // (2, 3)
	Add(w, 3, []float32{1, 0, 2, 0, 1, 0}, []float32{1, 2, 3, 4}, 2, 0.5)
	for i, want := range []float32{1.5, 3, 4, 5.5, 7, 9} {
		if w[i] != want {
			t.Errorf("element %d is %g, want %g", i, w[i], want)
		}
	}
	if a, b := Scale(4, 8, false), Scale(4, 8, true); a != 2 || b != 4 {
		t.Errorf("scales %g and %g, want 2 and 4", a, b)
	}
}

const plain = `{"peft_type":"LORA","r":2,"lora_alpha":4,"target_modules":"all-linear","init_lora_weights":"gaussian","modules_to_save":null,"base_model_name_or_path":"base"}`

// halves are those of v_proj in the first layer of tiny-llama.
func halves() []weights.Tensor {
	half := func(name string, rows, cols int) weights.Tensor {
		return weights.Tensor{Name: Prefix + "model.layers.0.self_attn.v_proj" + name, Type: kernels.F32, Shape: []int{rows, cols}, Data: make([]byte, 4*rows*cols)}
	}
	return []weights.Tensor{half(HalfA, 2, 256), half(HalfB, 128, 2)}
}

// lay makes the folder of an adapter; tensors nil leaves the weights out.
func lay(t *testing.T, config string, texts map[string]string, tensors []weights.Tensor) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, ConfigFile), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	if tensors == nil {
		return dir
	}
	var b bytes.Buffer
	if err := weights.WriteSafetensors(&b, texts, tensors); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, WeightsFile), b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// bases opens tiny-llama under the words it is known by.
func bases(t *testing.T, words ...string) func(context.Context, string) (*weights.Model, error) {
	t.Helper()
	shape, err := weights.SynthShapeNamed("tiny-llama")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "base.gguf")
	if err := weights.Synth(path, shape, kernels.F32, 7); err != nil {
		t.Fatal(err)
	}
	return func(_ context.Context, word string) (*weights.Model, error) {
		for _, w := range words {
			if w == word {
				return weights.Open(path)
			}
		}
		return nil, fs.ErrNotExist
	}
}

func TestAnAdapterThatIsNotWholeOrAnotherKindIsRefused(t *testing.T) {
	t.Parallel()
	base := bases(t, "base")
	with := func(member string) string { return strings.Replace(plain, "{", "{"+member+",", 1) }
	without := func(i int) []weights.Tensor { return append(halves()[:i:i], halves()[i+1:]...) }
	named := func(name string) []weights.Tensor {
		h := halves()
		h[0].Name = name
		return h
	}
	shaped := halves()
	shaped[1].Shape = []int{2, 128}
	for name, c := range map[string]struct {
		config  string
		texts   map[string]string
		tensors []weights.Tensor
		want    string
	}{
		"no weights":         {plain, nil, nil, "no " + WeightsFile},
		"not JSON":           {`{"peft_type"`, nil, halves(), ConfigFile},
		"another kind":       {`{"peft_type":"IA3"}`, nil, halves(), `"IA3"`},
		"no rank":            {`{"peft_type":"LORA","lora_alpha":4}`, nil, halves(), "r is 0"},
		"a huge rank":        {`{"peft_type":"LORA","lora_alpha":4,"r":99999999}`, nil, halves(), "r is 99999999"},
		"no scale":           {`{"peft_type":"LORA","r":2}`, nil, halves(), "lora_alpha 0"},
		"DoRA":               {with(`"use_dora":true`), nil, halves(), "merge_and_unload"},
		"ranks of their own": {with(`"rank_pattern":{"q_proj":4}`), nil, halves(), "merge_and_unload"},
		"whole modules":      {strings.Replace(plain, "null", `["lm_head"]`, 1), nil, halves(), "merge_and_unload"},
		"biases":             {with(`"bias":"all"`), nil, halves(), `"all"`},
		"no base":            {strings.Replace(plain, `"base"`, "null", 1), nil, halves(), "on which base"},
		"a base not here":    {strings.Replace(plain, `"base"`, `"elsewhere"`, 1), nil, halves(), `"elsewhere" cannot be opened`},
		"another base":       {plain, map[string]string{HashKey: "0123456789abcdef"}, halves(), `SHA-256 begins with "0123456789ab"`},
		"one half":           {plain, nil, without(1), "shapes [2 256] and []"},
		"other shapes":       {plain, nil, shaped, "[2 128]; of a matrix (128, 256) and rank 2 they have (2, 256) and (128, 2)"},
		"no such matrix":     {plain, nil, append(halves(), named(Prefix + "lm_head" + HalfA)[0]), "lm_head"},
		"no halves at all":   {plain, nil, named("x")[:1], "belong to no matrix"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, err := Open(t.Context(), lay(t, c.config, c.texts, c.tensors), base)
			if err == nil {
				_ = m.Close()
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want an error with %q", err, c.want)
			}
		})
	}
}

func TestTheBaseIsFoundByTheWordItHadHereFirst(t *testing.T) {
	t.Parallel()
	config := strings.Replace(plain, `"base_model`, `"revision":"v2","base_model`, 1)
	for name, c := range map[string]struct {
		texts map[string]string
		known string
	}{
		"its word here": {map[string]string{BaseKey: "mini"}, "mini"},
		"its name":      {map[string]string{BaseKey: "gone"}, "base@v2"},
		"only its name": {nil, "base@v2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, err := Open(t.Context(), lay(t, config, c.texts, halves()), bases(t, c.known))
			if err != nil {
				t.Fatal(err)
			}
			if err := m.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAModelFolderIsNoAdapter(t *testing.T) {
	t.Parallel()
	dir := lay(t, plain, nil, halves())
	if !Is(dir) || Is(filepath.Join(dir, ConfigFile)) || Is(t.TempDir()) {
		t.Error("an adapter is a folder with " + ConfigFile)
	}
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if Is(dir) {
		t.Error("a folder with config.json is a model")
	}
}

func TestOpeningStopsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := Open(ctx, lay(t, plain, nil, halves()), bases(t, "base")); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func FuzzConfig(f *testing.F) {
	for _, s := range []string{plain, `{"peft_type":"LORA","r":1e9,"lora_alpha":1e999}`, `[]`, `{"r":{}}`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		path := filepath.Join(t.TempDir(), ConfigFile)
		if err := os.WriteFile(path, []byte(s), 0o600); err != nil {
			t.Fatal(err)
		}
		if c, err := readConfig(path); err == nil && (c.Rank < 1 || c.Rank > maxRank || !(Scale(c.Rank, c.Alpha, c.RSLoRA) > 0) || math.IsInf(c.Alpha, 0)) {
			t.Errorf("%+v was let through", c)
		}
	})
}
