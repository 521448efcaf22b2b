// Package net writes the decoder of engine/arch once more, as a training program: every op of the forward direction, every gradient,
// and which buffers they share. Nothing is derived: what runs backward is spelled out here, in order.
//
// It knows architectures, which activations a gradient needs, low-rank adapters, and how weights begin. It does not know how ops are
// computed (kernels), data (train/dataset), learning rates, or files.
//
//	arch.Config + Options -> Build -> kernels.TrainProgram -> a kernels.Trainer; Init gives it its first weights
//
// Shapes: N rows of a micro-batch, R wanted ones, d = Hidden, q = Heads*HeadDim, k = KVHeads*HeadDim, f = FF, V = Vocab.
package net

import (
	"fmt"

	"s1/engine/arch"
	"s1/kernels"
)

// Options are the choices of a program.
type Options struct {
	Rows       int                    // most rows of a micro-batch
	Context    int                    // most positions of a document; 0 = what the model was made for
	Checkpoint bool                   // keep only each layer's input, and compute the layer again on the way back
	Frozen     func(name string) bool // parameters without a gradient; nil: none. Of what a LoRA adds, too
	LoRA       *LoRA                  // train adapters beside the matrices; everything else is then frozen
	LossChunk  int                    // rows whose logits exist at a time; 0 = as many as take lossBytes
}

// Of the logits of one chunk, when Options says nothing.
const (
	lossBytes = 64 << 20
	leastRows = 32
	mostRows  = 1024
)

// Build makes the program. Its parameters are the tensors of arch.Tensors, under their Hugging Face names and in that order, then the
// adapters. With everything frozen it has no way back and keeps nothing for one.
func Build(c arch.Config, o Options) (*kernels.TrainProgram, error) {
	if err := check(c, &o); err != nil {
		return nil, fmt.Errorf("training program of %s: %w", c.Architecture, err)
	}
	b := &build{c: c, o: o, p: &kernels.TrainProgram{Rows: o.Rows, Context: o.Context, Vocab: c.Vocab}, params: map[string]kernels.Param{}}
	freqs, scale := c.RoPE.Frequencies(c.HeadDim)
	b.rope = kernels.TrainRoPE{Dim: c.HeadDim, Freqs: freqs, Scale: scale, Interleaved: c.RoPE.Interleaved}
	b.parameters()
	b.buffers()
	b.forward()
	b.backward()
	if err := b.p.Validate(); err != nil {
		return nil, fmt.Errorf("training program of %s: %w", c.Architecture, err)
	}
	return b.p, nil
}

// check refuses what Build would trip over, and fills in what Options leaves open.
func check(c arch.Config, o *Options) error {
	for _, n := range []struct {
		name string
		is   int
	}{
		{"hidden size", c.Hidden},
		{"layers", c.Layers},
		{"heads", c.Heads},
		{"kv heads", c.KVHeads},
		{"head size", c.HeadDim},
		{"ff", c.FF},
		{"vocabulary", c.Vocab},
		{"rows of a micro-batch", o.Rows},
	} {
		if n.is < 1 {
			return fmt.Errorf("%s is %d, want at least 1", n.name, n.is)
		}
	}
	if o.Context < 0 || o.LossChunk < 0 {
		return fmt.Errorf("context %d and loss chunk %d must not be negative", o.Context, o.LossChunk)
	}
	if o.Context == 0 {
		o.Context = c.Context
	}
	if o.LossChunk == 0 {
		o.LossChunk = min(max(lossBytes/4/c.Vocab, leastRows), mostRows)
	}
	if o.LoRA != nil {
		return o.LoRA.check()
	}
	return nil
}
