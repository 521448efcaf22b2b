package curate

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// done says whether a folder holds a finished stage of this key.
func done(dir, key string) (c Count, ok bool) {
	c, ok = finished(dir)
	c.Cached = ok && c.Key == key
	return c, c.Cached
}

// finished is the finished stage that a folder holds, of whatever key.
func finished(dir string) (c Count, ok bool) {
	mark, err := os.ReadFile(filepath.Join(dir, doneFile))
	if err != nil {
		return c, false
	}
	b, err := os.ReadFile(filepath.Join(dir, countsFile))
	if err != nil || json.Unmarshal(b, &c) != nil || string(mark) != c.Key+"\n" {
		return Count{}, false
	}
	return c, true
}

// finish writes counts, and DONE last.
func finish(dir string, c Count) error {
	b, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	if err := replace(filepath.Join(dir, countsFile), append(b, '\n')); err != nil {
		return err
	}
	if err := noJournal(dir); err != nil {
		return err
	}
	return replace(filepath.Join(dir, doneFile), []byte(c.Key+"\n"))
}

// fresh empties a stage's folder, but for its journal where one is kept. DONE goes first.
func fresh(dir string, journal bool) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return onDisk(err, dir)
	}
	if err := notDone(dir); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return onDisk(err, dir)
	}
	for _, e := range entries {
		if journal && e.Name() == journalFile {
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			return onDisk(err, dir)
		}
	}
	return nil
}

// tidy removes the folders of stages that an earlier list had at other places.
func (r *run) tidy(list []Stage) error {
	entries, err := os.ReadDir(r.o.Dir)
	if err != nil {
		return onDisk(err, r.o.Dir)
	}
	for _, e := range entries {
		n := e.Name()
		var at int
		var name string
		if k, _ := fmt.Sscanf(n, "%02d-%s", &at, &name); k != 2 || at == 0 || !e.IsDir() {
			continue
		}
		if at <= len(list) && stageDir(at-1, list[at-1]) == n {
			continue
		}
		if err := os.RemoveAll(filepath.Join(r.o.Dir, n)); err != nil {
			return onDisk(err, r.o.Dir)
		}
	}
	return nil
}
