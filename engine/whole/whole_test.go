package whole

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

func TestAFileIsReplacedWholeOrStaysAsItWas(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "f.txt")
	holds := func(want string, mode os.FileMode) {
		t.Helper()
		b, err := os.ReadFile(path)
		if err != nil || string(b) != want {
			t.Errorf("it holds %q, %v; want %q", b, err, want)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%v, %v; want mode %o", info, err, mode)
		}
		if list, err := os.ReadDir(dir); err != nil || len(list) != 1 {
			t.Errorf("beside it lies something: %v, %v", list, err)
		}
	}
	if err := WriteBytes(path, 0o600, []byte("first")); err != nil {
		t.Fatal(err)
	}
	holds("first", 0o600)
	gaveUp := errors.New("gave up")
	if err := Write(path, 0o644, func(w io.Writer) error { _, _ = w.Write([]byte("half")); return gaveUp }); !errors.Is(err, gaveUp) {
		t.Errorf("got %v", err)
	}
	holds("first", 0o600)
	if err := WriteBytes(path, 0o644, []byte("second")); err != nil {
		t.Fatal(err)
	}
	holds("second", 0o644)
	if err := WriteBytes(filepath.Join(dir, "none", "f.txt"), 0o644, nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("in a folder that is not there: %v", err)
	}
}
