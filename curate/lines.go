package curate

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// lineWriter writes JSON lines, packed or not.
type lineWriter struct {
	f   *os.File
	buf *bufio.Writer
	z   *zstd.Encoder
	enc *json.Encoder
}

func createLines(path string, packed bool) (*lineWriter, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, onDisk(err, filepath.Dir(path))
	}
	w := &lineWriter{f: f, buf: bufio.NewWriterSize(f, 256<<10)}
	var to io.Writer = w.buf
	if packed {
		// One goroutine, so that the bytes do not depend on the machine.
		if w.z, err = zstd.NewWriter(w.buf, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1)); err != nil {
			return nil, errors.Join(err, f.Close())
		}
		to = w.z
	}
	w.enc = json.NewEncoder(to)
	w.enc.SetEscapeHTML(false)
	return w, nil
}

func (w *lineWriter) write(v any) error {
	return onDisk(w.enc.Encode(v), filepath.Dir(w.f.Name()))
}

func (w *lineWriter) close() error {
	var err error
	if w.z != nil {
		err = w.z.Close()
	}
	return onDisk(errors.Join(err, w.buf.Flush(), w.f.Sync(), w.f.Close()), filepath.Dir(w.f.Name()))
}

// lineReader gives the lines of a file of our own, packed or not, one after the other.
type lineReader struct {
	f    *os.File
	z    *zstd.Decoder
	b    *bufio.Reader
	long []byte // a line that is longer than the buffer
}

func openLines(path string) (*lineReader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read stage: %w", err)
	}
	l := &lineReader{f: f}
	var from io.Reader = f
	if strings.HasSuffix(path, ".zst") {
		if l.z, err = zstd.NewReader(f, zstd.WithDecoderConcurrency(1)); err != nil {
			return nil, errors.Join(fmt.Errorf("read %s: %w", path, err), f.Close())
		}
		from = l.z
	}
	l.b = bufio.NewReaderSize(from, 256<<10)
	return l, nil
}

// next is good until the next call. After the last line comes io.EOF; one that does not end was cut off, and is an error.
func (l *lineReader) next() ([]byte, error) {
	line, err := l.b.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		l.long = append(l.long[:0], line...)
		for errors.Is(err, bufio.ErrBufferFull) {
			line, err = l.b.ReadSlice('\n')
			l.long = append(l.long, line...)
		}
		line = l.long
	}
	switch {
	case err == nil:
		return line, nil
	case errors.Is(err, io.EOF) && len(line) == 0:
		return nil, io.EOF
	case errors.Is(err, io.EOF):
		err = io.ErrUnexpectedEOF
	}
	return nil, fmt.Errorf("read %s: %w", l.f.Name(), err)
}

func (l *lineReader) close() {
	if l.z != nil {
		l.z.Close()
	}
	_ = l.f.Close() // it was only read
}

// readLines takes the lines of a file apart.
func readLines[T any](path string, visit func(*T) error) error {
	l, err := openLines(path)
	if err != nil {
		return err
	}
	defer l.close()
	for {
		line, err := l.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		v := new(T)
		if err == nil {
			if err = json.Unmarshal(line, v); err != nil {
				err = fmt.Errorf("read %s: %w", path, err)
			}
		}
		if err != nil {
			return err
		}
		if err := visit(v); err != nil {
			return err
		}
	}
}

// numberOf reads the number of its row off a line, without taking the line apart: {"n":12,"id":...
func numberOf(line []byte) (n int, rest []byte, ok bool) {
	const mark = `{"n":`
	if len(line) <= len(mark) || string(line[:len(mark)]) != mark {
		return 0, nil, false
	}
	i := len(mark)
	for ; i < len(line) && line[i] >= '0' && line[i] <= '9' && n < 1<<40; i++ {
		n = n*10 + int(line[i]-'0')
	}
	return n, line[i:], i > len(mark)
}
