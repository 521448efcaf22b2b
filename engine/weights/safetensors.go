package weights

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"s1/kernels"
)

// The safetensors format: 8 bytes little-endian header length, a JSON header, the tensors without gaps.
// https://github.com/huggingface/safetensors#format

// maxHeaderBytes is the longest header accepted; real ones stay below 1 MB.
const maxHeaderBytes = 32 << 20

var safetensorsTypes = map[string]kernels.DType{"F32": kernels.F32, "F16": kernels.F16, "BF16": kernels.BF16}

// stEntry is a tensor's entry in the header.
type stEntry struct {
	name  string
	typ   kernels.DType
	shape []int
	span  span
}

// parseSafetensors returns the tensors of one file's bytes, in the order of the header.
func parseSafetensors(data []byte) ([]Tensor, error) {
	tensors, _, err := parseWithMetadata(data)
	return tensors, err
}

// parseWithMetadata is parseSafetensors with the texts that the header may hold, nil where it has none.
func parseWithMetadata(data []byte) ([]Tensor, map[string]string, error) {
	if len(data) < 8 {
		return nil, nil, fmt.Errorf("the file has %d bytes; a safetensors file begins with 8 bytes of header length", len(data))
	}
	n := binary.LittleEndian.Uint64(data)
	if n > maxHeaderBytes {
		return nil, nil, fmt.Errorf("the header claims %d bytes, more than %d; is this a safetensors file?", n, maxHeaderBytes)
	}
	if n > uint64(len(data)-8) {
		return nil, nil, fmt.Errorf("the file is truncated: its header ends at byte %d, it has %d", n+8, len(data))
	}
	body := data[8+n:]
	entries, texts, err := parseHeader(data[8 : 8+n])
	if err != nil {
		return nil, nil, fmt.Errorf("safetensors header: %w", err)
	}
	spans := make([]span, len(entries))
	for i, e := range entries {
		spans[i] = e.span
	}
	if err := checkSpans(spans, uint64(len(body)), 1, n+8, uint64(len(data))); err != nil {
		return nil, nil, err
	}
	if len(spans) == 0 {
		return nil, nil, errors.New("the file holds no tensors")
	}
	if end := spans[len(spans)-1].end; end != uint64(len(body)) {
		return nil, nil, fmt.Errorf("the tensors end at byte %d, but the file has %d bytes", n+8+end, len(data))
	}
	tensors := make([]Tensor, len(entries))
	for i, e := range entries {
		tensors[i] = Tensor{Name: e.name, Type: e.typ, Shape: e.shape, Data: body[e.span.begin:e.span.end:e.span.end]}
	}
	return tensors, texts, nil
}

// parseHeader reads the JSON header and checks each entry by itself.
func parseHeader(header []byte) ([]stEntry, map[string]string, error) {
	if len(header) == 0 || header[0] != '{' {
		return nil, nil, errors.New("it does not begin with '{'")
	}
	var entries []stEntry
	var texts map[string]string
	seen := map[string]bool{}
	err := eachMember(header, func(name string, value json.RawMessage) error {
		if seen[name] {
			return fmt.Errorf("%q is there twice", name)
		}
		seen[name] = true
		if name == "__metadata__" {
			if err := json.Unmarshal(value, &texts); err != nil {
				return fmt.Errorf("__metadata__ must map texts to texts: %w", err)
			}
			return nil
		}
		e, err := parseEntry(name, value)
		if err != nil {
			return err
		}
		entries = append(entries, e)
		return nil
	})
	return entries, texts, err
}

func parseEntry(name string, value json.RawMessage) (stEntry, error) {
	e := stEntry{name: name}
	if name == "" || len(name) > maxNameBytes {
		return e, fmt.Errorf("a tensor's name has %d bytes; 1 to %d are allowed", len(name), maxNameBytes)
	}
	// Member by member: a plain Unmarshal takes "DType" for "dtype" and the last of two.
	var dtype *string
	var shape *[]int64
	var offsets []uint64
	seen := map[string]bool{}
	err := eachMember(value, func(key string, value json.RawMessage) error {
		if seen[key] {
			return fmt.Errorf("%q is there twice", key)
		}
		seen[key] = true
		switch key {
		case "dtype":
			return json.Unmarshal(value, &dtype)
		case "shape":
			return json.Unmarshal(value, &shape)
		case "data_offsets":
			return json.Unmarshal(value, &offsets)
		}
		return nil
	})
	if err != nil {
		return e, fmt.Errorf("tensor %q: %w", name, err)
	}
	if dtype == nil || shape == nil || len(offsets) != 2 {
		return e, fmt.Errorf("tensor %q needs dtype, shape and two data_offsets", name)
	}
	t, ok := safetensorsTypes[*dtype]
	if !ok {
		return e, fmt.Errorf("tensor %q has type %s; safetensors are read as F32, F16 and BF16", name, *dtype)
	}
	e.typ = t
	if len(*shape) > maxDims {
		return e, fmt.Errorf("tensor %q has %d dimensions; at most %d are read", name, len(*shape), maxDims)
	}
	for _, d := range *shape {
		if d < 1 || d > 1<<48 || int64(int(d)) != d {
			return e, fmt.Errorf("tensor %q has shape %v; every dimension must be at least 1", name, *shape)
		}
		e.shape = append(e.shape, int(d))
	}
	if len(e.shape) == 0 {
		e.shape = []int{1} // a scalar
	}
	want, err := tensorBytes(name, t, e.shape)
	if err != nil {
		return e, err
	}
	e.span = span{name: name, begin: offsets[0], end: offsets[1]}
	if e.span.end < e.span.begin || e.span.end-e.span.begin != want {
		return e, fmt.Errorf("tensor %q (%s %v) takes %d bytes, its data_offsets %v say otherwise", name, t, e.shape, want, offsets)
	}
	return e, nil
}

// eachMember calls f for each member of one JSON object, duplicates included, and refuses anything after it.
func eachMember(object []byte, f func(key string, value json.RawMessage) error) error {
	d := json.NewDecoder(bytes.NewReader(object))
	tok, err := d.Token()
	if err != nil {
		return fmt.Errorf("not JSON: %w", err)
	}
	if tok != json.Delim('{') {
		return errors.New("not a JSON object")
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return fmt.Errorf("not JSON: %w", err)
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return fmt.Errorf("not JSON at %q: %w", key, err)
		}
		if err := f(key.(string), value); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return fmt.Errorf("not JSON: %w", err)
	}
	if rest := strings.TrimRight(string(object[d.InputOffset():]), " \t\r\n\x00"); rest != "" {
		return fmt.Errorf("%d bytes follow the JSON object", len(rest))
	}
	return nil
}
