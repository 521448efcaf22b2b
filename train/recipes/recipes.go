// Package recipes is the presets of training, as text. It does not know what they mean; package recipe does.
package recipes

import (
	"embed"
	"slices"
	"strings"
)

//go:embed *.toml
var files embed.FS

// Names lists the presets, sorted.
func Names() []string {
	entries, err := files.ReadDir(".")
	if err != nil {
		panic(err) // embedded: the build has them or fails
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = strings.TrimSuffix(e.Name(), ".toml")
	}
	slices.Sort(names)
	return names
}

// Text is the TOML of a preset.
func Text(name string) (string, bool) {
	b, err := files.ReadFile(name + ".toml")
	return string(b), err == nil
}
