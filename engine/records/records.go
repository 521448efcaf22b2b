// Package records reads the rows of a file that somebody else made, one at a time and in bounded memory: JSON lines (plain,
// gzip, zstd), Parquet, Arrow IPC (file and stream), CSV, or a folder of such files as Hugging Face data sets have. It knows forms
// and limits; what a field means is its caller's.
//
//	Open(path) -> Next: a Row | *BadRow, and reading goes on | *Damaged, and the file is over | io.EOF | another error, and it is over
package records

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// MaxLine is the default limit of one JSON line, unpacked, in bytes. A longer one is skipped without being held.
const MaxLine = 64 << 20

// Row is one row. Its values are string, bool, json.Number (JSON), int64, float64, []byte (Parquet, Arrow), nil, []any and
// map[string]any.
type Row struct {
	Fields map[string]any
	File   string // as opened; of a folder, the file in it
	Index  int64  // of the row or line in its file, from 0; bad rows count, blank lines too
}

// Reader gives rows in the order of the file. It is for one goroutine.
type Reader interface {
	// Next gives the next row, io.EOF after the last, a *BadRow for a row that cannot be read and after which reading goes
	// on, a *Damaged after which the next file's rows come, or io.EOF, or the error that ended the reading.
	Next() (Row, error)
	Close() error
}

// BadRow is one row that cannot be read.
type BadRow struct {
	File  string
	Line  int64 // from 1; of Parquet and Arrow, the number of the row
	Cause error
}

func (e *BadRow) Error() string { return fmt.Sprintf("%s:%d: %v", e.File, e.Line, e.Cause) }
func (e *BadRow) Unwrap() error { return e.Cause }

// Damaged is a place in a file behind which nothing of it can be read: what packed it, or its form, is broken there.
type Damaged struct {
	File  string
	Line  int64 // of the first row that is lost, as in BadRow
	Cause error
}

func (e *Damaged) Error() string { return fmt.Sprintf("%s:%d: %v", e.File, e.Line, e.Cause) }
func (e *Damaged) Unwrap() error { return e.Cause }

// Options bound and guide the reading. The zero value is the default.
type Options struct {
	MaxLine int64 // bytes; 0 = MaxLine
}

// Open opens a file or a folder with the default limits.
func Open(path string) (Reader, error) { return OpenWith(path, Options{}) }

// OpenWith tells the form by the file's first bytes, not by its name; only CSV, which has no such bytes, must be named *.csv.
func OpenWith(path string, o Options) (Reader, error) {
	if o.MaxLine <= 0 {
		o.MaxLine = MaxLine
	}
	files, err := Files(path)
	if err != nil {
		return nil, err
	}
	if len(files) == 1 {
		return openFile(files[0], o)
	}
	return &chain{files: files, o: o}, nil
}

// chain reads one file after another.
type chain struct {
	files []string
	o     Options
	now   Reader
}

func (c *chain) Next() (Row, error) {
	for {
		if c.now == nil {
			if len(c.files) == 0 {
				return Row{}, io.EOF
			}
			r, err := openFile(c.files[0], c.o)
			c.files = c.files[1:]
			if err != nil {
				return Row{}, err
			}
			c.now = r
		}
		row, err := c.now.Next()
		if !errors.Is(err, io.EOF) {
			return row, err
		}
		if err := c.Close(); err != nil {
			return Row{}, err
		}
	}
}

func (c *chain) Close() error {
	if c.now == nil {
		return nil
	}
	r := c.now
	c.now = nil
	return r.Close()
}

// Text gives a field as text: a string as it is, a number as it is written. ok is false where it is missing, null or neither.
func (r Row) Text(name string) (s string, ok bool) {
	switch v := r.Fields[name].(type) {
	case string:
		return v, true
	case []byte:
		return string(v), true
	case json.Number:
		return v.String(), true
	case int64:
		return strconv.FormatInt(v, 10), true
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64), true
	}
	return "", false
}

// Names lists the fields, sorted, at most twenty, for a message.
func (r Row) Names() string {
	list := make([]string, 0, len(r.Fields))
	for k := range r.Fields {
		list = append(list, strconv.Quote(k[:min(len(k), 60)]))
	}
	slices.Sort(list)
	return strings.Join(list[:min(len(list), 20)], ", ")
}
