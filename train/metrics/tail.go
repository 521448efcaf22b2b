package metrics

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// readBytes is how much is read at once.
const readBytes = 256 << 10

// Tail reads a run's metrics while they grow, a call at a time; it waits for nothing. A resume cuts lines off and writes them
// again: Read then says so and begins anew. It takes lines of other writers too: what is not known of a step stays out, and a
// line that is no step is counted and passed over.
type Tail struct {
	path   string
	at     int64  // bytes read, up to the end of a line
	last   []byte // the line that ends there, to see whether the file is still the same
	skip   bool   // inside a line that is longer than maxLineBytes
	Broken int    // lines that were no steps
}

// NewTail begins at the beginning of a file, which need not be there yet.
func NewTail(path string) *Tail { return &Tail{path: path} }

// Read gives the steps that have come since. again says that the file is another one than before: what was given is void.
// most bounds the steps of one call, 0 = all; more says that there are more.
func (t *Tail) Read(most int) (steps []Step, again, more bool, err error) {
	f, err := os.Open(t.path)
	if errors.Is(err, fs.ErrNotExist) {
		again = t.at > 0
		*t = Tail{path: t.path}
		return nil, again, false, nil
	}
	if err != nil {
		return nil, false, false, fmt.Errorf("read metrics: %w", err)
	}
	defer f.Close()
	same, err := t.same(f)
	if err != nil {
		return nil, false, false, fmt.Errorf("read metrics %s: %w", t.path, err)
	}
	if !same {
		*t, again = Tail{path: t.path}, true
	}
	steps, more, err = t.read(f, most)
	if err != nil {
		err = fmt.Errorf("read metrics %s: %w", t.path, err)
	}
	return steps, again, more, err
}

// same says whether what was read last still stands where it stood.
func (t *Tail) same(f io.ReaderAt) (bool, error) {
	if len(t.last) == 0 {
		return true, nil
	}
	b := make([]byte, len(t.last))
	_, err := f.ReadAt(b, t.at-int64(len(b)))
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	return err == nil && bytes.Equal(b, t.last), nil
}

func (t *Tail) read(f io.ReaderAt, most int) (steps []Step, more bool, err error) {
	buf := make([]byte, 0, readBytes)
	for {
		if len(buf) == cap(buf) { // a long line
			buf = append(buf, make([]byte, readBytes)...)[:len(buf)]
		}
		n, err := f.ReadAt(buf[len(buf):cap(buf)], t.at+int64(len(buf)))
		buf = buf[:len(buf)+n]
		if err != nil && !errors.Is(err, io.EOF) {
			return steps, false, err
		}
		used := 0
		for {
			end := bytes.IndexByte(buf[used:], '\n')
			if end < 0 {
				break
			}
			if most > 0 && len(steps) >= most {
				return steps, true, nil
			}
			line := buf[used : used+end+1]
			used += end + 1
			t.at += int64(len(line))
			t.last = append(t.last[:0], line[max(0, len(line)-maxSame):]...)
			if t.skip {
				t.skip = false // its end
				continue
			}
			steps = t.take(steps, line)
		}
		buf = append(buf[:0], buf[used:]...)
		if len(buf) > maxLineBytes { // it is no line of ours: its end is looked for without keeping it
			if !t.skip {
				t.Broken++
			}
			t.skip = true
			t.at += int64(len(buf))
			t.last = append(t.last[:0], buf[len(buf)-maxSame:]...)
			buf = buf[:0]
		}
		if n == 0 {
			return steps, false, nil // the rest is a line that has no end yet
		}
	}
}

// maxSame is how much of the last line is compared to see that the file is still the same.
const maxSame = 4 << 10 // bytes

func (t *Tail) take(steps []Step, line []byte) []Step {
	if len(bytes.TrimSpace(line)) == 0 {
		return steps
	}
	var s struct {
		Step
		N *int `json:"step"`
	}
	if err := json.Unmarshal(line, &s); err != nil || s.N == nil || *s.N < 0 {
		t.Broken++
		return steps
	}
	s.Step.Step = *s.N
	return append(steps, s.Step)
}
