package curate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"s1/engine/bounded"
)

// ReadRecipe is the recipe that a run's folder was made by.
func ReadRecipe(dir string) (r Recipe, err error) {
	text, err := bounded.File(filepath.Join(dir, recipeFile), maxRecipe)
	if err != nil {
		return r, fmt.Errorf("%s holds no curation: %w", dir, err)
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return r, fmt.Errorf("read %s: %w", filepath.Join(dir, recipeFile), err)
	}
	return r, r.Validate()
}

// Counts are those of the finished stages of a run's folder, in order, and whether its rows were exported.
func Counts(dir string) (counts []Count, exported bool, err error) {
	names, err := StageDirs(dir)
	if err != nil {
		return nil, false, err
	}
	for _, n := range names {
		var c Count
		text, err := bounded.File(filepath.Join(dir, n, countsFile), maxRecipe)
		if err == nil {
			err = json.Unmarshal(text, &c)
		}
		if begunAnew(err) {
			break
		}
		if err != nil {
			return nil, false, fmt.Errorf("read the counts of %s: %w", n, err)
		}
		counts = append(counts, c)
	}
	_, err = os.Stat(filepath.Join(dir, exportDir, doneFile))
	return counts, err == nil, nil
}

// LastEvent is the newest line of a run's events, and whether there is one.
func LastEvent(dir string) (e Event, ok bool) {
	const tail = 16 << 10
	f, err := os.Open(filepath.Join(dir, eventsFile))
	if err != nil {
		return e, false
	}
	defer f.Close()
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return e, false
	}
	text := make([]byte, min(end, tail))
	if _, err := f.ReadAt(text, end-int64(len(text))); err != nil && !errors.Is(err, io.EOF) {
		return e, false
	}
	text = text[:bytes.LastIndexByte(text, '\n')+1] // what is behind it is being written
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	return e, json.Unmarshal(lines[len(lines)-1], &e) == nil
}
