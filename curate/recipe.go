package curate

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"s1/curate/presets"
	"s1/engine/spelling"
)

// Recipe is a whole curation. A stage that is not in Stages does not run.
type Recipe struct {
	Preset        string        `toml:"preset"` // start from this one; what the file says goes over it
	Seed          uint64        `toml:"seed"`   // of every draw
	Stages        []string      `toml:"stages"` // in order, of those that StageNames and ModelStageNames list
	Load          Load          `toml:"load"`
	Complete      Complete      `toml:"complete"`
	Decontaminate Decontaminate `toml:"decontaminate"`
	Dedup         Dedup         `toml:"dedup"`
	Difficulty    Difficulty    `toml:"difficulty"`
	Select        Select        `toml:"select"`
	Trace         Trace         `toml:"trace"`
	Grade         Grade         `toml:"grade"`
	Domain        Domain        `toml:"domain"`
	Ask           Ask           `toml:"ask"`
	Hand          string        `toml:"hand"` // file of rows kept or dropped by hand, see ByHand

	Source string `toml:"-"` // the file or the preset's name, for messages
}

// Load says where the rows come from.
type Load struct {
	Files    []string          `toml:"files"`    // JSON lines or an array, Parquet, Arrow or folders of them, in order
	Fields   map[string]string `toml:"fields"`   // ours -> theirs, where theirs has another name
	Split    string            `toml:"split"`    // of folders with several: "" = train, "all"; what is left is noted
	Features []string          `toml:"features"` // files with an id a row, whose other fields become features
	MaxLine  int64             `toml:"max_line"` // bytes of a JSON line; 0 = 64 MiB
}

// Complete drops rows that lack something.
type Complete struct {
	Features []string `toml:"features"` // that must be there; "solution", "trace" and "answer" count as ones
}

// Decontaminate keeps questions of test sets out.
type Decontaminate struct {
	Tests   []string `toml:"tests"`   // files with the fields question, problem or prompt
	NGram   int      `toml:"ngram"`   // words; 8 is s1's code
	Strict  bool     `toml:"strict"`  // also without punctuation and LaTeX, short questions, near-duplicates
	Jaccard float64  `toml:"jaccard"` // of a near-duplicate, 0.4 to 1
}

// Dedup keeps the first of equal questions.
type Dedup struct {
	Near    bool    `toml:"near"`    // also of near-duplicates, by MinHash and then exact Jaccard
	Jaccard float64 `toml:"jaccard"` // of 5-word shingles, 0.4 to 1
}

// Difficulty drops what a model solves.
type Difficulty struct {
	Solved []string `toml:"solved"` // features; a row is too easy where one of them is true
	Models []Asking `toml:"models"` // that try each question; where one is right, the feature solved becomes true
	Exempt bool     `toml:"exempt"` // rows that the selection takes first pass, as the paper's 384 come from before this filter
}

// Select takes the final rows.
type Select struct {
	Kind     string  `toml:"kind"`     // s1-code, s1-paper, random, diverse, longest, full
	N        int     `toml:"n"`        // rows
	Uniform  int     `toml:"uniform"`  // s1-code: up to so many rows domains are drawn evenly, then by benchmark weights
	Length   string  `toml:"length"`   // feature: thinking tokens; where it is missing the words of the trace count
	Correct  string  `toml:"correct"`  // feature: the attempt is right
	LongMath float64 `toml:"longmath"` // a MATH row with more tokens and a right attempt is taken first
}

// Defaults are the values that a file need not repeat.
func Defaults() Recipe {
	return Recipe{
		Seed:          1,
		Stages:        StageNames(),
		Decontaminate: Decontaminate{NGram: 8, Jaccard: 0.8},
		Dedup:         Dedup{Jaccard: 0.8},
		Select:        Select{Kind: "s1-code", N: 1000, Uniform: 700, Length: "gemini_length", Correct: "isgeminicorrect", LongMath: 5600},
	}
}

var splitName = regexp.MustCompile(`^\w[\w.-]{0,59}$`)

const maxRecipe = 1 << 20 // bytes

// LoadRecipe reads a recipe: a preset by its name, or a file, whose own relative files count from its folder.
func LoadRecipe(name string) (Recipe, error) {
	if text, ok := presets.Text(name); ok {
		return ParseRecipe(name, text)
	}
	if !strings.ContainsAny(name, `./\`) {
		return Recipe{}, fmt.Errorf("there is no preset %q; there are %s; a file has its ending: %s.toml%s", name, strings.Join(presets.Names(), ", "), name, spelling.Hint(name, presets.Names()))
	}
	f, err := os.Open(name)
	if err != nil {
		return Recipe{}, fmt.Errorf("open recipe: %w; the presets are %s", err, strings.Join(presets.Names(), ", "))
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxRecipe+1))
	switch {
	case err != nil:
		return Recipe{}, fmt.Errorf("read recipe: %w", err)
	case len(text) > maxRecipe:
		return Recipe{}, fmt.Errorf("recipe %s has more than %d bytes", name, maxRecipe)
	}
	r, err := ParseRecipe(name, string(text))
	if err != nil {
		return Recipe{}, err
	}
	for _, list := range [][]string{r.Load.Files, r.Load.Features, r.Decontaminate.Tests} {
		for i, f := range list {
			list[i] = from(filepath.Dir(name), f)
		}
	}
	r.Hand, r.Ask.Cache = from(filepath.Dir(name), r.Hand), from(filepath.Dir(name), r.Ask.Cache)
	return r, nil
}

func from(dir, file string) string {
	if file == "" || filepath.IsAbs(file) {
		return file
	}
	return filepath.Join(dir, file)
}

// ParseRecipe reads the text of a recipe and checks its values.
func ParseRecipe(source, text string) (Recipe, error) {
	var head struct{ Preset string }
	if _, err := toml.Decode(text, &head); err != nil {
		return Recipe{}, said(source, err)
	}
	r := Defaults()
	if head.Preset != "" {
		base, ok := presets.Text(head.Preset)
		if !ok || head.Preset == source {
			return Recipe{}, fmt.Errorf("recipe %s: there is no preset %q to start from; there are %s", source, head.Preset, strings.Join(presets.Names(), ", "))
		}
		var err error
		if r, err = ParseRecipe(head.Preset, base); err != nil {
			return Recipe{}, err
		}
	}
	var given Recipe // lists replace those of the preset, where the decoder would write over their elements
	md, err := toml.Decode(text, &given)
	if err != nil {
		return Recipe{}, said(source, err)
	}
	for _, l := range []struct {
		key  []string
		list *[]string
	}{
		{[]string{"stages"}, &r.Stages},
		{[]string{"complete", "features"}, &r.Complete.Features},
		{[]string{"difficulty", "solved"}, &r.Difficulty.Solved},
		{[]string{"grade", "drop"}, &r.Grade.Drop},
		{[]string{"decontaminate", "tests"}, &r.Decontaminate.Tests},
	} {
		if md.IsDefined(l.key...) {
			*l.list = nil
		}
	}
	if md.IsDefined("difficulty", "models") {
		r.Difficulty.Models = nil
	}
	if md, err = toml.Decode(text, &r); err != nil {
		return Recipe{}, said(source, err)
	}
	r.Source = source
	if len(r.Difficulty.Models) > 0 && !slices.Contains(r.Difficulty.Solved, solvedFeature) {
		r.Difficulty.Solved = append(r.Difficulty.Solved, solvedFeature)
	}
	if unknown := md.Undecoded(); len(unknown) > 0 {
		key := unknown[0].String()
		return Recipe{}, fmt.Errorf("recipe %s: unknown key %.60q%s", source, key, spelling.Hint(key, Keys()))
	}
	return r, r.Validate()
}

func said(source string, err error) error {
	var p toml.ParseError
	if errors.As(err, &p) {
		return fmt.Errorf("recipe %s: line %d: %s", source, p.Position.Line, strings.TrimSuffix(p.Message, "."))
	}
	return fmt.Errorf("recipe %s: %s", source, strings.TrimPrefix(err.Error(), "toml: "))
}

// Validate checks the values of a recipe.
func (r Recipe) Validate() error {
	refuse := func(format string, args ...any) error {
		return fmt.Errorf("recipe %s: %s", r.Source, fmt.Sprintf(format, args...))
	}
	for i, s := range r.Stages {
		if all := slices.Concat(StageNames(), ModelStageNames()); !slices.Contains(all, s) {
			return refuse("stages has %.40q: one of %s%s", s, strings.Join(all, ", "), spelling.Hint(s, all))
		}
		if slices.Contains(r.Stages[:i], s) {
			return refuse("stages has %q twice", s)
		}
	}
	for ours := range r.Load.Fields {
		if _, ok := usual[ours]; !ok {
			return refuse("load.fields has %.40q; the fields of ours are %s", ours, strings.Join(rowFields(), ", "))
		}
	}
	switch d, s := r.Decontaminate, r.Select; {
	case d.NGram < 1 || d.NGram > 100:
		return refuse("decontaminate.ngram is %d, want 1 to 100 words", d.NGram)
	case !(d.Jaccard >= leastJaccard && d.Jaccard <= 1):
		return refuse("decontaminate.jaccard is %g, want %g to 1: near-duplicates that are less alike cannot be found reliably", d.Jaccard, leastJaccard)
	case !(r.Dedup.Jaccard >= leastJaccard && r.Dedup.Jaccard <= 1):
		return refuse("dedup.jaccard is %g, want %g to 1: near-duplicates that are less alike cannot be found reliably", r.Dedup.Jaccard, leastJaccard)
	case !slices.Contains(selections, s.Kind):
		return refuse("select.kind is %.40q: one of %s%s", s.Kind, strings.Join(selections, ", "), spelling.Hint(s.Kind, selections))
	case s.N < 1 || s.Uniform < 0:
		return refuse("select.n is %d and select.uniform %d, want at least 1 and 0", s.N, s.Uniform)
	case r.Load.Split != "" && !splitName.MatchString(r.Load.Split):
		return refuse("load.split is %.80q, want the name of a split: train, test, validation, all", r.Load.Split)
	case r.Load.MaxLine < 0:
		return refuse("load.max_line is %d, want 0 or more bytes", r.Load.MaxLine)
	}
	return r.validateModels()
}

// Keys lists every key a recipe may have.
func Keys() (keys []string) {
	var walk func(t reflect.Type, prefix string)
	walk = func(t reflect.Type, prefix string) {
		for i := range t.NumField() {
			f := t.Field(i)
			switch tag := f.Tag.Get("toml"); {
			case tag == "-":
			case f.Anonymous:
				walk(f.Type, prefix)
			case f.Type.Kind() == reflect.Struct:
				walk(f.Type, prefix+tag+".")
			case f.Type.Kind() == reflect.Slice && f.Type.Elem().Kind() == reflect.Struct:
				keys = append(keys, prefix+tag)
				walk(f.Type.Elem(), prefix+tag+".")
			default:
				keys = append(keys, prefix+tag)
			}
		}
	}
	walk(reflect.TypeFor[Recipe](), "")
	return keys
}
