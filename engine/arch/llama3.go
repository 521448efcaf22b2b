package arch

import (
	"fmt"
	"math"
	"slices"
)

// sameFactor is how far a recovered factor may lie from the file's, relatively: a few roundings of fp32.
const sameFactor = 1e-5

// Stretched finds the parameters behind a GGUF file's tensor of Factors, which a folder has to name. Frequencies depend on ratios of
// them only, so low_freq_factor is taken as 1, as in every model of the family, and the others follow.
//
// With k = (1/f - 1/F) / (1 - 1/F) the kept part of a pair of factor f, F the largest, llama3's rule is a line through the pairs between
// the ends: k = (turns - 1) / (high - 1), turns = original * frequency / 2 pi.
func (r RoPE) Stretched(factors []float32) (RoPE, error) {
	plain := RoPE{Type: RoPEDefault, Theta: r.Theta}
	freqs, _ := plain.Frequencies(2 * len(factors))
	most := float64(slices.Max(factors))
	out := RoPE{Type: RoPELlama3, Theta: r.Theta, Factor: most, LowFreq: 1, HighFreq: 4, OriginalContext: 8192, Attention: r.Attention}
	var between [][2]float64 // frequency, kept part
	for i, f := range factors {
		if v := float64(f); v > 1+sameFactor && v < most*(1-sameFactor) {
			between = append(between, [2]float64{float64(freqs[i]), (1/v - 1/most) / (1 - 1/most)})
		}
	}
	switch n := len(between); n {
	case 0: // the usual values, or none
	case 1:
		turns := 1 + between[0][1]*(out.HighFreq-1)
		out.OriginalContext = whole(turns * 2 * math.Pi / between[0][0])
	default:
		slope := (between[0][1] - between[n-1][1]) / (between[0][0] - between[n-1][0])
		at0 := slope*between[0][0] - between[0][1]
		out.HighFreq = whole(1 + 1/at0)
		out.OriginalContext = whole(slope * 2 * math.Pi * (out.HighFreq - 1))
	}
	if err := out.validate(); err == nil {
		got := Config{RoPE: out, HeadDim: 2 * len(factors)}
		if slices.EqualFunc(got.Factors(), factors, func(a, b float32) bool { return math.Abs(float64(a/b)-1) <= sameFactor }) {
			return out, nil
		}
	}
	return RoPE{}, fmt.Errorf("tensor %q is not a stretch of Llama 3 (factors up to %g over %d pairs), and a folder can say no other",
		ropeFactors, most, len(factors))
}

// whole rounds what is nearly a whole number: the factors are fp32.
func whole(v float64) float64 {
	if w := math.Round(v); w != 0 && math.Abs(v/w-1) < 1e-3 {
		return w
	}
	return v
}
