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
	"strings"

	"s1/engine/remote"
)

// receiptsName is the file that says which server did which item of a sweep. It is of one run, as run.json is: hands take items
// as they finish, so another run of the same plan has the same rows and other receipts.
const receiptsName = "receipts.jsonl"

// receipt is a line of it.
type receipt struct {
	Item   string         `json:"item"`
	Server string         `json:"server"`
	Budget map[string]int `json:"budget"` // how it was kept: rows by badge
	Tries  int            `json:"tries"`  // of the item, on any server
}

func receiptOf(rows []Row, tries int) receipt {
	r := receipt{Tries: tries, Budget: map[string]int{}}
	for i := range rows {
		r.Item, r.Server = rows[i].Item, rows[i].server
		if rows[i].Badge != "" {
			r.Budget[rows[i].Badge]++
		}
	}
	return r
}

// receiptFile is receipts.jsonl while a sweep runs. A kill may leave a line without its rows: the item is done again, and of two
// lines the last one counts.
type receiptFile struct {
	path string
	file *os.File
}

func openReceipts(dir string) (*receiptFile, error) {
	path := filepath.Join(dir, receiptsName)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open the receipts of a sweep: %w", err)
	}
	_, size, err := readReceipts(f)
	if err == nil {
		if err = f.Truncate(size); err == nil {
			_, err = f.Seek(size, io.SeekStart)
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read %s: %w", path, err), f.Close())
	}
	return &receiptFile{path, f}, nil
}

// readReceipts reads whole lines, and says where the last of them ends.
func readReceipts(r io.Reader) (of map[string]receipt, size int64, err error) {
	of = map[string]receipt{}
	b := bufio.NewReader(io.LimitReader(r, maxFolderFile))
	for {
		line, err := b.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return of, size, nil
		}
		if err != nil {
			return nil, 0, err
		}
		var x receipt
		if err := json.Unmarshal(line, &x); err != nil {
			return nil, 0, fmt.Errorf("receipt after byte %d: %w", size, err)
		}
		of[x.Item] = x
		size += int64(len(line))
	}
}

func (w *receiptFile) add(r receipt) error {
	b, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if _, err := w.file.Write(append(b, '\n')); err != nil {
		return fmt.Errorf("write %s: %w", w.path, err)
	}
	return nil
}

func (w *receiptFile) close() error {
	if w == nil {
		return nil
	}
	return w.file.Close()
}

// finish writes the lines again in the order of the items, one each.
func (w *receiptFile) finish(items []Item) error {
	if w == nil {
		return nil
	}
	if _, err := w.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	of, _, err := readReceipts(w.file)
	if err = errors.Join(err, w.close()); err != nil {
		return fmt.Errorf("read %s: %w", w.path, err)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	for _, it := range items {
		if r, ok := of[it.ID]; ok {
			if err := enc.Encode(r); err != nil {
				return err
			}
		}
	}
	return replace(w.path, b.Bytes())
}

// undone are items that no server could do. They have no rows: nothing can be said of an answer that did not come.
type undone struct {
	ids  []string
	last error
}

func (u *undone) add(id string, o remote.Outcome) {
	u.ids = append(u.ids, id)
	u.last = fmt.Errorf("%s after %d tries, at last on %s: %w", id, o.Tries, o.Server, o.Err)
}

func (u *undone) err(n int) error {
	if len(u.ids) == 0 {
		return nil
	}
	slices.Sort(u.ids)
	names := strings.Join(u.ids[:min(len(u.ids), 5)], ", ")
	if len(u.ids) > 5 {
		names += ", ..."
	}
	return fmt.Errorf("%d of %d questions could not be asked of any server (%s): they are left out and not judged, and the same sweep again asks them alone; %w", len(u.ids), n, names, u.last)
}

// itemError says of which item an error is.
func itemError(id string, err error) error { return fmt.Errorf("item %s: %w", id, err) }
