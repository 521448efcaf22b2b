package ref

import (
	"context"
	"fmt"
	"math"

	"s1/kernels"
)

// Trainer runs a training program in float64 throughout: the oracle of every other trainer, and of itself by finite
// differences. It implements kernels.Trainer; its results are rounded to float32 only when they are read.
//
//	batch -> Forward (buffers) -> TrainLoss (NLL, DX) -> Backward (buffers, gradients) -> Update (weights, moments)
type Trainer struct {
	p     *kernels.TrainProgram
	bufs  [][]float64    // (Rows, Width), of the last run
	slots [4][][]float64 // by Slot and Param; nil: the gradient and moments of a frozen parameter

	b     *kernels.TrainBatch // of the current run
	grads bool
	loss  float64
	nll   []float32
	ent   []float32
	top   []int32
}

// NewTrainer checks the program and takes its memory. Weights begin as zeros.
func NewTrainer(p *kernels.TrainProgram) (*Trainer, error) {
	if err := p.Validate(); err != nil {
		return nil, fmt.Errorf("ref trainer: %w", err)
	}
	t := &Trainer{p: p, bufs: make([][]float64, len(p.Bufs))}
	for i, b := range p.Bufs {
		t.bufs[i] = make([]float64, p.Rows*b.Width)
	}
	for s := range t.slots {
		t.slots[s] = make([][]float64, len(p.Params))
		for i, m := range p.Params {
			if kernels.Slot(s) == kernels.SlotWeight || !m.Frozen {
				t.slots[s][i] = make([]float64, m.Elements())
			}
		}
	}
	return t, nil
}

// Run implements kernels.Trainer.
func (t *Trainer) Run(ctx context.Context, b *kernels.TrainBatch, grads bool) (kernels.TrainResult, error) {
	if err := b.Validate(t.p); err != nil {
		return kernels.TrainResult{}, err
	}
	t.b, t.grads = b, grads
	t.nll, t.ent, t.top = resize(t.nll, len(b.Rows)), resize(t.ent, len(b.Rows)), resize(t.top, len(b.Rows))
	passes := [][]kernels.TrainOp{t.p.Forward}
	if grads {
		passes = append(passes, t.p.Backward)
	}
	for _, ops := range passes {
		for _, op := range ops {
			if err := ctx.Err(); err != nil {
				return kernels.TrainResult{}, err
			}
			t.run(op)
		}
	}
	return kernels.TrainResult{NLL: t.nll, Entropy: t.ent, Argmax: t.top}, nil
}

func (t *Trainer) run(op kernels.TrainOp) {
	switch o := op.(type) {
	case kernels.TrainEmbed:
		t.embed(o)
	case kernels.TrainEmbedGrad:
		t.embedGrad(o)
	case kernels.TrainNorm:
		t.norm(o)
	case kernels.TrainNormGrad:
		t.normGrad(o)
	case kernels.TrainMatMul:
		t.matMul(o)
	case kernels.TrainMatMulGradX:
		t.matMulGradX(o)
	case kernels.TrainMatMulGradW:
		t.matMulGradW(o)
	case kernels.TrainRoPE:
		t.rope(o)
	case kernels.TrainAttention:
		t.attention(o)
	case kernels.TrainAttentionGrad:
		t.attentionGrad(o)
	case kernels.TrainSwiGLU:
		t.swiGLU(o)
	case kernels.TrainSwiGLUGrad:
		t.swiGLUGrad(o)
	case kernels.TrainSelect:
		t.selectRows(o)
	case kernels.TrainSelectGrad:
		t.selectGrad(o)
	case kernels.TrainDropout:
		t.dropout(o)
	case kernels.TrainLoss:
		t.lossRows(o)
	}
}

// Loss is what the gradients are the gradients of: the sum of Scale * Weights * NLL over the wanted rows of the last run.
func (t *Trainer) Loss() float64 { return t.loss }

// ReadBuf implements kernels.Trainer.
func (t *Trainer) ReadBuf(b kernels.Buf, dst []float32) { narrow(dst, t.bufs[b]) }

// ReadBufFloat64 is ReadBuf without rounding.
func (t *Trainer) ReadBufFloat64(b kernels.Buf, dst []float64) { copy(dst, t.bufs[b]) }

// Read implements kernels.Trainer. What a frozen parameter does not have reads as zeros.
func (t *Trainer) Read(s kernels.Slot, p kernels.Param, dst []float32) {
	clear(dst)
	narrow(dst, t.slots[s][p])
}

// Write implements kernels.Trainer. What a frozen parameter does not have stays away.
func (t *Trainer) Write(s kernels.Slot, p kernels.Param, src []float32) {
	for i := range t.slots[s][p] {
		t.slots[s][p][i] = float64(src[i])
	}
}

// ReadFloat64 is Read without rounding.
func (t *Trainer) ReadFloat64(s kernels.Slot, p kernels.Param, dst []float64) {
	clear(dst)
	copy(dst, t.slots[s][p])
}

// WriteFloat64 is Write without rounding, for finite differences.
func (t *Trainer) WriteFloat64(s kernels.Slot, p kernels.Param, src []float64) {
	copy(t.slots[s][p], src)
}

// ZeroGrads implements kernels.Trainer.
func (t *Trainer) ZeroGrads() {
	for _, g := range t.slots[kernels.SlotGradient] {
		clear(g)
	}
}

// GradNorm implements kernels.Trainer.
func (t *Trainer) GradNorm() float64 {
	var sum float64
	for _, g := range t.slots[kernels.SlotGradient] {
		for _, v := range g {
			sum += v * v
		}
	}
	return math.Sqrt(sum)
}

// Bytes implements kernels.Trainer.
func (t *Trainer) Bytes() int64 {
	n := 0
	for _, b := range t.bufs {
		n += len(b)
	}
	for _, s := range t.slots {
		for _, x := range s {
			n += len(x)
		}
	}
	return 8 * int64(n)
}

// Close implements kernels.Trainer.
func (t *Trainer) Close() error { return nil }

// rows is how many rows a buffer has in this run: N, or R.
func (t *Trainer) rows(b kernels.Buf) int {
	if t.p.Bufs[b].Wanted {
		return len(t.b.Rows)
	}
	return len(t.b.Tokens)
}

// row returns row i of a buffer (Width).
func (t *Trainer) row(b kernels.Buf, i int) []float64 {
	w := t.p.Bufs[b].Width
	return t.bufs[b][i*w : (i+1)*w]
}

// weight returns a parameter, nil for NoParam.
func (t *Trainer) weight(p kernels.Param) []float64 { return t.slot(kernels.SlotWeight, p) }

// gradient returns where the gradient of a parameter is summed, nil for NoParam and for a frozen one.
func (t *Trainer) gradient(p kernels.Param) []float64 { return t.slot(kernels.SlotGradient, p) }

func (t *Trainer) slot(s kernels.Slot, p kernels.Param) []float64 {
	if p == kernels.NoParam {
		return nil
	}
	return t.slots[s][p]
}

func narrow(dst []float32, src []float64) {
	for i := range min(len(dst), len(src)) {
		dst[i] = float32(src[i])
	}
}
