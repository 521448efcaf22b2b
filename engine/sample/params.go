package sample

import (
	"fmt"
	"math"
	"slices"

	"s1/engine/trace"
)

const (
	// defaultRepeatLast is the window of the repetition penalty, in drawn tokens, where none is given.
	defaultRepeatLast = 64
	// coldest is the temperature below which a draw is greedy: 1/T would leave float32.
	coldest = 1e-5
)

// Check says in one sentence what is wrong with p for a vocabulary of the given size, or nil.
func Check(p trace.Sampling, vocab int) error {
	finite := func(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
	switch {
	case !finite(p.Temperature) || p.Temperature < 0:
		return fmt.Errorf("temperature %v: it must be 0 (greedy) or above", p.Temperature)
	case p.TopK < 0:
		return fmt.Errorf("top-k %d: it must be 0 (off) or above", p.TopK)
	case !(p.TopP >= 0 && p.TopP <= 1):
		return fmt.Errorf("top-p %v: it must lie between 0 and 1", p.TopP)
	case !(p.MinP >= 0 && p.MinP <= 1):
		return fmt.Errorf("min-p %v: it must lie between 0 and 1", p.MinP)
	case !finite(p.RepeatPenalty) || p.RepeatPenalty < 0:
		return fmt.Errorf("repetition penalty %v: it must be 0 or 1 (off) or above", p.RepeatPenalty)
	case p.RepeatLast < 0:
		return fmt.Errorf("repetition window %d: it must be 0 (%d tokens) or above", p.RepeatLast, defaultRepeatLast)
	}
	for id, b := range p.LogitBias {
		if id < 0 || int(id) >= vocab {
			return fmt.Errorf("logit bias for id %d: the vocabulary has %d ids", id, vocab)
		}
		if math.IsNaN(b) || math.IsInf(b, 1) {
			return fmt.Errorf("logit bias %v for id %d: it must be a number, or -Inf to forbid the id", b, id)
		}
	}
	return nil
}

// InvT is the 1/temperature a backend should make LogitStats.LSET with (kernels.Batch.InvT).
func InvT(p trace.Sampling) float32 {
	if p.Temperature < coldest {
		return 1
	}
	return float32(1 / p.Temperature)
}

// bias is Sampling.LogitBias in order of id, because a map has none.
type bias struct {
	id  int32
	add float32
}

func biases(p trace.Sampling) []bias {
	out := make([]bias, 0, len(p.LogitBias))
	for id, b := range p.LogitBias {
		out = append(out, bias{id, float32(b)})
	}
	slices.SortFunc(out, func(a, b bias) int { return int(a.id) - int(b.id) })
	return out
}
