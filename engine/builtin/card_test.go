package builtin

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// The card names the weights, the tokenizer and the recipes by hash: whoever changes one writes the card anew (make mini-provenance).
func TestTheCardNamesTheFilesAsTheyAre(t *testing.T) {
	t.Parallel()
	card, err := fs.ReadFile(Files(), "README.md")
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile("code of commit `[^`]+`").Match(card) {
		t.Error("the card does not say which code the model was trained with")
	}
	said := map[string]string{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z0-9/._-]+)` \\| `([0-9a-f]{64})` \\|$").FindAllStringSubmatch(string(card), -1) {
		said[m[1]] = m[2]
	}
	for _, name := range []string{
		"engine/builtin/mini/model.safetensors", "engine/builtin/mini/tokenizer.json", "train/recipes/mini.toml", "train/recipes/mini-finish.toml",
	} {
		b, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(b); said[name] != hex.EncodeToString(sum[:]) {
			t.Errorf("%s has SHA-256 %x; the card says %q", name, sum, said[name])
		}
	}
}
