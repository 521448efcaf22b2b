package ref

import (
	"math"
	"slices"

	"s1/kernels"
)

// page holds the keys and values of PageSize positions for all layers; nil until first written.
// Layout: (layer, k or v, position, kv head, D).
type page []float32

// slot is where layer l keeps the keys of position at of a page, and its values right after the keys of the layer's page.
func (m *Machine) slot(id int32, layer, at int) (k, v []float32) {
	width := m.p.KVHeads * m.p.HeadDim
	keys := layer * 2 * kernels.PageSize * width
	k = m.pages[id][keys+at*width:][:width]
	v = m.pages[id][keys+(kernels.PageSize+at)*width:][:width]
	return k, v
}

func (m *Machine) touch(id int32) {
	if m.pages[id] == nil {
		m.pages[id] = make(page, m.p.Layers*2*kernels.PageSize*m.p.KVHeads*m.p.HeadDim)
	}
}

// CopyPage copies the first n positions of page src to page dst in every layer.
func (m *Machine) CopyPage(dst, src int32, n int) {
	m.touch(src)
	m.touch(dst)
	for layer := range m.p.Layers {
		for at := range n {
			dk, dv := m.slot(dst, layer, at)
			sk, sv := m.slot(src, layer, at)
			copy(dk, sk)
			copy(dv, sv)
		}
	}
}

func (m *Machine) kvWrite(o kernels.KVWrite, b *kernels.Batch) {
	for i, pos := range b.Pos {
		id := b.Tables[b.Seq[i]][pos/kernels.PageSize]
		m.touch(id)
		k, v := m.slot(id, o.Layer, int(pos)%kernels.PageSize)
		copy(k, m.row(o.K, i))
		copy(v, m.row(o.V, i))
	}
}

// attention is the textbook form: scores of all positions, softmax, weighted sum of the values.
func (m *Machine) attention(o kernels.Attention, b *kernels.Batch) {
	for _, t := range b.Tables { // a page nobody wrote reads as zeros
		for _, id := range t {
			m.touch(id)
		}
	}
	longest := int(slices.Max(b.Pos)) + 1
	m.each(len(b.Pos)*o.Heads, longest, func(i int, scores []float32) {
		r, h := i/o.Heads, i%o.Heads
		g := h / (o.Heads / o.KVHeads)
		head := func(s []float32) []float32 { return s[g*o.HeadDim:][:o.HeadDim] }
		table := b.Tables[b.Seq[r]]
		q, out := m.row(o.Q, r)[h*o.HeadDim:][:o.HeadDim], m.row(o.Out, r)[h*o.HeadDim:][:o.HeadDim]
		scores = scores[:b.Pos[r]+1]
		for t := range scores {
			k, _ := m.slot(table[t/kernels.PageSize], o.Layer, t%kernels.PageSize)
			scores[t] = dot(q, head(k)) * o.Scale
		}
		softmax(scores)
		clear(out)
		for t, p := range scores {
			_, v := m.slot(table[t/kernels.PageSize], o.Layer, t%kernels.PageSize)
			for j, x := range head(v) {
				out[j] += p * x
			}
		}
	})
}

// softmax in place.
func softmax(x []float32) {
	top := float32(math.Inf(-1))
	for _, v := range x {
		top = max(top, v)
	}
	var sum float64
	for i, v := range x {
		e := math.Exp(float64(v - top))
		x[i] = float32(e)
		sum += e
	}
	for i := range x {
		x[i] = float32(float64(x[i]) / sum)
	}
}
