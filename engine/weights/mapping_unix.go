//go:build unix

package weights

import (
	"os"

	"golang.org/x/sys/unix"
)

func mapBytes(f *os.File, size int) ([]byte, func() error, error) {
	data, err := unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ, unix.MAP_PRIVATE)
	if err != nil {
		return nil, nil, err
	}
	return data, func() error { return unix.Munmap(data) }, nil
}

// drop is advice; that it cannot be taken is no error.
func (m *mapping) drop() {
	if m.unmap != nil {
		_ = unix.Madvise(m.data, unix.MADV_DONTNEED)
	}
}
