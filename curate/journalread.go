package curate

import (
	"bytes"
	"encoding/json"
	"path/filepath"
	"strings"

	"s1/curate/tail"
)

// JournalReader reads how far a stage that asks a model is, row by row, out of the folder of a run that goes on: each time on from where
// it was. It is not safe for concurrent use.
type JournalReader struct {
	path    string
	file    tail.File
	decided int
	dropped map[string]int
}

// Read is how many rows the stage has decided, and of those how many it dropped by each rule. ok says that it has a journal, and again
// that it was read from its beginning. The map is the reader's.
func (j *JournalReader) Read(dir, stage string) (decided int, dropped map[string]int, again, ok bool, err error) {
	paths, err := filepath.Glob(filepath.Join(escaped(dir), "[0-9][0-9]-"+stage, journalFile))
	if err != nil || len(paths) != 1 {
		return 0, nil, false, false, err
	}
	if paths[0] != j.path {
		*j = JournalReader{path: paths[0]}
	}
	again = !j.file.Begun()
	head := j.file.AtStart()
	err = j.file.More(j.path, func() {
		j.decided, j.dropped, head, again = 0, map[string]int{}, true, true
	}, func(line []byte) {
		if head { // the key under which the others hold
			head = false
			return
		}
		var d struct{ Rule string }
		if json.Unmarshal(bytes.TrimSpace(line), &d) != nil {
			return // the run says so when it reads it
		}
		j.decided++
		if d.Rule != "" {
			j.dropped[d.Rule]++
		}
	})
	return j.decided, j.dropped, again, err == nil, err
}

// escaped is a path in which nothing stands for anything else.
func escaped(path string) string {
	return strings.NewReplacer(`*`, `\*`, `?`, `\?`, `[`, `\[`, `\`, `\\`).Replace(path)
}
