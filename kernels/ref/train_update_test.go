package ref_test

import (
	"math"
	"testing"

	"s1/kernels"
	"s1/kernels/ref"
)

// Updates and results against their definitions, written down a second time.

// lone is a trainer of a program that scores tokens by a head (V, 1) and one more parameter (2, 3); the head's input is 1.
func lone(t *testing.T, rate float32) *ref.Trainer {
	t.Helper()
	m, err := ref.NewTrainer(&kernels.TrainProgram{
		Rows: 4, Context: 4, Vocab: 3,
		Bufs: []kernels.TrainBuf{{Name: "x", Width: 1}, {Name: "kept", Width: 1}, {Name: "wanted", Width: 1, Wanted: true}, {Name: "d", Width: 1, Wanted: true}},
		Params: []kernels.ParamSpec{
			{Name: "table", Rows: 3, Cols: 1, Frozen: true},
			{Name: "head", Rows: 3, Cols: 1},
			{Name: "w", Rows: 2, Cols: 3},
			{Name: "tall", Rows: 3, Cols: 2},
		},
		Forward: []kernels.TrainOp{
			kernels.TrainEmbed{Table: 0, Out: 0},
			kernels.TrainDropout{X: 0, Out: 1, Rate: rate, Stream: 5},
			kernels.TrainSelect{X: 1, Out: 2},
			kernels.TrainLoss{X: 2, DX: 3, W: 1, Chunk: 1},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	m.Write(kernels.SlotWeight, 0, []float32{1, 1, 1})
	return m
}

func close64(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) <= 1e-7*max(1, math.Abs(want))) {
		t.Errorf("%s is %.12g, want %.12g", what, got, want)
	}
}

func slot(m *ref.Trainer, s kernels.Slot, p kernels.Param, n int) []float64 {
	x := make([]float64, n)
	m.ReadFloat64(s, p, x)
	return x
}

func TestLossOfKnownLogits(t *testing.T) {
	t.Parallel()
	m := lone(t, 0)
	m.WriteFloat64(kernels.SlotWeight, 1, []float64{0, math.Log(2), 0}) // p = 1/4, 1/2, 1/4
	b := &kernels.TrainBatch{
		Tokens: []int32{0, 1, 2}, Pos: []int32{0, 1, 2}, Docs: []int32{0, 3}, Rows: []int32{1, 2}, Targets: []int32{2, 1},
		Weights: []float32{1, 3}, Scale: 0.25,
	}
	r := run(t, m, b, true)
	close64(t, "NLL of p = 1/4", float64(r.NLL[0]), math.Log(4))
	close64(t, "NLL of p = 1/2", float64(r.NLL[1]), math.Log(2))
	close64(t, "entropy", float64(r.Entropy[0]), 1.5*math.Log(2))
	close64(t, "loss", m.Loss(), 0.25*(math.Log(4)+3*math.Log(2)))
	if r.Argmax[0] != 1 {
		t.Errorf("argmax is %d, want 1", r.Argmax[0])
	}
	g := slot(m, kernels.SlotGradient, 1, 3)
	for v, want := range []float64{0.25 * (0.25 + 3*0.25), 0.25 * (0.5 - 3*0.5), 0.25 * (-0.75 + 3*0.25)} {
		close64(t, "gradient", g[v], want)
	}
	close64(t, "gradient norm", m.GradNorm(), math.Hypot(0.25, 0.25))
	run(t, m, b, true)
	close64(t, "gradient of twice the batch", slot(m, kernels.SlotGradient, 1, 3)[0], 0.5)
	m.WriteFloat64(kernels.SlotWeight, 1, []float64{-1, 2, 2})
	if r := run(t, m, b, false); r.Argmax[0] != 1 {
		t.Errorf("argmax of equals is %d, want the lower, 1", r.Argmax[0])
	}
}

func TestDropoutKeepsWhatKeepSaysAndCopiesWithoutGradients(t *testing.T) {
	t.Parallel()
	m := lone(t, 0.5)
	b := &kernels.TrainBatch{Tokens: []int32{0, 1, 2, 0}, Pos: []int32{0, 1, 2, 3}, Docs: []int32{0, 4}, Seed: 9}
	x := make([]float64, 4)
	run(t, m, b, true)
	m.ReadBufFloat64(1, x)
	kept := 0
	for i, v := range x {
		want := 0.0
		if kernels.Keep(9, 5, uint64(i), 0.5) {
			want = 2
			kept++
		}
		close64(t, "element", v, want)
	}
	if kept == 0 || kept == 4 {
		t.Fatalf("%d of 4 kept: choose a seed that shows both", kept)
	}
	run(t, m, b, false)
	m.ReadBufFloat64(1, x)
	for _, v := range x {
		close64(t, "element without gradients", v, 1)
	}
}

func TestAdamWFollowsItsDefinition(t *testing.T) {
	t.Parallel()
	m := lone(t, 0)
	const lr, decay, b1, b2, eps, clip = 0.1, 0.01, 0.9, 0.95, 1e-3, 0.5
	m.Write(kernels.SlotWeight, 2, []float32{1, 2, 3, 4, 5, 6})
	w, mean, square := 6.0, 0.0, 0.0
	for step, g := range []float64{0.25, -1, 0.5} {
		m.WriteFloat64(kernels.SlotGradient, 2, []float64{0, 0, 0, 0, 0, g})
		m.Update([]kernels.Update{{Param: 2, Rule: kernels.AdamW, LR: lr, Decay: decay, Beta1: b1, Beta2: b2, Eps: eps, Step: step + 1, GradScale: clip}})
		mean, square = b1*mean+(1-b1)*clip*g, b2*square+(1-b2)*clip*clip*g*g
		w -= lr*decay*w + lr*(mean/(1-math.Pow(b1, float64(step+1))))/(math.Sqrt(square/(1-math.Pow(b2, float64(step+1))))+eps)
	}
	close64(t, "weight", slot(m, kernels.SlotWeight, 2, 6)[5], w)
	close64(t, "first moment", slot(m, kernels.SlotMoment1, 2, 6)[5], mean)
	close64(t, "second moment", slot(m, kernels.SlotMoment2, 2, 6)[5], square)
	close64(t, "weight without gradient", slot(m, kernels.SlotWeight, 2, 6)[0], (1-lr*decay)*(1-lr*decay)*(1-lr*decay))
}

// Newton-Schulz leaves singular vectors alone and takes each singular value s to a s + b s^3 + c s^5, five times.
func TestMuonMovesSingularValuesByItsPolynomial(t *testing.T) {
	t.Parallel()
	poly := func(s float64) float64 {
		for range 5 {
			s = 3.4445*s - 4.7750*s*s*s + 2.0315*s*s*s*s*s
		}
		return s
	}
	const lr, decay, beta = 0.1, 0.5, 0.95
	// Singular values 5 (direction 0.6, 0.8) and 2, in rows of w and in columns of tall.
	for _, c := range []struct {
		p kernels.Param
		g []float64
		o func(a, b float64) []float64
	}{
		{2, []float64{3, 4, 0, 0, 0, 2}, func(a, b float64) []float64 { return []float64{0.6 * a, 0.8 * a, 0, 0, 0, b} }},
		{3, []float64{3, 0, 4, 0, 0, 2}, func(a, b float64) []float64 { return []float64{0.6 * a, 0, 0.8 * a, 0, 0, b} }},
	} {
		m := lone(t, 0)
		m.Write(kernels.SlotWeight, c.p, []float32{1, 1, 1, 1, 1, 1})
		m.WriteFloat64(kernels.SlotGradient, c.p, c.g)
		m.Update([]kernels.Update{{Param: c.p, Rule: kernels.Muon, LR: lr, Decay: decay, Beta1: beta, Step: 1, GradScale: 0.5}})
		n := math.Hypot(5, 2)
		got := slot(m, kernels.SlotWeight, c.p, 6)
		for i, o := range c.o(poly(5/n), poly(2/n)) {
			// the first step goes along the gradient, whatever its size, up to the 1e-7 under the norm
			if want := 1 - lr*(decay+0.2*math.Sqrt(3)*o); math.Abs(got[i]-want) > 1e-6 {
				t.Errorf("parameter %d: weight %d is %g, want %g", c.p, i, got[i], want)
			}
		}
		close64(t, "moment", slot(m, kernels.SlotMoment1, c.p, 6)[0], (1-beta)*0.5*3)

		// Nesterov: with a second gradient across the first, u = (1-b) g + b m has b(1-b) b g1 + ((1-b) + b (1-b)) g2.
		before := slot(m, kernels.SlotWeight, c.p, 6)
		g2 := []float64{0, 0, 0, 0, 0, 7}
		m.WriteFloat64(kernels.SlotGradient, c.p, g2)
		m.Update([]kernels.Update{{Param: c.p, Rule: kernels.Muon, LR: lr, Beta1: beta, Step: 2, GradScale: 0.5}})
		a, b := beta*beta*(1-beta)*0.5*5, (1-beta)*0.5*7+beta*((1-beta)*0.5*7+beta*(1-beta)*0.5*2)
		n = math.Hypot(a, b)
		got = slot(m, kernels.SlotWeight, c.p, 6)
		for i, o := range c.o(poly(a/n), poly(b/n)) {
			if want := before[i] - lr*0.2*math.Sqrt(3)*o; math.Abs(got[i]-want) > 1e-6 {
				t.Errorf("parameter %d, second step: weight %d is %g, want %g", c.p, i, got[i], want)
			}
		}
	}
}
