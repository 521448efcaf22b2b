package ref

import (
	"math"

	"s1/kernels"
)

// eachQuery calls f for every row i and query head h with the rows of its document up to its own, [first, i], and the
// key/value head g that it reads.
func (t *Trainer) eachQuery(heads, kvHeads int, f func(first, i, h, g int)) {
	for d := range len(t.b.Docs) - 1 {
		first, end := int(t.b.Docs[d]), int(t.b.Docs[d+1])
		for i := first; i < end; i++ {
			for h := range heads {
				f(first, i, h, h/(heads/kvHeads))
			}
		}
	}
}

// attention is the textbook form: scores of all rows so far, softmax, weighted sum of the values.
func (t *Trainer) attention(o kernels.TrainAttention) {
	D := o.HeadDim
	head := func(b kernels.Buf, i, h int) []float64 { return t.row(b, i)[h*D : (h+1)*D] }
	scores := make([]float64, t.p.Context)
	t.eachQuery(o.Heads, o.KVHeads, func(first, i, h, g int) {
		s := scores[:i-first+1]
		top := math.Inf(-1)
		for j := range s {
			s[j] = float64(o.Scale) * dot64(head(o.Q, i, h), head(o.K, first+j, g))
			top = max(top, s[j])
		}
		var sum float64
		for _, v := range s {
			sum += math.Exp(v - top)
		}
		lse := top + math.Log(sum)
		t.row(o.LSE, i)[h] = lse
		out := head(o.Out, i, h)
		clear(out)
		for j, v := range s {
			axpy(math.Exp(v-lse), head(o.V, first+j, g), out)
		}
	})
}

func (t *Trainer) attentionGrad(o kernels.TrainAttentionGrad) {
	D, scale := o.HeadDim, float64(o.Scale)
	head := func(b kernels.Buf, i, h int) []float64 { return t.row(b, i)[h*D : (h+1)*D] }
	for i := range t.b.Tokens {
		clear(t.row(o.DQ, i))
		clear(t.row(o.DK, i))
		clear(t.row(o.DV, i))
	}
	t.eachQuery(o.Heads, o.KVHeads, func(first, i, h, g int) {
		q, dq, dout := head(o.Q, i, h), head(o.DQ, i, h), head(o.DOut, i, h)
		d := dot64(dout, head(o.Out, i, h))
		for j := first; j <= i; j++ {
			k, v := head(o.K, j, g), head(o.V, j, g)
			p := math.Exp(scale*dot64(q, k) - t.row(o.LSE, i)[h])
			ds := p * (dot64(dout, v) - d)
			axpy(scale*ds, k, dq)
			axpy(scale*ds, q, head(o.DK, j, g))
			axpy(p, dout, head(o.DV, j, g))
		}
	})
}
