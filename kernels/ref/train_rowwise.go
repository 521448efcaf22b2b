package ref

import (
	"math"

	"s1/kernels"
)

func (t *Trainer) embed(o kernels.TrainEmbed) {
	d := t.p.Params[o.Table].Cols
	for i, token := range t.b.Tokens {
		copy(t.row(o.Out, i), t.weight(o.Table)[int(token)*d:])
	}
}

func (t *Trainer) embedGrad(o kernels.TrainEmbedGrad) {
	g := t.gradient(o.Table)
	if g == nil {
		return
	}
	d := t.p.Params[o.Table].Cols
	for i, token := range t.b.Tokens {
		for j, v := range t.row(o.DOut, i) {
			g[int(token)*d+j] += v
		}
	}
}

func (t *Trainer) norm(o kernels.TrainNorm) {
	w := t.weight(o.W)
	for i := range t.rows(o.X) {
		x, out := t.row(o.X, i), t.row(o.Out, i)
		for ; len(x) > 0; x, out = x[len(w):], out[len(w):] { // one segment a head
			r := inverseRMS(x[:len(w)], o.Eps)
			for j, v := range w {
				out[j] = x[j] * r * v
			}
		}
	}
}

// inverseRMS is 1 / sqrt(mean(x^2) + eps).
func inverseRMS(x []float64, eps float32) float64 {
	var sum float64
	for _, v := range x {
		sum += v * v
	}
	return 1 / math.Sqrt(sum/float64(len(x))+float64(eps))
}

func (t *Trainer) normGrad(o kernels.TrainNormGrad) {
	w, dw := t.weight(o.W), t.gradient(o.W)
	n := len(w)
	for i := range t.rows(o.X) {
		x, dout, dx := t.row(o.X, i), t.row(o.DOut, i), t.row(o.DX, i)
		for ; len(x) > 0; x, dout, dx = x[n:], dout[n:], dx[n:] {
			r := inverseRMS(x[:n], o.Eps)
			var mean float64 // of g * x
			for j, v := range w {
				mean += dout[j] * v * x[j] / float64(n)
			}
			for j, v := range w {
				if dw != nil {
					dw[j] += dout[j] * x[j] * r
				}
				put(&dx[j], r*dout[j]*v-x[j]*r*r*r*mean, o.Accumulate) // dx may be dout: read before
			}
		}
	}
}

// put stores v, or adds it.
func put(to *float64, v float64, add bool) {
	if add {
		v += *to
	}
	*to = v
}

func (t *Trainer) rope(o kernels.TrainRoPE) {
	stride, step := o.Dim/2, 1 // pairs (i, i+D/2)
	if o.Interleaved {
		stride, step = 1, 2 // pairs (2i, 2i+1)
	}
	for r, pos := range t.b.Pos {
		x := t.row(o.X, r)
		for i, f := range o.Freqs {
			sin, cos := math.Sincos(float64(pos) * float64(f))
			if o.Inverse {
				sin = -sin
			}
			sin, cos = sin*float64(o.Scale), cos*float64(o.Scale)
			for h := range o.Heads {
				j := h*o.Dim + i*step
				p, q := x[j], x[j+stride]
				x[j], x[j+stride] = p*cos-q*sin, p*sin+q*cos
			}
		}
	}
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

func (t *Trainer) swiGLU(o kernels.TrainSwiGLU) {
	for i := range t.rows(o.Gate) {
		gate, up, out := t.row(o.Gate, i), t.row(o.Up, i), t.row(o.Out, i)
		for j, g := range gate {
			out[j] = g * sigmoid(g) * up[j]
		}
	}
}

func (t *Trainer) swiGLUGrad(o kernels.TrainSwiGLUGrad) {
	for i := range t.rows(o.Gate) {
		gate, up, dout := t.row(o.Gate, i), t.row(o.Up, i), t.row(o.DOut, i)
		dgate, dup := t.row(o.DGate, i), t.row(o.DUp, i)
		for j, g := range gate {
			s, d := sigmoid(g), dout[j] // dgate may be dout: d is read before
			dgate[j] = d * up[j] * s * (1 + g*(1-s))
			dup[j] = d * g * s
		}
	}
}

func (t *Trainer) selectRows(o kernels.TrainSelect) {
	for i, r := range t.b.Rows {
		copy(t.row(o.Out, i), t.row(o.X, int(r)))
	}
}

func (t *Trainer) selectGrad(o kernels.TrainSelectGrad) {
	for i := range t.b.Tokens {
		clear(t.row(o.DX, i))
	}
	for i, r := range t.b.Rows {
		copy(t.row(o.DX, int(r)), t.row(o.DOut, i))
	}
}

func (t *Trainer) dropout(o kernels.TrainDropout) {
	width := t.p.Bufs[o.X].Width
	for i := range t.rows(o.X) {
		x, out := t.row(o.X, i), t.row(o.Out, i)
		for j, v := range x {
			if t.grads {
				if kernels.Keep(t.b.Seed, o.Stream, uint64(i*width+j), o.Rate) {
					v /= 1 - float64(o.Rate)
				} else {
					v = 0
				}
			}
			put(&out[j], v, o.Accumulate)
		}
	}
}
