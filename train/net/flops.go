package net

import "s1/kernels"

// FLOPs counts the multiplications and additions of a micro-batch's matrix products, attention's included: what a share of the
// machine's GEMM peak is reckoned from. Work that a checkpoint does again counts as often as it is done.
func FLOPs(p *kernels.TrainProgram, b *kernels.TrainBatch, grads bool) float64 {
	total := 0.0
	for _, op := range p.Forward {
		total += OpFLOPs(p, op, b, grads)
	}
	for _, op := range p.Backward {
		if grads {
			total += OpFLOPs(p, op, b, grads)
		}
	}
	return total
}

// OpFLOPs is one op's part; 0 for one that has no product.
func OpFLOPs(p *kernels.TrainProgram, op kernels.TrainOp, b *kernels.TrainBatch, grads bool) float64 {
	product := func(x kernels.Buf, w kernels.Param) float64 { // 2 x rows x (Rows x Cols)
		if w == kernels.NoParam {
			return 0
		}
		rows := len(b.Tokens)
		if p.Bufs[x].Wanted {
			rows = len(b.Rows)
		}
		return 2 * float64(rows) * float64(p.Params[w].Elements())
	}
	switch o := op.(type) {
	case kernels.TrainMatMul:
		return product(o.X, o.W)
	case kernels.TrainMatMulGradX:
		return product(o.DOut, o.W)
	case kernels.TrainMatMulGradW:
		if o.W == kernels.NoParam || p.Params[o.W].Frozen {
			return 0
		}
		return product(o.DOut, o.W)
	case kernels.TrainAttention: // scores and mix
		return 2 * 2 * pairs(b) * float64(o.Heads*o.HeadDim)
	case kernels.TrainAttentionGrad: // scores again, dP, dQ, dK, dV
		return 5 * 2 * pairs(b) * float64(o.Heads*o.HeadDim)
	case kernels.TrainLoss:
		n := product(o.X, o.W)
		switch {
		case !grads:
			return n
		case p.Params[o.W].Frozen:
			return 2 * n
		}
		return 3 * n
	}
	return 0
}

// pairs is how many keys all queries see together.
func pairs(b *kernels.TrainBatch) float64 {
	total := 0.0
	for i := 1; i < len(b.Docs); i++ {
		n := float64(b.Docs[i] - b.Docs[i-1])
		total += n * (n + 1) / 2
	}
	return total
}
