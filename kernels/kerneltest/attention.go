package kerneltest

import (
	"fmt"
	"math"
	"testing"

	"s1/kernels"
)

func attention(t *testing.T, impl New, tol Tolerance) {
	seed := uint64(0)
	for _, kv := range []int{1, 2} {
		for _, ratio := range []int{1, 3, 7} {
			for _, dim := range []int{64, 80, 96, 128} {
				seed++
				if kv*ratio*dim > 900 {
					continue // the identity that reveals it would cost more than it shows
				}
				t.Run(fmt.Sprintf("kv %d, heads %d, dim %d", kv, kv*ratio, dim), func(t *testing.T) {
					b, p := attentionProgram(seed, kv, ratio, dim)
					pageBorders(b, newPair(t, impl, p), tol.KV)
					sharedPrefix(b, newPair(t, impl, p), tol.KV)
				})
			}
		}
	}
}

// attentionProgram embeds a token into q, k and v of two layers by a table each; the result is layer 1's attention plus nothing else,
// so that layer 0's pages only matter if an executor confuses the layers.
func attentionProgram(seed uint64, kv, ratio, dim int) (*builder, *kernels.Program) {
	heads := kv * ratio
	b := newBuilder(seed, max(heads*dim, 100))
	b.p.Layers, b.p.KVHeads, b.p.HeadDim = 2, kv, dim
	scale := float32(1 / math.Sqrt(float64(dim)))
	var out kernels.Buf
	for layer := range 2 {
		q, k, v := b.input("q", heads*dim), b.input("k", kv*dim), b.input("v", kv*dim)
		out = b.buf("out", heads*dim)
		b.op(kernels.KVWrite{K: k, V: v, Layer: layer},
			kernels.Attention{Q: q, Out: out, Layer: layer, Heads: heads, KVHeads: kv, HeadDim: dim, Scale: scale})
	}
	return b, b.reveal(out)
}

// pageBorders walks one sequence over the borders of its pages with chunks that begin before, at and after them, then goes back
// and writes positions again.
func pageBorders(b *builder, q *pair, tol float64) {
	const page = kernels.PageSize
	pos := 0
	step := func(n int) {
		x := b.batch(n, pos)
		for i := range x.Tables[0] {
			x.Tables[0][i] = int32(2*i + 3) // page ids are not positions
		}
		x.Out = spread(n)
		q.run(x, tol, 0)
		pos += n
	}
	for _, n := range []int{1, page - 2, 1, 1, 1, page - 2, 2, page + 1, 3, 1} {
		step(n)
	}
	pos = page - 1 // rewind: the positions after it are written again with other tokens
	for _, n := range []int{1, 1, 5} {
		step(n)
	}
	pos = 0
	step(2)
}

// sharedPrefix runs several sequences in one batch: forks that share full pages and own a copy of the partly filled one, beside
// an unrelated sequence, with chunks of different lengths.
func sharedPrefix(b *builder, q *pair, tol float64) {
	const page, prefix = kernels.PageSize, kernels.PageSize + 6
	first := b.batch(prefix, 0)
	first.Tables, first.Out = [][]int32{{0, 1}}, spread(prefix)
	q.run(first, tol, 0)
	q.copyPage(2, 1, prefix-page)
	q.copyPage(3, 1, prefix-page)

	tables := [][]int32{{0, 1, 7}, {0, 2, 8}, {0, 3, 9}, {4, 5}, {6}}
	pos := []int{prefix, prefix, prefix, 0, 0}
	for _, rows := range [][]int{
		{1, 1, 1, 0, 0},
		{1, 5, 1, 3, 0},
		{1, 1, 60, page - 3, 1},
		{0, 1, 1, 1, 1},
		{60, 58, 1, 9, 2},
		{1, 1, 1, 1, 1},
	} {
		x := &kernels.Batch{}
		for s, n := range rows {
			if n == 0 {
				continue
			}
			for range n {
				x.Tokens = append(x.Tokens, int32(b.r.IntN(b.p.Vocab)))
				x.Pos, x.Seq = append(x.Pos, int32(pos[s])), append(x.Seq, int32(len(x.Tables)))
				pos[s]++
			}
			x.Tables = append(x.Tables, tables[s])
		}
		x.Out = spread(len(x.Tokens))
		q.run(x, tol, 0)
	}
}

// spread is up to 12 of n rows, the first and the last among them.
func spread(n int) []int32 {
	rows := make([]int32, min(n, 12))
	for i := range rows {
		rows[i] = int32(i * (n - 1) / max(len(rows)-1, 1))
	}
	return rows
}
