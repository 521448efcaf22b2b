package kerneltest

import (
	"context"
	"fmt"
	"math"
	"testing"

	"s1/kernels"
	"s1/kernels/ref"
)

// What an fp32 trainer may differ from the float64 oracle, in units of the largest element of the array compared: a buffer, a
// gradient, or the way that weights went in an update. An array much smaller than the others of its kind is measured by a
// fiftieth of the largest of them: where the sum of large parts is 0, as in the gradient of the queries of documents of one
// token, what is left is their rounding.
const (
	trainForward  = 1e-5
	trainGradient = 2e-5
	trainUpdate   = 1e-4 // Newton-Schulz multiplies small singular values by up to 3.4445^5
	trainModel    = 1e-4 // decoders, where all of these add up
)

// NewTrainer makes a trainer; AgreeTrain closes it.
type NewTrainer func(p *kernels.TrainProgram) (kernels.Trainer, error)

// AgreeTrain holds a trainer to the oracle: every op of the table, forward buffers, gradients, updates, whole models over
// three steps, and what the interface promises beside.
func AgreeTrain(t *testing.T, open NewTrainer) {
	t.Helper()
	t.Run("Ops", func(t *testing.T) {
		for _, c := range TrainCases() {
			t.Run(c.Name, func(t *testing.T) { newTrainPair(t, open, c).microBatches(trainForward, trainGradient) })
		}
	})
	t.Run("Decoders", func(t *testing.T) {
		for _, c := range TrainDecoders() {
			t.Run(c.Name, func(t *testing.T) { newTrainPair(t, open, c).microBatches(trainModel, trainModel) })
		}
	})
	t.Run("Updates", func(t *testing.T) { trainUpdates(t, open) })
	t.Run("Steps", func(t *testing.T) { trainSteps(t, open) })
	t.Run("Contract", func(t *testing.T) { trainContract(t, open) })
}

// trainPair runs the same on the trainer under test and on the oracle.
type trainPair struct {
	t    *testing.T
	c    TrainCase
	got  kernels.Trainer
	want *ref.Trainer
}

func newTrainPair(t *testing.T, open NewTrainer, c TrainCase) *trainPair {
	t.Helper()
	want, err := ref.NewTrainer(c.Program)
	if err != nil {
		t.Fatalf("the case is wrong: %v", err)
	}
	q := &trainPair{t: t, c: c, want: want, got: openTrainer(t, open, c)}
	for i, w := range c.Weights {
		want.Write(kernels.SlotWeight, kernels.Param(i), w)
	}
	return q
}

// openTrainer makes a trainer with the weights of a case.
func openTrainer(t *testing.T, open NewTrainer, c TrainCase) kernels.Trainer {
	t.Helper()
	m, err := open(c.Program)
	if err != nil {
		t.Fatalf("new trainer: %v", err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	for i, w := range c.Weights {
		m.Write(kernels.SlotWeight, kernels.Param(i), w)
	}
	return m
}

// microBatches runs every batch of the case without and then with gradients, which add up, and compares all there is.
func (q *trainPair) microBatches(forward, gradient float64) {
	q.t.Helper()
	for i, b := range q.c.Batches {
		for _, grads := range []bool{false, true} {
			q.run(b, grads, forward, fmt.Sprintf("batch %d, gradients %t", i, grads))
			q.buffers(b, q.c.Program.Forward, forward, fmt.Sprintf("batch %d, forward", i))
			if grads {
				q.buffers(b, q.c.Program.Backward, gradient, fmt.Sprintf("batch %d, backward", i))
			}
			q.slots(kernels.SlotGradient, gradient, fmt.Sprintf("batch %d, gradient of", i))
			if q.t.Failed() {
				return
			}
		}
	}
	q.norm(gradient)
}

func (q *trainPair) run(b *kernels.TrainBatch, grads bool, tol float64, what string) {
	q.t.Helper()
	want, err := q.want.Run(context.Background(), b, grads)
	if err != nil {
		q.t.Fatalf("%s: the case is wrong: %v", what, err)
	}
	got, err := q.got.Run(context.Background(), b, grads)
	if err != nil {
		q.t.Fatalf("%s: %v", what, err)
	}
	if len(got.NLL) != len(b.Rows) || len(got.Entropy) != len(b.Rows) || len(got.Argmax) != len(b.Rows) {
		q.t.Fatalf("%s: %d, %d and %d results for %d wanted rows", what, len(got.NLL), len(got.Entropy), len(got.Argmax), len(b.Rows))
	}
	for r := range b.Rows {
		// A difference of logits is known to the rounding of the logits, which are as large as the loss of an unlikely token.
		allowed := tol * (1 + math.Abs(float64(want.NLL[r])))
		if d := math.Abs(float64(got.NLL[r]) - float64(want.NLL[r])); !(d <= allowed) {
			q.t.Errorf("%s: NLL of wanted row %d is %g, want %g", what, r, got.NLL[r], want.NLL[r])
		}
		if d := math.Abs(float64(got.Entropy[r]) - float64(want.Entropy[r])); !(d <= 2*allowed) {
			q.t.Errorf("%s: entropy of wanted row %d is %g, want %g", what, r, got.Entropy[r], want.Entropy[r])
		}
		if got.Argmax[r] != want.Argmax[r] {
			q.t.Errorf("%s: argmax of wanted row %d is %d, want %d", what, r, got.Argmax[r], want.Argmax[r])
		}
	}
}

// array is one thing to compare.
type array struct {
	name      string
	width     int // for messages
	got, want []float32
}

// buffers compares what the ops wrote, as far as the batch goes.
func (q *trainPair) buffers(b *kernels.TrainBatch, ops []kernels.TrainOp, tol float64, what string) {
	q.t.Helper()
	var all []array
	for _, x := range written(ops) {
		s := q.c.Program.Bufs[x]
		rows := len(b.Tokens)
		if s.Wanted {
			rows = len(b.Rows)
		}
		a := array{s.Name, s.Width, make([]float32, rows*s.Width), make([]float32, rows*s.Width)}
		q.got.ReadBuf(x, a.got)
		q.want.ReadBuf(x, a.want)
		all = append(all, a)
	}
	q.compare(all, tol, what)
}

// written lists the buffers that ops write but the loss's, which it leaves alone without gradients.
func written(ops []kernels.TrainOp) (all []kernels.Buf) {
	for _, op := range ops {
		switch o := op.(type) {
		case kernels.TrainEmbed:
			all = append(all, o.Out)
		case kernels.TrainNorm:
			all = append(all, o.Out)
		case kernels.TrainNormGrad:
			all = append(all, o.DX)
		case kernels.TrainMatMul:
			all = append(all, o.Out)
		case kernels.TrainMatMulGradX:
			all = append(all, o.DX)
		case kernels.TrainRoPE:
			all = append(all, o.X)
		case kernels.TrainAttention:
			all = append(all, o.Out, o.LSE)
		case kernels.TrainAttentionGrad:
			all = append(all, o.DQ, o.DK, o.DV)
		case kernels.TrainSwiGLU:
			all = append(all, o.Out)
		case kernels.TrainSwiGLUGrad:
			all = append(all, o.DGate, o.DUp)
		case kernels.TrainSelect:
			all = append(all, o.Out)
		case kernels.TrainSelectGrad:
			all = append(all, o.DX)
		case kernels.TrainDropout:
			all = append(all, o.Out)
		}
	}
	return all
}

// slots compares one array of every parameter.
func (q *trainPair) slots(s kernels.Slot, tol float64, what string) {
	q.t.Helper()
	var all []array
	for i, p := range q.c.Program.Params {
		if p.Frozen {
			continue
		}
		a := array{p.Name, p.Cols, make([]float32, p.Elements()), make([]float32, p.Elements())}
		q.got.Read(s, kernels.Param(i), a.got)
		q.want.Read(s, kernels.Param(i), a.want)
		all = append(all, a)
	}
	q.compare(all, tol, what)
}

func (q *trainPair) compare(all []array, tol float64, what string) {
	q.t.Helper()
	top := 0.0
	for _, a := range all {
		top = max(top, largest(a.want))
	}
	for _, a := range all {
		scale := max(largest(a.want), 0.02*top)
		off, at := worst(a.got, a.want)
		if !(off <= tol*scale) {
			q.t.Errorf("%s %s: row %d, column %d is %g, want %g: off by %.3g of the scale %.3g, allowed %.3g",
				what, a.name, at/a.width, at%a.width, a.got[at], a.want[at], off/scale, scale, tol)
		}
	}
}

func (q *trainPair) norm(tol float64) {
	q.t.Helper()
	got, want := q.got.GradNorm(), q.want.GradNorm()
	if !(math.Abs(got-want) <= tol*want) {
		q.t.Errorf("gradient norm is %g, want %g", got, want)
	}
}

func largest(x []float32) float64 {
	top := 0.0
	for _, v := range x {
		top = max(top, math.Abs(float64(v)))
	}
	return top
}

// worst is the largest difference and where it is; a NaN is the worst of all.
func worst(got, want []float32) (off float64, at int) {
	for i := range want {
		if d := math.Abs(float64(got[i]) - float64(want[i])); !(d <= off) {
			off, at = d, i
			if math.IsNaN(d) {
				break
			}
		}
	}
	return off, at
}
