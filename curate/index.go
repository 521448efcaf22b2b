package curate

import (
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

// rowIndex is where the rows of a folder are and what became of them. It is not changed once it is made.
type rowIndex struct {
	key   string   // of the finished stages
	at    []int64  // place in heads.jsonl of the row with this number, and the end
	fates []uint16 // by number: the place in ends of what became of it
	ends  []fate   // each once; the first is of rows that no stage dropped
}

// fate is the stage that dropped a row and by which rule, empty where none has.
type fate struct{ stage, rule string }

func (x *rowIndex) fate(n int) fate {
	if n < 0 || n >= len(x.fates) {
		return fate{}
	}
	return x.ends[x.fates[n]]
}

// dropped is the stage that dropped a row, "" = none.
func (x *rowIndex) dropped(n int) string { return x.fate(n).stage }

// end is the place of a fate in ends. Stages have few rules, so that the last ones are found at once.
func (x *rowIndex) end(f fate) uint16 {
	i := slices.Index(x.ends, f)
	if i < 0 && (len(x.ends) < mostEnds || f.rule == "") {
		i, x.ends = len(x.ends), append(x.ends, f)
	}
	if i < 0 { // of a stage with more rules than that, the stage alone
		return x.end(fate{stage: f.stage})
	}
	return uint16(i) //nolint:gosec // at most mostEnds
}

// ending is what is read of a line about a dropped row.
type ending struct {
	N    int
	Rule string
}

const mostEnds = 1000 // and one of each stage

// index reads where the rows are and what became of them, anew after each stage that has ended.
func (b *Browser) index() (*rowIndex, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	names, err := StageDirs(b.dir)
	if err != nil {
		return nil, err
	}
	key := ""
	for i, n := range names {
		mark, err := os.ReadFile(filepath.Join(b.dir, n, doneFile))
		counts, missing := os.ReadFile(filepath.Join(b.dir, n, countsFile)) // they change where a failed request is made again
		if err = errors.Join(err, missing); begunAnew(err) {
			names = names[:i]
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read stage: %w", err)
		}
		key += n + string(mark) + string(counts)
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("the rows of %s are being loaded", b.dir)
	}
	if b.last != nil && b.last.key == key {
		return b.last, nil
	}
	at, err := lineStarts(filepath.Join(b.dir, loadDir, headsFile))
	if err != nil {
		return nil, err
	}
	x := &rowIndex{key: key, at: at, fates: make([]uint16, len(at)-1), ends: make([]fate, 1)}
	for _, n := range names[1:] {
		stage := n[strings.IndexByte(n, '-')+1:]
		if err := readLines(filepath.Join(b.dir, n, droppedFile), func(d *ending) error {
			if d.N < 0 || d.N >= len(x.fates) {
				return fmt.Errorf("%s names row %d of %d", n, d.N, len(x.fates))
			}
			x.fates[d.N] = x.end(fate{stage, d.Rule})
			return nil
		}); begunAnew(err) {
			return x, nil // what is read of it holds until the next look
		} else if err != nil {
			return nil, err
		}
	}
	b.last = x
	return x, nil
}

// begunAnew says whether a finished stage was missed or found torn because a run begins it anew at this moment.
func begunAnew(err error) bool {
	return errors.Is(err, os.ErrNotExist) || errors.Is(err, io.ErrUnexpectedEOF)
}

// lineStarts is where each line of a file begins, and its end.
func lineStarts(path string) ([]int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read rows: %w", err)
	}
	defer f.Close()
	starts, buf := []int64{0}, make([]byte, 1<<20)
	for at := int64(0); ; {
		n, err := f.Read(buf)
		for i := 0; i < n; {
			k := bytes.IndexByte(buf[i:n], '\n')
			if k < 0 {
				break
			}
			i += k + 1
			starts = append(starts, at+int64(i))
		}
		at += int64(n)
		if errors.Is(err, io.EOF) {
			return starts, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
	}
}

// head reads what the stages see of a row.
func (b *Browser) head(x *rowIndex, n int) (h head, err error) {
	if n < 0 || n+1 >= len(x.at) {
		return h, fmt.Errorf("%s has no row %d", b.dir, n)
	}
	f, err := os.Open(filepath.Join(b.dir, loadDir, headsFile))
	if err != nil {
		return h, fmt.Errorf("read rows: %w", err)
	}
	defer f.Close()
	line := make([]byte, x.at[n+1]-x.at[n])
	if _, err := f.ReadAt(line, x.at[n]); err != nil {
		return h, fmt.Errorf("read row %d: %w", n, err)
	}
	return h, json.Unmarshal(line, &h)
}
