package kerneltest

import (
	"fmt"

	"s1/kernels"
)

// TrainShape is the size of a random decoder to train.
type TrainShape struct {
	Layers, Vocab           int
	Width, FF               int
	Heads, KVHeads, HeadDim int
	QKVBias                 bool    // as Qwen2
	QKNorm                  bool    // as Qwen3
	Interleaved             bool    // rotation of neighbours
	Tied                    bool    // the head is the embedding table
	LoRA                    int     // rank of adapters beside frozen q, v and down matrices; 0 = none
	Dropout                 float32 // before the adapters
	Chunk                   int     // of the loss; 0 = 32
	Docs                    [][]int // documents of each micro-batch; nil = three mixed ones
}

// String names the shape and the switches that are on.
func (s TrainShape) String() string {
	name := fmt.Sprintf("decoder %dx%d, %d heads over %d of %d", s.Layers, s.Width, s.Heads, s.KVHeads, s.HeadDim)
	for _, x := range []struct {
		on   bool
		name string
	}{{s.QKVBias, "bias"}, {s.QKNorm, "qk norm"}, {s.Interleaved, "interleaved"}, {s.Tied, "tied"}, {s.LoRA > 0, "lora"}} {
		if x.on {
			name += ", " + x.name
		}
	}
	return name
}

// TrainDecoder returns a whole random decoder: a residual stream that each half layer copies, reads through a norm and adds to,
// and after the last attention the wanted rows only.
func TrainDecoder(seed uint64, s TrainShape) TrainCase {
	b := newTrainBuilder(seed, s.Vocab)
	b.reuse = true
	size := 1.0
	if s.Tied {
		size = 0.15 // or every token would be sure of itself
	}
	table := b.param("embedding", s.Vocab, s.Width, 0, size)
	x := b.embed(table)
	for l := range s.Layers {
		h := b.norm(x, 0, 1e-5)
		q := b.rotated(h, "q", s.Heads, s, s.LoRA > 0)
		k := b.rotated(h, "k", s.KVHeads, s, false)
		v := b.projected(h, "v", s.KVHeads*s.HeadDim, s, s.LoRA > 0)
		a := b.attention(q, k, v, s.Heads, s.KVHeads, s.HeadDim)
		y := b.dropout(x, 0)
		b.addProduct(y, a, b.matrix("o", s.Width, s.Heads*s.HeadDim), 1)
		if x = y; l == s.Layers-1 {
			x = b.choose(x)
		}
		h = b.norm(x, 0, 1e-5)
		gate := b.product(h, b.matrix("gate", s.FF, s.Width), kernels.NoParam, 1)
		up := b.product(h, b.matrix("up", s.FF, s.Width), kernels.NoParam, 1)
		g := b.swiGLU(gate, up)
		y = b.dropout(x, 0)
		down := b.matrix("down", s.Width, s.FF)
		b.addProduct(y, g, down, 1)
		if s.LoRA > 0 {
			b.freeze(down)
			b.adapter(y, g, s)
		}
		x = y
	}
	if !s.Tied {
		table = b.matrix("head", s.Vocab, s.Width)
	}
	if s.Chunk == 0 {
		s.Chunk = 32
	}
	if s.Docs == nil {
		s.Docs = [][]int{{12, 1, 30, 2}, {1}, {3, 67}}
	}
	b.loss(b.norm(x, 0, 1e-5), table, s.Chunk)
	return b.finish(s.String(), s.Docs...)
}

// projected is q, k or v before its rotation.
func (b *trainBuilder) projected(h kernels.Buf, name string, width int, s TrainShape, lora bool) kernels.Buf {
	w, bias := b.matrix(name, width, s.Width), kernels.NoParam
	if s.QKVBias {
		bias = b.param(name+" bias", 1, width, 0, 0.3)
	}
	x := b.product(h, w, bias, 1)
	if lora {
		b.freeze(w)
		b.adapter(x, h, s)
	}
	return x
}

// adapter adds Scale * B A dropout(x) to out.
func (b *trainBuilder) adapter(out, x kernels.Buf, s TrainShape) {
	low := b.product(b.dropout(x, s.Dropout), b.matrix("lora a", s.LoRA, b.spec(x).Width), kernels.NoParam, 1)
	b.addProduct(out, low, b.matrix("lora b", b.spec(out).Width, s.LoRA), 0.5)
}

// rotated is q or k.
func (b *trainBuilder) rotated(h kernels.Buf, name string, heads int, s TrainShape, lora bool) kernels.Buf {
	x := b.projected(h, name, heads*s.HeadDim, s, lora)
	if s.QKNorm {
		x = b.norm(x, heads, 1e-5)
	}
	b.rope(x, heads, s.HeadDim, 1, s.Interleaved)
	return x
}

// TrainDecoders is whole models of every kind.
func TrainDecoders() []TrainCase {
	var all []TrainCase
	for i, s := range []TrainShape{
		{Layers: 2, Vocab: 55, Width: 48, FF: 100, Heads: 3, KVHeads: 1, HeadDim: 16, Tied: true},
		{Layers: 2, Vocab: 203, Width: 64, FF: 96, Heads: 4, KVHeads: 4, HeadDim: 16, QKVBias: true, Chunk: 5},
		{Layers: 2, Vocab: 55, Width: 40, FF: 56, Heads: 4, KVHeads: 1, HeadDim: 32, QKNorm: true, Tied: true},
		{Layers: 3, Vocab: 60, Width: 33, FF: 57, Heads: 3, KVHeads: 3, HeadDim: 10, QKVBias: true, QKNorm: true, Interleaved: true},
		{Layers: 1, Vocab: 100, Width: 72, FF: 90, Heads: 2, KVHeads: 1, HeadDim: 80, Interleaved: true},
		{Layers: 2, Vocab: 55, Width: 48, FF: 64, Heads: 2, KVHeads: 2, HeadDim: 24, QKVBias: true, Tied: true, LoRA: 3, Dropout: 0.2},
	} {
		all = append(all, TrainDecoder(uint64(800+i), s))
	}
	return all
}
