package builtin

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"s1/engine"
	"s1/engine/builtin/tape"
	"s1/engine/weights"
	"s1/kernels"
)

// parts loads a model of a path, as for one that a user trained.
func parts(t *testing.T, path string) *engine.Parts {
	t.Helper()
	p, err := engine.Load(context.Background(), path, engine.Options{Weights: "exact"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Backend.Close(); err != nil {
			t.Error(err)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// onDisk is the built-in folder, as a training on the tape leaves one; edit changes a file of it.
func onDisk(t *testing.T, edit map[string]func([]byte) []byte) string {
	t.Helper()
	dir := t.TempDir()
	entries, err := fs.ReadDir(Files(), ".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		b, err := fs.ReadFile(Files(), e.Name())
		if err != nil {
			t.Fatal(err)
		}
		if f := edit[e.Name()]; f != nil {
			b = f(b)
		}
		if err := os.WriteFile(filepath.Join(dir, e.Name()), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestAFolderThatSpeaksTheTapeTakesWords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		edit map[string]func([]byte) []byte
		want bool
	}{
		{"a copy of the folder", nil, true},
		{"a tokenizer.json that was written anew", map[string]func([]byte) []byte{
			"tokenizer.json": func(b []byte) []byte { return append([]byte("\n"), tape.TokenizerJSON()...) },
		}, true},
		{"a template of its own", map[string]func([]byte) []byte{
			"chat_template.jinja": func([]byte) []byte { return []byte("{{ messages[0]['content'] }}=") },
		}, false},
	} {
		p := parts(t, onDisk(t, c.edit))
		if got := Take(p); got != c.want || (p.Question != nil) != c.want || (p.Info.Hint == Hint) != c.want || (len(p.Info.Words) == 2) != c.want {
			t.Errorf("%s: taken %v, question %v, hint %q, words %q; want %v", c.name, got, p.Question != nil, p.Info.Hint, p.Info.Words, c.want)
		}
	}
	shape, err := weights.SynthShapeNamed("tiny-llama")
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), "other.gguf")
	if err := weights.Synth(other, shape, kernels.Q8_0, 1); err != nil {
		t.Fatal(err)
	}
	if p := parts(t, other); Take(p) || p.Question != nil || p.Info.Hint != "" {
		t.Error("a model of another vocabulary is taken for one of the tape")
	}
}
