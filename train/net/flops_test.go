package net

import (
	"testing"

	"s1/engine/arch"
	"s1/kernels"
)

// One layer: 576 elements in seven matrices, three rows; a head of 88, two wanted rows; six pairs of query and key, eight wide.
func TestFLOPsAreThoseOfTheProducts(t *testing.T) {
	t.Parallel()
	c := arch.Config{Architecture: arch.Llama, Hidden: 8, Layers: 1, Heads: 2, KVHeads: 1, HeadDim: 4, FF: 16, Vocab: 11, Context: 8, RMSEps: 1e-5}
	c.RoPE.Theta = 10000
	b := &kernels.TrainBatch{Tokens: make([]int32, 3), Docs: []int32{0, 3}, Rows: []int32{0, 2}}
	headFrozen := func(name string) bool { return name == "lm_head.weight" }
	for _, test := range []struct {
		name   string
		frozen func(string) bool
		grads  bool
		want   float64
	}{
		{"forward", nil, false, 2*3*576 + 2*2*88 + 4*6*8},
		{"there and back", nil, true, 3*(2*3*576+2*2*88) + (4+10)*6*8},
		{"frozen head", headFrozen, true, 3*2*3*576 + 2*2*2*88 + (4+10)*6*8},
	} {
		p, err := Build(c, Options{Rows: 4, Frozen: test.frozen})
		if err != nil {
			t.Fatal(err)
		}
		if got := FLOPs(p, b, test.grads); got != test.want {
			t.Errorf("%s: %g flops, want %g", test.name, got, test.want)
		}
	}
}
