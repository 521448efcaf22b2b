package export

import (
	"fmt"

	"s1/engine/arch"
	"s1/engine/weights"
	"s1/kernels/ref"
)

// Base is a model to train from.
type Base struct {
	Config     arch.Config // as a folder has it: the halves of a head are rotated, the stretch of Llama 3 has its parameters
	Params     Params      // float32, widened one at a time on demand; valid while the model is open
	Tokenizer  Tokenizer
	Generation []byte // generation_config.json, or nil
}

// Load reads a base model. Every tensor is checked here, so that Params fails only for a name that the model does not have.
func Load(m *weights.Model) (Base, error) {
	c, err := arch.Parse(m)
	if err == nil {
		_, err = arch.Build(c, m)
	}
	if err != nil {
		return Base{}, fmt.Errorf("load %s: %w", m.Path, err)
	}
	gguf := m.Kind == weights.KindGGUF
	if t, ok := m.Tensors[arch.FactorsName]; ok && gguf {
		factors := make([]float32, t.Elements())
		ref.Dequant(t.Type, t.Data, factors)
		if c.RoPE.Type != arch.RoPEDefault {
			return Base{}, fmt.Errorf("load %s: it has both rope scaling %q and a tensor %q", m.Path, c.RoPE.Type, arch.FactorsName)
		}
		if c.RoPE, err = c.RoPE.Stretched(factors); err != nil {
			return Base{}, fmt.Errorf("load %s: %w", m.Path, err)
		}
	}
	neighbours := arch.Interleaved(m, c)
	c.RoPE.Interleaved = false
	specs := map[string]arch.TensorSpec{}
	for _, s := range arch.Tensors(c) {
		specs[s.Folder] = s
	}
	tok, err := TokenizerOf(m)
	if err != nil {
		return Base{}, fmt.Errorf("load %s: %w", m.Path, err)
	}
	params := func(name string) ([]float32, error) {
		s, ok := specs[name]
		if !ok {
			return nil, fmt.Errorf("%s has no parameter %q", m.Name, name)
		}
		at := s.Folder
		if gguf {
			at = s.GGUF
		}
		values := make([]float32, s.Rows*s.Cols)
		ref.Dequant(m.Tensors[at].Type, m.Tensors[at].Data, values)
		if neighbours && s.Rotary > 0 {
			values = arch.Interleave(values, s.Rotary, len(values)/(s.Rotary*c.HeadDim), true)
		}
		return values, nil
	}
	return Base{Config: c, Params: params, Tokenizer: tok, Generation: m.Generation}, nil
}
