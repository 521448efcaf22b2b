package recipe

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/BurntSushi/toml"

	"s1/engine/spelling"
	"s1/train/recipes"
)

// maxFile bounds a recipe. Ours have 2 kB.
const maxFile = 1 << 20 // bytes

// Load reads a recipe: a preset by its name, or a file. Another name without a dot or a slash is a misspelt preset.
func Load(name string) (Recipe, error) {
	if _, ok := recipes.Text(name); ok || !strings.ContainsAny(name, `./\`) {
		return preset(name)
	}
	f, err := os.Open(name)
	if err != nil {
		return Recipe{}, fmt.Errorf("open recipe: %w; the presets are %s", err, strings.Join(recipes.Names(), ", "))
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	switch {
	case err != nil:
		return Recipe{}, fmt.Errorf("read recipe: %w", err)
	case len(text) > maxFile:
		return Recipe{}, fmt.Errorf("recipe %s has more than %d bytes", name, maxFile)
	}
	r, err := Parse(name, string(text))
	if err != nil {
		return Recipe{}, err
	}
	r.resolve(filepath.Dir(name))
	return r, nil
}

func preset(name string) (Recipe, error) {
	text, ok := recipes.Text(name)
	if !ok {
		names := recipes.Names()
		return Recipe{}, fmt.Errorf("there is no preset %q; there are %s; a file has its ending: %s.toml%s", name, strings.Join(names, ", "), name, spelling.Hint(name, names))
	}
	r, err := Parse(name, text)
	r.Data.OwnBlock = false
	return r, err
}

// Parse reads the text of a recipe and checks its values. Whether it is complete is Ready's question.
func Parse(source, text string) (Recipe, error) {
	var head struct{ Preset string }
	md, err := toml.Decode(text, &head)
	if err != nil {
		return Recipe{}, said(source, err)
	}
	r := Defaults()
	if head.Preset != "" {
		if head.Preset == source {
			return Recipe{}, fmt.Errorf("recipe %s: it is its own preset", source)
		}
		if r, err = preset(head.Preset); err != nil {
			return Recipe{}, fmt.Errorf("recipe %s: %w", source, err)
		}
	}
	r.forget(md)
	if md, err = toml.Decode(text, &r); err != nil {
		return Recipe{}, said(source, err)
	}
	r.Source = source
	r.Data.OwnBlock = md.IsDefined("data", "block")
	if r.Data.Kind == Rows && !md.IsDefined("probe", "every") {
		r.Probe.Every = 0 // of a preset whose generator the file replaces by rows
	}
	if unknown := md.Undecoded(); len(unknown) > 0 {
		key := unknown[0].String()
		hint := spelling.Hint(key, Sections())
		if strings.Contains(key, ".") || hint == "" { // no misspelt section
			hint = spelling.Hint(key, Keys())
		}
		return Recipe{}, fmt.Errorf("recipe %s: unknown key %q%s", source, key, hint)
	}
	if err := r.Validate(); err != nil {
		return Recipe{}, err
	}
	return r, nil
}

// forget drops what a file replaces as a whole: the decoder would put its elements over those of the default, and of two
// ways to say how long, the one the file names replaces the other.
func (r *Recipe) forget(md toml.MetaData) {
	for _, f := range []struct {
		key  [3]string
		drop func()
	}{
		{[3]string{"data", "token_weights"}, func() { r.Data.Weights = nil }},
		{[3]string{"data", "tape", "values"}, func() { r.Data.Tape.Values = nil }},
		{[3]string{"data", "tape", "error_rates"}, func() { r.Data.Tape.ErrorRates = nil }},
		{[3]string{"pinned", "questions"}, func() { r.Pinned.Questions = nil }},
		{[3]string{"train", "steps"}, func() { r.Train.Epochs = 0 }},
		{[3]string{"train", "epochs"}, func() { r.Train.Steps = 0 }},
		{[3]string{"train", "batch_rows"}, func() { r.Train.BatchTokens = 0 }},
		{[3]string{"train", "batch_tokens"}, func() { r.Train.BatchRows = 0 }},
		{[3]string{"model", "base"}, func() { r.Model.Hidden = 0 }},
	} {
		key := f.key[:]
		if key[2] == "" {
			key = key[:2]
		}
		if md.IsDefined(key...) {
			f.drop()
		}
	}
}

// said puts the place of a mistake into one sentence.
func said(source string, err error) error {
	var p toml.ParseError
	if errors.As(err, &p) {
		return fmt.Errorf("recipe %s: line %d: %s", source, p.Position.Line, strings.TrimSuffix(p.Message, "."))
	}
	return fmt.Errorf("recipe %s: %s", source, strings.TrimPrefix(err.Error(), "toml: "))
}

// resolve makes the recipe's own relative files relative to its folder, so that both can be moved together.
func (r *Recipe) resolve(dir string) {
	for i, f := range r.Data.Files {
		r.Data.Files[i] = from(dir, f)
	}
	r.Data.HeldOut.File = from(dir, r.Data.HeldOut.File)
	for _, m := range []*string{&r.Model.Base, &r.Model.Tokenizer, &r.Launch.Python} {
		if strings.HasPrefix(*m, "./") || strings.HasPrefix(*m, "../") {
			*m = from(dir, *m)
		}
	}
}

func from(dir, file string) string {
	if file == "" || filepath.IsAbs(file) {
		return file
	}
	return filepath.Join(dir, file)
}
