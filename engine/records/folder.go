package records

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

const (
	// Train is the split that Find takes where a folder has several and none is asked for. Files that name no split are of it.
	Train = "train"
	// AllSplits asks for every split of a folder.
	AllSplits = "all"
)

// Found are the files that a path stands for, and what of a folder is left.
type Found struct {
	Files []string // in the order of reading
	Split string   // that they are of; "" where the path is a file or its folder has one split
	Left  []Split  // the others of the folder, by name
}

// Split is a part of a data set that is kept apart from the others.
type Split struct {
	Name  string
	Files int
}

// keywords are the names under which Hugging Face data sets have their splits, alone or within a file's name.
var keywords = map[string]string{
	"train": Train, "training": Train,
	"validation": "validation", "valid": "validation", "val": "validation", "dev": "validation",
	"test": "test", "testing": "test", "eval": "test", "evaluation": "test",
}

// described are files of datasets that say something of the data and hold no rows.
var described = []string{"dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json"}

var shard = regexp.MustCompile(`^(.+?)-\d{5}-of-\d{5}`)

// Files lists the files that Open(path) reads, in their order; of a folder those of all its splits.
func Files(path string) ([]string, error) {
	found, err := Find(path, AllSplits)
	return found.Files, err
}

// Find lists the path itself, or of a folder its Parquet, else its Arrow, else its JSON lines, else its JSON files (also those in
// data/ and in folders of splits), by name. Of several splits it takes the one asked for, or train: rows of a test split must not
// come in unseen. Where none is train, one must be named.
func Find(path, split string) (Found, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Found{}, fmt.Errorf("open rows: %w", err)
	}
	if !info.IsDir() {
		return Found{Files: []string{path}}, nil
	}
	for _, endings := range [][]string{{".parquet"}, {".arrow"}, {".jsonl", ".jsonl.gz", ".jsonl.zst", ".json.gz", ".ndjson"}, {".json"}} {
		for _, dir := range []string{path, filepath.Join(path, "data")} {
			splits, err := splitsOf(dir, endings)
			if err != nil {
				return Found{}, err
			}
			if len(splits) > 0 {
				return choose(path, splits, split)
			}
		}
	}
	return Found{}, fmt.Errorf("open rows: the folder %s has no *.parquet, *.arrow, *.jsonl or *.json file, also not in data, train or another split", path)
}

// choose takes one of the splits of a folder.
func choose(path string, splits map[string][]string, want string) (f Found, err error) {
	if want == AllSplits {
		for _, name := range slices.Sorted(maps.Keys(splits)) {
			f.Files = append(f.Files, splits[name]...)
		}
		return f, nil
	}
	name := cmp.Or(want, Train)
	if want == "" && len(splits) == 1 {
		for name = range splits {
		}
	}
	if len(splits[name]) == 0 {
		names := strings.Join(slices.Sorted(maps.Keys(splits)), ", ")
		if want == "" {
			return f, fmt.Errorf("open rows: the folder %s has the splits %s, and none of them is %s: name one, or one's file", path, names, Train)
		}
		return f, fmt.Errorf("open rows: the folder %s has no split %q; it has %s", path, want, names)
	}
	if f.Files = splits[name]; len(splits) > 1 {
		f.Split = name
	}
	for _, other := range slices.Sorted(maps.Keys(splits)) {
		if other != name {
			f.Left = append(f.Left, Split{other, len(splits[other])})
		}
	}
	return f, nil
}

// splitsOf are the files of a folder with one of the endings, by split: those in it, else those in its folders of splits.
func splitsOf(dir string, endings []string) (map[string][]string, error) {
	splits := map[string][]string{}
	files, folders, err := named(dir, endings)
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		name := splitOf(filepath.Base(f))
		splits[name] = append(splits[name], f)
	}
	if len(files) > 0 {
		return splits, nil
	}
	for _, folder := range folders {
		name, ok := keywords[strings.ToLower(folder)]
		if _, err := os.Stat(filepath.Join(dir, folder, "state.json")); !ok && err == nil { // a split with a name of its own, as datasets saves it
			name, ok = folder, true
		}
		if !ok {
			continue
		}
		files, _, err := named(filepath.Join(dir, folder), endings)
		if err != nil {
			return nil, err
		}
		if len(files) > 0 {
			splits[name] = append(splits[name], files...)
		}
	}
	return splits, nil
}

// splitOf is the split that a file's name says: test-00000-of-00001.parquet, gsm8k_test.jsonl.
func splitOf(name string) string {
	if m := shard.FindStringSubmatch(name); m != nil && m[1] != "data" { // datasets saves every split as data-...
		if known, ok := keywords[strings.ToLower(m[1])]; ok {
			return known
		}
		return m[1]
	}
	stem, _, _ := strings.Cut(strings.ToLower(name), ".")
	for _, word := range strings.FieldsFunc(stem, func(r rune) bool { return r == '-' || r == '_' || r == ' ' }) {
		if known, ok := keywords[word]; ok {
			return known
		}
	}
	return Train
}

// named lists the files of a folder with one of the endings, and its folders. datasets writes cache-*.arrow beside its data; they
// are none.
func named(dir string, endings []string) (files, folders []string, err error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("open rows: %w", err)
	}
	for _, e := range entries {
		n := e.Name()
		switch {
		case strings.HasPrefix(n, "."), strings.HasPrefix(n, "cache-"), slices.Contains(described, n):
		case e.IsDir():
			folders = append(folders, n)
		case slices.ContainsFunc(endings, func(s string) bool { return strings.HasSuffix(n, s) }):
			files = append(files, filepath.Join(dir, n))
		}
	}
	return files, folders, nil // ReadDir sorts by name
}
