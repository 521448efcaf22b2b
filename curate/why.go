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

// Copy is one of the rows that have an id, which is one where questions are equal, and what became of it.
type Copy struct {
	N     int       `json:"n"`     // of the row among those loaded, -1 = it could not be read
	Place string    `json:"place"` // file:line
	Said  []Verdict `json:"said"`  // of each stage, in order, up to the one that dropped it
}

// Dropped is the stage that dropped it and by which rule, "" = none has.
func (c Copy) Dropped() (stage, rule string) {
	if len(c.Said) == 0 {
		return "", ""
	}
	last := c.Said[len(c.Said)-1]
	if last.Rule == "" {
		return "", ""
	}
	return last.Stage, last.Rule
}

// Why gives the rows of a run's folder that have an id, in their order, with what each stage said of them. A row that could not be
// read has its file and line as its id.
func Why(dir, id string) (list []Copy, err error) {
	names, err := StageDirs(dir)
	if err != nil {
		return nil, err
	}
	at := map[int]int{} // number -> place in list
	for _, name := range names {
		stage := name[strings.IndexByte(name, '-')+1:]
		for _, f := range []string{keptFile, droppedFile} {
			path := filepath.Join(dir, name, f)
			if name == loadDir && f == keptFile {
				path = filepath.Join(dir, name, headsFile)
			}
			if err := linesOf(path, id, func(d *placed) {
				i, ok := at[d.N]
				if !ok || d.N < 0 {
					i = len(list)
					at[d.N] = i
					list = append(list, Copy{N: d.N, Place: id})
					if d.N >= 0 {
						list[i].Place = fmt.Sprintf("%s:%d", d.File, d.Index+1)
					}
				}
				list[i].Said = append(list[i].Said, Verdict{stage, d.Decision})
			}); begunAnew(err) && len(list) > 0 {
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

// placed is a line about a row; of the loaded ones it says where the row comes from.
type placed struct {
	decision
	File  string `json:"file"`
	Index int64  `json:"index"`
}

// linesOf visits the lines about one row. Only those with its id in them are taken apart: the files have a line a row.
func linesOf(path, id string, visit func(d *placed)) error {
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
		var d placed
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
