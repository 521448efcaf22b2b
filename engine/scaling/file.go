package scaling

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"time"

	"s1/engine/bounded"
	"s1/engine/whole"
)

// syncEvery is how much may be lost to a crash of the machine. A kill of the program loses only the items under way.
const syncEvery = time.Second

// rowFile is items.jsonl while a sweep runs. All rows of an item are written at once, in the order in which items finish; a
// torn end is cut off when the file is opened again. finish puts them in order, so that equal seeds give equal files.
type rowFile struct {
	path string
	arms []Arm

	mu     sync.Mutex
	file   *os.File
	synced time.Time
}

// openRows opens a file of rows, and gives the rows of the items that are whole in it.
func openRows(path string, arms []Arm) (*rowFile, map[string][]Row, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, nil, fmt.Errorf("open the rows of a sweep: %w", err)
	}
	done, size, err := readRows(f, arms)
	if err == nil {
		if err = f.Truncate(size); err == nil {
			_, err = f.Seek(size, io.SeekStart)
		}
	}
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("read %s: %w", path, err), f.Close())
	}
	return &rowFile{path: path, arms: arms, file: f}, done, nil
}

// maxRow is the most bytes of a row: one with the ids of a million tokens has a tenth of it.
const maxRow = 64 << 20

// readRows reads whole items, and says at which byte the last of them ends. What comes after a torn line or an incomplete item
// can only be the rest of one write.
func readRows(r io.Reader, arms []Arm) (done map[string][]Row, size int64, err error) {
	done = map[string][]Row{}
	b := bufio.NewReaderSize(r, 1<<20)
	var rows []Row
	at := int64(0)
	for {
		line, err := bounded.Line(b, maxRow)
		if errors.Is(err, io.EOF) {
			return done, size, nil
		}
		if err != nil {
			return nil, 0, err
		}
		at += int64(len(line))
		var row Row
		if err := json.Unmarshal(line, &row); err != nil {
			return nil, 0, fmt.Errorf("row before byte %d: %w", at, err)
		}
		if len(rows) > 0 && rows[0].Item != row.Item || row.Arm() != arms[len(rows)] {
			return nil, 0, fmt.Errorf("row before byte %d is %s of item %s, expected was %s: another plan wrote it", at, row.Arm(), row.Item, arms[len(rows)])
		}
		if rows = append(rows, row); len(rows) == len(arms) {
			if done[row.Item] != nil {
				return nil, 0, fmt.Errorf("item %s is there twice", row.Item)
			}
			done[row.Item], rows, size = rows, nil, at
		}
	}
}

func encodeRows(rows []Row) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	for i := range rows {
		if err := enc.Encode(&rows[i]); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}

// add appends the rows of one item.
func (w *rowFile) add(rows []Row) error {
	b, err := encodeRows(rows)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := w.file.Write(b); err != nil {
		return fmt.Errorf("write %s: %w", w.path, err)
	}
	if now := time.Now(); now.Sub(w.synced) > syncEvery {
		w.synced = now
		return w.file.Sync()
	}
	return nil
}

func (w *rowFile) close() error { return errors.Join(w.file.Sync(), w.file.Close()) }

// finish writes the rows again in the order of the items.
func (w *rowFile) finish(all [][]Row) error {
	if err := w.close(); err != nil {
		return err
	}
	b, err := encodeRows(slices.Concat(all...))
	if err != nil {
		return err
	}
	return replace(w.path, b)
}

// replace writes a file whole or not at all.
func replace(path string, b []byte) error {
	if err := whole.WriteBytes(path, 0o644, b); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
