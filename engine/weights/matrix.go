package weights

import (
	"fmt"
	"unsafe"

	"s1/kernels"
	"s1/kernels/ref"
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

// Vector returns a tensor of n elements as a 1 x n matrix of F32, widened where it is stored as anything else.
func (m *Model) Vector(name string, n int) (kernels.Matrix, error) {
	t, ok := m.Tensors[name]
	if !ok {
		return kernels.Matrix{}, fmt.Errorf("tensor %q (%d) is missing", name, n)
	}
	if t.Elements() != int64(n) || t.Shape[len(t.Shape)-1] != n {
		return kernels.Matrix{}, fmt.Errorf("tensor %q has shape %v, the config asks for [%d]", name, t.Shape, n)
	}
	out := kernels.Matrix{Name: name, Type: kernels.F32, Rows: 1, Cols: n}
	if t.Type == kernels.F32 {
		out.Data = aligned(t)
		return out, nil
	}
	values := make([]float32, n)
	ref.Dequant(t.Type, t.Data, values)
	out.Data = Floats32(values)
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
