package records

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// maxCSV is the most bytes of a CSV file that are read. A quote that does not end makes one field of all that follows, so this
// bounds a row as well.
const maxCSV = 256 << 20

// csvRows reads a file whose first line names the fields; every value is text, and an empty one is text too.
type csvRows struct {
	f     *os.File
	path  string
	r     *csv.Reader
	names []string
	index int64
	end   error
}

func openCSV(f *os.File, path string, size int64) (Reader, error) {
	if size > maxCSV {
		return nil, fmt.Errorf("the CSV file has %d bytes, at most %d are read; Parquet and JSON lines have no such limit", size, maxCSV)
	}
	b := bufio.NewReaderSize(f, bufferSize)
	if mark, _ := b.Peek(3); bytes.Equal(mark, []byte("\xef\xbb\xbf")) {
		_, _ = b.Discard(len(mark))
	}
	r := csv.NewReader(b)
	names, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("read the names of the CSV fields: %w", err)
	}
	return &csvRows{f: f, path: path, r: r, names: names}, nil
}

func (c *csvRows) Next() (Row, error) {
	if c.end != nil {
		return Row{}, c.end
	}
	values, err := c.r.Read()
	var broken *csv.ParseError
	switch {
	case errors.Is(err, io.EOF):
		c.end = err
		return Row{}, err
	case errors.As(err, &broken):
		c.index++
		return Row{}, &BadRow{File: c.path, Line: int64(broken.StartLine), Cause: fmt.Errorf("read CSV: %w", broken.Err)}
	case err != nil:
		c.end = fmt.Errorf("%s: row %d: read CSV: %w", c.path, c.index+1, err)
		return Row{}, c.end
	}
	c.index++
	fields := make(map[string]any, len(values))
	for i, v := range values {
		fields[c.names[i]] = v // the reader holds all rows to the length of the first
	}
	return Row{Fields: fields, File: c.path, Index: c.index - 1}, nil
}

func (c *csvRows) Close() error { return c.f.Close() }

// isCSV goes by the name: the first bytes of a CSV file say nothing.
func isCSV(path string) bool { return strings.HasSuffix(strings.ToLower(path), ".csv") }
