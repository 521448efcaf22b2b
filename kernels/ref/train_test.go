package ref_test

import (
	"context"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"s1/kernels"
	"s1/kernels/kerneltest"
	"s1/kernels/ref"
)

// Gradients are held to finite differences of the loss here, in float64; that the loss itself is right, train_forward_test.go
// shows.

func trainer(t *testing.T, c kerneltest.TrainCase) *ref.Trainer {
	t.Helper()
	m, err := ref.NewTrainer(c.Program)
	if err != nil {
		t.Fatalf("%s: %v", c.Name, err)
	}
	for i, w := range c.Weights {
		m.Write(kernels.SlotWeight, kernels.Param(i), w)
	}
	return m
}

func run(t *testing.T, m *ref.Trainer, b *kernels.TrainBatch, grads bool) kernels.TrainResult {
	t.Helper()
	r, err := m.Run(context.Background(), b, grads)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func read(m *ref.Trainer, p *kernels.TrainProgram, s kernels.Slot, i int) []float64 {
	x := make([]float64, p.Params[i].Elements())
	m.ReadFloat64(s, kernels.Param(i), x)
	return x
}

func TestGradientsOfEveryOpAreFiniteDifferences(t *testing.T) {
	t.Parallel()
	differences(t, kerneltest.TrainCases(), 3)
}

func TestGradientsOfWholeDecodersAreFiniteDifferences(t *testing.T) {
	t.Parallel()
	differences(t, kerneltest.TrainDecoders(), 2)
}

// differences holds the gradient of every parameter to central differences of the loss: along single elements, and along one
// direction in which all of them move.
func differences(t *testing.T, cases []kerneltest.TrainCase, elements int) {
	for _, c := range cases {
		m := trainer(t, c)
		p := *c.Program
		p.Backward = nil
		forward := trainer(t, kerneltest.TrainCase{Name: c.Name, Program: &p, Weights: c.Weights})
		r := rand.New(rand.NewPCG(5, 5))
		for bi, b := range c.Batches {
			if work := len(b.Tokens) * parameters(c.Program); work > 1<<19 && bi > 0 {
				continue // large shapes are for executors that cut them into blocks
			}
			m.ZeroGrads()
			run(t, m, b, true)
			grads := make([][]float64, len(c.Program.Params))
			top := 0.0
			for i := range c.Program.Params {
				grads[i] = read(m, c.Program, kernels.SlotGradient, i)
				top = max(top, largest(grads[i]))
			}
			for i, spec := range c.Program.Params {
				if spec.Frozen {
					continue
				}
				w := read(m, c.Program, kernels.SlotWeight, i)
				check := func(what string, direction []float64) {
					t.Helper()
					want := along(t, forward, b, kernels.Param(i), w, direction)
					var got, size float64
					for j, d := range direction {
						got += grads[i][j] * d
						size += math.Abs(grads[i][j] * d)
					}
					// A sum of parts is known to the rounding of the loss and of its parts; 1e-3 of the largest gradient is a floor.
					if off := math.Abs(got - want); !(off <= 1e-6*max(size, 1e-3*top)) {
						t.Errorf("%s: batch %d: %s along %s: gradient %.12g, finite difference %.12g", c.Name, bi, spec.Name, what, got, want)
					}
				}
				for range elements {
					d := make([]float64, len(w))
					j := r.IntN(len(w))
					for range 30 { // most rows of a table are of tokens that do not occur
						if grads[i][j] != 0 {
							break
						}
						j = r.IntN(len(w))
					}
					d[j] = 1
					check("one element", d)
				}
				d := make([]float64, len(w))
				for j := range d {
					d[j] = r.NormFloat64() / math.Sqrt(float64(len(d)))
				}
				check("all elements", d)
			}
		}
	}
}

// along is the derivative of the loss in a direction of one parameter, to fourth order: (8(f(h) - f(-h)) - (f(2h) - f(-2h))) / 12h.
func along(t *testing.T, m *ref.Trainer, b *kernels.TrainBatch, p kernels.Param, w, direction []float64) float64 {
	t.Helper()
	const h = 1e-4
	at := func(step float64) float64 {
		x := make([]float64, len(w))
		for i := range x {
			x[i] = w[i] + step*direction[i]
		}
		m.WriteFloat64(kernels.SlotWeight, p, x)
		run(t, m, b, true) // with gradients: dropout drops
		return m.Loss()
	}
	d := (8*(at(h)-at(-h)) - (at(2*h) - at(-2*h))) / (12 * h)
	m.WriteFloat64(kernels.SlotWeight, p, w)
	return d
}

func parameters(p *kernels.TrainProgram) int {
	n := 0
	for _, m := range p.Params {
		n += m.Elements()
	}
	return n
}

func largest(x []float64) float64 {
	top := 0.0
	for _, v := range x {
		top = max(top, math.Abs(v))
	}
	return top
}

func TestProgramsThatDoNotFitAreRefusedByTheTrainer(t *testing.T) {
	t.Parallel()
	c := kerneltest.TrainDecoders()[0]
	c.Program.Bufs[0].Width++
	if _, err := ref.NewTrainer(c.Program); err == nil || !strings.Contains(err.Error(), "width") {
		t.Errorf("got %v, want a complaint about the width", err)
	}
}
