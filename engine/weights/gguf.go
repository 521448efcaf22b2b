package weights

import (
	"encoding/binary"
	"errors"
	"fmt"

	"s1/kernels"
)

// Limits on a GGUF header; real models have below 100 pairs and a few thousand tensors.
const (
	maxPairs     = 1 << 16
	maxTensors   = 1 << 17
	maxKeyBytes  = 1 << 16
	maxAlignment = 1 << 16
	maxNesting   = 4 // arrays in arrays
)

func (m *Model) openGGUF() error {
	f, err := m.keep(openMapping(m.Path))
	if err != nil {
		return err
	}
	meta, tensors, err := parseGGUF(f.data)
	if err != nil {
		return err
	}
	if parts, ok := meta.Int("split.count"); ok && parts > 1 {
		return fmt.Errorf("it is one of %d parts of a split model, which are not read; join them first (llama-gguf-split --merge)", parts)
	}
	m.Meta = meta
	if name, ok := meta.String("general.name"); ok && name != "" {
		m.Name = name
	}
	for _, t := range tensors {
		m.Tensors[t.Name] = t
	}
	return nil
}

// ggufTensor is a tensor's entry in the header.
type ggufTensor struct {
	name   string
	typ    kernels.DType
	shape  []int // outermost first
	offset uint64
	bytes  uint64
}

// parseGGUF reads and checks a whole file: magic, version, pairs, tensor entries, and where each tensor lies.
func parseGGUF(data []byte) (*Meta, []Tensor, error) {
	r := &ggufReader{data: data}
	pairs, count, err := r.preamble()
	if err != nil {
		return nil, nil, err
	}
	meta := &Meta{at: make(map[string]int, pairs), pairs: make([]KV, 0, pairs)}
	for i := range pairs {
		kv, err := r.pair()
		if err != nil {
			return nil, nil, fmt.Errorf("metadata pair %d of %d: %w", i+1, pairs, err)
		}
		if _, twice := meta.at[kv.Key]; twice {
			return nil, nil, fmt.Errorf("metadata key %q is there twice", kv.Key)
		}
		meta.at[kv.Key] = len(meta.pairs)
		meta.pairs = append(meta.pairs, kv)
	}
	align, err := alignment(meta)
	if err != nil {
		return nil, nil, err
	}
	entries := make([]ggufTensor, 0, count)
	names := make(map[string]bool, count)
	for i := range count {
		e, err := r.tensor()
		if err != nil {
			return nil, nil, fmt.Errorf("tensor entry %d of %d: %w", i+1, count, err)
		}
		if names[e.name] {
			return nil, nil, fmt.Errorf("tensor %q is there twice", e.name)
		}
		if e.offset%align != 0 {
			return nil, nil, fmt.Errorf("tensor %q begins at byte %d, which is not a multiple of the alignment %d", e.name, e.offset, align)
		}
		names[e.name] = true
		entries = append(entries, e)
	}
	tensors, err := r.place(entries, align)
	return meta, tensors, err
}

// preamble checks magic, version and the two counts against what could fit into the file.
func (r *ggufReader) preamble() (pairs, tensors int, err error) {
	if len(r.data) < 24 {
		return 0, 0, fmt.Errorf("the file has %d bytes; a GGUF header takes at least 24", len(r.data))
	}
	if string(r.data[:4]) != ggufMagic {
		return 0, 0, fmt.Errorf("it begins with %q, not with %q: not a GGUF file", r.data[:4], ggufMagic)
	}
	r.pos = 4
	version := r.u32()
	if version == ggufVersion<<24 || version == 2<<24 {
		return 0, 0, errors.New("the file is big-endian; only little-endian GGUF is read")
	}
	if version != ggufVersion && version != 2 { // version 2 differs only in that it was never big-endian
		return 0, 0, fmt.Errorf("GGUF version %d is not read; version %d is", version, ggufVersion)
	}
	nt, np := r.u64(), r.u64()
	left := uint64(len(r.data) - r.pos)
	if np > maxPairs || np > left/(8+4+1) {
		return 0, 0, fmt.Errorf("the header claims %d metadata pairs in %d bytes (at most %d)", np, left, maxPairs)
	}
	if nt > maxTensors || nt > left/(8+4+8+4+8) {
		return 0, 0, fmt.Errorf("the header claims %d tensors in %d bytes (at most %d)", nt, left, maxTensors)
	}
	return int(np), int(nt), nil
}

func alignment(meta *Meta) (uint64, error) {
	v, ok := meta.Get(alignmentKey)
	if !ok {
		return ggufDefaultAlignment, nil
	}
	a, ok := v.(uint32)
	if !ok || a < 8 || a > maxAlignment || a&(a-1) != 0 {
		return 0, fmt.Errorf("%s is %v; it must be a power of two from 8 to %d", alignmentKey, v, maxAlignment)
	}
	return uint64(a), nil
}

func (r *ggufReader) tensor() (ggufTensor, error) {
	name, err := r.text(maxNameBytes)
	if err != nil {
		return ggufTensor{}, fmt.Errorf("name: %w", err)
	}
	e := ggufTensor{name: name}
	if name == "" {
		return e, errors.New("it has no name")
	}
	if err := r.need(4); err != nil {
		return e, err
	}
	dims := r.u32()
	if dims < 1 || dims > maxDims {
		return e, fmt.Errorf("tensor %q has %d dimensions; 1 to %d are read", name, dims, maxDims)
	}
	if err := r.need(int(dims)*8 + 4 + 8); err != nil {
		return e, err
	}
	e.shape = make([]int, dims)
	for i := range e.shape { // the file lists the fastest dimension first
		d := r.u64()
		if d < 1 || d > 1<<48 || uint64(int(d)) != d {
			return e, fmt.Errorf("tensor %q has a dimension of %d", name, d)
		}
		e.shape[len(e.shape)-1-i] = int(d)
	}
	if e.typ, err = ggmlType(r.u32()); err != nil {
		return e, fmt.Errorf("tensor %q has %w", name, err)
	}
	e.offset = r.u64()
	e.bytes, err = tensorBytes(name, e.typ, e.shape)
	return e, err
}

// place turns entries into tensors, after checking their places against each other and the file.
func (r *ggufReader) place(entries []ggufTensor, align uint64) ([]Tensor, error) {
	if len(entries) == 0 {
		return nil, errors.New("the file holds no tensors (a vocabulary only)")
	}
	start := (uint64(r.pos) + align - 1) &^ (align - 1)
	size := uint64(len(r.data))
	spans := make([]span, len(entries))
	for i, e := range entries {
		if e.offset > 1<<62 {
			return nil, fmt.Errorf("tensor %q begins at byte %d", e.name, e.offset)
		}
		spans[i] = span{e.name, e.offset, e.offset + e.bytes}
	}
	var room uint64
	if size > start {
		room = size - start
	}
	if err := checkSpans(spans, room, align, start, size); err != nil {
		return nil, err
	}
	tensors := make([]Tensor, len(entries))
	for i, e := range entries {
		b, end := start+e.offset, start+e.offset+e.bytes
		tensors[i] = Tensor{Name: e.name, Type: e.typ, Shape: e.shape, Data: r.data[b:end:end]}
	}
	return tensors, nil
}

// ggufReader reads little-endian values. The fixed-size getters must be preceded by need.
type ggufReader struct {
	data []byte
	pos  int
}

func (r *ggufReader) need(n int) error {
	if n > len(r.data)-r.pos {
		return fmt.Errorf("the file is truncated: byte %d is needed, it has %d", r.pos+n, len(r.data))
	}
	return nil
}

func (r *ggufReader) u32() uint32 {
	v := binary.LittleEndian.Uint32(r.data[r.pos:])
	r.pos += 4
	return v
}

func (r *ggufReader) u64() uint64 {
	v := binary.LittleEndian.Uint64(r.data[r.pos:])
	r.pos += 8
	return v
}
