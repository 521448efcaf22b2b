package curate

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"syscall"

	"s1/engine/whole"
)

// onDisk says what stood in the way of a write into the folder of the run, and what to do.
func onDisk(err error, dir string) error {
	const kept = "the stages that are done are intact"
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("the disk that holds %s is full; %s, free some space and --resume: %w", dir, kept, err)
	case errors.Is(err, syscall.EFBIG):
		return fmt.Errorf("files in %s may not become this large (see ulimit -f); %s, raise it and --resume: %w", dir, kept, err)
	case errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%s cannot be written to; %s, change its permissions or choose another folder by --out: %w", dir, kept, err)
	}
	return err
}

// replace writes a file whole or not at all.
func replace(path string, b []byte) error {
	return onDisk(whole.WriteBytes(path, 0o644, b), filepath.Dir(path))
}
