package scaling

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

	"s1/engine/bounded"
)

// questionsFile holds the questions of a sweep as they were asked, a line each. With it a folder can be looked at, and gone on
// with, where the file they came from is not at hand.
const questionsFile = "questions.jsonl"

// maxFolderFile is the most bytes that are read of a file of a sweep's folder.
const maxFolderFile = 1 << 30

// Folder is a sweep as it lies on disk, finished or not.
type Folder struct {
	Model, ModelSHA256 string
	Served             string // how servers kept budgets; "" = it was measured on a machine
	Judge              string
	Plan               Plan
	Items              []Item
	Rows               [][]Row // by item, then by arm; nil for an item that is not done
	Done               int
}

// ReadFolder reads the folder of a sweep. It changes nothing, so a sweep may be writing to it.
func ReadFolder(dir string) (*Folder, error) {
	b, err := bounded.File(filepath.Join(dir, "plan.json"), 1<<20)
	if err != nil {
		return nil, fmt.Errorf("%s holds no sweep: %w", dir, err)
	}
	var id identity
	if err := json.Unmarshal(b, &id); err != nil {
		return nil, fmt.Errorf("read %s: %w", filepath.Join(dir, "plan.json"), err)
	}
	if err := id.Plan.Check(); err != nil {
		return nil, fmt.Errorf("the plan in %s: %w", dir, err)
	}
	f := &Folder{Model: id.Model, ModelSHA256: id.ModelSHA256, Served: id.Served, Judge: id.Judge, Plan: id.Plan.filled()}
	if f.Items, err = readQuestions(filepath.Join(dir, questionsFile)); err != nil {
		return nil, fmt.Errorf("%s does not hold its questions, so it can only be gone on with by the command that began it: %w", dir, err)
	}
	if got := HashItems(f.Items); got != id.ItemsSHA256 {
		return nil, fmt.Errorf("%s was changed: its questions have the hash %.12s, and the plan says %.12s", filepath.Join(dir, questionsFile), got, id.ItemsSHA256)
	}
	file, err := os.Open(filepath.Join(dir, "items.jsonl"))
	if errors.Is(err, os.ErrNotExist) {
		f.Rows = make([][]Row, len(f.Items))
		return f, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	done, _, err := readRows(io.LimitReader(file, maxFolderFile), f.Plan.Arms())
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", file.Name(), err)
	}
	f.Rows = make([][]Row, len(f.Items))
	for i, it := range f.Items {
		if rows := done[it.ID]; rows != nil {
			f.Rows[i] = rows
			f.Done++
		}
	}
	return f, nil
}

// Result is what a folder holds so far: the items that are done.
func (f *Folder) Result() *Result {
	return &Result{Plan: f.Plan, Items: finished(f.Rows), Ungraded: ungraded(f.Items)}
}

// finished leaves out the items that are not done.
func finished(rows [][]Row) [][]Row {
	return slices.DeleteFunc(slices.Clone(rows), func(r []Row) bool { return r == nil })
}

func readQuestions(path string) (items []Item, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines := bufio.NewScanner(io.LimitReader(f, maxFolderFile))
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		var it Item
		if err := json.Unmarshal(lines.Bytes(), &it); err != nil {
			return nil, fmt.Errorf("question %d of %s: %w", len(items)+1, path, err)
		}
		if len(items) == maxItems {
			return nil, fmt.Errorf("%s holds more than %d questions", path, maxItems)
		}
		items = append(items, it)
	}
	return items, lines.Err()
}

// keepQuestions writes the questions beside the rows, once.
func keepQuestions(dir string, items []Item) error {
	path := filepath.Join(dir, questionsFile)
	if _, err := os.Stat(path); err == nil {
		return nil // the plan's hash says that they are these
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	for _, it := range items {
		if err := enc.Encode(it); err != nil {
			return err
		}
	}
	return replace(path, b.Bytes())
}
