package checkpoint

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

const lockFile = "LOCK"

// Lock makes this process the only one that saves into a root, until unlock or its end, however it ends.
func Lock(root string) (unlock func(), err error) {
	if err := os.MkdirAll(root, 0o755); err != nil {
		return nil, fmt.Errorf("lock %s: %w", root, sentence(err, root))
	}
	l := flock.New(filepath.Join(root, lockFile))
	ok, err := l.TryLock()
	if err == nil && !ok {
		err = errors.New("another process trains in this folder; wait for it, or choose another folder")
	}
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", root, sentence(err, root))
	}
	return func() { _ = l.Unlock() }, nil
}
