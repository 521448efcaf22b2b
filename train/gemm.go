package train

import (
	"context"
	"time"

	"s1/kernels"
	"s1/kernels/cpu"
)

// The product whose speed a step is compared with: large enough for the caches to be used as they should, small enough to be
// measured before anybody notices.
const (
	peakRows  = 512
	peakWidth = 512
	peakTries = 6 // the first warms up; the best of the others counts
)

// gemmPeak measures the machine's speed at plain matrix products, in flops per second with so many threads: 0 where it
// cannot be measured. It takes about 50 ms and 4 MB.
func gemmPeak(ctx context.Context, threads int) float64 {
	const x, y, seen, back kernels.Buf = 0, 1, 2, 3
	p := &kernels.TrainProgram{
		Bufs:   []kernels.TrainBuf{{Name: "x", Width: peakWidth}, {Name: "y", Width: peakWidth}, {Name: "seen", Width: peakWidth, Wanted: true}, {Name: "back", Width: peakWidth, Wanted: true}},
		Params: []kernels.ParamSpec{{Name: "table", Rows: 1, Cols: peakWidth, Frozen: true}, {Name: "w", Rows: peakWidth, Cols: peakWidth, Frozen: true}},
		Rows:   peakRows, Context: peakRows, Vocab: 1,
	}
	p.Forward = append(p.Forward, kernels.TrainEmbed{Table: 0, Out: x})
	const products = 8
	for range products {
		p.Forward = append(p.Forward, kernels.TrainMatMul{X: x, Out: y, W: 1, Bias: kernels.NoParam, Scale: 1})
	}
	p.Forward = append(p.Forward, kernels.TrainSelect{X: y, Out: seen}, kernels.TrainLoss{X: seen, DX: back, W: 0, Chunk: 1})
	t, err := cpu.NewTrainer(p, cpu.TrainOptions{Threads: threads})
	if err != nil {
		return 0
	}
	defer t.Close()
	b := &kernels.TrainBatch{Tokens: make([]int32, peakRows), Docs: []int32{0, peakRows}, Rows: []int32{0}, Targets: []int32{0}, Weights: []float32{1}, Scale: 1}
	for i := range int32(peakRows) {
		b.Pos = append(b.Pos, i)
	}
	best := time.Duration(0)
	for i := range peakTries {
		began := time.Now()
		if _, err := t.Run(ctx, b, false); err != nil {
			return 0
		}
		if took := time.Since(began); i > 0 && (best == 0 || took < best) {
			best = took
		}
	}
	if best <= 0 {
		return 0
	}
	return products * 2 * peakRows * peakWidth * peakWidth / best.Seconds()
}

// batchFlops counts the matrix products of a micro-batch, forward and backward, as they are computed: two flops for each
// multiplication, attention over the rows a row sees.
func batchFlops(p *kernels.TrainProgram, b *kernels.TrainBatch) float64 {
	n, r, pairs := float64(len(b.Tokens)), float64(len(b.Rows)), 0.0
	for i := 1; i < len(b.Docs); i++ {
		d := float64(b.Docs[i] - b.Docs[i-1])
		pairs += d * (d + 1) / 2
	}
	size := func(w kernels.Param) float64 {
		if w == kernels.NoParam {
			return 0
		}
		return float64(p.Params[w].Elements())
	}
	flops := 0.0
	for _, ops := range [][]kernels.TrainOp{p.Forward, p.Backward} {
		for _, op := range ops {
			switch o := op.(type) {
			case kernels.TrainMatMul:
				flops += 2 * n * size(o.W)
			case kernels.TrainMatMulGradX:
				flops += 2 * n * size(o.W)
			case kernels.TrainMatMulGradW:
				flops += 2 * n * size(o.W)
			case kernels.TrainAttention: // QK^T and PV
				flops += 2 * 2 * pairs * float64(o.Heads*o.HeadDim)
			case kernels.TrainAttentionGrad: // P again, dP, dV, dQ, dK
				flops += 5 * 2 * pairs * float64(o.Heads*o.HeadDim)
			case kernels.TrainLoss: // logits, dX, and dW of a head that learns
				products := 1.0
				if len(p.Backward) > 0 {
					products++
				}
				if !p.Params[o.W].Frozen {
					products++
				}
				flops += products * 2 * r * size(o.W)
			}
		}
	}
	return flops
}
