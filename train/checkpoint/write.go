package checkpoint

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"math"
	"path/filepath"
	"syscall"

	"s1/engine/weights"
	"s1/kernels"
)

// chunkFloats is how many values are turned into bytes at a time.
const chunkFloats = 16 << 10

// summed is a file that hashes and counts what is written to it.
type summed struct {
	to   file
	hash hash.Hash
	size int64
}

func (f *summed) Write(p []byte) (int, error) {
	n, err := f.to.Write(p)
	f.hash.Write(p[:n])
	f.size += int64(n)
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	return n, err
}

func (f *summed) text(s string) error {
	_, err := f.Write([]byte(s))
	return err
}

// writeFile makes a new file, writes, syncs and closes it.
func writeFile(d disk, path string, content func(f *summed) error) (entry, error) {
	to, err := d.Create(path)
	if err != nil {
		return entry{}, err
	}
	f := &summed{to: to, hash: sha256.New()}
	err = content(f)
	if err == nil {
		err = to.Sync()
	}
	if cerr := to.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return entry{}, fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	return entry{size: f.size, sum: hex.EncodeToString(f.hash.Sum(nil))}, nil
}

func checkArrays(arrays []Array) error {
	if len(arrays) == 0 {
		return errors.New("no arrays were given")
	}
	seen := map[string]bool{}
	for _, a := range arrays {
		if seen[a.Name] {
			return fmt.Errorf("array %q is given twice", a.Name)
		}
		seen[a.Name] = true
		if a.Name == "" || len(a.Shape) == 0 || a.Read == nil {
			return fmt.Errorf("array %q with shape %v needs a name, a shape and a way to read it", a.Name, a.Shape)
		}
	}
	return nil
}

func writeArrays(ctx context.Context, w io.Writer, arrays []Array) error {
	tensors := make([]weights.Tensor, len(arrays))
	most := int64(0)
	byName := map[string]Array{}
	for i, a := range arrays {
		tensors[i] = weights.Tensor{Name: a.Name, Type: kernels.F32, Shape: a.Shape}
		most = max(most, tensors[i].Elements())
		byName[a.Name] = a
	}
	var values []float32 // made once the header has been accepted
	chunk := make([]byte, 0, 4*chunkFloats)
	return weights.WriteSafetensorsFrom(w, nil, tensors, func(w io.Writer, t weights.Tensor) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if values == nil {
			values = make([]float32, most)
		}
		rest := values[:t.Elements()]
		byName[t.Name].Read(rest)
		for len(rest) > 0 {
			n := min(len(rest), chunkFloats)
			chunk = chunk[:0]
			for _, v := range rest[:n] {
				chunk = binary.LittleEndian.AppendUint32(chunk, math.Float32bits(v))
			}
			if _, err := w.Write(chunk); err != nil {
				return err
			}
			rest = rest[n:]
		}
		return nil
	})
}

// sentence says what stood in the way and what to do, where the system's words do not.
func sentence(err error, root string) error {
	intact := Intact(root)
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("the disk that holds %s is full; %s, free some space and resume: %w", root, intact, err)
	case errors.Is(err, syscall.EFBIG):
		return fmt.Errorf("files in %s may not become this large (see ulimit -f); %s: %w", root, intact, err)
	case errors.Is(err, syscall.EROFS), errors.Is(err, syscall.EACCES), errors.Is(err, syscall.EPERM):
		return fmt.Errorf("%s cannot be written to; %s, choose another folder or change its permissions: %w", root, intact, err)
	}
	return err
}
