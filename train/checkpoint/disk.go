package checkpoint

import (
	"errors"
	"os"
)

// disk is what a save asks of a file system; tests put a failing one in its place.
type disk interface {
	MkdirAll(dir string) error
	Mkdir(dir string) error
	Create(path string) (file, error)
	Rename(from, to string) error
	SyncDir(dir string) error
	RemoveAll(path string) error
}

type file interface {
	Write(p []byte) (int, error)
	Sync() error
	Close() error
}

type realDisk struct{}

func (realDisk) MkdirAll(dir string) error    { return os.MkdirAll(dir, 0o755) }
func (realDisk) Mkdir(dir string) error       { return os.Mkdir(dir, 0o755) }
func (realDisk) Rename(from, to string) error { return os.Rename(from, to) }
func (realDisk) RemoveAll(path string) error  { return os.RemoveAll(path) }

func (realDisk) Create(path string) (file, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
}

func (realDisk) SyncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
