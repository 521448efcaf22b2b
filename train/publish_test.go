package train

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"s1/kernels"
	"s1/train/recipe"
)

// cardOf is a model's card without the line that says how to run it, which names its folder.
func cardOf(t *testing.T, dir string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, "s1 run -m ") {
			if want := "s1 run -m " + dir; l != want {
				t.Errorf("the card says %q, want %q", l, want)
			}
			lines[i] = ""
		}
	}
	return strings.Join(lines, "\n")
}

// What is exported from a checkpoint is what the run was, not what its file says by then: the same weights, the same card.
func TestAnExportIsOfTheRunAndNotOfTheFile(t *testing.T) {
	t.Parallel()
	scratch := func(t *testing.T) (recipe.Recipe, Options) {
		return quick(t, 6, func(r *recipe.Recipe) { r.Eval.Every = 0 }), Options{Dir: filepath.Join(t.TempDir(), "run")}
	}
	tuned := func(edit string) func(t *testing.T) (recipe.Recipe, Options) {
		return func(t *testing.T) (recipe.Recipe, Options) { return fineTune(t, edit) }
	}
	lora := "[lora]\nrank = 2\nalpha = 8\nrslora = true\ntargets = [\"q_proj\", \"down_proj\"]\n"
	for _, c := range []struct {
		name  string
		begin func(t *testing.T) (recipe.Recipe, Options)
		later func(r *recipe.Recipe) // what the file says when it is exported
	}{
		{"from nothing, seed and steps by flags", scratch, func(r *recipe.Recipe) { r.Train.Seed, r.Train.Steps = 0, 6 }},
		{"from nothing, another file", scratch, func(r *recipe.Recipe) { r.Model.Hidden, r.Model.Heads = 48, 3 }},
		{"a LoRA whose file counts it otherwise by now", tuned(lora), func(r *recipe.Recipe) { r.LoRA.Alpha, r.LoRA.RSLoRA, r.LoRA.Targets = 1, false, []string{"v_proj"} }},
		{"a base by -m", tuned(""), func(r *recipe.Recipe) { r.Model.Base = "" }},
		{"a base by -m over a recipe of a new model", tuned(""), func(r *recipe.Recipe) { r.Model = recipe.Model{Arch: "llama", Hidden: 16, Layers: 1, Heads: 1} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			rec, o := c.begin(t)
			o.Code = "v1"
			rec.Train.Seed, rec.Train.Steps = 7, 4
			r, want := trained(t, rec, o)
			c.later(&rec)
			out := filepath.Join(t.TempDir(), "out")
			o.Code = "v2"
			if err := Export(t.Context(), rec, o, ExportOptions{As: AsFolder, Out: out, Type: kernels.F32}); err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(filepath.Join(out, "model.safetensors"))
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%v: the exported weights are not the run's", err)
			}
			was, is := cardOf(t, r.Model), cardOf(t, out)
			if was != is {
				t.Errorf("the run's card:\n%s\nthe exported one:\n%s", was, is)
			}
			for _, fact := range []string{"| seed | 7 |", "| optimizer steps | 4 |", "| code | v1 |", "train.seed = 7\n"} {
				if !strings.Contains(is, fact) {
					t.Errorf("the card lacks %q:\n%s", fact, is)
				}
			}
		})
	}
}

func TestAnExportFromAnotherBaseSaysWhichItWas(t *testing.T) {
	t.Parallel()
	rec, o := fineTune(t, "")
	trained(t, rec, o)
	other, _ := fineTune(t, "")
	path := filepath.Join(t.TempDir(), "other.gguf")
	text, err := os.ReadFile(other.Model.Base)
	if err != nil {
		t.Fatal(err)
	}
	text[len(text)-5] ^= 1 // the mantissa of a weight
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	e := ExportOptions{As: AsFolder, Out: filepath.Join(t.TempDir(), "x"), Type: kernels.F32, Base: path}
	if err := Export(t.Context(), rec, o, e); err == nil || !strings.Contains(err.Error(), "began from a model with the SHA-256") || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "-m") {
		t.Errorf("another base: %v", err)
	}
	if err := os.Rename(rec.Model.Base, path); err != nil { // it has moved
		t.Fatal(err)
	}
	if err := Export(t.Context(), rec, o, e); err != nil {
		t.Errorf("the base moved and named: %v", err)
	}
	small := quick(t, 2, func(r *recipe.Recipe) {})
	o = Options{Dir: t.TempDir()}
	trained(t, small, o)
	if err := Export(t.Context(), small, o, e); err == nil || !strings.Contains(err.Error(), "began from nothing") {
		t.Errorf("a base for a run that has none: %v", fmt.Sprint(err))
	}
}

// Other programs find a base on a hub or at a path; s1's own words for models are none of these.
func TestABaseIsNamedAsOthersFindIt(t *testing.T) {
	t.Parallel()
	for word, want := range map[string][3]string{
		"smollm2":             {"HuggingFaceTB/SmolLM2-135M-Instruct (smollm2)", "HuggingFaceTB/SmolLM2-135M-Instruct", ""},
		"mini":                {"mini, the model built into s1", "", ""},
		"Qwen/Qwen3-0.6B":     {"Qwen/Qwen3-0.6B", "Qwen/Qwen3-0.6B", ""},
		"org/name@v1:x.gguf":  {"org/name@v1:x.gguf", "org/name", "v1"},
		"./model":             {"./model", "/where/it/is", ""},
		"/nowhere/model.gguf": {"/nowhere/model.gguf", "/where/it/is", ""},
	} {
		if people, at, revision := baseNames(word, "/where/it/is"); [3]string{people, at, revision} != want {
			t.Errorf("%s: %q, %q, %q; want %q", word, people, at, revision, want)
		}
	}
}
