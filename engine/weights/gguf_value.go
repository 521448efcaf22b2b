package weights

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// text reads a string of at most limit bytes; limit < 0 means whatever the file holds.
func (r *ggufReader) text(limit int) (string, error) {
	n, err := r.length(limit)
	if err != nil {
		return "", err
	}
	s := string(r.data[r.pos : r.pos+n])
	r.pos += n
	return s, nil
}

// length reads a string's length and checks that the string is all there.
func (r *ggufReader) length(limit int) (int, error) {
	if err := r.need(8); err != nil {
		return 0, err
	}
	n := r.u64()
	if left := len(r.data) - r.pos; n > uint64(left) {
		return 0, fmt.Errorf("a string claims %d bytes, %d are left in the file", n, left)
	}
	if limit >= 0 && n > uint64(limit) {
		return 0, fmt.Errorf("a string of %d bytes, at most %d are allowed", n, limit)
	}
	return int(n), nil
}

func (r *ggufReader) pair() (KV, error) {
	key, err := r.text(maxKeyBytes)
	if err != nil {
		return KV{}, fmt.Errorf("key: %w", err)
	}
	if key == "" {
		return KV{}, errors.New("the key is empty")
	}
	if err := r.need(4); err != nil {
		return KV{}, err
	}
	v, err := r.value(valueType(r.u32()))
	if err != nil {
		return KV{}, fmt.Errorf("%q: %w", key, err)
	}
	return KV{key, v}, nil
}

func (r *ggufReader) value(t valueType) (any, error) {
	switch {
	case t >= numValueTypes:
		return nil, fmt.Errorf("unknown value type %d", t)
	case t == typeString:
		return r.text(-1)
	case t == typeArray:
		return r.array(1)
	}
	if err := r.need(t.minBytes()); err != nil {
		return nil, err
	}
	switch t {
	case typeUint8:
		return one[uint8](r)
	case typeInt8:
		return one[int8](r)
	case typeUint16:
		return one[uint16](r)
	case typeInt16:
		return one[int16](r)
	case typeUint32:
		return one[uint32](r)
	case typeInt32:
		return one[int32](r)
	case typeFloat32:
		return one[float32](r)
	case typeUint64:
		return one[uint64](r)
	case typeInt64:
		return one[int64](r)
	case typeFloat64:
		return one[float64](r)
	}
	bools, err := r.bools(1)
	if err != nil {
		return nil, err
	}
	return bools[0], nil
}

// array reads element type, count and elements. The count is held against the bytes left before anything is allocated.
func (r *ggufReader) array(depth int) (any, error) {
	if depth > maxNesting {
		return nil, fmt.Errorf("arrays nested deeper than %d", maxNesting)
	}
	if err := r.need(12); err != nil {
		return nil, err
	}
	t, n := valueType(r.u32()), r.u64()
	if t >= numValueTypes {
		return nil, fmt.Errorf("unknown array type %d", t)
	}
	if left := len(r.data) - r.pos; n > uint64(left/t.minBytes()) {
		return nil, fmt.Errorf("an array claims %d elements, %d bytes are left in the file", n, left)
	}
	switch t {
	case typeUint8:
		return many[uint8](r, int(n))
	case typeInt8:
		return many[int8](r, int(n))
	case typeUint16:
		return many[uint16](r, int(n))
	case typeInt16:
		return many[int16](r, int(n))
	case typeUint32:
		return many[uint32](r, int(n))
	case typeInt32:
		return many[int32](r, int(n))
	case typeFloat32:
		return many[float32](r, int(n))
	case typeUint64:
		return many[uint64](r, int(n))
	case typeInt64:
		return many[int64](r, int(n))
	case typeFloat64:
		return many[float64](r, int(n))
	case typeBool:
		return r.bools(int(n))
	case typeString:
		return r.texts(int(n))
	}
	out := make([]any, n)
	for i := range out {
		v, err := r.array(depth + 1)
		if err != nil {
			return nil, err
		}
		out[i] = v
	}
	return out, nil
}

// texts reads n strings. They share one copy of the bytes: a vocabulary has 150,000 of them.
func (r *ggufReader) texts(n int) ([]string, error) {
	start := r.pos
	for range n {
		size, err := r.length(-1)
		if err != nil {
			return nil, err
		}
		r.pos += size
	}
	all := string(r.data[start:r.pos])
	out := make([]string, n)
	pos := 0
	for i := range out {
		size := int(binary.LittleEndian.Uint64(r.data[start+pos:]))
		out[i] = all[pos+8 : pos+8+size]
		pos += 8 + size
	}
	return out, nil
}

func (r *ggufReader) bools(n int) ([]bool, error) {
	out := make([]bool, n)
	for i, b := range r.data[r.pos : r.pos+n] {
		if b > 1 {
			return nil, fmt.Errorf("a truth value of %d; 0 and 1 are allowed", b)
		}
		out[i] = b == 1
	}
	r.pos += n
	return out, nil
}

type number interface {
	uint8 | int8 | uint16 | int16 | uint32 | int32 | uint64 | int64 | float32 | float64
}

// many reads n numbers; the caller has checked that they are there.
func many[T number](r *ggufReader, n int) ([]T, error) {
	out := make([]T, n)
	size := binary.Size(out)
	if err := binary.Read(bytes.NewReader(r.data[r.pos:r.pos+size]), binary.LittleEndian, out); err != nil {
		return nil, err
	}
	r.pos += size
	return out, nil
}

func one[T number](r *ggufReader) (T, error) {
	v, err := many[T](r, 1)
	if err != nil {
		return 0, err
	}
	return v[0], nil
}
