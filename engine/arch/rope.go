package arch

import (
	"fmt"
	"math"
)

// Kinds of rotary positions.
const (
	RoPEDefault = "default"
	RoPELinear  = "linear"
	RoPELlama3  = "llama3"
	RoPEYaRN    = "yarn"
)

var ropeTypes = []string{RoPEDefault, RoPELinear, RoPELlama3, RoPEYaRN}

// RoPE describes the rotation of queries and keys.
type RoPE struct {
	Type            string
	Theta           float64 // base of the wavelengths
	Factor          float64 // of linear, llama3, yarn: how far the context is stretched
	OriginalContext float64 // of llama3, yarn: positions before the stretch
	LowFreq         float64 // of llama3: wavelengths longer than OriginalContext/LowFreq are stretched in full
	HighFreq        float64 // of llama3: those shorter than OriginalContext/HighFreq not at all
	BetaFast        float64 // of yarn: dimensions that turn more often than this over OriginalContext are not stretched
	BetaSlow        float64 // of yarn: those that turn less often are stretched in full
	NoTruncate      bool    // of yarn: the bounds of the ramp are not rounded to whole dimensions
	Attention       float64 // of yarn: scale of the rotated vectors; 0 = 0.1 ln(Factor) + 1
	Interleaved     bool    // pairs are (2i, 2i+1), as in GGUF files of Llama, whose q and k rows are permuted for it
}

func (r *RoPE) validate() error {
	positive := func(name string, v float64) error {
		if !(v > 0) || math.IsInf(v, 0) {
			return fmt.Errorf("rope: %s is %g, want a positive number", name, v)
		}
		return nil
	}
	checks := []struct {
		name string
		v    float64
		of   []string
	}{
		{"theta", r.Theta, ropeTypes},
		{"factor", r.Factor, []string{RoPELinear, RoPELlama3, RoPEYaRN}},
		{"original_max_position_embeddings", r.OriginalContext, []string{RoPELlama3, RoPEYaRN}},
		{"low_freq_factor", r.LowFreq, []string{RoPELlama3}},
		{"high_freq_factor", r.HighFreq, []string{RoPELlama3}},
		{"beta_fast", r.BetaFast, []string{RoPEYaRN}},
		{"beta_slow", r.BetaSlow, []string{RoPEYaRN}},
	}
	found := false
	for _, t := range ropeTypes {
		found = found || t == r.Type
	}
	if !found {
		return unsupported("rope type", r.Type, ropeTypes)
	}
	for _, c := range checks {
		for _, t := range c.of {
			if t == r.Type {
				if err := positive(c.name, c.v); err != nil {
					return err
				}
			}
		}
	}
	switch {
	case r.Theta == 1:
		return fmt.Errorf("rope: theta is 1, so that all wavelengths are equal")
	case r.Type == RoPELlama3 && r.HighFreq <= r.LowFreq:
		return fmt.Errorf("rope: high_freq_factor (%g) must be above low_freq_factor (%g)", r.HighFreq, r.LowFreq)
	case r.Type == RoPEYaRN && r.BetaFast < r.BetaSlow:
		return fmt.Errorf("rope: beta_fast (%g) must not be below beta_slow (%g)", r.BetaFast, r.BetaSlow)
	case !(r.Attention >= 0) || math.IsInf(r.Attention, 0):
		return fmt.Errorf("rope: attention factor is %g, want a positive number", r.Attention)
	}
	return nil
}

// Frequencies are the radians per position of each pair of a head of dim elements, and the scale of the rotated vectors.
// They are rounded to fp32 where PyTorch rounds them, because the models were trained with those numbers.
func (r *RoPE) Frequencies(dim int) ([]float32, float32) {
	f := make([]float32, dim/2)
	for i := range f {
		f[i] = 1 / float32(math.Pow(r.Theta, float64(float32(2*i)/float32(dim))))
	}
	switch r.Type {
	case RoPELinear:
		for i := range f {
			f[i] /= float32(r.Factor)
		}
	case RoPELlama3:
		r.llama3(f)
	case RoPEYaRN:
		return f, r.yarn(f, dim)
	}
	return f, 1
}

// llama3 stretches long wavelengths in full, short ones not at all, and those between in proportion to how often they turn over the
// original context.
func (r *RoPE) llama3(f []float32) {
	for i, v := range f {
		turns := r.OriginalContext * float64(v) / (2 * math.Pi)
		keep := (turns - r.LowFreq) / (r.HighFreq - r.LowFreq)
		keep = min(max(keep, 0), 1)
		f[i] = float32((1-keep)*float64(v)/r.Factor + keep*float64(v))
	}
}

// yarn is "NTK by parts" of the YaRN paper (arXiv 2309.00071, section 3.2), and its attention factor (section 3.4).
func (r *RoPE) yarn(f []float32, dim int) float32 {
	// The dimension that turns n times over the original context.
	turning := func(n float64) float64 {
		return float64(dim) * math.Log(r.OriginalContext/(n*2*math.Pi)) / (2 * math.Log(r.Theta))
	}
	low, high := turning(r.BetaFast), turning(r.BetaSlow)
	if !r.NoTruncate {
		low, high = math.Floor(low), math.Ceil(high)
	}
	low, high = max(low, 0), min(high, float64(dim-1))
	if low == high {
		high += 0.001 // as the reference: no division by zero
	}
	for i, v := range f {
		stretched := min(max((float64(i)-low)/(high-low), 0), 1)
		f[i] = float32(float64(v)/r.Factor*stretched + float64(v)*(1-stretched))
	}
	if r.Attention > 0 {
		return float32(r.Attention)
	}
	return float32(attentionFactor(r.Factor, 1))
}

// attentionFactor is YaRN's 0.1 m ln(s) + 1.
func attentionFactor(factor, m float64) float64 {
	if factor <= 1 {
		return 1
	}
	return 0.1*m*math.Log(factor) + 1
}
