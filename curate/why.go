package curate

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Verdict is what one stage said of a row.
type Verdict struct {
	Stage string `json:"stage"`
	Decision
}

// Why gives what each stage of a run's folder said of a row, in order, up to the one that dropped it. A row that could not be
// read has its file and line as its id.
func Why(dir, id string) (list []Verdict, err error) {
	names, err := StageDirs(dir)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		stage := name[strings.IndexByte(name, '-')+1:]
		for _, f := range []string{keptFile, droppedFile} {
			path := filepath.Join(dir, name, f)
			if name == loadDir && f == keptFile {
				path = filepath.Join(dir, name, headsFile)
			}
			if err := linesOf(path, id, func(d *decision) {
				list = append(list, Verdict{stage, d.Decision})
			}); begunAnew(err) {
				return list, nil
			} else if err != nil {
				return nil, err
			}
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s has no row %.40q; an id is the first 16 hex digits of the SHA-256 of the question, or file:line of a row that could not be read", dir, id)
	}
	return list, nil
}

// linesOf visits the lines about one row. Only those with its id in them are taken apart: the files have a line a row.
func linesOf(path, id string, visit func(d *decision)) error {
	mark, err := json.Marshal(id)
	if err != nil {
		return err
	}
	mark = append([]byte(`"id":`), mark...)
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("read stage: %w", err)
	}
	defer f.Close()
	for in := bufio.NewReaderSize(f, 256<<10); ; {
		line, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
		if !bytes.Contains(line, mark) {
			continue
		}
		var d decision
		if err := json.Unmarshal(line, &d); err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
		if d.ID == id { // and not that of what it was found to be like
			visit(&d)
		}
	}
}

// StageDirs lists the finished stages of a run's folder, in order: 00-load, 01-complete, ...
func StageDirs(dir string) (names []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("open curation: %w", err)
	}
	for _, e := range entries {
		n := e.Name()
		if len(n) > 3 && n[2] == '-' && n[0] >= '0' && n[0] <= '9' {
			if _, err := os.Stat(filepath.Join(dir, n, doneFile)); err == nil {
				names = append(names, n)
			}
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%s holds no finished stage of a curation", dir)
	}
	slices.Sort(names)
	return names, nil
}

// Dropped visits the rows that a stage dropped, in order: what the stage said, without the texts.
func Dropped(dir, stageDir string, visit func(Decision) error) error {
	return readLines(filepath.Join(dir, stageDir, droppedFile), func(d *decision) error { return visit(d.Decision) })
}
