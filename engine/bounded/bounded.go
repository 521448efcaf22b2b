// Package bounded reads what others wrote, files and lines of them, and refuses what is too long before it is in memory. It knows
// nothing of what is read.
package bounded

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
)

// All reads a stream of at most so many bytes; name stands in the error.
func All(r io.Reader, name string, most int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, most+1))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) > most {
		return nil, fmt.Errorf("%s is longer than %d bytes", name, most)
	}
	return b, nil
}

// File reads a file of at most so many bytes.
func File(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return All(f, path, most)
}

// Line reads up to the end of a line, which is the last byte of it. What stands behind the last end is no line: it is io.EOF, as is
// nothing. A line of more than most bytes is an error, and the reader then stands somewhere in it.
func Line(r *bufio.Reader, most int) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		if len(line)+len(part) > most {
			return nil, fmt.Errorf("a line is longer than %d bytes", most)
		}
		switch line = append(line, part...); {
		case err == nil:
			return line, nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		}
	}
}
