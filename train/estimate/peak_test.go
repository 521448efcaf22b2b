package estimate

import (
	"os"
	"runtime/debug"
	"testing"

	"s1/kernels/kerneltest"
	"s1/train/metrics"
)

// TestTheEstimateIsWithinATenthOfThePeak trains a step of shapes in which different classes lead, each in memory of its own.
func TestTheEstimateIsWithinATenthOfThePeak(t *testing.T) {
	for _, c := range []struct {
		name  string
		shape kerneltest.TrainShape
		muon  bool
	}{
		{"weights lead", kerneltest.TrainShape{Layers: 4, Vocab: 4096, Width: 512, FF: 1280, Heads: 8, KVHeads: 4, HeadDim: 64, Chunk: 64, Docs: [][]int{{32}}}, false},
		{"rows lead", kerneltest.TrainShape{Layers: 4, Vocab: 512, Width: 128, FF: 512, Heads: 4, KVHeads: 2, HeadDim: 32, Chunk: 128, Docs: [][]int{{512, 512, 512, 512, 512, 512}}}, false},
		{"the vocabulary leads", kerneltest.TrainShape{Layers: 1, Vocab: 65536, Width: 64, FF: 128, Heads: 2, KVHeads: 1, HeadDim: 32, Chunk: 256, Docs: [][]int{{256}}}, false},
		{"muon", kerneltest.TrainShape{Layers: 4, Vocab: 2048, Width: 512, FF: 1280, Heads: 8, KVHeads: 4, HeadDim: 64, Chunk: 64, Docs: [][]int{{64}}}, true},
		{"adapters", kerneltest.TrainShape{Layers: 4, Vocab: 2048, Width: 384, FF: 1024, Heads: 6, KVHeads: 3, HeadDim: 64, LoRA: 8, Chunk: 64, Docs: [][]int{{256, 256}}}, false},
	} {
		d := kerneltest.TrainDecoder(1, c.shape)
		p := Plan{Program: d.Program, Threads: 1}
		if c.muon {
			p.Rule = muonOfMatrices(d.Program)
		}
		need := Of(p)
		debug.FreeOSMemory()                                                          // what an earlier shape left would else be given back while this one is measured
		if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil { // sets the peak back to what is in use now
			t.Skip(err)
		}
		before := metrics.PeakMemory()
		trained(t, d, p.Rule)
		grown := metrics.PeakMemory() - before
		ratio := float64(need.Total()) / float64(grown)
		t.Logf("%-22s estimated %s, grown %s: %.3f (%s)", c.name, Bytes(need.Total()), Bytes(grown), ratio, need)
		if ratio < 0.9 || ratio > 1.1 {
			t.Errorf("%s: the estimate is %s, the process grew by %s", c.name, Bytes(need.Total()), Bytes(grown))
		}
	}
}
