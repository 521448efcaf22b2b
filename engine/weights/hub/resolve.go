package hub

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"s1/engine/adapter"
)

// Resolve finds a model that is on this machine.
func (h *Hub) Resolve(ctx context.Context, word string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if word == "" {
		return "", fmt.Errorf("no model is named; it must be %s", wordForms)
	}
	if strings.Contains(word, "://") {
		return "", fmt.Errorf("%s is a server, not a model on this machine", word)
	}
	if word == smolWord {
		if path := h.smolPath(); isFile(path) {
			return path, nil
		}
		return "", notHere(word)
	}
	path, isPath, err := localPath(word)
	if err != nil {
		return "", err
	}
	if isPath {
		return resolvePath(word, path)
	}
	r, err := parseRef(word)
	if err != nil {
		return "", err
	}
	path, err = h.cached(r)
	if errors.Is(err, errNotHere) {
		return "", notHere(word)
	}
	if err != nil {
		return "", fmt.Errorf("find model %s: %w", word, err)
	}
	return path, nil
}

func notHere(word string) error {
	return fmt.Errorf("model %s is not, or not completely, on this machine: fetch it with `s1 models pull %s`", word, word)
}

// resolvePath lets a folder with one GGUF file stand for the file; what else a path holds weights.Open judges.
func resolvePath(word, path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("find model %s: %w", word, err)
	}
	info, err := os.Stat(abs)
	if err != nil {
		return "", fmt.Errorf("find model %s: %w", word, err)
	}
	if !info.IsDir() || isFile(filepath.Join(abs, "config.json")) || adapter.Is(abs) {
		return abs, nil
	}
	found, err := filepath.Glob(filepath.Join(strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(abs), "*.gguf"))
	if err == nil && len(found) == 1 {
		return found[0], nil
	}
	return abs, nil
}
