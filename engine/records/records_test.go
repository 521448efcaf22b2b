package records

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
)

type sample struct {
	Question string   `parquet:"question"`
	Steps    int32    `parquet:"steps"`
	Traces   []string `parquet:"traces,list"`
	Note     *string  `parquet:"note,optional"`
}

func samples(n int) (list []sample) {
	for i := range n {
		list = append(list, sample{fmt.Sprintf("How much is %d + é?", i), int32(i), []string{"so", fmt.Sprint(i)}, nil})
	}
	return list
}

const jsonLine = `{"question":%q,"steps":%d,"traces":["so","%d"],"note":null}` + "\n"

func jsonLines(list []sample) []byte {
	var b bytes.Buffer
	for _, s := range list {
		fmt.Fprintf(&b, jsonLine, s.Question, s.Steps, s.Steps)
	}
	return b.Bytes()
}

func asParquet(t *testing.T, list []sample) []byte {
	var b bytes.Buffer
	w := parquet.NewGenericWriter[sample](&b, parquet.MaxRowsPerRowGroup(7))
	if _, err := w.Write(list); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func asArrow(t *testing.T, list []sample, stream bool) []byte {
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "question", Type: arrow.BinaryTypes.String},
		{Name: "steps", Type: arrow.PrimitiveTypes.Int32},
		{Name: "traces", Type: arrow.ListOf(arrow.BinaryTypes.String)},
		{Name: "note", Type: arrow.BinaryTypes.String, Nullable: true},
	}, nil)
	f, err := os.Create(filepath.Join(t.TempDir(), "x"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var w interface {
		Write(arrow.RecordBatch) error
		Close() error
	} = ipc.NewWriter(f, ipc.WithSchema(schema))
	if !stream {
		if w, err = ipc.NewFileWriter(f, ipc.WithSchema(schema)); err != nil {
			t.Fatal(err)
		}
	}
	for len(list) > 0 {
		n := min(6, len(list))
		b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
		for _, s := range list[:n] {
			b.Field(0).(*array.StringBuilder).Append(s.Question)
			b.Field(1).(*array.Int32Builder).Append(s.Steps)
			l := b.Field(2).(*array.ListBuilder)
			l.Append(true)
			for _, x := range s.Traces {
				l.ValueBuilder().(*array.StringBuilder).Append(x)
			}
			b.Field(3).AppendNull()
		}
		if err := w.Write(b.NewRecordBatch()); err != nil {
			t.Fatal(err)
		}
		list = list[n:]
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	out, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func zipped(b []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = w.Write(b)
	_ = w.Close()
	return out.Bytes()
}

func zstded(t *testing.T, b []byte) []byte {
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll(b, nil)
}

func put(t *testing.T, name string, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// all reads to the end; bad rows are given apart.
func all(t *testing.T, r Reader) (rows []Row, bad []error, end error) {
	t.Helper()
	for {
		row, err := r.Next()
		var b *BadRow
		switch {
		case errors.Is(err, io.EOF):
			return rows, bad, nil
		case errors.As(err, &b):
			bad = append(bad, err)
		case err != nil:
			return rows, bad, err
		default:
			rows = append(rows, row)
		}
	}
}

func TestEveryFormGivesTheSameRows(t *testing.T) {
	t.Parallel()
	list := samples(20)
	tests := []struct {
		name string
		b    []byte
	}{
		{"a.jsonl", jsonLines(list)},
		{"b.jsonl.gz", zipped(jsonLines(list))},
		{"c.jsonl.zst", zstded(t, jsonLines(list))},
		{"bom.jsonl", append([]byte("\xef\xbb\xbf"), jsonLines(list)...)},
		{"a.json", asJSON(list, "\n[ ", ", ", "]\n")},
		{"b.json.gz", zipped(asJSON(list, "[", "\n\t,", "\n]"))},
		{"bom.json", asJSON(list, "\xef\xbb\xbf"+strings.Repeat(" ", 5000)+"[", ",", "]")},
		{"crlf.jsonl", bytes.ReplaceAll(jsonLines(list), []byte("\n"), []byte("\r\n"))},
		{"d.parquet", asParquet(t, list)},
		{"e.arrow", asArrow(t, list, false)},
		{"f.arrow", asArrow(t, list, true)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := put(t, tt.name, tt.b)
			r, err := Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			rows, bad, err := all(t, r)
			if err != nil || len(bad) > 0 || len(rows) != len(list) {
				t.Fatalf("%d rows, bad %v, error %v, want %d rows", len(rows), bad, err, len(list))
			}
			for i, row := range rows {
				q, _ := row.Text("question")
				n, _ := row.Text("steps")
				if q != list[i].Question || n != fmt.Sprint(i) || row.Index != int64(i) || row.File != path || row.Fields["note"] != nil {
					t.Errorf("row %d = %+v", i, row)
				}
				if want := []any{"so", fmt.Sprint(i)}; !reflect.DeepEqual(row.Fields["traces"], want) {
					t.Errorf("row %d traces = %#v, want %#v", i, row.Fields["traces"], want)
				}
			}
		})
	}
}

func TestABrokenRowIsNamedAndTheOthersAreRead(t *testing.T) {
	t.Parallel()
	good := `{"q":"x"}`
	tests := []struct{ name, line, want string }{
		{"cut", `{"q":"x`, "the object does not end"},
		{"no object", `[1,2]`, `begins with '['`},
		{"more behind", `{"q":1} x`, "something follows"},
		{"latin-1", "{\"q\":\"caf\xe9\"}", "not UTF-8: byte 0xe9 at 9"},
		{"too long", `{"q":"` + strings.Repeat("x", 200) + `"}`, "the line has 208 bytes, at most 100"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := Lines(strings.NewReader(good+"\n\n"+tt.line+"\n"+good), "f.jsonl", Options{MaxLine: 100})
			rows, bad, err := all(t, r)
			if err != nil || len(rows) != 2 || len(bad) != 1 {
				t.Fatalf("%d rows, bad %v, error %v, want 2 rows and 1 bad", len(rows), bad, err)
			}
			if got := bad[0].Error(); !strings.HasPrefix(got, "f.jsonl:3: ") || !strings.Contains(got, tt.want) {
				t.Errorf("got %q, want line 3 and %q", got, tt.want)
			}
			if rows[1].Index != 3 {
				t.Errorf("the row behind has index %d, want 3", rows[1].Index)
			}
		})
	}
}

func TestUTF16IsOneClearSentence(t *testing.T) {
	t.Parallel()
	b := []byte{0xff, 0xfe}
	for _, c := range `{"q":"x"}` + "\n" {
		b = binary.LittleEndian.AppendUint16(b, uint16(c))
	}
	if _, err := Open(put(t, "w.jsonl", b)); err == nil || !strings.Contains(err.Error(), "UTF-16 (little endian), want UTF-8") {
		t.Errorf("got %v", err)
	}
	r, err := Open(put(t, "w.jsonl.gz", zipped(b))) // seen once it is unpacked
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err = r.Next(); err == nil || !strings.Contains(err.Error(), "UTF-16 (little endian), want UTF-8") {
		t.Errorf("packed: got %v", err)
	}
}

// endless gives n bytes of one line and then a good one.
type endless struct {
	left int64
	tail *strings.Reader
}

func (e *endless) Read(p []byte) (int, error) {
	if e.left == 0 {
		return e.tail.Read(p)
	}
	n := min(int64(len(p)), e.left)
	for i := range p[:n] {
		p[i] = 'x'
	}
	e.left -= n
	return int(n), nil
}

func TestALineOfAGigabyteIsSkippedWithoutBeingHeld(t *testing.T) {
	const size = 1 << 30
	r := Lines(&endless{size, strings.NewReader("\n{\"q\":1}\n")}, "big", Options{MaxLine: 1 << 20})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	rows, bad, err := all(t, r)
	runtime.ReadMemStats(&after)
	if err != nil || len(rows) != 1 || len(bad) != 1 || !strings.Contains(bad[0].Error(), "has 1073741824 bytes") {
		t.Fatalf("%d rows, bad %v, error %v", len(rows), bad, err)
	}
	if got := after.TotalAlloc - before.TotalAlloc; got > 16<<20 {
		t.Errorf("reading it took %d bytes of memory in all, want under 16 MiB", got)
	}
}

func TestAFolderIsReadInOrderAndParquetGoesFirst(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, b := range map[string][]byte{
		"data-00001-of-00002.arrow": asArrow(t, samples(3)[1:], true), "data-00000-of-00002.arrow": asArrow(t, samples(1), true),
		"cache-1.arrow": []byte("x"), "state.json": []byte("{}"), "z.jsonl": []byte("{}"),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	rows, _, err := all(t, r)
	if err != nil || len(rows) != 3 || rows[2].Fields["steps"] != int64(2) || rows[2].Index != 1 {
		t.Fatalf("rows %v, error %v", rows, err)
	}
	if _, err := Open(t.TempDir()); err == nil || !strings.Contains(err.Error(), "has no *.parquet") {
		t.Errorf("an empty folder: %v", err)
	}
}

func FuzzABrokenFileIsAnErrorAndNoCrash(f *testing.F) {
	f.Add([]byte("PAR1\x00\x00PAR1"))
	f.Add([]byte("ARROW1\x00\x00"))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0x10, 0, 0, 0})
	f.Add([]byte{0x28, 0xb5, 0x2f, 0xfd, 0})
	f.Add([]byte("{\"a\":1}\n{"))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := Open(put(t, "f", b))
		if err != nil {
			return
		}
		defer r.Close()
		for range 1000 {
			if _, err := r.Next(); err != nil {
				var bad *BadRow
				if !errors.As(err, &bad) {
					return
				}
			}
		}
	})
}

func TestCSVIsReadByItsNamesAndABrokenRowIsNamed(t *testing.T) {
	t.Parallel()
	r, err := Open(put(t, "q.CSV", []byte("\xef\xbb\xbfRecord ID,Question,Right\r\na,\"two\nlines, and a comma\",x\r\nb,cut\nc,\"ends \"\"well\"\"\",\n")))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	rows, bad, err := all(t, r)
	if err != nil || len(rows) != 2 || len(bad) != 1 {
		t.Fatalf("rows %v, bad %v, error %v", rows, bad, err)
	}
	for i, want := range []map[string]any{
		{"Record ID": "a", "Question": "two\nlines, and a comma", "Right": "x"},
		{"Record ID": "c", "Question": `ends "well"`, "Right": ""},
	} {
		if !reflect.DeepEqual(rows[i].Fields, want) {
			t.Errorf("row %d is %v, want %v", i, rows[i].Fields, want)
		}
	}
	if got := bad[0].Error(); !strings.Contains(got, "q.CSV:4: read CSV: wrong number of fields") || rows[1].Index != 2 {
		t.Errorf("the bad row is %q, and the one behind has index %d, want 2", got, rows[1].Index)
	}
	if _, err := Open(put(t, "none.csv", nil)); err == nil || !strings.Contains(err.Error(), "names of the CSV fields") {
		t.Errorf("an empty file: %v", err)
	}
}
