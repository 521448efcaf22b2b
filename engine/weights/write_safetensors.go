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
	header, err := safetensorsHeader(metadata, tensors)
	if err != nil {
		return fmt.Errorf("write safetensors: %w", err)
	}
	out := bufio.NewWriterSize(w, 1<<20)
	// bufio keeps the first error and returns it from Flush.
	_, _ = out.Write(binary.LittleEndian.AppendUint64(nil, uint64(len(header))))
	_, _ = out.Write(header)
	for _, t := range tensors {
		_, _ = out.Write(t.Data)
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write safetensors: %w", err)
	}
	return nil
}

// safetensorsHeader is written by hand, member by member, to keep the order of the tensors.
func safetensorsHeader(metadata map[string]string, tensors []Tensor) ([]byte, error) {
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
	offset := 0
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
		if uint64(len(t.Data)) != want {
			return nil, fmt.Errorf("tensor %q (%s %v) takes %d bytes, got %d", t.Name, t.Type, t.Shape, want, len(t.Data))
		}
		entry := struct {
			DType   string `json:"dtype"`
			Shape   []int  `json:"shape"`
			Offsets [2]int `json:"data_offsets"`
		}{t.Type.String(), t.Shape, [2]int{offset, offset + len(t.Data)}}
		if err := member(t.Name, entry); err != nil {
			return nil, err
		}
		offset += len(t.Data)
	}
	header = append(header, '}')
	for len(header)%8 != 0 {
		header = append(header, ' ')
	}
	return header, nil
}
