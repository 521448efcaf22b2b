package net_test

import (
	"testing"

	"s1/engine/arch"
	"s1/kernels"
	"s1/train/net"
)

// BenchmarkStep is forward and backward of a model of the size of mini (0.8M parameters), 3,500 tokens in 14 documents.
func BenchmarkStep(b *testing.B) {
	c := arch.Config{
		Architecture: arch.Llama, Hidden: 128, Layers: 4, Heads: 4, KVHeads: 4, HeadDim: 32, FF: 352, Vocab: 55, Context: 1024, RMSEps: 1e-6,
		RoPE: arch.RoPE{Type: arch.RoPEDefault, Theta: 10000},
	}
	batch := documents(1, c.Vocab, 250, 250, 250, 250, 250, 250, 250, 250, 250, 250, 250, 250, 250, 250)
	for _, checkpoint := range []bool{false, true} {
		name := "cpu"
		if checkpoint {
			name = "cpu/checkpoint"
		}
		b.Run(name, func(b *testing.B) {
			p, err := net.Build(c, net.Options{Rows: 3500, Checkpoint: checkpoint})
			if err != nil {
				b.Fatal(err)
			}
			m, err := executors[1].open(p)
			if err != nil {
				b.Skip(err)
			}
			defer m.Close()
			first := net.Init(p, 1, 0)
			for i := range p.Params {
				m.Write(kernels.SlotWeight, kernels.Param(i), first(kernels.Param(i)))
			}
			for b.Loop() {
				if _, err := m.Run(b.Context(), batch, true); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(batch.Tokens)*b.N)/b.Elapsed().Seconds(), "tokens/s")
			b.ReportMetric(float64(net.BytesPerRow(p)), "B/row")
		})
	}
}
