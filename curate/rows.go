package curate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
)

// Rows are those that a stage decides over, in their order. They lie on disk, and each time that they are gone through they are read
// anew, so that of many rows only a few are in memory at a time. What a stage needs of all of them it keeps itself, as small as it can.
type Rows struct {
	r       *run
	numbers []int // of the rows among those loaded; they rise
	waits   func(what string)
}

// Waits tells those who look on what the stage waits for, from any goroutine, until it says something of a row.
func (r *Rows) Waits(what string) {
	if r.waits != nil {
		r.waits(what)
	}
}

// Len is how many there are.
func (r *Rows) Len() int { return len(r.numbers) }

// Each visits the rows with what is known of them, but for their long texts: solution, metadata, trace and attempt are empty. i is
// the place of a row among these. The row is the visitor's own.
func (r *Rows) Each(ctx context.Context, visit func(i int, row *Row) error) error {
	return ordered(ctx, r, false, func(*Row) struct{} { return struct{}{} }, func(i int, row *Row, _ struct{}) error { return visit(i, row) })
}

// EachWhole visits the rows with all their texts: those that stages made lie over the loaded ones.
func (r *Rows) EachWhole(ctx context.Context, visit func(i int, row *Row) error) error {
	return ordered(ctx, r, true, func(*Row) struct{} { return struct{}{} }, func(i int, row *Row, _ struct{}) error { return visit(i, row) })
}

// at reads one row as it was loaded, without its long texts.
func (r *Rows) at(i int) (*Row, error) { return r.r.heads.row(r.numbers[i]) }

// id is that of a row, without reading it.
func (r *Rows) id(i int) uint64 { return r.r.heads.ids[r.numbers[i]] }

// byHand says whether a hand keeps a row.
func (r *Rows) byHand(i int) bool {
	if len(r.r.hand) == 0 {
		return false
	}
	return r.r.hand[r.r.heads.id(r.numbers[i])].Keep
}

// heads are what is in memory of the loaded rows, 16 bytes each, and the file with the rest of what the stages see of them.
type heads struct {
	f   *os.File
	ids []uint64 // by number, see ID
	at  []int64  // by number: where its line begins in the file; and the end of the last one
}

func openHeads(path string) (h *heads, err error) {
	l, err := openLines(path)
	if err != nil {
		return nil, err
	}
	defer l.close()
	h = &heads{at: []int64{0}}
	for {
		line, err := l.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		n, rest, ok := numberOf(line)
		id, isID := idIn(rest)
		if !ok || !isID || n != len(h.ids) {
			return nil, fmt.Errorf("read %s: line %d begins with %.60q, want the number %d and an id", path, len(h.ids)+1, line, len(h.ids))
		}
		h.ids = append(h.ids, id)
		h.at = append(h.at, h.at[n]+int64(len(line)))
	}
	h.f, err = os.Open(path)
	return h, err
}

// idIn reads ,"id":"0123456789abcdef" at the beginning of what is behind a row's number.
func idIn(rest []byte) (id uint64, ok bool) {
	rest, ok = bytes.CutPrefix(rest, []byte(`,"id":"`))
	if !ok || len(rest) < 17 || rest[16] != '"' {
		return 0, false
	}
	return parseID(string(rest[:16]))
}

// id is that of a row as it is written.
func (h *heads) id(n int) string { return fmt.Sprintf("%016x", h.ids[n]) }

func (h *heads) row(n int) (*Row, error) {
	line := make([]byte, h.at[n+1]-h.at[n])
	if _, err := h.f.ReadAt(line, h.at[n]); err != nil {
		return nil, fmt.Errorf("read row %d: %w", n, err)
	}
	return rawRow{line: line}.row(false)
}

// rawRow is a row as it lies on disk: its line among the loaded ones, and those in which stages before said something of it.
type rawRow struct {
	line []byte
	over [][]byte
}

func (raw rawRow) row(whole bool) (*Row, error) {
	row := &Row{}
	if err := json.Unmarshal(raw.line, row); err != nil {
		return nil, fmt.Errorf("read row %.60q: %w", raw.line, err)
	}
	if row.Features == nil {
		row.Features = map[string]any{}
	}
	for _, line := range raw.over {
		var d Decision
		if err := json.Unmarshal(line, &d); err != nil {
			return nil, fmt.Errorf("read what was said of row %s: %w", row.ID, err)
		}
		for k, v := range d.Features {
			row.Features[k] = v
		}
		if whole && d.Made != nil {
			row.Trace, row.Attempt = d.Made.Trace, d.Made.Attempt
		}
	}
	return row, nil
}

// rowLines reads the lines of rows whose numbers rise: of their heads, or of the shards that hold them whole.
type rowLines struct {
	dir   string // of the loaded rows
	whole bool
	l     *lineReader
	path  string // that l reads
	next  int    // number of the row of l's next line
}

func (s *rowLines) row(n int) ([]byte, error) {
	path, first := filepath.Join(s.dir, headsFile), 0
	if s.whole {
		path, first = filepath.Join(s.dir, shardFile(n)), n/shardRows*shardRows
	}
	if path != s.path {
		s.close()
		l, err := openLines(path)
		if err != nil {
			return nil, err
		}
		s.l, s.path, s.next = l, path, first
	}
	for {
		line, err := s.l.next()
		if errors.Is(err, io.EOF) {
			err = fmt.Errorf("read %s: it ends before row %d: %w", path, n, io.ErrUnexpectedEOF)
		}
		if err != nil {
			return nil, err
		}
		if s.next++; s.next > n {
			return line, nil
		}
	}
}

func (s *rowLines) close() {
	if s.l != nil {
		s.l.close()
		s.l = nil
	}
}

// saidLines reads what a stage said of the rows that it kept, or of those that it dropped, for numbers that rise.
type saidLines struct {
	l    *lineReader
	line []byte
	n    int // of line
}

func openSaid(path string) (*saidLines, error) {
	l, err := openLines(path)
	return &saidLines{l: l, n: -1}, err
}

// row is nil where nothing was said.
func (s *saidLines) row(n int) ([]byte, error) {
	for s.n < n {
		line, err := s.l.next()
		if errors.Is(err, io.EOF) {
			s.n = math.MaxInt
			break
		}
		if err != nil {
			return nil, err
		}
		at, _, ok := numberOf(line)
		if !ok {
			return nil, fmt.Errorf("read %s: the line %.60q has no row's number", s.l.f.Name(), line)
		}
		s.line, s.n = line, at
	}
	if s.n != n {
		return nil, nil
	}
	return s.line, nil
}
