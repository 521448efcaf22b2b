package ref

import "s1/kernels"

func dot64(a, b []float64) float64 {
	var sum float64
	b = b[:len(a)]
	for i, v := range a {
		sum += v * b[i]
	}
	return sum
}

// axpy is y += a x.
func axpy(a float64, x, y []float64) {
	y = y[:len(x)]
	for i, v := range x {
		y[i] += a * v
	}
}

func (t *Trainer) matMul(o kernels.TrainMatMul) {
	w, bias, cols := t.weight(o.W), t.weight(o.Bias), t.p.Params[o.W].Cols
	for i := range t.rows(o.X) {
		x, out := t.row(o.X, i), t.row(o.Out, i)
		for r := range out {
			y := float64(o.Scale) * dot64(x, w[r*cols:])
			if bias != nil {
				y += bias[r]
			}
			put(&out[r], y, o.Accumulate)
		}
	}
}

func (t *Trainer) matMulGradX(o kernels.TrainMatMulGradX) {
	w, cols := t.weight(o.W), t.p.Params[o.W].Cols
	for i := range t.rows(o.DOut) {
		dx := t.row(o.DX, i)
		if !o.Accumulate {
			clear(dx)
		}
		for r, d := range t.row(o.DOut, i) {
			axpy(float64(o.Scale)*d, w[r*cols:(r+1)*cols], dx)
		}
	}
}

func (t *Trainer) matMulGradW(o kernels.TrainMatMulGradW) {
	dw, dbias := t.gradient(o.W), t.gradient(o.Bias)
	for i := range t.rows(o.DOut) {
		x, dout := t.row(o.X, i), t.row(o.DOut, i)
		if dbias != nil {
			axpy(1, dout, dbias)
		}
		if dw != nil {
			for r, d := range dout {
				axpy(float64(o.Scale)*d, x, dw[r*len(x):])
			}
		}
	}
}
