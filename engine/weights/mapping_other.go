//go:build !unix

package weights

import (
	"io"
	"os"
)

// mapBytes reads the file where mapping is not available.
func mapBytes(f *os.File, size int) ([]byte, func() error, error) {
	data := make([]byte, size)
	_, err := io.ReadFull(f, data)
	return data, nil, err
}

func (m *mapping) drop() {}
