package net_test

import (
	"math"
	"testing"

	"s1/engine/arch"
	"s1/kernels"
	"s1/train/net"
)

// Sizes from which on an executor may take other ways: products that all threads share, a factor that is prepared once for several, a
// residual that is read from where it is. The small cases go none of them.
func TestGradientsOfAWiderModelAgreeWithTheOracle(t *testing.T) {
	wide := plainConfig()
	wide.Hidden, wide.Layers, wide.Heads, wide.KVHeads, wide.HeadDim, wide.FF, wide.Vocab, wide.Context = 270, 2, 10, 5, 30, 290, 140, 300
	tied := wide
	tied.Architecture, tied.QKVBias, tied.Tied = arch.Qwen2, true, true
	for _, c := range []netCase{
		{"llama", wide, net.Options{}},
		{"qwen2 tied", tied, net.Options{}},
		{"checkpoint", wide, net.Options{Checkpoint: true}},
		{"lora", wide, net.Options{LoRA: &net.LoRA{Rank: 4, Alpha: 8}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := c.build(t, func(o *net.Options) { o.Rows, o.LossChunk = 300, 150 })
			b := documents(7, c.config.Vocab, 231, 55)
			open := func(e executor) kernels.Trainer {
				m := e.trainer(t, p)
				for i, w := range c.weights(p, 3) {
					if p.Params[i].Rows > 1 { // as small as keeps numbers of the same size from layer to layer
						for j := range w {
							w[j] *= 0.15
						}
					}
					m.Write(kernels.SlotWeight, kernels.Param(i), w)
				}
				return m
			}
			want := gradients(t, open(executors[0]), p, b)
			for _, e := range executors[1:] {
				got := gradients(t, open(e), p, b)
				for name, w := range want {
					size, off := 0.0, 0.0
					for i := range w {
						size, off = size+float64(w[i])*float64(w[i]), off+math.Pow(float64(got[name][i]-w[i]), 2)
					}
					if !(math.Sqrt(off) <= 2e-5*math.Sqrt(size)) || size == 0 {
						t.Errorf("%s: gradient of %s is off by %.2g of its %.2g", e.name, name, math.Sqrt(off), math.Sqrt(size))
					}
				}
			}
		})
	}
}
