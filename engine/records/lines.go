package records

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// mark is what some editors put before UTF-8.
var mark = []byte("\xef\xbb\xbf")

// lines reads one JSON object a line.
type lines struct {
	r     *bufio.Reader
	close func() error
	path  string
	max   int64
	line  int64 // the last one read, from 1
	buf   []byte
	end   error // what ended it
}

// Lines reads JSON lines from a stream; name stands in messages for its file.
func Lines(r io.Reader, name string, o Options) Reader {
	if o.MaxLine <= 0 {
		o.MaxLine = MaxLine
	}
	return newLines(r, func() error { return nil }, name, o)
}

func newLines(r io.Reader, end func() error, path string, o Options) *lines {
	return &lines{r: bufio.NewReaderSize(r, bufferSize), close: end, path: path, max: o.MaxLine}
}

func (l *lines) Close() error { return l.close() }

func (l *lines) Next() (Row, error) {
	for l.end == nil {
		length, err := l.read()
		l.line++
		if err != nil && !errors.Is(err, io.EOF) {
			// What unpacks has lost its place, so the rest cannot be read, nor the line that it was in.
			l.end = io.EOF
			return Row{}, broken(l.path, l.line, fmt.Errorf("read: %w", err))
		}
		if err != nil {
			l.end = io.EOF
		}
		if length > l.max {
			return Row{}, l.bad(fmt.Errorf("the line has %d bytes, at most %d are read", length, l.max))
		}
		line := bytes.TrimSpace(l.buf)
		if l.line == 1 {
			if wide := utf16(line); wide != "" {
				l.end = fmt.Errorf("%s: %w", l.path, notUTF8(wide))
				return Row{}, l.bad(l.end)
			}
			line = bytes.TrimPrefix(line, mark)
		}
		if len(line) == 0 {
			continue
		}
		fields, err := object(line)
		if err != nil {
			return Row{}, l.bad(err)
		}
		return Row{Fields: fields, File: l.path, Index: l.line - 1}, nil
	}
	return Row{}, l.end
}

func (l *lines) bad(cause error) error { return &BadRow{File: l.path, Line: l.line, Cause: cause} }

// read puts the next line into buf and gives its length, which may be more than buf holds: of a line above the limit, only
// the length is kept. The last line comes with io.EOF.
func (l *lines) read() (length int64, err error) {
	if cap(l.buf) > 1<<20 {
		l.buf = nil // one long line does not keep its memory
	}
	l.buf = l.buf[:0]
	for {
		part, err := l.r.ReadSlice('\n')
		length += int64(len(part))
		if length <= l.max+1 {
			l.buf = appendDoubling(l.buf, part)
		} else {
			l.buf = nil
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err == nil {
			length-- // the newline is not part of it
		}
		return length, err
	}
}

// appendDoubling appends a part of a line. It doubles, where append would leave five times a long line behind in ever larger copies.
func appendDoubling(buf, part []byte) []byte {
	if need := len(buf) + len(part); need > cap(buf) {
		buf = append(make([]byte, 0, max(2*cap(buf), need)), buf...)
	}
	return append(buf, part...)
}

// utf16 names the encoding of a line with UTF-16's mark, or with its zero bytes around a brace.
func utf16(line []byte) string {
	switch {
	case bytes.HasPrefix(line, []byte{0xff, 0xfe}), bytes.HasPrefix(line, []byte("{\x00")):
		return "UTF-16 (little endian)"
	case bytes.HasPrefix(line, []byte{0xfe, 0xff}), bytes.HasPrefix(line, []byte("\x00{")):
		return "UTF-16 (big endian)"
	}
	return ""
}

func notUTF8(encoding string) error {
	return fmt.Errorf("the file is %s, want UTF-8: convert it with iconv -f UTF-16 -t UTF-8", encoding)
}

// object reads one JSON object and nothing behind it.
func object(line []byte) (map[string]any, error) {
	if !utf8.Valid(line) {
		at := 0
		for at < len(line) {
			r, n := utf8.DecodeRune(line[at:])
			if r == utf8.RuneError && n == 1 {
				break
			}
			at += n
		}
		return nil, fmt.Errorf("the line is not UTF-8: byte 0x%02x at %d; Latin-1 is converted with iconv -f LATIN1 -t UTF-8", line[at], at)
	}
	if line[0] != '{' {
		return nil, fmt.Errorf("the line begins with %q, want a JSON object", first(line))
	}
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	var fields map[string]any
	if err := d.Decode(&fields); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			err = errors.New("the object does not end")
		}
		return nil, fmt.Errorf("read JSON: %w", err)
	}
	if d.InputOffset() != int64(len(line)) {
		return nil, fmt.Errorf("something follows the object, at byte %d", d.InputOffset())
	}
	return fields, nil
}

func first(line []byte) rune {
	r, _ := utf8.DecodeRune(line)
	return r
}
