package records

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/parquet-go/parquet-go"
)

// parquetRows reads a file row by row; of its pages, those under the current row are in memory.
type parquetRows struct {
	f      *os.File
	path   string
	schema *parquet.Schema
	groups []parquet.RowGroup
	rows   parquet.Rows // of groups[0]
	buf    []parquet.Row
	have   []parquet.Row // read and not given
	index  int64
	end    error
}

func openParquet(f *os.File, path string, size int64) (_ Reader, err error) {
	defer caught(&err) // the library panics on some broken files
	p, err := parquet.OpenFile(f, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, fmt.Errorf("read Parquet: %w", err)
	}
	return &parquetRows{f: f, path: path, schema: p.Schema(), groups: p.RowGroups(), buf: make([]parquet.Row, 16)}, nil
}

func (p *parquetRows) Next() (row Row, err error) {
	defer func() {
		if err != nil && !errors.Is(err, io.EOF) {
			p.end, p.have = io.EOF, nil
			err = broken(p.path, p.index+1, fmt.Errorf("read Parquet: %w", err))
		}
	}()
	defer caught(&err)
	for len(p.have) == 0 {
		if p.end != nil {
			return Row{}, p.end
		}
		if p.rows == nil {
			if len(p.groups) == 0 {
				return Row{}, io.EOF
			}
			p.rows = p.groups[0].Rows()
		}
		n, err := p.rows.ReadRows(p.buf)
		p.have = p.buf[:n]
		if errors.Is(err, io.EOF) {
			err = p.rows.Close()
			p.rows, p.groups = nil, p.groups[1:]
		}
		p.end = err // first come the rows before it
	}
	fields := map[string]any{}
	if err := p.schema.Reconstruct(&fields, p.have[0]); err != nil {
		return Row{}, err
	}
	p.have = p.have[1:]
	for k, v := range fields {
		fields[k] = plain(v)
	}
	p.index++
	return Row{Fields: fields, File: p.path, Index: p.index - 1}, nil
}

func (p *parquetRows) Close() error {
	var err error
	if p.rows != nil {
		err = p.rows.Close()
	}
	return errors.Join(err, p.f.Close())
}

// caught makes an error of a panic over a broken file.
func caught(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("the file is broken: %v", p)
	}
}

// plain brings the values of Parquet and Arrow to the few types that a Row has.
func plain(v any) any {
	switch v := v.(type) {
	case int:
		return int64(v)
	case int8:
		return int64(v)
	case int16:
		return int64(v)
	case int32:
		return int64(v)
	case uint8:
		return int64(v)
	case uint16:
		return int64(v)
	case uint32:
		return int64(v)
	case float32:
		return float64(v)
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
	case map[string]any:
		// A list in the three-level form that other writers use.
		if l, ok := v["list"].([]any); ok && len(v) == 1 {
			return plain(elements(l))
		}
		for k := range v {
			v[k] = plain(v[k])
		}
	}
	return v
}

// elements takes [{element: x}, ...] as [x, ...].
func elements(l []any) []any {
	for i := range l {
		if m, ok := l[i].(map[string]any); ok && len(m) == 1 {
			for _, name := range []string{"element", "item"} {
				if x, ok := m[name]; ok {
					l[i] = x
				}
			}
		}
	}
	return l
}
