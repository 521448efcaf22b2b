package bench_test

import (
	"testing"
	"time"

	"s1/engine/backend"
	_ "s1/engine/backend/ref"
	"s1/engine/bench"
	"s1/kernels"
	"s1/kernels/kerneltest"
)

func TestReportLeavesOutWhatTheContextCannotHold(t *testing.T) {
	b, err := backend.Get("ref")
	if err != nil {
		t.Fatal(err)
	}
	p := kerneltest.Decoder(1, kerneltest.Shape{Type: kernels.F32, Layers: 1, Vocab: 64, Context: 256, Width: 32, FF: 32, Heads: 1, KVHeads: 1, HeadDim: 32})
	m, err := b.Load(t.Context(), p, backend.Options{Pages: 64})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	r, err := bench.Run(t.Context(), m, bench.Options{Model: "tiny", Load: time.Millisecond, Vocab: p.Vocab, Context: p.Context, Pages: 64})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.PromptTPS) != 1 || r.PromptTPS["128"] <= 0 || len(r.DecodeTPS) != 1 || r.DecodeTPS["0"] <= 0 || len(r.BranchesTPS) != 0 {
		t.Errorf("a context of 256 gave prompts %v, decodes %v, branches %v; want prompt 128 and decode 0 only", r.PromptTPS, r.DecodeTPS, r.BranchesTPS)
	}
	if r.LoadMS != 1 || r.MemoryGBps <= 0 || r.ForkUS <= 0 {
		t.Errorf("load %g ms, memory %g GB/s, fork %g us", r.LoadMS, r.MemoryGBps, r.ForkUS)
	}
}

func TestPairsGiveTheMedianOfRatiosNotTheRatioOfMedians(t *testing.T) {
	t.Parallel()
	var p bench.Pairs
	for _, x := range [][2]time.Duration{{1, 3}, {10, 20}, {100, 110}} {
		p.Add(x[0]*time.Second, x[1]*time.Second, 0)
	}
	if got := p.Ratio(); got != 2 {
		t.Errorf("Ratio() = %g, want 2", got)
	}
}
