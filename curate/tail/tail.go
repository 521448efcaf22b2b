// Package tail reads on in a file of lines that another process adds to: a look costs what has come since the last one. It knows neither
// what the lines say nor who writes them.
package tail

import (
	"bufio"
	"errors"
	"io"
	"os"
)

// LongestLine bounds a line in bytes: a journal holds whole thoughts. Of a longer one nothing is kept.
const LongestLine = 64 << 20

// File is how far a growing file has been read. The zero value has read nothing.
type File struct {
	at   int64
	file os.FileInfo
}

// Begun says whether there was a file at the last look.
func (t *File) Begun() bool { return t.file != nil }

// AtStart says whether nothing of the file has been read yet.
func (t *File) AtStart() bool { return t.at == 0 }

// More gives the whole lines that have come since. A file that is another one, or has become shorter, is read anew: then again is
// called first. What is no JSON is for the run itself to tell of.
func (t *File) More(path string, again func(), line func([]byte)) error {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		if t.file != nil {
			*t = File{}
			again()
		}
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if t.file == nil || !os.SameFile(info, t.file) || info.Size() < t.at {
		t.at = 0
		again()
	}
	t.file = info
	if info.Size() == t.at {
		return nil
	}
	if _, err := f.Seek(t.at, io.SeekStart); err != nil {
		return err
	}
	b := bufio.NewReaderSize(io.LimitReader(f, info.Size()-t.at), 256<<10)
	for {
		text, size, whole, err := nextLine(b)
		if err != nil {
			return err
		}
		if !whole {
			return nil // it is being written, or it is no line of ours
		}
		t.at += size
		line(text)
	}
}

// nextLine reads a line with its end; of one that is longer than LongestLine only how long it is. whole is false at the end.
func nextLine(b *bufio.Reader) (text []byte, size int64, whole bool, err error) {
	for {
		part, err := b.ReadSlice('\n')
		size += int64(len(part))
		if size <= LongestLine {
			text = append(text, part...)
		} else {
			text = nil
		}
		switch {
		case err == nil:
			return text, size, true, nil
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF):
			return nil, 0, false, nil
		default:
			return nil, 0, false, err
		}
	}
}
