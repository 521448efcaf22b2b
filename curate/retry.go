package curate

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"s1/engine/whole"
)

// failedRule begins the rules of rows about which a model could not be asked, or said nothing that could be read.
const failedRule = "failed-"

const newEnding = ".new" // of a journal that is being made

// Failed says whether a decision stands for a request that came to nothing.
func (d Decision) Failed() bool { return strings.HasPrefix(d.Rule, failedRule) }

// reopen takes back that stages are done, from the first one on in which a request failed: keys of stages say nothing of failures, so
// what follows would be taken for done. What models decided goes into journals, and is not asked again. It goes from the end to the
// beginning, so that wherever it is cut off, no finished stage stands behind one that is not.
func (r *run) reopen(list []Stage, keys []string) error {
	dirs := make([]string, len(list))
	first := len(list)
	for i := len(list) - 1; i >= 0; i-- {
		dirs[i] = filepath.Join(r.o.Dir, stageDir(i, list[i]))
		c, ok := done(dirs[i], keys[i])
		if _, asks := list[i].(Journaled); !ok || !asks {
			continue
		}
		for rule := range c.Dropped {
			if strings.HasPrefix(rule, failedRule) {
				first = i
			}
		}
	}
	if first == len(list) {
		return nil
	}
	if err := notDone(filepath.Join(r.o.Dir, exportDir)); err != nil {
		return err
	}
	for i := len(list) - 1; i >= first; i-- {
		if _, ok := done(dirs[i], keys[i]); !ok {
			continue
		}
		if _, asks := list[i].(Journaled); asks {
			if err := rewriteJournal(dirs[i], keys[i]); err != nil {
				return err
			}
		}
		if err := notDone(dirs[i]); err != nil {
			return err
		}
	}
	return nil
}

// rewriteJournal makes the journal of a finished stage out of what it decided.
func rewriteJournal(dir, key string) (err error) {
	path := filepath.Join(dir, journalFile)
	w, err := createLines(path+newEnding, false)
	if err != nil {
		return err
	}
	err = w.write(key)
	for _, name := range []string{keptFile, droppedFile} {
		if err == nil {
			err = readLines(filepath.Join(dir, name), func(d *decision) error { return w.write(d) })
		}
	}
	if err = errors.Join(err, w.close()); err != nil {
		return err
	}
	return onDisk(errors.Join(os.Rename(path+newEnding, path), whole.SyncDir(dir)), dir)
}

// noJournal removes the journal of a stage that is done, also one of a run that was cut off as it began to ask again.
func noJournal(dir string) error {
	for _, name := range []string{journalFile, journalFile + newEnding} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return onDisk(err, dir)
		}
	}
	return nil
}

func notDone(dir string) error {
	if err := os.Remove(filepath.Join(dir, doneFile)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return onDisk(err, dir)
	}
	return nil
}

// forgetFailed has the rows asked again about which a request failed.
func (j *journal) forgetFailed(rows []int) error {
	for _, n := range rows {
		if !j.has(n) {
			continue
		}
		d, err := j.decision(n)
		if err != nil {
			return err
		}
		if d.Failed() {
			j.at[n] = span{}
		}
	}
	return nil
}
