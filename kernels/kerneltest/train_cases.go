package kerneltest

import (
	"fmt"

	"s1/kernels"
)

// TrainCases is every op of training in awkward shapes: widths that are no multiple of a vector, one row, documents of one
// token beside long ones, gradients that are stored and that are added.
func TrainCases() []TrainCase {
	var all []TrainCase
	for _, group := range []func() []TrainCase{normCases, productCases, ropeCases, attentionCases, gateCases, dropoutCases, lossCases} {
		all = append(all, group()...)
	}
	return all
}

// ragged are batches for ops that go row by row.
func ragged() [][]int { return [][]int{{5, 1, 1, 9}, {1}, {70, 2, 61}} }

// branch continues from x twice: past f, and around it, so that the gradient of x is a sum.
func (b *trainBuilder) branch(x kernels.Buf, f func(x kernels.Buf) kernels.Buf) kernels.Buf {
	y := f(x)
	around := b.dropout(x, 0)
	b.addProduct(around, y, b.matrix("join", b.spec(x).Width, b.spec(y).Width), 1)
	return around
}

func normCases() (all []TrainCase) {
	for i, c := range []struct {
		width, heads          int
		branch, wanted, reuse bool
		size                  float64 // of the inputs
		eps                   float32
	}{
		{1, 0, false, false, false, 1, 0.5}, // with a small eps it is the sign of x
		{7, 0, true, false, false, 1, 1e-5},
		{16, 0, false, true, true, 30, 1e-5},
		{64, 4, false, false, true, 1, 1e-5},
		{100, 0, true, true, false, 3e-3, 1e-5}, // eps matters
		{160, 2, true, false, false, 1, 1e-5},
		{33, 3, false, false, false, 1, 1e-5},
		{200, 1, false, true, false, 1, 1e-5},
	} {
		b := newTrainBuilder(uint64(100+i), 20)
		b.reuse = c.reuse
		x := b.input("x", c.width, c.size)
		if c.wanted {
			x = b.choose(x)
		}
		norm := func(x kernels.Buf) kernels.Buf { return b.norm(x, c.heads, c.eps) }
		if c.branch {
			x = b.branch(x, norm)
		} else {
			x = norm(x)
		}
		b.head(x)
		all = append(all, b.finish(fmt.Sprintf("norm %+v", c), ragged()...))
	}
	return all
}

func productCases() (all []TrainCase) {
	for i, c := range []struct {
		cols, rows           int
		bias, branch, wanted bool
		frozen               bool
		scale                float32
		docs                 []int // of one more batch
	}{
		{1, 1, false, false, false, false, 1, nil},
		{5, 3, true, true, false, false, 0.5, nil},
		{16, 24, false, false, true, false, 1, nil},
		{13, 55, true, false, false, true, -2, nil},
		{64, 33, false, true, true, true, 1, nil},
		{70, 100, true, false, false, false, 1, []int{500, 30}},
		{1100, 70, true, true, false, false, 0.25, []int{37}},
		{50, 1100, true, false, false, false, 1, []int{3}},
		{96, 128, false, false, false, false, 1, []int{64, 64}},
		{257, 270, true, true, false, false, 0.5, []int{290, 3}}, // large enough to be packed by all threads, whole tiles nowhere
	} {
		b := newTrainBuilder(uint64(200+i), 20)
		x := b.input("x", c.cols, 1)
		if c.wanted {
			x = b.choose(x)
		}
		multiply := func(x kernels.Buf) kernels.Buf {
			w, bias := b.matrix("w", c.rows, c.cols), kernels.NoParam
			if c.frozen {
				b.freeze(w)
			}
			if c.bias {
				bias = b.param("bias", 1, c.rows, 0, 1)
			}
			return b.product(x, w, bias, c.scale)
		}
		if c.branch {
			x = b.branch(x, multiply)
		} else {
			x = multiply(x)
		}
		b.head(x)
		batches := ragged()
		if c.docs != nil {
			batches = append(batches, c.docs)
		}
		all = append(all, b.finish(fmt.Sprintf("product %+v", c), batches...))
	}
	return all
}

func ropeCases() (all []TrainCase) {
	for i, c := range []struct {
		heads, dim  int
		scale       float32
		interleaved bool
	}{
		{1, 2, 1, false},
		{3, 16, 1, true},
		{1, 80, 1.0693147, false}, // YaRN's attention factor
		{2, 6, 0.7, true},
		{2, 32, 1, false},
	} {
		b := newTrainBuilder(uint64(300+i), 20)
		x := b.dropout(b.input("x", c.heads*c.dim, 1), 0)
		b.rope(x, c.heads, c.dim, c.scale, c.interleaved)
		b.head(x)
		all = append(all, b.finish(fmt.Sprintf("rope %+v", c), append(ragged(), []int{300})...))
	}
	return all
}

func attentionCases() (all []TrainCase) {
	for i, c := range []struct {
		heads, kvHeads, dim int
		size                float64 // of queries and keys
		docs                [][]int
	}{
		{1, 1, 16, 1, [][]int{{1}, {2}, {17}, {1, 1, 1, 1, 3, 1, 1, 1}}},
		{3, 1, 32, 1, [][]int{{1, 65, 1, 129, 2}, {64}, {5, 5, 5, 5}}},
		{4, 1, 64, 1, [][]int{{130}, {47, 48, 49}, {33, 1}}},
		{6, 2, 80, 1, [][]int{{3, 1, 66}, {96, 15, 16}}},
		{4, 4, 16, 4, [][]int{{40, 150, 1}, {1, 20}}}, // nearly one-hot
		{2, 2, 5, 1, [][]int{{9, 70}, {8, 8}}},
	} {
		b := newTrainBuilder(uint64(400+i), 40)
		q, k := b.input("q", c.heads*c.dim, c.size), b.input("k", c.kvHeads*c.dim, c.size)
		v := b.input("v", c.kvHeads*c.dim, 1)
		b.head(b.attention(q, k, v, c.heads, c.kvHeads, c.dim))
		name := fmt.Sprintf("attention %d heads over %d of %d, size %g", c.heads, c.kvHeads, c.dim, c.size)
		all = append(all, b.finish(name, c.docs...))
	}
	return all
}

func gateCases() (all []TrainCase) {
	for i, width := range []int{1, 5, 16, 100, 200} {
		for _, reuse := range []bool{false, true} {
			b := newTrainBuilder(uint64(500+i), 20)
			b.reuse = reuse
			gate, up := b.input("gate", width, 2), b.input("up", width, 1)
			for j, x := range []float32{-200, 100, 0, -20, 88.8, -88.8} { // where exp over- and underflows
				b.weights[0][width*j], b.weights[1][width*j] = x, x/1e4
			}
			b.head(b.swiGLU(gate, up))
			c := b.finish(fmt.Sprintf("gate of %d, reuse %t", width, reuse), ragged()...)
			copy(c.Batches[2].Tokens, []int32{0, 1, 2, 3, 4, 5})
			all = append(all, c)
		}
	}
	return all
}

func dropoutCases() (all []TrainCase) {
	for i, c := range []struct {
		width          int
		rate           float32
		branch, wanted bool
	}{
		{5, 0.1, false, false},
		{64, 0.5, true, false},
		{33, 0.9, false, true},
		{17, 0, true, true},
	} {
		b := newTrainBuilder(uint64(600+i), 20)
		x := b.input("x", c.width, 1)
		if c.wanted {
			x = b.choose(x)
		}
		drop := func(x kernels.Buf) kernels.Buf { return b.dropout(x, c.rate) }
		if c.branch {
			x = b.branch(x, drop)
		} else {
			x = drop(x)
		}
		b.head(x)
		all = append(all, b.finish(fmt.Sprintf("dropout %+v", c), ragged()...))
	}
	return all
}

func lossCases() (all []TrainCase) {
	for i, c := range []struct {
		width, vocab, chunk int
		frozen              bool
		size                float64 // of the inputs: large ones make sure of their token
	}{
		{24, 55, 1000, false, 1},
		{33, 1000, 16, false, 1},
		{8, 2, 1, false, 1},
		{5, 7, 3, true, 1},
		{64, 300, 64, false, 20},
		{1, 1, 4, false, 1},
	} {
		b := newTrainBuilder(uint64(700+i), c.vocab)
		x := b.input("x", c.width, c.size)
		w := b.matrix("head", c.vocab, c.width)
		if c.frozen {
			b.freeze(w)
		}
		b.loss(x, w, c.chunk)
		all = append(all, b.finish(fmt.Sprintf("loss %+v", c), append(ragged(), []int{40, 110})...))
	}
	// Equal logits in any order of summing: zeros, and small integers. Argmax is the lowest of them.
	b := newTrainBuilder(790, 70)
	x := b.input("x", 12, 1)
	w := b.matrix("head", 70, 12)
	for _, m := range b.weights {
		for i := range m {
			m[i] = float32(b.r.IntN(3) - 1)
		}
	}
	copy(b.weights[1][40*12:], b.weights[1][:30*12]) // tokens 40 to 69 again
	clear(b.weights[0][:3*12])
	b.loss(x, w, 9)
	ties := b.finish("loss of equal logits", ragged()...)
	copy(ties.Batches[0].Tokens, []int32{0, 1, 2})
	all = append(all, ties)

	// A micro-batch without a target: its gradients are zeros, and nothing divides by its rows.
	c := TrainDecoder(791, TrainShape{Layers: 1, Vocab: 19, Width: 16, FF: 24, Heads: 2, KVHeads: 1, HeadDim: 8, QKVBias: true})
	c.Name = "no target"
	none := *c.Batches[0]
	none.Rows, none.Targets, none.Weights, none.Scale = nil, nil, nil, 1
	c.Batches = []*kernels.TrainBatch{&none, c.Batches[0], &none}
	return append(all, c)
}
