package export

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// File is a file of an export.
type File struct {
	Name   string
	Bytes  int64
	SHA256 string
}

// disk makes files; tests put one in its place that fills up.
type disk func(path string) (sink, error)

// sink is the part of a file that an export uses.
type sink interface {
	io.WriteCloser
	Sync() error
}

func realDisk(path string) (sink, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
}

// stage is a folder beside the target, in which an export grows.
type stage struct {
	dir   string
	disk  disk
	files []File
}

// write makes one file: written, hashed on the way, synced.
func (s *stage) write(name string, content func(w io.Writer) error) error {
	f, err := s.disk(filepath.Join(s.dir, name))
	if err != nil {
		return err
	}
	sum := counted{w: f, hash: sha256.New()}
	err = content(&sum)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	s.files = append(s.files, File{Name: name, Bytes: sum.n, SHA256: hex.EncodeToString(sum.hash.Sum(nil))})
	return nil
}

func (s *stage) bytes(name string, b []byte) error {
	return s.write(name, func(w io.Writer) error {
		_, err := w.Write(b)
		return err
	})
}

type counted struct {
	w    io.Writer
	hash hash.Hash
	n    int64
}

// Write implements io.Writer.
func (c *counted) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	_, _ = c.hash.Write(p[:n])
	return n, err
}

// publish lets fill write into a folder beside target and then puts it, or the one file in it that is named, in target's place. Whatever
// fails, target is as it was and nothing else is left.
func publish(target, only string, o Options, d disk, fill func(s *stage) error) error {
	target, err := filepath.Abs(target)
	if err != nil {
		return fmt.Errorf("export to %s: %w", target, err)
	}
	if err := publishTo(target, only, o, d, fill); err != nil {
		return explain(target, err)
	}
	return nil
}

func publishTo(target, only string, o Options, d disk, fill func(s *stage) error) (err error) {
	parent := filepath.Dir(target)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return err
	}
	if err := free(target, only != "", o.Replace); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(parent, ".export-*")
	if err != nil {
		return err
	}
	defer func() {
		if rerr := os.RemoveAll(dir); err == nil && only != "" {
			err = rerr
		}
	}()
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	if err := fill(&stage{dir: dir, disk: d}); err != nil {
		return err
	}
	if err := syncDir(dir); err != nil {
		return err
	}
	if only != "" {
		err = os.Rename(filepath.Join(dir, only), target)
	} else {
		err = swap(dir, target)
	}
	if err != nil {
		return err
	}
	return syncDir(parent)
}

// free refuses a target that holds something, and even when that may be replaced, a folder that is no export.
func free(target string, file, replace bool) error {
	info, err := os.Lstat(target)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case file && info.Mode().IsRegular() && replace:
		return nil
	case file || !info.IsDir():
		return errExists
	}
	entries, err := os.ReadDir(target)
	if err != nil || len(entries) == 0 {
		return err
	}
	for _, e := range entries {
		if replace && (e.Name() == "config.json" || e.Name() == "adapter_config.json") {
			return nil
		}
	}
	return errExists
}

var errExists = errors.New("something else is there already; choose another place, or have an earlier export replaced")

// swap puts a folder in target's place. What was there goes aside first and comes back if that fails.
func swap(dir, target string) error {
	old := dir + ".old"
	err := os.Rename(target, old)
	if errors.Is(err, fs.ErrNotExist) {
		return os.Rename(dir, target)
	}
	if err != nil {
		return err
	}
	if err := os.Rename(dir, target); err != nil {
		return errors.Join(err, os.Rename(old, target))
	}
	return os.RemoveAll(old)
}

func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// explain says in one sentence what stopped an export and what to do.
func explain(target string, err error) error {
	switch {
	case errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("export to %s: the disk is full and nothing was left there; free some space or choose another place: %w", target, err)
	case errors.Is(err, syscall.EROFS) || errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("export to %s: that place cannot be written to; choose another: %w", target, err)
	}
	return fmt.Errorf("export to %s: %w", target, err)
}
