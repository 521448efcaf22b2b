package weights

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"

	"s1/kernels"
)

// WriteSafetensors writes one safetensors file of F32, F16 and BF16 tensors, in their order, with the header padded so that
// the data begins on a multiple of 8. metadata may be nil.
func WriteSafetensors(w io.Writer, metadata map[string]string, tensors []Tensor) error {
	return WriteSafetensorsFrom(w, metadata, tensors, nil)
}

// WriteSafetensorsFrom is WriteSafetensors with fill writing the bytes of one tensor when its turn comes, so that a model larger than
// memory can be written; nil writes each Tensor's Data.
func WriteSafetensorsFrom(w io.Writer, metadata map[string]string, tensors []Tensor, fill func(w io.Writer, t Tensor) error) error {
	header, err := safetensorsHeader(metadata, tensors, fill == nil)
	if err != nil {
		return fmt.Errorf("write safetensors: %w", err)
	}
	out := &ggufWriter{w: bufio.NewWriterSize(w, 1<<20)} // it counts, and keeps the first error
	out.bytes(binary.LittleEndian.AppendUint64(nil, uint64(len(header))))
	out.bytes(header)
	for _, t := range tensors {
		before := out.n
		if fill == nil {
			out.bytes(t.Data)
		} else if err := fill(out, t); err != nil {
			return fmt.Errorf("write safetensors: tensor %q: %w", t.Name, err)
		}
		if want, _ := tensorBytes(t.Name, t.Type, t.Shape); out.err == nil && out.n-before != want {
			return fmt.Errorf("write safetensors: tensor %q (%s %v) takes %d bytes, got %d", t.Name, t.Type, t.Shape, want, out.n-before)
		}
	}
	if out.err == nil {
		out.err = out.w.Flush()
	}
	if out.err != nil {
		return fmt.Errorf("write safetensors: %w", out.err)
	}
	return nil
}

// safetensorsHeader is written by hand, member by member, to keep the order of the tensors. whole says that they have their Data.
func safetensorsHeader(metadata map[string]string, tensors []Tensor, whole bool) ([]byte, error) {
	header := []byte{'{'}
	member := func(key string, value any) error {
		k, _ := json.Marshal(key)
		v, err := json.Marshal(value)
		if len(header) > 1 {
			header = append(header, ',')
		}
		header = append(append(append(header, k...), ':'), v...)
		return err
	}
	if metadata != nil {
		if err := member("__metadata__", metadata); err != nil {
			return nil, err
		}
	}
	offset := uint64(0)
	for _, t := range tensors {
		if t.Type != kernels.F32 && t.Type != kernels.F16 && t.Type != kernels.BF16 {
			return nil, fmt.Errorf("tensor %q has type %s; safetensors hold F32, F16 and BF16", t.Name, t.Type)
		}
		if len(t.Shape) == 0 {
			return nil, fmt.Errorf("tensor %q has no shape", t.Name)
		}
		want, err := tensorBytes(t.Name, t.Type, t.Shape)
		if err != nil {
			return nil, err
		}
		if whole && uint64(len(t.Data)) != want {
			return nil, fmt.Errorf("tensor %q (%s %v) takes %d bytes, got %d", t.Name, t.Type, t.Shape, want, len(t.Data))
		}
		entry := struct {
			DType   string    `json:"dtype"`
			Shape   []int     `json:"shape"`
			Offsets [2]uint64 `json:"data_offsets"`
		}{t.Type.String(), t.Shape, [2]uint64{offset, offset + want}}
		if err := member(t.Name, entry); err != nil {
			return nil, err
		}
		offset += want
	}
	header = append(header, '}')
	for len(header)%8 != 0 {
		header = append(header, ' ')
	}
	return header, nil
}
