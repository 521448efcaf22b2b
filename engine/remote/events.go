package remote

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// Limits of what a server may send before it is held to be broken.
const (
	maxLine  = 1 << 20  // bytes of one line of a stream
	maxEvent = 4 << 20  // bytes of the data of one event
	maxTotal = 64 << 20 // bytes of text of one branch
	maxBody  = 8 << 20  // bytes of an answer that is no stream
	maxError = 4 << 10  // bytes of an error's body
)

// errTooLong is the end of a stream that does not keep to a limit.
var errTooLong = errors.New("the server sent more than can be a token")

// events reads server-sent events. It keeps one line and one event in memory, both bounded.
type events struct {
	r     *bufio.Reader
	line  []byte
	data  []byte
	begun bool // a first line was read: a byte order mark is text from there on
	cr    bool // the last line ended with CR: an LF after it belongs to it
}

func newEvents(r io.Reader) *events { return &events{r: bufio.NewReaderSize(r, 16<<10)} }

// next returns the data of the next event that has some. The slice is valid until the following call. At the end it is
// io.EOF; an event whose last line has no end was cut and is not returned.
func (e *events) next() ([]byte, error) {
	e.data = e.data[:0]
	some := false
	for {
		line, err := e.readLine()
		if err != nil {
			if errors.Is(err, io.EOF) && some { // the blank line at the end is often missing
				return e.data, nil
			}
			return nil, err
		}
		if len(line) == 0 {
			if some {
				return e.data, nil
			}
			continue
		}
		field, value, _ := bytes.Cut(line, []byte(":"))
		if string(field) != "data" { // comments (keep-alives) have an empty field; event, id and retry mean nothing here
			continue
		}
		value = bytes.TrimPrefix(value, []byte(" "))
		if len(e.data)+len(value)+1 > maxEvent {
			return nil, fmt.Errorf("%w: an event of over %d bytes", errTooLong, maxEvent)
		}
		if some {
			e.data = append(e.data, '\n')
		}
		e.data = append(e.data, value...)
		some = true
	}
}

// readLine reads up to LF, CR or CRLF. io.EOF with a part of a line is io.EOF: the part is dropped.
func (e *events) readLine() ([]byte, error) {
	e.line = e.line[:0]
	for {
		b, err := e.r.ReadByte()
		if err != nil {
			return nil, err
		}
		if e.cr {
			e.cr = false
			if b == '\n' {
				continue
			}
		}
		if b == '\n' || b == '\r' {
			e.cr = b == '\r'
			line := e.line
			if !e.begun {
				e.begun = true
				line = bytes.TrimPrefix(line, []byte("\xef\xbb\xbf"))
			}
			return line, nil
		}
		if len(e.line) >= maxLine {
			return nil, fmt.Errorf("%w: a line of over %d bytes", errTooLong, maxLine)
		}
		e.line = append(e.line, b)
	}
}
