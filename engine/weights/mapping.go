package weights

import (
	"fmt"
	"io/fs"
	"os"

	"s1/engine/bounded"
)

// mapping is the read-only content of one regular file.
type mapping struct {
	path  string
	data  []byte
	unmap func() error // nil when data is on the heap
}

// openMapping maps a file as it is now. A file that changes its size between the look and the map is refused: reading
// beyond its end would kill the process.
func openMapping(path string) (*mapping, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	before, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !before.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file (%s)", path, before.Mode().Type())
	}
	if before.Size() == 0 {
		return nil, fmt.Errorf("%s is empty (0 bytes)", path)
	}
	if int64(int(before.Size())) != before.Size() {
		return nil, fmt.Errorf("%s has %d bytes, more than this machine can address", path, before.Size())
	}
	data, unmap, err := mapBytes(f, int(before.Size()))
	if err != nil {
		return nil, fmt.Errorf("map %s (%d bytes): %w", path, before.Size(), err)
	}
	m := &mapping{path: path, data: data, unmap: unmap}
	after, err := f.Stat()
	if err == nil && after.Size() != before.Size() {
		err = fmt.Errorf("%s changed from %d to %d bytes while it was opened; is it still being written?", path, before.Size(), after.Size())
	}
	if err != nil {
		m.close()
		return nil, err
	}
	return m, nil
}

// readMapping reads a file of fsys whole, under the same rules.
func readMapping(fsys fs.FS, name string) (*mapping, error) {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file (%s)", name, info.Mode().Type())
	}
	data, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, err
	}
	if len(data) == 0 {
		return nil, fmt.Errorf("%s is empty (0 bytes)", name)
	}
	return &mapping{path: name, data: data}, nil
}

func (m *mapping) close() error {
	m.data = nil
	if m.unmap == nil {
		return nil
	}
	unmap := m.unmap
	m.unmap = nil
	return unmap()
}

// readSmall reads a whole file of fsys of at most limit bytes.
func readSmall(fsys fs.FS, path string, limit int64) ([]byte, error) {
	f, err := fsys.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return bounded.All(f, path, limit)
}
