package net

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// What PEFT calls the halves of an adapter, behind the name of the matrix.
const (
	loraA = ".lora_A.weight" // (rank, in)
	loraB = ".lora_B.weight" // (out, rank)
)

// LoRA (Hu et al., arXiv 2106.09685) trains y = W x + Scale B A dropout(x) in place of W, in every layer.
type LoRA struct {
	Rank    int
	Alpha   float64
	Dropout float64  // share of the adapter's input that is left out, of each matrix its own
	Targets []string // q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj; none = all of them
	RSLoRA  bool     // Scale is Alpha / sqrt(Rank) instead of Alpha / Rank (arXiv 2312.03732)
}

// Scale is what B A is multiplied by.
func (l *LoRA) Scale() float64 {
	if l.RSLoRA {
		return l.Alpha / math.Sqrt(float64(l.Rank))
	}
	return l.Alpha / float64(l.Rank)
}

// Merge adds the adapter of a matrix to it: w (out, in) += Scale * b (out, rank) a (rank, in), summed in float64.
func (l *LoRA) Merge(w, a, b []float32) error {
	in, out := len(a)/max(l.Rank, 1), len(b)/max(l.Rank, 1)
	if l.Rank < 1 || in*l.Rank != len(a) || out*l.Rank != len(b) || in*out != len(w) {
		return fmt.Errorf("merge a LoRA of rank %d: A has %d elements, B %d, the matrix %d", l.Rank, len(a), len(b), len(w))
	}
	sum := make([]float64, in)
	for row := range out {
		clear(sum)
		for r := range l.Rank {
			f := l.Scale() * float64(b[row*l.Rank+r])
			for i, v := range a[r*in : (r+1)*in] {
				sum[i] += f * float64(v)
			}
		}
		for i, v := range sum {
			w[row*in+i] = float32(float64(w[row*in+i]) + v)
		}
	}
	return nil
}

func (l *LoRA) check() error {
	switch {
	case l.Rank < 1:
		return fmt.Errorf("LoRA of rank %d, want at least 1", l.Rank)
	case !(l.Alpha > 0) || math.IsInf(l.Alpha, 0):
		return fmt.Errorf("LoRA with alpha %g, want a positive number", l.Alpha)
	case !(l.Dropout >= 0 && l.Dropout < 1):
		return fmt.Errorf("LoRA with dropout %g, want 0 to below 1", l.Dropout)
	}
	for _, t := range l.Targets {
		if !slices.Contains(partNames[:], t) {
			return fmt.Errorf("LoRA target %q is none of %s", t, strings.Join(partNames[:], ", "))
		}
	}
	return nil
}

// on says whether a matrix gets an adapter.
func (l *LoRA) on(module string) bool {
	return l != nil && (len(l.Targets) == 0 || slices.Contains(l.Targets, module))
}
