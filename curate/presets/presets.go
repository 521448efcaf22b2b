// Package presets holds the recipes of curation that come with the program. It knows their names and texts, not their meaning.
package presets

import (
	"embed"
	"strings"
)

//go:embed *.toml
var files embed.FS

// Names lists the presets.
func Names() (names []string) {
	entries, _ := files.ReadDir(".") // embedded: it is there
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".toml"))
	}
	return names
}

// Text is a preset's recipe.
func Text(name string) (string, bool) {
	b, err := files.ReadFile(name + ".toml")
	return string(b), err == nil
}
