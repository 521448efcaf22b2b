package metrics

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// FileName is the name of the metrics in a run's folder.
const FileName = "metrics.jsonl"

// maxLineBytes is the longest line taken for an object.
const maxLineBytes = 1 << 20

// Writer appends one line a step to a run's metrics.
type Writer struct {
	path string
	file *os.File
	last int
}

// Open opens a run's metrics to go on after step done. Lines of later steps, and a last line that was cut off, are removed,
// so that each step stands once. The lines before are left as they are. Call it only once the run itself may go on: the
// removed lines are those that will be written again.
func Open(root string, done int) (*Writer, error) {
	path := filepath.Join(root, FileName)
	w, err := open(path, done)
	if err != nil {
		return nil, fmt.Errorf("open metrics %s: %w", path, err)
	}
	return w, nil
}

func open(path string, done int) (*Writer, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	size, last, err := keep(f, done)
	if err == nil {
		err = f.Truncate(size)
	}
	if err == nil {
		_, err = f.Seek(size, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &Writer{path: path, file: f, last: last}, nil
}

// keep returns how many bytes of a file hold whole lines of steps up to done, and the last of these steps. Steps ascend, so
// that the first line beyond ends it.
func keep(r io.Reader, done int) (size int64, last int, err error) {
	in := bufio.NewReaderSize(r, maxLineBytes)
	for n := 1; ; n++ {
		line, err := in.ReadSlice('\n')
		switch {
		case err == io.EOF: // nothing, or a line that was cut off
			return size, last, nil
		case errors.Is(err, bufio.ErrBufferFull):
			return 0, 0, fmt.Errorf("line %d is longer than %d bytes; is this a file of ours?", n, maxLineBytes)
		case err != nil:
			return 0, 0, err
		}
		var s struct {
			Step *int `json:"step"`
		}
		if err := json.Unmarshal(line, &s); err != nil || s.Step == nil {
			return 0, 0, fmt.Errorf("line %d is no step: %.80q; move the file away or choose another folder", n, bytes.TrimSpace(line))
		}
		if *s.Step > done {
			return size, last, nil
		}
		if *s.Step <= last {
			return 0, 0, fmt.Errorf("line %d is of step %d, which follows step %d", n, *s.Step, last)
		}
		last = *s.Step
		size += int64(len(line))
	}
}

// Write appends a step in one system call, so that it stands in the file whole, or not, when the process ends. After an
// error the file ends with the step before.
func (w *Writer) Write(s Step) error {
	err := s.validate()
	if err == nil && s.Step <= w.last {
		err = fmt.Errorf("step %d follows step %d", s.Step, w.last)
	}
	if err != nil {
		return fmt.Errorf("write metrics: step %d: %w", s.Step, err)
	}
	line, err := Line(s)
	if err != nil {
		return fmt.Errorf("write metrics: step %d: %w", s.Step, err)
	}
	at, err := w.file.Seek(0, io.SeekCurrent)
	if err == nil {
		if _, err = w.file.Write(line); err != nil { // a full disk may have taken a part of it
			_ = w.file.Truncate(at)
			_, _ = w.file.Seek(at, io.SeekStart)
		}
	}
	if err != nil {
		return fmt.Errorf("write metrics %s: step %d: %w", w.path, s.Step, err)
	}
	w.last = s.Step
	return nil
}

// Line is a step as it stands in the file and as --json prints it: one object and a line end.
func Line(s Step) ([]byte, error) {
	b, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	return append(b, '\n'), nil
}

// Sync tells the disk; call it before a checkpoint is saved, so that no checkpoint is ahead of its metrics.
func (w *Writer) Sync() error {
	if err := w.file.Sync(); err != nil {
		return fmt.Errorf("sync metrics %s: %w", w.path, err)
	}
	return nil
}

// Close syncs and closes the file.
func (w *Writer) Close() error { return errors.Join(w.Sync(), w.file.Close()) }
