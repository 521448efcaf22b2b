package train

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"s1/engine/weights"
	"s1/kernels"
	"s1/kernels/ref"
	"s1/train/export"
	"s1/train/metrics"
	"s1/train/recipe"
)

// TestSmolLM2LearnsByLoRAAndInFull trains a real model: 20 steps on 16 rows lower the loss, and stopped after some steps it goes
// on to the same bits. What it exports (the whole model, the merged LoRA, the adapter) is opened by transformers, llama.cpp and peft in
// train/export's tests.
func TestSmolLM2LearnsByLoRAAndInFull(t *testing.T) {
	base := os.Getenv("S1_SMOLLM2")
	if base == "" {
		t.Skip("needs SmolLM2: make test-real")
	}
	var rows strings.Builder
	for i := range 16 {
		fmt.Fprintf(&rows, "{\"prompt\":\"What is %d plus %d?\",\"completion\":\"It is %d.\"}\n", i, 2*i, 3*i)
	}
	for _, c := range []struct{ name, edit string }{
		{"lora", "[lora]\nrank = 8\n[optimizer]\nlr = 1e-3\n"},
		{"full", "[optimizer]\nlr = 2e-5\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, "rows.jsonl")
			if err := os.WriteFile(file, []byte(rows.String()), 0o600); err != nil {
				t.Fatal(err)
			}
			rec, err := recipe.Parse("smollm2.toml", fmt.Sprintf("[model]\nbase = %q\n[data]\nfiles = [%q]\nblock = 128\n[train]\nsteps = 20\nbatch_rows = 4\nmicro_tokens = 256\n%s", base, file, c.edit))
			if err != nil {
				t.Fatal(err)
			}
			resolve := func(_ context.Context, name string) (string, error) { return name, nil }
			var losses []float64
			o := Options{Dir: filepath.Join(dir, "whole"), Resolve: resolve, Step: func(s metrics.Step) { losses = append(losses, *s.Loss) }}
			_, want := trained(t, rec, o)
			first, last := mean(losses[:4]), mean(losses[16:])
			t.Logf("loss %.3f in the first epoch, %.3f in the last", first, last)
			if !(last < 0.9*first) {
				t.Errorf("the loss went from %.3f to %.3f", first, last)
			}
			if out := os.Getenv("S1_TRAINED"); out != "" { // for the tests of train/export, which open it elsewhere
				leave(t, o.Dir, out, c.name)
			}
			o = Options{Dir: filepath.Join(dir, "parts"), Resolve: resolve, Stop: &after{9}}
			trained(t, rec, o)
			o.Stop, o.Resume = nil, true
			if _, got := trained(t, rec, o); !bytes.Equal(got, want) {
				t.Error("a stop and a resume changed the weights")
			}
		})
	}
}

// leave puts what a run made where the tests of train/export look for it: OUT/NAME is the model, OUT/adapter what a LoRA learnt.
func leave(t *testing.T, run, out, name string) {
	t.Helper()
	for from, to := range map[string]string{modelDir: name, adapterDir: adapterDir} {
		from, to := filepath.Join(run, from), filepath.Join(out, to)
		if _, err := os.Stat(from); err != nil && filepath.Base(from) == adapterDir {
			continue // of the whole model there is none
		}
		if err := os.RemoveAll(to); err != nil {
			t.Fatal(err)
		}
		if err := os.CopyFS(to, os.DirFS(from)); err != nil {
			t.Fatal(err)
		}
	}
}

// The way of SmolLM2's results to the peers, on a model that trains in a second: the adapter that is left there is what the model
// beside it has merged in.
func TestWhatIsLeftForThePeersIsTheModelItsAdapterMakes(t *testing.T) {
	t.Parallel()
	rec, o := fineTune(t, "[lora]\nrank = 2\nalpha = 8\ntargets = [\"q_proj\", \"down_proj\"]\n")
	trained(t, rec, o)
	out := t.TempDir()
	leave(t, o.Dir, out, "lora")
	base, err := weights.Open(rec.Model.Base)
	if err != nil {
		t.Fatal(err)
	}
	defer base.Close()
	b, err := export.Load(base)
	if err != nil {
		t.Fatal(err)
	}
	numbers := func(data []byte) []float32 {
		values := make([]float32, len(data)/4)
		ref.Dequant(kernels.F32, data, values)
		return values
	}
	halves := tensors(t, filepath.Join(out, "adapter", "adapter_model.safetensors"))
	l := export.LoRA{Rank: 2, Alpha: 8, Targets: []string{"q_proj", "down_proj"}, Params: func(name string) ([]float32, error) {
		return numbers(halves["base_model.model."+name]), nil
	}}
	merge, err := l.Merge(b.Config, b.Params)
	if err != nil {
		t.Fatal(err)
	}
	moved := 0
	for name, data := range tensors(t, filepath.Join(out, "lora")) {
		want, err := merge(name)
		if err != nil || !slices.Equal(numbers(data), want) {
			t.Errorf("%s of the merged model is not the base's with the adapter added (%v)", name, err)
		}
		if was, err := b.Params(name); err == nil && !slices.Equal(was, want) {
			moved++
		}
	}
	if moved != 4 { // two matrices in each of two layers
		t.Errorf("the adapter moves %d matrices, want 4", moved)
	}
}

func mean(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}
