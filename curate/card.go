package curate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// card says what the data is made of. It has no time and no folder in it, so that equal runs give equal bytes.
func (r *run) card(dir string, counts []Count, e *exporter) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "# %d rows curated by s1\n\nSelection %s, seed %d.\n\n| stage | in | kept | dropped by rule | key |\n|---|---|---|---|---|\n", len(r.picked), r.recipe.Select.Kind, r.recipe.Seed)
	for _, c := range counts {
		fmt.Fprintf(&b, "| %s v%d | %d | %d | %s | %.16s |\n", c.Stage, c.Version, c.In, c.Kept, cellText(c.Reasons()), c.Key)
	}
	if n := len(r.picked) - len(r.alive); n > 0 {
		fmt.Fprintf(&b, "\nOf the rows %d have no trace or no answer. They are in %s and %s, and not in the files to train on.\n", n, columnsFile, parquetFile)
	}
	b.WriteString("\n| file | rows | sha256 | what it is |\n|---|---|---|---|\n")
	for _, f := range [][2]string{
		{columnsFile, "the columns of s1K"},
		{parquetFile, "the same"},
		{textFile, "s1's text, with its template"},
		{pairsFile, "the same text as prompt and completion"},
		{messagesFile, "a user's and an assistant's turn with its thought as reasoning_content: for any model's own template"},
	} {
		sum, err := fileSum(filepath.Join(dir, f[0]))
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "| %s | %d | %s | %s |\n", f[0], e.rows[f[0]], sum, f[1])
	}
	b.WriteString("\n## Sources\n\n| file | sha256 |\n|---|---|\n")
	for _, f := range r.files {
		sum := f.Sum
		if sum == "" {
			var err error
			if sum, err = fileSum(f.Path); err != nil {
				return "", err
			}
		}
		fmt.Fprintf(&b, "| %s | %s |\n", cellText(f.Name), sum)
	}
	for _, path := range r.recipe.Decontaminate.Tests {
		sums, err := fileSums([]string{path})
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "| %s | %s |\n", cellText(filepath.Base(path)), strings.Join(sums, " "))
	}
	for _, note := range counts[0].Notes {
		fmt.Fprintf(&b, "\nNote: %s.\n", strings.Join(strings.Fields(note), " "))
	}
	b.WriteString("\n| source_type | rows |\n|---|---|\n")
	for _, k := range slices.Sorted(maps.Keys(e.sources)) {
		fmt.Fprintf(&b, "| %s | %d |\n", cellText(k), e.sources[k])
	}
	loaded, err := inTOML(map[string]any{"load": r.recipe.Load.card()})
	if err != nil {
		return "", err
	}
	fmt.Fprintf(&b, "\n## Settings\n\n```toml\n%s```\n", loaded)
	for _, text := range r.cards {
		b.WriteString(text)
	}
	return b.String(), nil
}

// cardOf gives the settings of a stage: of ours in the words of a recipe, of another's as JSON.
func cardOf(s Stage, settings []byte) (string, error) {
	if own, ok := s.(step); ok {
		if own.card == nil {
			return "", nil
		}
		text, err := inTOML(own.card)
		return fmt.Sprintf("\n## Stage %s\n\n```toml\n%s```\n", s.Name(), text), err
	}
	var pretty bytes.Buffer
	err := json.Indent(&pretty, settings, "", "  ")
	return fmt.Sprintf("\n## Stage %s\n\n```json\n%s\n```\n", s.Name(), pretty.Bytes()), err
}

func inTOML(v any) (string, error) {
	var b strings.Builder
	enc := toml.NewEncoder(&b)
	enc.Indent = ""
	err := enc.Encode(v)
	return b.String(), err
}

// card is what a card says of the files: names without the folders of this machine.
func (l Load) card() Load {
	l.Files, l.Features = bases(l.Files), bases(l.Features)
	return l
}

func (d Decontaminate) card() Decontaminate {
	d.Tests = bases(d.Tests)
	return d
}

func bases(paths []string) (names []string) {
	for _, p := range paths {
		names = append(names, filepath.Base(p))
	}
	return names
}

// handCounts are how many rows were decided by hand, by what was decided.
func (r *run) handCounts() map[string]int {
	n := map[string]int{}
	for _, h := range r.hand {
		if h.Keep {
			n[Keep]++
		} else {
			n[Drop]++
		}
	}
	return n
}

// cellText is a text of others in a cell of a table.
func cellText(s string) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(s, "|", `\|`)), " ")
}
