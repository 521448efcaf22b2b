package ref

import (
	"math"

	"s1/kernels"
)

// Update implements kernels.Trainer. A frozen parameter stays as it is.
func (t *Trainer) Update(us []kernels.Update) {
	for _, u := range us {
		if t.p.Params[u.Param].Frozen {
			continue
		}
		if u.Rule == kernels.Muon {
			t.muon(u)
		} else {
			t.adamW(u)
		}
	}
}

func (t *Trainer) adamW(u kernels.Update) {
	w, g := t.weight(u.Param), t.gradient(u.Param)
	m, v := t.slots[kernels.SlotMoment1][u.Param], t.slots[kernels.SlotMoment2][u.Param]
	fix1, fix2 := 1-math.Pow(u.Beta1, float64(u.Step)), 1-math.Pow(u.Beta2, float64(u.Step))
	for i := range w {
		g := g[i] * u.GradScale
		m[i] = u.Beta1*m[i] + (1-u.Beta1)*g
		v[i] = u.Beta2*v[i] + (1-u.Beta2)*g*g
		w[i] -= u.LR * (u.Decay*w[i] + m[i]/fix1/(math.Sqrt(v[i]/fix2)+u.Eps))
	}
}

func (t *Trainer) muon(u kernels.Update) {
	spec := t.p.Params[u.Param]
	w, g, m := t.weight(u.Param), t.gradient(u.Param), t.slots[kernels.SlotMoment1][u.Param]
	x := make([]float64, len(w))
	for i := range w {
		g := g[i] * u.GradScale
		m[i] = u.Beta1*m[i] + (1-u.Beta1)*g
		x[i] = (1-u.Beta1)*g + u.Beta1*m[i]
	}
	step := 0.2 * math.Sqrt(float64(max(spec.Rows, spec.Cols)))
	for i, o := range orthogonal(x, spec.Rows, spec.Cols) {
		w[i] -= u.LR * (u.Decay*w[i] + step*o)
	}
}

// orthogonal takes five Newton-Schulz steps of x (rows, cols) divided by its Frobenius norm + 1e-7:
// X = aX + (bA + cA^2)X with A = X X^T of the short side. They bring singular values near 1, between about 0.7 and 1.2.
func orthogonal(x []float64, rows, cols int) []float64 {
	const a, b, c = 3.4445, -4.7750, 2.0315
	norm := math.Sqrt(dot64(x, x)) + 1e-7
	x = transposed(x, rows, cols, rows > cols)
	n, long := min(rows, cols), max(rows, cols)
	for i := range x {
		x[i] /= norm
	}
	for range 5 {
		s := product(x, n, long, transposed(x, n, long, true), n)
		ss := product(s, n, n, s, n)
		for i := range s {
			s[i] = b*s[i] + c*ss[i]
		}
		y := product(s, n, n, x, long)
		axpy(a, x, y)
		x = y
	}
	return transposed(x, n, long, rows > cols)
}

// transposed is a copy of x (rows, cols), as (cols, rows) when flip.
func transposed(x []float64, rows, cols int, flip bool) []float64 {
	y := make([]float64, len(x))
	copy(y, x)
	if flip {
		for i := range rows {
			for j := range cols {
				y[j*rows+i] = x[i*cols+j]
			}
		}
	}
	return y
}

// product is a (n, k) times b (k, m).
func product(a []float64, n, k int, b []float64, m int) []float64 {
	y := make([]float64, n*m)
	for i := range n {
		for j := range k {
			axpy(a[i*k+j], b[j*m:(j+1)*m], y[i*m:])
		}
	}
	return y
}
