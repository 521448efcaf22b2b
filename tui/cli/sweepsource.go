package cli

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
)

// sourceFile says in a sweep's folder where its questions come from.
const sourceFile = "source.json"

// questionSource is where questions come from, and under which terms.
type questionSource struct {
	Data    string `json:"data"` // the file's name, without the folders of a machine, or the data set's
	Licence string `json:"licence,omitempty"`
	Home    string `json:"home,omitempty"` // where the data set lives
	Commit  string `json:"commit,omitempty"`

	Shuffle *uint64  `json:"shuffle,omitempty"` // seed of the order of choices; each question's own is in questions.jsonl
	LeftOut int      `json:"left_out,omitempty"`
	Reasons []string `json:"left_out_because,omitempty"` // of the first
}

// maxSource is the most bytes of it that are read.
const maxSource = 1 << 16

// sourceOf reads it; a folder without it has questions of unknown origin.
func sourceOf(dir string) (s questionSource) {
	s.Data = "questions.jsonl"
	f, err := os.Open(filepath.Join(dir, sourceFile))
	if err != nil {
		return s
	}
	defer f.Close()
	_ = json.NewDecoder(io.LimitReader(f, maxSource)).Decode(&s) // what cannot be read is not known
	return s
}

// keepSource writes it, once: the sweep that began the folder knows it.
func keepSource(dir string, s questionSource) error {
	path := filepath.Join(dir, sourceFile)
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, append(b, '\n'), 0o644)
}
