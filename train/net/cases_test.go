package net_test

import (
	"hash/fnv"
	"math/rand/v2"
	"strings"
	"testing"

	"s1/engine/arch"
	"s1/kernels"
	"s1/kernels/ref"
	"s1/train/net"
)

// netCase is a small decoder; together they turn every switch on and off.
type netCase struct {
	name    string
	config  arch.Config
	options net.Options
}

func plainConfig() arch.Config {
	return arch.Config{
		Architecture: arch.Llama, Hidden: 12, Layers: 3, Heads: 4, KVHeads: 2, HeadDim: 4, FF: 10, Vocab: 13, Context: 16, RMSEps: 1e-5,
		RoPE: arch.RoPE{Type: arch.RoPEDefault, Theta: 40},
	}
}

func netCases() []netCase {
	with := func(name string, o net.Options, changes ...func(c *arch.Config)) netCase {
		c := plainConfig()
		for _, change := range changes {
			change(&c)
		}
		return netCase{name, c, o}
	}
	tied := func(c *arch.Config) { c.Tied = true }
	qwen2 := func(c *arch.Config) { c.Architecture, c.QKVBias, c.RMSEps = arch.Qwen2, true, 1e-6 }
	qwen3 := func(c *arch.Config) { c.Architecture, c.QKNorm, c.HeadDim = arch.Qwen3, true, 6 }
	biases := func(c *arch.Config) { c.QKVBias, c.OutBias, c.MLPBias = true, true, true }
	interleaved := func(c *arch.Config) { c.RoPE.Interleaved = true }
	oneKVHead := func(c *arch.Config) { c.KVHeads = 1 }
	noGroups := func(c *arch.Config) { c.KVHeads = c.Heads }
	oneLayer := func(c *arch.Config) { c.Layers = 1 }
	yarn := func(c *arch.Config) {
		c.RoPE = arch.RoPE{Type: arch.RoPEYaRN, Theta: 40, Factor: 4, OriginalContext: 8, BetaFast: 32, BetaSlow: 1}
	}
	all := net.Options{}
	lora := net.Options{LoRA: &net.LoRA{Rank: 2, Alpha: 3}}
	dropout := net.Options{LoRA: &net.LoRA{Rank: 3, Alpha: 5, Dropout: 0.4, RSLoRA: true}}
	some := net.Options{LoRA: &net.LoRA{Rank: 2, Alpha: 4, Dropout: 0.3, Targets: []string{"v_proj", "down_proj"}}}
	return []netCase{
		with("llama", all),
		with("llama tied, every bias", all, tied, biases),
		with("llama interleaved, no groups", all, interleaved, noGroups),
		with("llama one layer, yarn", all, oneLayer, yarn),
		with("qwen2", all, qwen2, oneKVHead),
		with("qwen2 tied", all, qwen2, tied),
		with("qwen3", all, qwen3),
		with("qwen3 tied, yarn", all, qwen3, tied, yarn),
		with("lora llama, every bias", lora, biases),
		with("lora dropout qwen3", dropout, qwen3),
		with("lora dropout qwen2 tied", dropout, qwen2, tied),
		with("lora two targets", some),
	}
}

// build makes a case's program after a last change to its options.
func (c netCase) build(t *testing.T, change func(o *net.Options)) *kernels.TrainProgram {
	t.Helper()
	o := c.options
	o.Rows, o.LossChunk = 24, 5
	if change != nil {
		change(&o)
	}
	p, err := net.Build(c.config, o)
	if err != nil {
		t.Fatalf("%s: %v", c.name, err)
	}
	return p
}

// weights are random in every parameter, norms, biases and lora_B too, so that none can be left out unnoticed. They depend on its name
// only.
func (c netCase) weights(p *kernels.TrainProgram, seed uint64) [][]float32 {
	first := net.Init(p, seed, 0.4)
	var all [][]float32
	for i, spec := range p.Params {
		w := first(kernels.Param(i))
		name := fnv.New64()
		_, _ = name.Write([]byte(spec.Name))
		r := rand.New(rand.NewPCG(seed, name.Sum64()))
		if strings.HasSuffix(spec.Name, "norm.weight") || strings.HasSuffix(spec.Name, ".bias") || strings.HasSuffix(spec.Name, "lora_B.weight") {
			for j := range w {
				w[j] += float32(0.4 * r.NormFloat64())
			}
		}
		all = append(all, w)
	}
	return all
}

func (c netCase) trainer(t *testing.T, e executor, p *kernels.TrainProgram) kernels.Trainer {
	t.Helper()
	m := e.trainer(t, p)
	for i, w := range c.weights(p, 3) {
		m.Write(kernels.SlotWeight, kernels.Param(i), w)
	}
	return m
}

func (c netCase) ref(t *testing.T, p *kernels.TrainProgram) *ref.Trainer {
	t.Helper()
	return c.trainer(t, executors[0], p).(*ref.Trainer)
}

// documents packs documents of random tokens; each has a target and one row without.
func documents(seed uint64, vocab int, lengths ...int) *kernels.TrainBatch {
	r := rand.New(rand.NewPCG(seed, 1))
	b := &kernels.TrainBatch{Docs: []int32{0}, Scale: 0.1, Seed: seed}
	for _, n := range lengths {
		masked := r.IntN(n)
		for i := range n {
			row := int32(len(b.Tokens))
			b.Tokens, b.Pos = append(b.Tokens, int32(r.IntN(vocab))), append(b.Pos, int32(i))
			if i != masked || n == 1 {
				b.Rows, b.Targets = append(b.Rows, row), append(b.Targets, int32(r.IntN(vocab)))
				b.Weights = append(b.Weights, float32(0.5+r.Float64()))
			}
		}
		b.Docs = append(b.Docs, int32(len(b.Tokens)))
	}
	return b
}

// gradients reads them all after one run; that of a frozen parameter is nil.
func gradients(t *testing.T, m kernels.Trainer, p *kernels.TrainProgram, b *kernels.TrainBatch) map[string][]float32 {
	t.Helper()
	m.ZeroGrads()
	if _, err := m.Run(t.Context(), b, true); err != nil {
		t.Fatal(err)
	}
	all := map[string][]float32{}
	for i, spec := range p.Params {
		if !spec.Frozen {
			g := make([]float32, spec.Elements())
			m.Read(kernels.SlotGradient, kernels.Param(i), g)
			all[spec.Name] = g
		}
	}
	return all
}
