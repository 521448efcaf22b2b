// Package arch turns a model's own description into a program of kernel ops. Llama, Qwen2 and Qwen3 are one decoder with switches;
// a Hugging Face config.json and GGUF metadata become the same Config, and every tensor is held to it before it is used.
//
// It knows architectures and the names of their tensors. It does not know file formats (engine/weights), how ops are
// computed (kernels), tokens' text, or thinking.
//
//	weights.Model -> Parse -> Config -> Build -> kernels.Program
//	                       -> ParseGeneration -> defaults of sampling, a warning for people
package arch

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"s1/engine/weights"
)

// Architectures that Build knows.
const (
	Llama = "llama"
	Qwen2 = "qwen2" // and Qwen2.5, QwQ, R1-Distill-Qwen
	Qwen3 = "qwen3"
)

var architectures = []string{Llama, Qwen2, Qwen3}

// Limits on what a config may claim, far above any real model: they keep sums of sizes from overflowing.
const (
	maxLayers  = 1 << 12
	maxHeads   = 1 << 12
	maxWidth   = 1 << 20 // hidden, one head, MLP
	maxVocab   = 1 << 24
	maxContext = 1 << 28
)

// Config is what the decoder is: sizes, and its switches.
type Config struct {
	Architecture string // Llama, Qwen2 or Qwen3
	Hidden       int    // width of the residual stream
	Layers       int
	Heads        int // query heads
	KVHeads      int // key/value heads; Heads is a multiple
	HeadDim      int
	FF           int // width inside the MLP
	Vocab        int
	Context      int // positions the model was made for, YaRN's stretch included
	RMSEps       float32
	RoPE         RoPE
	Tied         bool // the head is the embedding table
	QKVBias      bool
	OutBias      bool // of the attention's output projection
	MLPBias      bool
	QKNorm       bool // RMSNorm over each head of q and k
	BOS, EOS     []int32
}

// Parse reads and checks a model's description.
func Parse(m *weights.Model) (Config, error) {
	var c Config
	var err error
	if m.Kind == weights.KindGGUF {
		if c, err = parseGGUF(m); err != nil {
			return Config{}, fmt.Errorf("gguf metadata: %w", err)
		}
		return c, nil
	}
	if c, err = ParseJSON(m.Config); err != nil {
		return Config{}, fmt.Errorf("config.json: %w", err)
	}
	return c, nil
}

// keys are what the description calls its sizes, for messages.
type keys struct{ hidden, layers, heads, kvHeads, headDim, ff, vocab, context, eps, bos, eos string }

// validate checks the sizes against each other.
func (c *Config) validate(k keys) error {
	for _, s := range []struct {
		key      string
		n, limit int
	}{
		{k.hidden, c.Hidden, maxWidth},
		{k.layers, c.Layers, maxLayers},
		{k.heads, c.Heads, maxHeads},
		{k.kvHeads, c.KVHeads, maxHeads},
		{k.headDim, c.HeadDim, maxWidth},
		{k.ff, c.FF, maxWidth},
		{k.vocab, c.Vocab, maxVocab},
		{k.context, c.Context, maxContext},
	} {
		if s.n < 1 || s.n > s.limit {
			return fmt.Errorf("%s is %d, want 1 to %d", s.key, s.n, s.limit)
		}
	}
	if c.Heads%c.KVHeads != 0 {
		return fmt.Errorf("%s (%d) must be divisible by %s (%d)", k.heads, c.Heads, k.kvHeads, c.KVHeads)
	}
	if c.HeadDim%2 != 0 {
		return fmt.Errorf("%s (%d) must be even for rotary positions", k.headDim, c.HeadDim)
	}
	if c.Heads*c.HeadDim > maxWidth {
		return fmt.Errorf("%s (%d) times %s (%d) is above %d", k.heads, c.Heads, k.headDim, c.HeadDim, maxWidth)
	}
	if !(c.RMSEps > 0 && c.RMSEps < 1) {
		return fmt.Errorf("%s is %g, want a small positive number", k.eps, c.RMSEps)
	}
	for _, id := range c.BOS {
		if id < 0 || int(id) >= c.Vocab {
			return fmt.Errorf("%s %d is outside the vocabulary of %d", k.bos, id, c.Vocab)
		}
	}
	for _, id := range c.EOS {
		if id < 0 || int(id) >= c.Vocab {
			return fmt.Errorf("%s %d is outside the vocabulary of %d", k.eos, id, c.Vocab)
		}
	}
	return c.RoPE.validate()
}

// headDim divides the width by the heads where the description gives no size of a head.
func headDim(hidden, heads int, k keys) (int, error) {
	if heads < 1 || hidden%heads != 0 {
		return 0, fmt.Errorf("%s (%d) must be divisible by %s (%d)", k.hidden, hidden, k.heads, heads)
	}
	return hidden / heads, nil
}

// stretch is the context YaRN reaches: its factor times the context it started from.
func (c *Config) stretch() {
	if c.RoPE.Type != RoPEYaRN {
		return
	}
	if long := c.RoPE.Factor * c.RoPE.OriginalContext; long > float64(c.Context) && long <= maxContext {
		c.Context = int(math.Round(long))
	}
}

func unsupported(kind, name string, supported []string) error {
	if name == "" {
		return fmt.Errorf("no %s is named; supported: %s", kind, strings.Join(supported, ", "))
	}
	return fmt.Errorf("%s %.60q is not supported; supported: %s", kind, name, strings.Join(supported, ", "))
}

func known(architecture string) bool { return slices.Contains(architectures, architecture) }
