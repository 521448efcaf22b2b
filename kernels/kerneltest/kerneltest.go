// Package kerneltest is one table of shapes, seeded inputs and awkward cases that every executor of kernel programs is held to.
// Each case is a small program run by the executor under test and by kernels/ref, compared within stated tolerances:
//
//	func TestKernels(t *testing.T) {
//		kerneltest.Run(t, func(p *kernels.Program) (kerneltest.Stepper, error) { return cpu.New(p, ...) }, kerneltest.Default())
//	}
//
// It knows the vocabulary and the oracle, and nothing of how an executor works: what a single op did is read through a final
// Logits op whose matrix is the identity. An executor that is only a matrix product runs MatMul instead of Run.
package kerneltest

import (
	"context"
	"io"
	"math"
	"slices"
	"testing"

	"s1/kernels"
	"s1/kernels/ref"
)

// Stepper is what an executor must do; backend.Model and *ref.Machine are Steppers. If it is an io.Closer it is closed.
type Stepper interface {
	Step(ctx context.Context, b *kernels.Batch) (kernels.Result, error)
	CopyPage(dst, src int32, n int)
}

// New makes an executor of a program with at least Pages key/value pages.
type New func(p *kernels.Program) (Stepper, error)

// Pages is how many key/value pages the cases use.
const Pages = 160

// Tolerance is the largest difference from the oracle that passes, in units of the root mean square of what is compared
// (of |w| |x| / sqrt(cols) for matrix products, so that a sum that happens to cancel asks for nothing impossible).
type Tolerance struct {
	Exact   float64 // fp32 throughout: norms, rotations, gates, F32 matrices
	Weights float64 // 16-bit and block matrices, whose activations may be rounded to 8 bits in blocks of 32
	KV      float64 // attention, whose keys and values may be kept in 16 bits
	Model   float64 // a decoder of two layers, where all of these add up
}

// Default is for an executor that rounds activations to int8 in blocks of 32, F16 and BF16 weights to Q8_0, and keys and values to
// 16 bits. The rounding of a Gaussian block of 32 has a standard deviation of about 0.006; the largest of some hundred
// thousand compared numbers is near five of those.
func Default() Tolerance { return Tolerance{Exact: 1e-4, Weights: 0.05, KV: 0.02, Model: 0.12} }

// Fp32 is for an executor that rounds nothing.
func Fp32() Tolerance { return Tolerance{Exact: 1e-5, Weights: 1e-5, KV: 1e-5, Model: 1e-4} }

// Run holds an executor to the oracle on every case.
func Run(t *testing.T, impl New, tol Tolerance) {
	t.Helper()
	for _, group := range []struct {
		name string
		run  func(t *testing.T, impl New, tol Tolerance)
	}{
		{"Embed", embed},
		{"RMSNorm", rmsNorm},
		{"MatMul", matMul},
		{"RoPE", rope},
		{"SwiGLU", swiGLU},
		{"Select", selectRows},
		{"Attention", attention},
		{"Logits", logits},
		{"Decoder", decoder},
		{"Refusals", refusals},
	} {
		t.Run(group.name, func(t *testing.T) { group.run(t, impl, tol) })
	}
}

// pair runs the same steps on the executor under test and on the oracle.
type pair struct {
	t         *testing.T
	p         *kernels.Program
	got, want Stepper
	step      int
}

func newPair(t *testing.T, impl New, p *kernels.Program) *pair {
	t.Helper()
	want, err := ref.New(p, ref.Options{Pages: Pages})
	if err != nil {
		t.Fatalf("the case is wrong: %v", err)
	}
	got, err := impl(p)
	if err != nil {
		t.Fatalf("new: %v", err)
	}
	if c, ok := got.(io.Closer); ok {
		t.Cleanup(func() {
			if err := c.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
		})
	}
	return &pair{t: t, p: p, got: got, want: want}
}

func (q *pair) copyPage(dst, src int32, n int) {
	q.got.CopyPage(dst, src, n)
	q.want.CopyPage(dst, src, n)
}

// run steps both and compares logits within tol times scale (0 = the rms of the oracle's logits), and the statistics with
// those of the executor's own logits. It returns the executor's logits.
func (q *pair) run(b *kernels.Batch, tol, scale float64) []float32 {
	q.t.Helper()
	q.step++
	want, err := q.want.Step(context.Background(), b)
	if err != nil {
		q.t.Fatalf("step %d: the case is wrong: %v", q.step, err)
	}
	got, err := q.got.Step(context.Background(), b)
	if err != nil {
		q.t.Fatalf("step %d: %v", q.step, err)
	}
	q.compare(got.Logits, want.Logits, tol, scale)
	q.compareStats(got, b)
	return slices.Clone(got.Logits)
}

func (q *pair) compare(got, want []float32, tol, scale float64) {
	q.t.Helper()
	if len(got) != len(want) {
		q.t.Fatalf("step %d: %d logits, want %d", q.step, len(got), len(want))
	}
	if scale == 0 {
		scale = rms(want)
	}
	worst, at := 0.0, -1
	for i := range want {
		// Written so that a NaN is the worst of all.
		if d := math.Abs(float64(got[i]) - float64(want[i])); !(d <= worst) {
			worst, at = d, i
			if math.IsNaN(d) {
				break
			}
		}
	}
	if !(worst <= tol*scale) {
		q.t.Errorf("step %d: row %d, column %d is %g, want %g: off by %.3g of the scale %.3g, allowed %.3g",
			q.step, at/q.p.Vocab, at%q.p.Vocab, got[at], want[at], worst/scale, scale, tol)
	}
}

// compareStats holds Stats to an exact evaluation of the executor's own logits.
func (q *pair) compareStats(got kernels.Result, b *kernels.Batch) {
	q.t.Helper()
	if len(got.Stats) != len(b.Out) {
		q.t.Fatalf("step %d: %d stats for %d rows", q.step, len(got.Stats), len(b.Out))
	}
	for i, s := range got.Stats {
		invT := float32(1)
		if b.InvT != nil {
			invT = b.InvT[i]
		}
		want := ref.Stats(got.Logits[i*q.p.Vocab:(i+1)*q.p.Vocab], invT)
		for _, x := range []struct {
			name      string
			got, want float32
		}{{"LSE", s.LSE, want.LSE}, {"LSET", s.LSET, want.LSET}, {"Entropy", s.Entropy, want.Entropy}} {
			if d := math.Abs(float64(x.got - x.want)); !(d <= 1e-4*(1+math.Abs(float64(x.want)))) {
				q.t.Errorf("step %d: row %d: %s is %g, want %g", q.step, i, x.name, x.got, x.want)
			}
		}
		for k := range s.TopIDs {
			if s.TopIDs[k] != want.TopIDs[k] || (s.TopIDs[k] >= 0 && s.TopLogits[k] != want.TopLogits[k]) {
				q.t.Errorf("step %d: row %d: top %d is id %d at %g, want id %d at %g", q.step, i, k,
					s.TopIDs[k], s.TopLogits[k], want.TopIDs[k], want.TopLogits[k])
				break
			}
		}
	}
}

func rms(x []float32) float64 {
	var sum float64
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum / float64(max(len(x), 1)))
}
