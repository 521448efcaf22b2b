package records

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
)

const (
	maxBatch    = 1 << 30 // bytes of one record batch; datasets writes 1,000 rows in one
	maxMetadata = 64 << 20
)

// arrowRows reads batch by batch.
type arrowRows struct {
	f     *os.File
	path  string
	next  func() (arrow.RecordBatch, error) // io.EOF after the last
	end   func() error
	batch arrow.RecordBatch
	at    int // next row of the batch
	index int64
	over  bool // it is broken here
}

func limits() []ipc.Option {
	return []ipc.Option{ipc.WithBodySizeLimit(maxBatch), ipc.WithMetadataSizeLimit(maxMetadata)}
}

func openArrowFile(f *os.File, path string) (_ Reader, err error) {
	defer caught(&err)
	r, err := ipc.NewFileReader(f, limits()...)
	if err != nil {
		return nil, fmt.Errorf("read Arrow file: %w", err)
	}
	return &arrowRows{f: f, path: path, next: r.Read, end: r.Close}, nil
}

func openArrowStream(f *os.File, path string) (_ Reader, err error) {
	defer caught(&err)
	r, err := ipc.NewReader(f, limits()...)
	if err != nil {
		return nil, fmt.Errorf("read Arrow stream: %w", err)
	}
	return &arrowRows{f: f, path: path, next: r.Read, end: func() error { r.Release(); return nil }}, nil
}

func (a *arrowRows) Next() (row Row, err error) {
	if a.over {
		return Row{}, io.EOF
	}
	defer func() {
		if err != nil && !errors.Is(err, io.EOF) {
			a.over = true
			err = broken(a.path, a.index+1, fmt.Errorf("read Arrow: %w", err))
		}
	}()
	defer caught(&err)
	for a.batch == nil || a.at == int(a.batch.NumRows()) {
		b, err := a.next()
		if err != nil {
			return Row{}, err
		}
		a.batch, a.at = b, 0
	}
	fields := make(map[string]any, a.batch.NumCols())
	for i, c := range a.batch.Columns() {
		fields[a.batch.ColumnName(i)] = cell(c, a.at)
	}
	a.at++
	a.index++
	return Row{Fields: fields, File: a.path, Index: a.index - 1}, nil
}

func (a *arrowRows) Close() error { return errors.Join(a.end(), a.f.Close()) }

// cell copies one value out of a column; what has no plain form here (decimals, times) comes as its text.
func cell(c arrow.Array, i int) any {
	if c.IsNull(i) {
		return nil
	}
	list := func(values arrow.Array, from, to int64) any {
		out := make([]any, 0, to-from)
		for k := from; k < to; k++ {
			out = append(out, cell(values, int(k)))
		}
		return out
	}
	switch c := c.(type) {
	case *array.String:
		return string([]byte(c.Value(i))) // the batch's memory is used again
	case *array.LargeString:
		return string([]byte(c.Value(i)))
	case *array.StringView:
		return string([]byte(c.Value(i)))
	case *array.Binary:
		return append([]byte(nil), c.Value(i)...)
	case *array.Boolean:
		return c.Value(i)
	case *array.Int64:
		return c.Value(i)
	case *array.Int32:
		return int64(c.Value(i))
	case *array.Int16:
		return int64(c.Value(i))
	case *array.Int8:
		return int64(c.Value(i))
	case *array.Uint8:
		return int64(c.Value(i))
	case *array.Uint16:
		return int64(c.Value(i))
	case *array.Uint32:
		return int64(c.Value(i))
	case *array.Float64:
		return c.Value(i)
	case *array.Float32:
		return float64(c.Value(i))
	case *array.Struct:
		t := c.DataType().(*arrow.StructType)
		m := make(map[string]any, c.NumField())
		for k := range c.NumField() {
			m[t.Field(k).Name] = cell(c.Field(k), i)
		}
		return m
	case *array.Dictionary:
		return cell(c.Dictionary(), c.GetValueIndex(i))
	case array.ListLike:
		from, to := c.ValueOffsets(i)
		return list(c.ListValues(), from, to)
	}
	return c.ValueStr(i)
}
