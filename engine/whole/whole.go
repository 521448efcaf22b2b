// Package whole writes files whole or not at all: who reads one sees what was there before or all of what is new, also when the
// program is killed or the machine goes down in between. It knows nothing of what is written.
package whole

import (
	"errors"
	"io"
	"os"
	"path/filepath"
)

// Write puts what fill writes in the place of a file. Where fill or the disk fails, what was there stays, and the error is theirs.
func Write(path string, mode os.FileMode, fill func(io.Writer) error) error {
	dir := filepath.Dir(path)
	part, err := os.CreateTemp(dir, "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	err = fill(part)
	if err = errors.Join(err, part.Sync(), part.Chmod(mode), part.Close()); err == nil {
		err = os.Rename(part.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(part.Name()))
	}
	return SyncDir(dir)
}

// WriteBytes is Write of bytes.
func WriteBytes(path string, mode os.FileMode, b []byte) error {
	return Write(path, mode, func(w io.Writer) error { _, err := w.Write(b); return err })
}

// SyncDir makes the names in a folder last.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
