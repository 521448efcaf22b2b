package records

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// arrayRows reads one JSON array of objects, an element at a time: [{...}, {...}].
type arrayRows struct {
	r     *bufio.Reader
	close func() error
	path  string
	max   int64
	n     int64 // elements up to now
	buf   []byte
	ended bool // its closing bracket is read
	over  bool
}

// newArray reads behind the opening bracket.
func newArray(r *bufio.Reader, end func() error, path string, o Options) *arrayRows {
	return &arrayRows{r: r, close: end, path: path, max: o.MaxLine}
}

// isArray says whether a text is an array of rows, and not a line that is no row: after its first bracket comes a brace, or its
// end. It takes the bracket, if so.
func isArray(r *bufio.Reader) bool {
	for look := 64; ; look *= 8 {
		head, err := r.Peek(min(look, r.Size()))
		text := bytes.TrimLeft(bytes.TrimPrefix(head, mark), " \t\r\n")
		if len(text) > 0 && text[0] != '[' {
			return false
		}
		if len(text) > 0 {
			if inner := bytes.TrimLeft(text[1:], " \t\r\n"); len(inner) > 0 {
				if inner[0] != '{' && inner[0] != ']' {
					return false
				}
				_, _ = r.Discard(len(head) - len(text) + 1) // they were peeked at
				return true
			}
		}
		if err != nil || look >= r.Size() { // so much white space is no array of ours
			return false
		}
	}
}

func (a *arrayRows) Close() error { return a.close() }

func (a *arrayRows) Next() (Row, error) {
	if a.over {
		return Row{}, io.EOF
	}
	if a.ended {
		a.over = true
		return a.behind()
	}
	length, last, err := a.element()
	text := bytes.TrimSpace(a.buf)
	if err != nil {
		a.over = true
		if errors.Is(err, io.EOF) {
			err = errors.New("the array does not end")
		}
		return Row{}, broken(a.path, a.n+1, fmt.Errorf("read: %w", err))
	}
	if a.ended = last; last && length <= a.max && len(text) == 0 { // [], or a comma before the end
		return a.Next()
	}
	a.n++
	bad := func(cause error) (Row, error) { return Row{}, &BadRow{File: a.path, Line: a.n, Cause: cause} }
	switch {
	case length > a.max:
		return bad(fmt.Errorf("the element has %d bytes, at most %d are read", length, a.max))
	case len(text) == 0:
		return bad(errors.New("there is nothing between two commas"))
	}
	fields, err := object(text)
	if err != nil {
		return bad(err)
	}
	return Row{Fields: fields, File: a.path, Index: a.n - 1}, nil
}

// behind looks at what follows the array: nothing should.
func (a *arrayRows) behind() (Row, error) {
	for {
		c, err := a.r.ReadByte()
		switch {
		case errors.Is(err, io.EOF):
			return Row{}, io.EOF
		case err != nil:
			return Row{}, broken(a.path, a.n+1, fmt.Errorf("read: %w", err))
		case c != ' ' && c != '\t' && c != '\r' && c != '\n':
			return Row{}, broken(a.path, a.n+1, errors.New("something follows the array"))
		}
	}
}

// element puts the bytes up to the next comma of the array, or its end, into buf, and counts them; of an element above the limit only
// the length is kept. It goes by brackets and quotes alone, so that a broken element does not end the reading.
func (a *arrayRows) element() (length int64, last bool, err error) {
	if cap(a.buf) > 1<<20 {
		a.buf = nil // one long element does not keep its memory
	}
	a.buf = a.buf[:0]
	depth, quoted, escaped := 0, false, false
	for {
		part, err := a.r.Peek(max(1, a.r.Buffered()))
		if len(part) == 0 {
			return length, false, err
		}
		end := -1
		for i, c := range part {
			switch {
			case escaped:
				escaped = false
			case quoted:
				escaped, quoted = c == '\\', c != '"'
			case c == '"':
				quoted = true
			case c == '{' || c == '[':
				depth++
			case (c == ',' || c == ']') && depth == 0:
				end, last = i, c == ']'
			case c == '}' || c == ']':
				depth = max(0, depth-1)
			}
			if end >= 0 {
				break
			}
		}
		taken := part
		if end >= 0 {
			taken = part[:end]
		}
		if length += int64(len(taken)); length <= a.max {
			a.buf = appendDoubling(a.buf, taken)
		} else {
			a.buf = nil
		}
		if end >= 0 {
			_, err = a.r.Discard(end + 1)
			return length, last, err
		}
		if _, err := a.r.Discard(len(part)); err != nil {
			return length, false, err
		}
	}
}
