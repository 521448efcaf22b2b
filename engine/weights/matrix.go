package weights

import (
	"encoding/binary"
	"fmt"
	"math"
	"unsafe"

	"s1/kernels"
)

// Has says whether the model has the tensor.
func (m *Model) Has(name string) bool { _, ok := m.Tensors[name]; return ok }

// Matrix returns a tensor as a matrix of rows x cols, in its stored type.
func (m *Model) Matrix(name string, rows, cols int) (kernels.Matrix, error) {
	t, ok := m.Tensors[name]
	if !ok {
		return kernels.Matrix{}, fmt.Errorf("tensor %q (%d x %d) is missing", name, rows, cols)
	}
	switch {
	case len(t.Shape) == 2 && t.Shape[0] == rows && t.Shape[1] == cols:
	case len(t.Shape) == 1 && rows == 1 && t.Shape[0] == cols:
	default:
		return kernels.Matrix{}, fmt.Errorf("tensor %q has shape %v, the config asks for [%d %d]", name, t.Shape, rows, cols)
	}
	return kernels.Matrix{Name: name, Type: t.Type, Rows: rows, Cols: cols, Data: aligned(t)}, nil
}

// Vector returns a tensor of n elements as a 1 x n matrix of F32, widened from F16 or BF16.
func (m *Model) Vector(name string, n int) (kernels.Matrix, error) {
	t, ok := m.Tensors[name]
	if !ok {
		return kernels.Matrix{}, fmt.Errorf("tensor %q (%d) is missing", name, n)
	}
	if t.Elements() != int64(n) || t.Shape[len(t.Shape)-1] != n {
		return kernels.Matrix{}, fmt.Errorf("tensor %q has shape %v, the config asks for [%d]", name, t.Shape, n)
	}
	out := kernels.Matrix{Name: name, Type: kernels.F32, Rows: 1, Cols: n}
	switch t.Type {
	case kernels.F32:
		out.Data = aligned(t)
		return out, nil
	case kernels.F16, kernels.BF16:
	default:
		return kernels.Matrix{}, fmt.Errorf("tensor %q is stored as %s; a vector must be F32, F16 or BF16", name, t.Type)
	}
	out.Data = make([]byte, 4*n)
	for i := range n {
		h := binary.LittleEndian.Uint16(t.Data[2*i:])
		v := bf16ToF32(h)
		if t.Type == kernels.F16 {
			v = f16ToF32(h)
		}
		binary.LittleEndian.PutUint32(out.Data[4*i:], math.Float32bits(v))
	}
	return out, nil
}

// aligned returns the tensor's bytes at an address that C may read as the element type. GGUF guarantees it; a safetensors
// file written without padding does not, and its tensors are copied.
func aligned(t Tensor) []byte {
	if uintptr(unsafe.Pointer(unsafe.SliceData(t.Data)))%4 == 0 {
		return t.Data
	}
	c := make([]byte, len(t.Data)+1)[:len(t.Data)] // Go aligns what it allocates to at least 8
	copy(c, t.Data)
	return c
}
