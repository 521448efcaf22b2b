package export

import (
	"bytes"
	"context"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"s1/engine/arch"
	"s1/engine/weights"
	"s1/kernels"
	"s1/kernels/ref"
)

// sameLogits is the largest difference between a base and its float32 export that passes.
const sameLogits = 1e-4

// words is a vocabulary for models of bare numbers; the rest of the ids is unused.
const words = `{"version":"1.0","added_tokens":[{"id":0,"content":"<end>","special":true},{"id":2,"content":"<|im_end|>","special":true}],
"normalizer":null,"model":{"type":"WordLevel","unk_token":"<end>","vocab":{"<end>":0,"Wait":1,"<|im_end|>":2,"a":3,"\n":4}}}`

// bases are small models of every architecture and every switch, by name.
func bases() map[string]string {
	all := map[string]string{}
	for _, name := range []string{"llama3", "llama-bias-linear", "qwen2", "qwen2-yarn", "qwen3"} {
		all[name] = filepath.Join("../../engine/arch/testdata", name)
	}
	return all
}

func open(t *testing.T, path string) *weights.Model {
	t.Helper()
	m, err := weights.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	return m
}

// synth makes a random GGUF model and opens it.
func synth(t *testing.T, shape string, typ kernels.DType) *weights.Model {
	t.Helper()
	s, err := weights.SynthShapeNamed(shape)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), shape+".gguf")
	if err := weights.Synth(path, s, typ, 7); err != nil {
		t.Fatal(err)
	}
	return open(t, path)
}

// modelOf makes an export of a base as it is.
func modelOf(t *testing.T, m *weights.Model) Model {
	t.Helper()
	b, err := Load(m)
	if err != nil {
		t.Fatal(err)
	}
	if m.Kind == weights.KindSafetensors {
		if b.Tokenizer, err = TokenizerFiles(map[string][]byte{"tokenizer.json": []byte(words)}); err != nil {
			t.Fatal(err)
		}
	}
	return Model{Config: b.Config, Params: b.Params, Tokenizer: b.Tokenizer, Generation: b.Generation, Card: Card{Name: "a " + m.Name}}
}

var someTokens = []int32{3, 99, 17, 1, 0, 42, 42, 58, 7, 31, 12, 64, 5, 88, 23, 9}

// logits are those of every position, computed by the reference.
func logits(t *testing.T, m *weights.Model, tokens []int32) []float32 {
	t.Helper()
	c, err := arch.Parse(m)
	if err != nil {
		t.Fatal(err)
	}
	p, err := arch.Build(c, m)
	if err != nil {
		t.Fatal(err)
	}
	machine, err := ref.New(p, ref.Options{})
	if err != nil {
		t.Fatal(err)
	}
	b := &kernels.Batch{Tokens: tokens, Tables: [][]int32{{0}}}
	for i := range tokens {
		b.Pos, b.Seq, b.Out = append(b.Pos, int32(i)), append(b.Seq, 0), append(b.Out, int32(i))
	}
	r, err := machine.Step(context.Background(), b)
	if err != nil {
		t.Fatal(err)
	}
	return slices.Clone(r.Logits)
}

func difference(a, b []float32) float64 {
	if len(a) != len(b) {
		return math.Inf(1)
	}
	worst := 0.0
	for i := range a {
		if d := math.Abs(float64(a[i]) - float64(b[i])); !(d <= worst) {
			worst = d
		}
	}
	return worst
}

func TestAnExportOfAnyBaseAnswersAsTheBase(t *testing.T) {
	t.Parallel()
	check := func(t *testing.T, m *weights.Model) {
		want, model := logits(t, m, someTokens), modelOf(t, m)
		spread := difference(want, make([]float32, len(want)))
		for _, c := range []struct {
			typ     kernels.DType
			gguf    bool
			allowed float64
		}{
			{kernels.F32, false, sameLogits},
			{kernels.F32, true, sameLogits},
			{kernels.F16, false, 0.01 * spread},
			{kernels.F16, true, 0.01 * spread},
			{kernels.BF16, false, 0.08 * spread},
			{kernels.Q8_0, true, 0.08 * spread},
		} {
			path, write := filepath.Join(t.TempDir(), "out"), Folder
			if c.gguf {
				path, write = path+".gguf", GGUF
			}
			if err := write(t.Context(), path, model, Options{Type: c.typ}); err != nil {
				t.Fatalf("%v gguf=%t: %v", c.typ, c.gguf, err)
			}
			if d := difference(logits(t, open(t, path), someTokens), want); !(d <= c.allowed) {
				t.Errorf("%v gguf=%t: logits differ by up to %g, allowed %g", c.typ, c.gguf, d, c.allowed)
			}
		}
	}
	for name, path := range bases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			check(t, open(t, path))
		})
	}
	for _, shape := range []string{"tiny-llama", "tiny-qwen2", "tiny-qwen3"} {
		t.Run(shape, func(t *testing.T) {
			t.Parallel()
			check(t, synth(t, shape, kernels.Q8_0))
		})
	}
}

// The second generation must be the first: what is loaded from an export is exported again.
func TestAnExportLoadedAndExportedAgainIsTheSameBytes(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"llama3", "qwen2", "qwen3"} {
		model := modelOf(t, open(t, bases()[name]))
		file := filepath.Join(t.TempDir(), "a.gguf")
		if err := GGUF(t.Context(), file, model, Options{}); err != nil {
			t.Fatal(err)
		}
		loaded, err := Load(open(t, file))
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range Specs(model.Config) {
			a, errA := model.Params(s.Name)
			b, errB := loaded.Params(s.Name)
			if errA != nil || errB != nil || difference(a, b) != 0 {
				t.Errorf("%s %s: %v, %v, differs by %g", name, s.Name, errA, errB, difference(a, b))
			}
		}
		again := filepath.Join(t.TempDir(), "b.gguf")
		loadedModel := Model{Config: loaded.Config, Params: loaded.Params, Tokenizer: loaded.Tokenizer, Card: model.Card}
		if err := GGUF(t.Context(), again, loadedModel, Options{}); err != nil {
			t.Fatal(err)
		}
		if x, y := read(t, file), read(t, again); !bytes.Equal(x, y) {
			t.Errorf("%s: %d and %d bytes, not the same", name, len(x), len(y))
		}
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestWeightsAreSplitByTheLimitAndOpenAsOne(t *testing.T) {
	t.Parallel()
	m := open(t, bases()["qwen3"])
	want, dir := logits(t, m, someTokens), filepath.Join(t.TempDir(), "deep", "out")
	if err := Folder(t.Context(), dir, modelOf(t, m), Options{ShardBytes: 40_000}); err != nil {
		t.Fatal(err)
	}
	parts, err := filepath.Glob(filepath.Join(dir, "model-0000?-of-0000?.safetensors"))
	if err != nil || len(parts) < 3 {
		t.Fatalf("%d parts, %v, want several", len(parts), err)
	}
	for _, p := range parts {
		if n := len(read(t, p)); n > 44_000 {
			t.Errorf("%s has %d bytes, the limit is 40,000 and a header", filepath.Base(p), n)
		}
	}
	if d := difference(logits(t, open(t, dir), someTokens), want); d > sameLogits {
		t.Errorf("logits differ by %g", d)
	}
}

func TestATiedHeadIsWrittenOnce(t *testing.T) {
	t.Parallel()
	for name, path := range bases() {
		m := open(t, path)
		dir := filepath.Join(t.TempDir(), "out")
		model := modelOf(t, m)
		if err := Folder(t.Context(), dir, model, Options{}); err != nil {
			t.Fatal(err)
		}
		if got := open(t, dir).Has("lm_head.weight"); got == model.Config.Tied {
			t.Errorf("%s: tied %t, has a head %t", name, model.Config.Tied, got)
		}
	}
}

func TestTokenizerFilesGoAlongByteForByte(t *testing.T) {
	t.Parallel()
	// A base with files of its own, one of them not the tokenizer's.
	base := t.TempDir()
	files := map[string]string{
		"tokenizer.json": words + "\n\n", "chat_template.jinja": "{{ 1 }}\r\n", "special_tokens_map.json": "{}", "optimizer.pt": "secret",
		"generation_config.json": `{"temperature": 0.6}`,
	}
	for _, name := range []string{"config.json", "model.safetensors"} {
		files[name] = string(read(t, filepath.Join(bases()["qwen3"], name)))
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(base, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b, err := Load(open(t, base))
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "out")
	if err := Folder(t.Context(), dir, Model{Config: b.Config, Params: b.Params, Tokenizer: b.Tokenizer, Generation: b.Generation}, Options{}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"tokenizer.json", "chat_template.jinja", "special_tokens_map.json", "generation_config.json"} {
		if got := string(read(t, filepath.Join(dir, name))); got != files[name] {
			t.Errorf("%s is %q, want %q", name, got, files[name])
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "optimizer.pt")); err == nil {
		t.Error("a file that is no tokenizer's went along")
	}
	if _, err := TokenizerFiles(map[string][]byte{"../evil": nil}); err == nil {
		t.Error("a file of any name was taken")
	}
}

func TestWhatIsLoadedHasOnlyItsOwnNames(t *testing.T) {
	t.Parallel()
	b, err := Load(synth(t, "tiny-qwen2", kernels.Q8_0))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Params("lm_head.weight"); err == nil || !strings.Contains(err.Error(), "lm_head.weight") {
		t.Errorf("a head of a tied model: %v", err)
	}
	names := map[string]bool{}
	for _, s := range Specs(b.Config) {
		names[s.Name] = true
		if v, err := b.Params(s.Name); err != nil || len(v) != s.Elements() {
			t.Errorf("%s: %d of %d elements, %v", s.Name, len(v), s.Elements(), err)
		}
	}
	if !names["model.layers.1.self_attn.k_proj.bias"] || len(names) != 2+2*12 {
		t.Errorf("%d parameters: %v", len(names), names)
	}
}
