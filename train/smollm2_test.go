package train

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"s1/train/metrics"
	"s1/train/recipe"
)

// TestSmolLM2LearnsByLoRAAndInFull trains a real model: 20 steps on 16 rows lower the loss, and stopped after some steps it goes
// on to the same bits. What it exports is opened by transformers and llama.cpp in train/export's tests.
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
		{"LoRA", "[lora]\nrank = 8\n[optimizer]\nlr = 1e-3\n"},
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
			if out := os.Getenv("S1_TRAINED"); out != "" && c.name == "full" { // for the tests of train/export, which open it elsewhere
				if err := os.RemoveAll(out); err != nil {
					t.Fatal(err)
				}
				if err := os.CopyFS(out, os.DirFS(filepath.Join(o.Dir, "model"))); err != nil {
					t.Fatal(err)
				}
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

func mean(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}
