package train

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"s1/train/metrics"
	"s1/train/recipe"
)

// readmeRecipe is the recipe that the README shows.
func readmeRecipe(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range strings.Split(string(text), "\n```\n") {
		if strings.HasPrefix(part, "preset = \"lora\"\n") {
			return part
		}
	}
	t.Fatal("README.md shows no recipe")
	return ""
}

// The README's own recipe runs as it stands but for its paths, on a model whose positions are fewer than its preset's block.
func TestTheREADMEsRecipeTrains(t *testing.T) {
	t.Parallel()
	base, o := fineTune(t, "")
	dir := filepath.Dir(o.Dir)
	text := readmeRecipe(t)
	if !strings.Contains(text, `base = "smollm2"`) {
		t.Fatalf("the README's recipe has another base:\n%s", text)
	}
	text = strings.Replace(text, `"smollm2"`, fmt.Sprintf("%q", base.Model.Base), 1)
	path := filepath.Join(dir, "my.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	rec, err := recipe.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	o.Say = func(format string, a ...any) { fmt.Fprintf(&said, format+"\n", a...) }
	var steps []metrics.Step
	o.Step = func(s metrics.Step) { steps = append(steps, s) }
	r, err := Run(t.Context(), rec, o)
	if err != nil {
		t.Fatal(err)
	}
	if want := "block of 32768 tokens is more than the model's 2048 positions"; len(steps) != 3 || !strings.Contains(said.String(), want) {
		t.Errorf("%d steps; %q is not in what it said:\n%s", len(steps), want, said.String())
	}
	card, err := os.ReadFile(filepath.Join(r.Model, "README.md"))
	if err != nil || !strings.Contains(string(card), "data.block = 2048\n") {
		t.Errorf("%v: the card does not say the block that was used", err)
	}

	rec.Data.OwnBlock = true // as of a file that asks for it
	if _, err := Run(t.Context(), rec, Options{Dir: filepath.Join(dir, "other"), Resolve: o.Resolve}); err == nil || !strings.Contains(err.Error(), "data.block is 32768, but the model has 2048 positions") {
		t.Errorf("a block of the file's own: %v", err)
	}
}
