package net_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"s1/kernels"
	"s1/train/net"
)

func TestFirstWeightsHaveTheDeviationOfTheirKind(t *testing.T) {
	t.Parallel()
	c := netCase{config: plainConfig(), options: net.Options{LoRA: &net.LoRA{Rank: 64, Alpha: 1}}}
	c.config.Hidden, c.config.FF, c.config.Vocab, c.config.Layers = 128, 256, 100, 2
	c.config.QKVBias, c.config.QKNorm = true, true
	p := c.build(t, nil)
	first := net.Init(p, 1, 0.05)
	for i, spec := range p.Params {
		w := first(kernels.Param(i))
		if len(w) != spec.Elements() {
			t.Fatalf("%s: %d elements, want %d", spec.Name, len(w), spec.Elements())
		}
		mean, std := 0.0, 0.05
		switch has := func(s string) bool { return strings.HasSuffix(spec.Name, s) }; {
		case has("norm.weight"):
			mean, std = 1, 0
		case has(".bias"), has("lora_B.weight"):
			std = 0
		case has("lora_A.weight"): // uniform within 1/sqrt(in)
			std = 1 / math.Sqrt(3*float64(spec.Cols))
			if bound := 1 / math.Sqrt(float64(spec.Cols)); largest(w) > bound || largest(w) < 0.99*bound {
				t.Errorf("%s reaches %g, want nearly %g", spec.Name, largest(w), bound)
			}
		case has("o_proj.weight"), has("down_proj.weight"):
			std /= 2 // sqrt(2 * 2 layers)
		}
		n := float64(len(w))
		var sum, squares, fourth float64
		for _, v := range w {
			sum += float64(v)
		}
		for _, v := range w {
			d := float64(v) - sum/n
			squares += d * d
			fourth += d * d * d * d
		}
		if math.Abs(sum/n-mean) > 5*std/math.Sqrt(n) {
			t.Errorf("%s: mean %g over %g elements, want %g", spec.Name, sum/n, n, mean)
		}
		if got := math.Sqrt(squares / n); math.Abs(got-std) > 5*std/math.Sqrt(2*n) {
			t.Errorf("%s: deviation %g over %g elements, want %g", spec.Name, got, n, std)
		}
		if std > 0 && !strings.Contains(spec.Name, "lora_A") { // of a normal distribution: 3, with a deviation of sqrt(24/n)
			if k := fourth * n / (squares * squares); math.Abs(k-3) > 5*math.Sqrt(24/n) {
				t.Errorf("%s: kurtosis %g, want 3", spec.Name, k)
			}
		}
	}
}

// An adapter must not change where the base begins, nor one parameter another.
func TestFirstWeightsDependOnSeedAndNameOnly(t *testing.T) {
	t.Parallel()
	c := netCases()[0]
	p := c.build(t, nil)
	q := c.build(t, func(o *net.Options) { o.LoRA = &net.LoRA{Rank: 2, Alpha: 1} })
	a, b, other := net.Init(p, 5, 0), net.Init(q, 5, 0), net.Init(p, 6, 0)
	seen := map[float32]string{}
	for i, spec := range p.Params {
		w := a(kernels.Param(i))
		if !slices.Equal(w, b(kernels.Param(i))) {
			t.Errorf("%s begins elsewhere beside adapters", spec.Name)
		}
		if strings.HasSuffix(spec.Name, "norm.weight") {
			continue
		}
		if slices.Equal(w, other(kernels.Param(i))) {
			t.Errorf("%s begins at the same weights with another seed", spec.Name)
		}
		if of, ok := seen[w[0]]; ok {
			t.Errorf("%s and %s begin with the same weight", spec.Name, of)
		}
		seen[w[0]] = spec.Name
	}
	// Equal seeds must go on giving what they gave: trainings are reproduced by them.
	if got := a(0)[:3]; !slices.Equal(got, []float32{-0.009672677, -0.007979866, 0.00427902}) {
		t.Errorf("the embedding of seed 5 begins with %v", got)
	}
}
