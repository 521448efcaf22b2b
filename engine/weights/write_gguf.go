package weights

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"

	"s1/kernels"
)

// WriteGGUF writes a GGUF v3 file. Pairs are written in their order, with the GGUF types that KV names; general.alignment
// is honoured when given. fill writes the bytes of one tensor when its turn comes, so that a model larger than memory
// can be written; nil writes each Tensor's Data.
func WriteGGUF(w io.Writer, pairs []KV, tensors []Tensor, fill func(w io.Writer, t Tensor) error) error {
	meta := &Meta{at: map[string]int{}, pairs: pairs}
	for i, kv := range pairs {
		meta.at[kv.Key] = i
	}
	align, err := alignment(meta)
	if err != nil {
		return fmt.Errorf("write gguf: %w", err)
	}
	g := &ggufWriter{w: bufio.NewWriterSize(w, 1<<20)}
	g.bytes([]byte(ggufMagic))
	g.num(uint32(ggufVersion), uint64(len(tensors)), uint64(len(pairs)))
	for _, kv := range pairs {
		g.text(kv.Key)
		if err := g.value(kv.Value); err != nil {
			return fmt.Errorf("write gguf: %q: %w", kv.Key, err)
		}
	}
	sizes, err := g.entries(tensors, align)
	if err != nil {
		return fmt.Errorf("write gguf: %w", err)
	}
	g.pad(align)
	for i, t := range tensors {
		before := g.n
		if fill == nil {
			g.bytes(t.Data)
		} else if err := fill(g, t); err != nil {
			return fmt.Errorf("write gguf: tensor %q: %w", t.Name, err)
		}
		if g.err == nil && g.n-before != sizes[i] {
			return fmt.Errorf("write gguf: tensor %q (%s %v) takes %d bytes, got %d", t.Name, t.Type, t.Shape, sizes[i], g.n-before)
		}
		g.pad(align)
	}
	if g.err == nil {
		g.err = g.w.Flush()
	}
	if g.err != nil {
		return fmt.Errorf("write gguf: %w", g.err)
	}
	return nil
}

// ggufWriter counts bytes and keeps the first error.
type ggufWriter struct {
	w   *bufio.Writer
	n   uint64
	err error
}

// Write lets fill functions write through the count.
func (g *ggufWriter) Write(p []byte) (int, error) {
	g.bytes(p)
	if g.err != nil {
		return 0, g.err
	}
	return len(p), nil
}

func (g *ggufWriter) bytes(p []byte) {
	if g.err == nil {
		_, g.err = g.w.Write(p)
		g.n += uint64(len(p))
	}
}

func (g *ggufWriter) num(values ...any) {
	for _, v := range values {
		b, err := binary.Append(nil, binary.LittleEndian, v)
		if err != nil && g.err == nil {
			g.err = err
		}
		g.bytes(b)
	}
}

func (g *ggufWriter) text(s string) {
	g.num(uint64(len(s)))
	g.bytes([]byte(s))
}

func (g *ggufWriter) pad(align uint64) {
	g.bytes(make([]byte, -g.n&(align-1)))
}

// entries writes the tensor table and returns each tensor's size.
func (g *ggufWriter) entries(tensors []Tensor, align uint64) ([]uint64, error) {
	sizes := make([]uint64, len(tensors))
	var offset uint64
	for i, t := range tensors {
		id, ok := ggmlID(t.Type)
		if !ok {
			return nil, fmt.Errorf("tensor %q has type %s, which GGUF does not know", t.Name, t.Type)
		}
		if len(t.Shape) < 1 || len(t.Shape) > maxDims {
			return nil, fmt.Errorf("tensor %q has shape %v; 1 to %d dimensions are written", t.Name, t.Shape, maxDims)
		}
		size, err := tensorBytes(t.Name, t.Type, t.Shape)
		if err != nil {
			return nil, err
		}
		g.text(t.Name)
		g.num(uint32(len(t.Shape)))
		for d := len(t.Shape) - 1; d >= 0; d-- {
			g.num(uint64(t.Shape[d]))
		}
		g.num(id, offset)
		sizes[i] = size
		offset += (size + align - 1) &^ (align - 1)
	}
	return sizes, nil
}

// value writes type and value of a pair.
func (g *ggufWriter) value(v any) error {
	t, elem, n, err := typeOf(v)
	if err != nil {
		return err
	}
	g.num(uint32(t))
	if t == typeArray {
		return g.array(v, elem, n)
	}
	if s, ok := v.(string); ok {
		g.text(s)
		return nil
	}
	g.num(v)
	return nil
}

func (g *ggufWriter) array(v any, elem valueType, n int) error {
	g.num(uint32(elem), uint64(n))
	switch v := v.(type) {
	case []string:
		for _, s := range v {
			g.text(s)
		}
	case []any:
		for _, inner := range v {
			t, e, n, err := typeOf(inner)
			if err != nil {
				return err
			}
			if t != typeArray {
				return fmt.Errorf("an array of arrays holds a %T", inner)
			}
			if err := g.array(inner, e, n); err != nil {
				return err
			}
		}
	default:
		g.num(v)
	}
	return nil
}

// typeOf maps a Go value to its GGUF type, and for an array to its element type and count.
func typeOf(v any) (t, elem valueType, n int, err error) {
	switch v := v.(type) {
	case uint8:
		return typeUint8, 0, 0, nil
	case int8:
		return typeInt8, 0, 0, nil
	case uint16:
		return typeUint16, 0, 0, nil
	case int16:
		return typeInt16, 0, 0, nil
	case uint32:
		return typeUint32, 0, 0, nil
	case int32:
		return typeInt32, 0, 0, nil
	case float32:
		return typeFloat32, 0, 0, nil
	case bool:
		return typeBool, 0, 0, nil
	case string:
		return typeString, 0, 0, nil
	case uint64:
		return typeUint64, 0, 0, nil
	case int64:
		return typeInt64, 0, 0, nil
	case float64:
		return typeFloat64, 0, 0, nil
	case []uint8:
		return typeArray, typeUint8, len(v), nil
	case []int8:
		return typeArray, typeInt8, len(v), nil
	case []uint16:
		return typeArray, typeUint16, len(v), nil
	case []int16:
		return typeArray, typeInt16, len(v), nil
	case []uint32:
		return typeArray, typeUint32, len(v), nil
	case []int32:
		return typeArray, typeInt32, len(v), nil
	case []float32:
		return typeArray, typeFloat32, len(v), nil
	case []bool:
		return typeArray, typeBool, len(v), nil
	case []string:
		return typeArray, typeString, len(v), nil
	case []any:
		return typeArray, typeArray, len(v), nil
	case []uint64:
		return typeArray, typeUint64, len(v), nil
	case []int64:
		return typeArray, typeInt64, len(v), nil
	case []float64:
		return typeArray, typeFloat64, len(v), nil
	}
	return 0, 0, 0, fmt.Errorf("a %T has no GGUF type", v)
}

// Floats32 packs values as the Data of an F32 tensor.
func Floats32(values []float32) []byte {
	b, _ := binary.Append(make([]byte, 0, kernels.F32.RowBytes(len(values))), binary.LittleEndian, values)
	return b
}
