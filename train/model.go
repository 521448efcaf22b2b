package train

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"s1/engine/arch"
	"s1/engine/builtin/tape"
	"s1/kernels"
	"s1/train/net"
	"s1/train/recipe"
)

// model is what is trained: its description, its tokenizer, and where its first weights come from.
type model struct {
	config    arch.Config
	tokenizer string // hash
	base      string // hash of the base, "" of a new one
}

func openModel(_ context.Context, rec recipe.Recipe) (*model, error) {
	if rec.Model.Scratch() {
		return scratch(rec)
	}
	return nil, fmt.Errorf("a base model: not yet")
}

// scratch is a new model: normal draws of a seed.
func scratch(rec recipe.Recipe) (*model, error) {
	c := rec.Model
	m := &model{config: arch.Config{
		Architecture: c.Arch, Hidden: c.Hidden, Layers: c.Layers, Heads: c.Heads, KVHeads: c.KV(), HeadDim: c.Dim(), FF: c.FF,
		Vocab: c.Vocab, Context: c.Context, RMSEps: float32(c.NormEps), Tied: c.Tied, QKVBias: c.Arch == arch.Qwen2, QKNorm: c.Arch == arch.Qwen3,
	}}
	m.config.RoPE.Theta = c.RopeTheta
	if rec.Data.Kind == recipe.Tape {
		text := tape.TokenizerJSON()
		sum := sha256.Sum256(text)
		m.tokenizer = hex.EncodeToString(sum[:])
		m.config.Vocab = int(tape.VocabSize)
		m.config.EOS = []int32{tape.End}
	}
	return m, nil
}

func (m *model) program(rec recipe.Recipe) (*kernels.TrainProgram, error) {
	return net.Build(m.config, net.Options{Rows: rec.Train.MicroTokens, Context: min(m.config.Context, rec.Train.MicroTokens)})
}

// shape identifies the parameters: names and sizes.
func shape(p *kernels.TrainProgram) string {
	sum := sha256.New()
	for _, s := range p.Params {
		fmt.Fprintf(sum, "%s %d %d %t\n", s.Name, s.Rows, s.Cols, s.Frozen)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

func (m *model) write(p *kernels.TrainProgram, t kernels.Trainer, rec recipe.Recipe) error {
	first := net.Init(p, rec.Train.Seed, rec.Model.InitStd)
	for i := range p.Params {
		t.Write(kernels.SlotWeight, kernels.Param(i), first(kernels.Param(i)))
	}
	return nil
}

func (m *model) close() {}
