package net

import "s1/kernels"

// BytesPerRow is what one row of a micro-batch takes in all buffers, in fp32. To it comes what an executor needs for itself: the
// logits of a chunk (LossChunk * Vocab * 4) and tables of the rotation (Context * HeadDim * 8).
func BytesPerRow(p *kernels.TrainProgram) int64 {
	var n int64
	for _, b := range p.Bufs {
		n += 4 * int64(b.Width)
	}
	return n
}

// StateBytes is what the parameters take in fp32: 4 bytes an element, and for one that is trained 4 more of gradient and 4 of each
// moment (AdamW has 2, Muon 1 for matrices of layers).
func StateBytes(p *kernels.TrainProgram, moments int) int64 {
	var n int64
	for _, s := range p.Params {
		each := int64(4)
		if !s.Frozen {
			each += 4 + 4*int64(moments)
		}
		n += each * int64(s.Elements())
	}
	return n
}
