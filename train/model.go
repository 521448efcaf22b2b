package train

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"path"
	"slices"

	"s1/engine"
	"s1/engine/arch"
	"s1/engine/builtin"
	"s1/engine/tokenizer"
	"s1/engine/weights"
	"s1/kernels"
	"s1/train/export"
	"s1/train/net"
	"s1/train/recipe"
)

// model is what is trained: its description, its tokenizer, and where its first weights come from.
type model struct {
	config     arch.Config
	file       *weights.Model // the base, or the model whose tokenizer a new one takes; closed by close
	params     export.Params  // of the base; nil for a new model
	base       string         // hash of the base, "" of a new one
	tokenizer  string         // hash
	text       export.Tokenizer
	generation []byte
	lora       *net.LoRA
}

// Resolve finds the folder or file of a model that a recipe names.
type Resolve func(ctx context.Context, name string) (path string, err error)

func openModel(ctx context.Context, rec recipe.Recipe, resolve Resolve) (_ *model, err error) {
	m := &model{}
	defer func() {
		if err != nil {
			m.close()
		}
	}()
	switch {
	case rec.Data.Kind == recipe.Tape && rec.Model.Scratch():
		m.file, err = builtin.Weights() // for its tokenizer
	case rec.Model.Scratch() && rec.Model.Tokenizer == builtin.Name:
		m.file, err = builtin.Weights()
	case rec.Model.Scratch():
		m.file, err = find(ctx, rec.Model.Tokenizer, resolve)
	case rec.Model.Base == builtin.Name:
		m.file, err = builtin.Weights()
	default:
		m.file, err = find(ctx, rec.Model.Base, resolve)
	}
	if err != nil {
		return nil, err
	}
	base, err := export.Load(m.file)
	if err != nil {
		return nil, err
	}
	m.config, m.text, m.generation = base.Config, base.Tokenizer, base.Generation
	t, err := engine.TokenizerOf(m.file)
	if err != nil {
		return nil, err
	}
	defer t.Close()
	m.tokenizer = t.SHA256()
	if rec.Model.Scratch() {
		return m, m.new(rec.Model, t)
	}
	if rec.Data.Kind == recipe.Tape {
		if err := m.speaksTape(); err != nil {
			return nil, err
		}
	}
	m.params = base.Params
	if m.base, err = m.file.SHA256(); err != nil {
		return nil, err
	}
	if l := rec.LoRA; l.Rank > 0 {
		m.lora = &net.LoRA{Rank: l.Rank, Alpha: l.Alpha, Dropout: l.Dropout, Targets: targets(l.Targets), RSLoRA: l.RSLoRA}
	}
	return m, nil
}

// speaksTape refuses a base with other tokens than the generator's.
func (m *model) speaksTape() error {
	w, err := builtin.Weights()
	if err != nil {
		return err
	}
	defer w.Close()
	t, err := engine.TokenizerOf(w)
	if err != nil {
		return err
	}
	defer t.Close()
	if t.SHA256() != m.tokenizer {
		return fmt.Errorf("data.kind is \"tape\", whose tokens are those of the built-in model, and %s has another tokenizer: take base = %q, or rows", m.file.Path, builtin.Name)
	}
	return nil
}

func find(ctx context.Context, name string, resolve Resolve) (*weights.Model, error) {
	path, err := resolve(ctx, name)
	if err != nil {
		return nil, err
	}
	return weights.Open(path)
}

// targets are nil for all of them.
func targets(names []string) []string {
	if len(names) == 1 && names[0] == "all-linear" {
		return nil
	}
	return names
}

// new puts the sizes of a new model in place of those of the one whose tokenizer it takes.
func (m *model) new(c recipe.Model, t *tokenizer.Tokenizer) error {
	ends := m.config.EOS
	m.config = arch.Config{
		Architecture: c.Arch, Hidden: c.Hidden, Layers: c.Layers, Heads: c.Heads, KVHeads: c.KV(), HeadDim: c.Dim(), FF: c.FF,
		Vocab: c.Vocab, Context: c.Context, RMSEps: float32(c.NormEps), Tied: c.Tied, QKVBias: c.Arch == arch.Qwen2, QKNorm: c.Arch == arch.Qwen3,
		BOS: m.config.BOS, EOS: ends,
	}
	m.config.RoPE.Type, m.config.RoPE.Theta = arch.RoPEDefault, c.RopeTheta
	if m.config.Vocab == 0 {
		m.config.Vocab = t.VocabSize()
	}
	if m.config.Vocab < t.VocabSize() {
		return fmt.Errorf("model.vocab is %d, and the tokenizer has %d tokens: a model needs a row for each", m.config.Vocab, t.VocabSize())
	}
	return nil
}

// program is the model for training.
func (m *model) program(rec recipe.Recipe) (*kernels.TrainProgram, error) {
	rows := rec.MicroRows(m.config.Context)
	for _, width := range []int{m.config.Hidden, m.config.FF, m.config.Heads * m.config.HeadDim} {
		if most := math.MaxInt32 / max(width, 1); rows > most {
			return nil, fmt.Errorf("a micro-batch of %d rows is too large for a model of width %d: set train.micro_tokens to at most %d; %d is common", rows, width, most, 8192)
		}
	}
	o := net.Options{Rows: rows, Context: min(m.config.Context, rows), LoRA: m.lora, Checkpoint: rec.Train.GradientCheckpointing}
	if patterns := rec.Freeze.Patterns; len(patterns) > 0 {
		o.Frozen = func(name string) bool {
			for _, p := range patterns {
				if ok, _ := path.Match(p, name); ok { // the recipe has checked the patterns
					return true
				}
			}
			return false
		}
	}
	p, err := net.Build(m.config, o)
	if err != nil {
		return nil, err
	}
	return p, frozen(rec.Freeze.Patterns, p)
}

// frozen refuses patterns that freeze nothing, and those that leave nothing to train.
func frozen(patterns []string, p *kernels.TrainProgram) error {
	learns := false
	for _, s := range p.Params {
		learns = learns || !s.Frozen
	}
	for _, pattern := range patterns {
		if !slices.ContainsFunc(p.Params, func(s kernels.ParamSpec) bool { ok, _ := path.Match(pattern, s.Name); return ok }) {
			return fmt.Errorf("freeze.patterns: %q is the name of no parameter; names are such as %s", pattern, p.Params[len(p.Params)/2].Name)
		}
	}
	if !learns {
		return fmt.Errorf("freeze.patterns %q freeze every parameter, so there is nothing to train", patterns)
	}
	return nil
}

// write gives the trainer its first weights: the base's, and draws of the seed for what is new.
func (m *model) write(p *kernels.TrainProgram, t kernels.Trainer, rec recipe.Recipe) error {
	first := net.Init(p, rec.Train.Seed, rec.Model.InitStd)
	known := map[string]bool{}
	for _, s := range export.Specs(m.config) {
		known[s.Name] = m.params != nil
	}
	for i, s := range p.Params {
		if !known[s.Name] {
			t.Write(kernels.SlotWeight, kernels.Param(i), first(kernels.Param(i)))
			continue
		}
		values, err := m.params(s.Name)
		if err != nil {
			return err
		}
		t.Write(kernels.SlotWeight, kernels.Param(i), values)
	}
	return nil
}

func (m *model) close() {
	if m.file != nil {
		_ = m.file.Close() // only read
		m.file = nil
	}
}

// shape identifies the parameters: names and sizes.
func shape(p *kernels.TrainProgram) string {
	sum := sha256.New()
	for _, s := range p.Params {
		fmt.Fprintf(sum, "%s %d %d %t\n", s.Name, s.Rows, s.Cols, s.Frozen)
	}
	return hex.EncodeToString(sum.Sum(nil))
}
