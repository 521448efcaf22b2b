package ref

import (
	"math"

	"s1/kernels"
)

// lossRows needs no chunks: it keeps the logits of one row at a time.
func (t *Trainer) lossRows(o kernels.TrainLoss) {
	w, dw := t.weight(o.W), t.gradient(o.W)
	d := t.p.Bufs[o.X].Width
	p := make([]float64, t.p.Vocab) // logits, then probabilities, then their gradient
	t.loss = 0
	for r := range t.b.Rows {
		x, target := t.row(o.X, r), int(t.b.Targets[r])
		best := 0
		for v := range p {
			p[v] = dot64(x, w[v*d:])
			if p[v] > p[best] { // of equals the first stays
				best = v
			}
		}
		var sum float64
		for _, v := range p {
			sum += math.Exp(v - p[best])
		}
		lse := p[best] + math.Log(sum)
		nll, entropy := lse-p[target], 0.0
		for v := range p {
			logp := p[v] - lse
			p[v] = math.Exp(logp)
			if p[v] > 0 {
				entropy -= p[v] * logp
			}
		}
		t.nll[r], t.ent[r], t.top[r] = float32(nll), float32(entropy), int32(best)
		weight := float64(t.b.Scale) * float64(t.b.Weights[r])
		t.loss += weight * nll
		if !t.grads {
			continue
		}
		p[target]--
		dx := t.row(o.DX, r)
		clear(dx)
		for v, g := range p {
			axpy(weight*g, w[v*d:(v+1)*d], dx)
			if dw != nil {
				axpy(weight*g, x, dw[v*d:])
			}
		}
	}
}
