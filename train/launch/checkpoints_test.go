package launch

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestTheNewestCheckpointIsAModelOrAnAdapter(t *testing.T) {
	t.Parallel()
	const model, weights, lora, pair = "config.json", "model.safetensors", "adapter_config.json", "adapter_model.safetensors"
	for name, c := range map[string]struct {
		files []string
		opens []string // nil: it is refused
	}{
		"a model":      {[]string{model, weights, "tokenizer.json", "trainer_state.json", "optimizer.pt"}, []string{model, weights, "tokenizer.json"}},
		"an adapter":   {[]string{lora, pair, "optimizer.pt"}, []string{lora, pair}},
		"neither":      {[]string{"trainer_state.json", pair}, nil},
		"not complete": {nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			at := filepath.Join(dir, "trl", "checkpoint-7")
			if err := os.MkdirAll(at, 0o750); err != nil {
				t.Fatal(err)
			}
			if c.files != nil {
				c.files = append(c.files, completeFile)
			}
			for _, f := range c.files {
				if err := os.WriteFile(filepath.Join(at, f), []byte(f), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			folder, what, err := Model(t.Context(), dir, filepath.Join(dir, "newest"))
			if c.opens == nil {
				if err == nil {
					t.Errorf("%s, %s", folder, what)
				}
				return
			}
			if err != nil || !strings.Contains(what, "step 7") {
				t.Fatalf("%q, %v", what, err)
			}
			list, err := os.ReadDir(folder)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, e := range list {
				got = append(got, e.Name())
			}
			if slices.Sort(c.opens); !slices.Equal(got, c.opens) {
				t.Errorf("it holds %v, want %v", got, c.opens)
			}
		})
	}
}
