package arch

import "s1/engine/weights"

// Interleaved says that the rows of q and k lie in the file as neighbours that are rotated together: llama.cpp's converter stores them so
// for the llama architecture. In a folder row i of a head's first half goes with row i of its second.
func Interleaved(m *weights.Model, c Config) bool {
	return c.RoPE.Interleaved || m.Kind == weights.KindGGUF && c.Architecture == Llama
}

// Interleave reorders the rows of q or k, head by head: row i of the first half and row i of the second become neighbours 2i and 2i+1;
// back undoes it. cols is 1 for a bias.
func Interleave(values []float32, heads, cols int, back bool) []float32 {
	out := make([]float32, len(values))
	dim := len(values) / cols / heads
	for h := range heads {
		for i := range dim {
			from, to := h*dim+i, h*dim+2*(i%(dim/2))+i/(dim/2)
			if back {
				from, to = to, from
			}
			copy(out[to*cols:(to+1)*cols], values[from*cols:])
		}
	}
	return out
}
