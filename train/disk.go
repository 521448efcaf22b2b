package train

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"syscall"

	"s1/train/checkpoint"
)

// onDisk says what stood in the way of a write into the folder of the run, and what to do; checkpoints and exports have their
// own words.
func onDisk(err error, dir string) error {
	intact := checkpoint.Intact(filepath.Join(dir, checkpointsDir))
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("the disk that holds %s is full; %s, free some space and --resume: %w", dir, intact, err)
	case errors.Is(err, syscall.EFBIG):
		return fmt.Errorf("files in %s may not become this large (see ulimit -f); %s, raise it and --resume: %w", dir, intact, err)
	case errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%s cannot be written to; %s, change its permissions or choose another folder by --out: %w", dir, intact, err)
	case errors.Is(err, syscall.ENOTDIR):
		return fmt.Errorf("%s cannot be a folder, because a file is in its place; choose another by --out: %w", dir, err)
	}
	return err
}
