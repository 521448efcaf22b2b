package records

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/klauspost/compress/zstd"
)

const (
	window     = 64 << 20 // bytes of memory that a zstd file may ask for
	bufferSize = 256 << 10
)

// openFile looks at the first bytes.
func openFile(path string, o Options) (Reader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open rows: %w", err)
	}
	r, err := openAs(f, path, o)
	var lost *Damaged
	switch {
	case err == nil:
		return r, nil
	case errors.As(err, &lost):
		return nil, errors.Join(lost, f.Close())
	}
	return nil, errors.Join(fmt.Errorf("open rows %s: %w", path, err), f.Close())
}

// broken says that nothing can be read of a file from a row on.
func broken(path string, line int64, err error) error {
	var disk *fs.PathError
	if errors.As(err, &disk) { // of the disk, and not of what is in the file
		return err
	}
	return &Damaged{File: path, Line: line, Cause: err}
}

func openAs(f *os.File, path string, o Options) (Reader, error) {
	var head [6]byte
	n, err := io.ReadFull(f, head[:])
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, err
	}
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return nil, err
		}
		switch magic := head[:n]; {
		case bytes.HasPrefix(magic, []byte("PAR1")):
			return openTable(path, func() (Reader, error) { return openParquet(f, path, info.Size()) })
		case bytes.Equal(magic, []byte("ARROW1")):
			return openTable(path, func() (Reader, error) { return openArrowFile(f, path) })
		case bytes.HasPrefix(magic, []byte{0xff, 0xff, 0xff, 0xff}): // the mark before every message of a stream
			return openTable(path, func() (Reader, error) { return openArrowStream(f, path) })
		}
		if wide := utf16(head[:n]); wide != "" {
			return nil, notUTF8(wide)
		}
		if isCSV(path) {
			return openCSV(f, path, info.Size())
		}
		return unpacked(f, f, head[:n], path, o)
	}
	return unpacked(f, io.MultiReader(bytes.NewReader(head[:n]), f), head[:n], path, o) // a pipe
}

// openTable opens a file whose first bytes say that it is Parquet or Arrow.
func openTable(path string, open func() (Reader, error)) (Reader, error) {
	r, err := open()
	if err != nil {
		return nil, broken(path, 1, err)
	}
	return r, nil
}

// unpacked reads lines through what packed them.
func unpacked(f *os.File, r io.Reader, magic []byte, path string, o Options) (Reader, error) {
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(bufio.NewReaderSize(r, bufferSize))
		if err != nil {
			return nil, broken(path, 1, fmt.Errorf("unpack gzip: %w", err))
		}
		return text(z, f.Close, path, o), nil
	case bytes.HasPrefix(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(r, zstd.WithDecoderMaxWindow(window), zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, err
		}
		return text(z, func() error { z.Close(); return f.Close() }, path, o), nil
	}
	return text(r, f.Close, path, o), nil
}

// text reads JSON: one array of rows, or a row a line.
func text(r io.Reader, end func() error, path string, o Options) Reader {
	b := bufio.NewReaderSize(r, bufferSize)
	if isArray(b) {
		return newArray(b, end, path, o)
	}
	return newLines(b, end, path, o)
}
