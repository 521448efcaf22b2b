package net_test

import (
	"context"
	"math"
	"testing"

	"s1/kernels"
	"s1/train/net"
)

// What training may differ from torch's float64.
const (
	torchLoss     = 1e-4 // relative
	torchGradient = 1e-4 // relative to the largest element of the parameter's gradient
	torchStep     = 1e-5 // of weights after ten steps
)

func TestLossAndGradientsAreThoseOfTorch(t *testing.T) {
	t.Parallel()
	eachFixture(t, func(t *testing.T, f *fixture, m kernels.Trainer, p *kernels.TrainProgram) {
		r := f.run(m)
		nll, entropy, argmax := f.floats("nll"), f.floats("entropy"), f.ints("argmax")
		loss := 0.0
		for i, w := range f.batch.Weights {
			loss += float64(f.batch.Scale) * float64(w) * float64(r.NLL[i])
			if !within(r.NLL[i], nll[i], torchLoss*(1+float64(nll[i]))) || !within(r.Entropy[i], entropy[i], torchLoss) || r.Argmax[i] != argmax[i] {
				t.Errorf("row %d: NLL %g, entropy %g, argmax %d; torch has %g, %g, %d",
					f.batch.Rows[i], r.NLL[i], r.Entropy[i], r.Argmax[i], nll[i], entropy[i], argmax[i])
			}
		}
		if want := f.floats("loss")[0]; !within(float32(loss), want, torchLoss*float64(want)) {
			t.Errorf("loss %g, torch has %g", loss, want)
		}
		worst := 0.0
		for i, spec := range p.Params {
			got, want := make([]float32, spec.Elements()), f.floats("grad."+spec.Name)
			m.Read(kernels.SlotGradient, kernels.Param(i), got)
			d := difference(got, want) / largest(want)
			if !(d <= torchGradient) {
				t.Errorf("gradient of %s differs by %.2g of its largest element, allowed %g", spec.Name, d, torchGradient)
			}
			worst = max(worst, d)
		}
		t.Logf("loss %.7g, torch %.7g; gradients differ by at most %.2g of the largest", loss, f.floats("loss")[0], worst)
	})
}

func TestTenStepsOfAdamWAreThoseOfTorch(t *testing.T) {
	t.Parallel()
	eachFixture(t, func(t *testing.T, f *fixture, m kernels.Trainer, p *kernels.TrainProgram) {
		norms := f.floats("norms")
		for step, lr := range f.floats("lr") {
			m.ZeroGrads()
			f.run(m)
			norm := m.GradNorm()
			if !within(float32(norm), norms[step], torchGradient*float64(norms[step])) {
				t.Errorf("step %d: gradient norm %g, torch has %g", step, norm, norms[step])
			}
			var all []kernels.Update
			for i, spec := range p.Params {
				u := kernels.Update{
					Param: kernels.Param(i), Rule: kernels.AdamW, LR: float64(lr), Beta1: 0.9, Beta2: 0.95, Eps: 1e-8, Step: step + 1,
					GradScale: min(1, 1/(norm+1e-6)),
				}
				if spec.Rows > 1 {
					u.Decay = 0.1
				}
				all = append(all, u)
			}
			m.Update(all)
		}
		worst := 0.0
		for i, spec := range p.Params {
			got := make([]float32, spec.Elements())
			m.Read(kernels.SlotWeight, kernels.Param(i), got)
			d := difference(got, f.floats("after."+spec.Name))
			if !(d <= torchStep) {
				t.Errorf("%s differs by %.2g after ten steps, allowed %g", spec.Name, d, torchStep)
			}
			worst = max(worst, d)
		}
		t.Logf("weights after ten steps differ by at most %.2g", worst)
	})
}

// eachFixture runs a test over every fixture with every executor, with and without checkpoints.
func eachFixture(t *testing.T, test func(*testing.T, *fixture, kernels.Trainer, *kernels.TrainProgram)) {
	for _, e := range executors {
		for _, name := range fixtures {
			for _, checkpoint := range []bool{false, true} {
				label := e.name + "/" + name
				if checkpoint {
					label += "/checkpoint"
				}
				t.Run(label, func(t *testing.T) {
					t.Parallel()
					f := openFixture(t, name)
					p, err := net.Build(f.config, net.Options{Rows: len(f.batch.Tokens), Checkpoint: checkpoint, LossChunk: 7})
					if err != nil {
						t.Fatal(err)
					}
					m := e.trainer(t, p)
					f.load(m, p)
					test(t, f, m, p)
				})
			}
		}
	}
}

func (f *fixture) run(m kernels.Trainer) kernels.TrainResult {
	f.t.Helper()
	r, err := m.Run(context.Background(), &f.batch, true)
	if err != nil {
		f.t.Fatal(err)
	}
	return r
}

func within(got, want float32, tol float64) bool {
	return math.Abs(float64(got)-float64(want)) <= tol // a NaN is not
}

func difference(got, want []float32) float64 {
	if len(got) != len(want) {
		return math.Inf(1)
	}
	worst := 0.0
	for i, w := range want {
		if d := math.Abs(float64(got[i]) - float64(w)); !(d <= worst) {
			worst = d
		}
	}
	return worst
}

func largest(x []float32) float64 {
	worst := 0.0
	for _, v := range x {
		worst = max(worst, math.Abs(float64(v)))
	}
	return worst
}
