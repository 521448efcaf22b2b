package kernels

import (
	"context"
	"fmt"
)

// Training runs a second vocabulary of ops over the same shapes: every activation stays in a named buffer, every op has its
// gradient as an op of its own, and the order of both is written down in a TrainProgram. Everything is float32 unless an
// executor says otherwise; kernels/ref computes in float64 and is the oracle.
//
// Shapes: N rows of a micro-batch (documents packed one after another), R of them wanted (those with a target), d width of a
// buffer, H query heads, G key/value heads, D head size, V vocabulary. W^T is the transpose of W.

// Param is an index into TrainProgram.Params; NoParam where an op takes none.
type Param int32

// NoParam marks an absent parameter.
const NoParam Param = -1

// ParamSpec names a parameter: a matrix (Rows, Cols), or a vector with Rows = 1.
type ParamSpec struct {
	Name   string // as in a Hugging Face file, with .weight or .bias
	Rows   int
	Cols   int
	Frozen bool // no gradient, no moments
}

// Elements is Rows * Cols.
func (p ParamSpec) Elements() int { return p.Rows * p.Cols }

// NoBuf marks an absent buffer.
const NoBuf Buf = -1

// TrainOp is one of the structs below. Gradient buffers begin with D; a gradient of a parameter is always added to.
type TrainOp interface{ trainOp() }

type (
	// TrainEmbed is Out (N, d) = Table[token].
	TrainEmbed struct {
		Table Param // (V, d)
		Out   Buf
	}
	// TrainEmbedGrad adds row n of DOut to the gradient of Table[token n].
	TrainEmbedGrad struct {
		DOut  Buf
		Table Param
	}

	// TrainNorm is RMSNorm of each of max(Heads, 1) segments of a row: Out = X * W / sqrt(mean(X^2) + Eps).
	TrainNorm struct {
		X, Out Buf
		W      Param // (1, width/Heads)
		Eps    float32
		Heads  int
	}
	// TrainNormGrad: with r = 1/sqrt(mean(X^2)+Eps), g = DOut*W:  DX = r*g - X * r^3 * mean(g*X), dW += DOut*X*r.
	// Accumulate adds to DX. DX may equal DOut unless Accumulate. The gradient of a frozen W is left out.
	TrainNormGrad struct {
		X, DOut, DX Buf
		W           Param
		Eps         float32
		Heads       int
		Accumulate  bool
	}

	// TrainMatMul is Out (N, Rows) = Scale * X (N, Cols) W^T + Bias, or with Accumulate Out += the same.
	TrainMatMul struct {
		X, Out     Buf
		W          Param // (Rows, Cols)
		Bias       Param // (1, Rows) or NoParam
		Scale      float32
		Accumulate bool
	}
	// TrainMatMulGradX is DX (N, Cols) = Scale * DOut (N, Rows) W, or with Accumulate DX += the same.
	TrainMatMulGradX struct {
		DOut, DX   Buf
		W          Param
		Scale      float32
		Accumulate bool
	}
	// TrainMatMulGradW is dW (Rows, Cols) += Scale * DOut^T X, and dBias += the column sums of DOut.
	TrainMatMulGradW struct {
		X, DOut Buf
		W       Param // NoParam: only the bias
		Bias    Param
		Scale   float32
	}

	// TrainRoPE rotates X in place by each row's position, as RoPE does; Inverse rotates back (which is its gradient, times
	// Scale as in the forward direction).
	TrainRoPE struct {
		X           Buf
		Heads, Dim  int
		Freqs       []float32 // (Dim/2) radians per position
		Scale       float32
		Interleaved bool
		Inverse     bool
	}

	// TrainAttention is causal attention within each document. LSE (N, H) gets log(sum(exp(Scale*q.k))) of each row and head,
	// from which the gradient recomputes the probabilities.
	TrainAttention struct {
		Q, K, V, Out, LSE       Buf
		Heads, KVHeads, HeadDim int
		Scale                   float32
	}
	// TrainAttentionGrad: P = exp(Scale*QK^T - LSE), dP = DOut V^T, D = rowsum(DOut*Out), dS = P*(dP-D);
	// DQ = Scale dS K, DK = Scale dS^T Q, DV = P^T DOut, the last two summed over the query heads that share them.
	TrainAttentionGrad struct {
		Q, K, V, Out, LSE       Buf
		DOut, DQ, DK, DV        Buf
		Heads, KVHeads, HeadDim int
		Scale                   float32
	}

	// TrainSwiGLU is Out = silu(Gate) * Up.
	TrainSwiGLU struct{ Gate, Up, Out Buf }
	// TrainSwiGLUGrad: DGate = DOut * Up * s*(1 + Gate*(1-s)), DUp = DOut * Gate*s, with s = sigmoid(Gate).
	// DGate may equal DOut.
	TrainSwiGLUGrad struct{ Gate, Up, DOut, DGate, DUp Buf }

	// TrainSelect copies the wanted rows: Out (R, d), a Wanted buffer.
	TrainSelect struct{ X, Out Buf }
	// TrainSelectGrad puts row r of DOut (R, d) at row Rows[r] of DX (N, d); the other rows become 0.
	TrainSelectGrad struct{ DOut, DX Buf }

	// TrainDropout is Out = X * keep / (1-Rate), keep from Keep(batch seed, Stream, row*width + column, Rate). Without gradients
	// it copies. It is its own gradient, with Accumulate for adding.
	TrainDropout struct {
		X, Out     Buf
		Rate       float32
		Stream     uint64
		Accumulate bool
	}

	// TrainLoss is the cross entropy of softmax(X W^T), chunk by chunk of at most Chunk rows, so that the logits (R, V) never
	// exist as a whole. With gradients it also computes DX (R, d) and adds to dW:  dlogits = Scale*Weights[r]*(p - onehot).
	// The batch's Scale and Weights are meant. It is the last op of Forward.
	TrainLoss struct {
		X, DX Buf
		W     Param // (V, d)
		Chunk int
	}
)

func (TrainEmbed) trainOp()         {}
func (TrainEmbedGrad) trainOp()     {}
func (TrainNorm) trainOp()          {}
func (TrainNormGrad) trainOp()      {}
func (TrainMatMul) trainOp()        {}
func (TrainMatMulGradX) trainOp()   {}
func (TrainMatMulGradW) trainOp()   {}
func (TrainRoPE) trainOp()          {}
func (TrainAttention) trainOp()     {}
func (TrainAttentionGrad) trainOp() {}
func (TrainSwiGLU) trainOp()        {}
func (TrainSwiGLUGrad) trainOp()    {}
func (TrainSelect) trainOp()        {}
func (TrainSelectGrad) trainOp()    {}
func (TrainDropout) trainOp()       {}
func (TrainLoss) trainOp()          {}

// TrainBuf is an array of float32: (N, Width), or (R, Width) when Wanted. Buffers keep what was last written to them, so
// that Backward reads what Forward left.
type TrainBuf struct {
	Name   string
	Width  int
	Wanted bool
}

// TrainProgram is a model as a trainer sees it. Forward ends with TrainLoss; Backward begins from its DX.
type TrainProgram struct {
	Bufs     []TrainBuf
	Params   []ParamSpec
	Forward  []TrainOp
	Backward []TrainOp
	Rows     int // most rows of a micro-batch
	Context  int // most positions of a document
	Vocab    int
}

// TrainBatch is one micro-batch: documents packed one after another.
type TrainBatch struct {
	Tokens  []int32   // (N)
	Pos     []int32   // (N) position in its document, from 0
	Docs    []int32   // first row of each document, then N
	Rows    []int32   // (R) rows with a target, ascending
	Targets []int32   // (R) the token that should come after that row
	Weights []float32 // (R) loss weight of each target, > 0
	Scale   float32   // 1 / the sum of Weights over the whole optimizer step
	Seed    uint64    // of dropout, different for every micro-batch
}

// TrainResult tells of each wanted row. Its slices are valid until the next run.
type TrainResult struct {
	NLL     []float32 // (R) -log p(target), unweighted
	Entropy []float32 // (R) nats
	Argmax  []int32   // (R) likeliest token
}

// Slot names one of the arrays a trainer holds for a parameter.
type Slot int

// The arrays of a parameter. Moments begin as zeros.
const (
	SlotWeight Slot = iota
	SlotGradient
	SlotMoment1
	SlotMoment2
)

// Rule is an optimiser.
type Rule int

const (
	// AdamW (Loshchilov and Hutter, arXiv 1711.05101): m = b1 m + (1-b1) g, v = b2 v + (1-b2) g^2,
	// w -= lr * (decay*w + mhat / (sqrt(vhat) + eps)), bias-corrected by Step.
	AdamW Rule = iota
	// Muon (Jordan et al. 2024) for matrices: m = b1 m + (1-b1) g, u = (1-b1) g + b1 m (Nesterov), o = five Newton-Schulz steps
	// of u with (3.4445, -4.7750, 2.0315), w -= lr * (decay*w + 0.2 sqrt(max(rows, cols)) o). It uses Moment1 only.
	Muon
)

// Update is one parameter's part of an optimiser step; gradients are first multiplied by GradScale (clipping).
type Update struct {
	Param        Param
	Rule         Rule
	LR, Decay    float64
	Beta1, Beta2 float64
	Eps          float64
	Step         int // from 1
	GradScale    float64
}

// Trainer executes a TrainProgram and holds its parameters. One goroutine at a time may use it. Equal calls give equal
// bits, with any number of threads.
type Trainer interface {
	// Run goes forward and, with grads, backward, adding to the gradients. Cancelled between ops it returns ctx.Err(), and
	// the gradients are then unspecified.
	Run(ctx context.Context, b *TrainBatch, grads bool) (TrainResult, error)
	// ReadBuf copies the first rows of a buffer, for tests: a row at a time, Width each.
	ReadBuf(b Buf, dst []float32)
	// Read and Write copy a whole array of a parameter.
	Read(s Slot, p Param, dst []float32)
	Write(s Slot, p Param, src []float32)
	// ZeroGrads sets every gradient to 0.
	ZeroGrads()
	// GradNorm is the Euclidean norm of all gradients together.
	GradNorm() float64
	// Update takes one optimiser step for each of the given parameters.
	Update(u []Update)
	// Bytes is the memory taken: parameters, gradients, moments, buffers.
	Bytes() int64
	Close() error
}

// Keep says whether dropout keeps element i: a hash of its arguments, uniform over [0, 1), is at least rate.
func Keep(seed, stream, i uint64, rate float32) bool {
	x := seed ^ stream*0x9e3779b97f4a7c15
	x += (i + 1) * 0xbf58476d1ce4e5b9
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	x ^= x >> 31
	return float32(x>>40)*(1.0/(1<<24)) >= rate
}

// Validate checks a micro-batch against its program.
func (b *TrainBatch) Validate(p *TrainProgram) error {
	n, r := len(b.Tokens), len(b.Rows)
	switch {
	case n == 0 || n > p.Rows:
		return fmt.Errorf("train batch: %d rows, want 1 to %d", n, p.Rows)
	case len(b.Pos) != n:
		return fmt.Errorf("train batch: %d positions for %d rows", len(b.Pos), n)
	case len(b.Targets) != r || len(b.Weights) != r:
		return fmt.Errorf("train batch: %d targets and %d weights for %d wanted rows", len(b.Targets), len(b.Weights), r)
	case len(b.Docs) < 2 || b.Docs[0] != 0 || int(b.Docs[len(b.Docs)-1]) != n:
		return fmt.Errorf("train batch: documents %v must begin at 0 and end at %d", b.Docs, n)
	}
	for i := 1; i < len(b.Docs); i++ {
		if b.Docs[i] <= b.Docs[i-1] {
			return fmt.Errorf("train batch: document %d begins at row %d and ends at %d", i-1, b.Docs[i-1], b.Docs[i])
		}
	}
	doc := 0
	for i, t := range b.Tokens {
		for int(b.Docs[doc+1]) <= i {
			doc++
		}
		if t < 0 || int(t) >= p.Vocab {
			return fmt.Errorf("train batch: token %d of row %d is outside the vocabulary of %d", t, i, p.Vocab)
		}
		if int(b.Pos[i]) != i-int(b.Docs[doc]) || int(b.Pos[i]) >= p.Context {
			return fmt.Errorf("train batch: row %d has position %d; its document begins at row %d, and positions end at %d", i, b.Pos[i], b.Docs[doc], p.Context)
		}
	}
	for i, row := range b.Rows {
		if row < 0 || int(row) >= n || (i > 0 && row <= b.Rows[i-1]) {
			return fmt.Errorf("train batch: wanted row %d is %d, rows must ascend below %d", i, row, n)
		}
		if t := b.Targets[i]; t < 0 || int(t) >= p.Vocab {
			return fmt.Errorf("train batch: target %d of row %d is outside the vocabulary of %d", t, row, p.Vocab)
		}
		if w := b.Weights[i]; !(w > 0) || w > 1e6 {
			return fmt.Errorf("train batch: weight %g of row %d, want a positive number", w, row)
		}
	}
	return nil
}
