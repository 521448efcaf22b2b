package metrics

import (
	"encoding/json"
	"fmt"
	"math"
)

// Limits of a guard's window.
const (
	minWindow = 8
	maxWindow = 1 << 16
)

// Guard says which steps not to take: one whose loss or gradient norm is no number, and one that stands more than a number
// of standard deviations above those of a window of steps before it. Nothing is a spike before the window is full. As in
// llm.c, a spike enters the window like any other value, so that a loss that stays high is taken as the new normal after a
// while; what is no number does not enter. Its JSON is its whole state: a run resumed from it decides alike.
type Guard struct {
	loss, norm window
	limits     Limits
}

// Limits are the z-scores above which a step is skipped; 0 never skips.
type Limits struct {
	Window int     `json:"window"` // steps
	Loss   float64 `json:"loss"`   // standard deviations
	Norm   float64 `json:"norm"`   // standard deviations
}

// NewGuard makes a guard with empty windows.
func NewGuard(l Limits) (*Guard, error) {
	if l.Window < minWindow || l.Window > maxWindow {
		return nil, fmt.Errorf("spike guard: a window of %d steps, want %d to %d", l.Window, minWindow, maxWindow)
	}
	if !(l.Loss >= 0 && l.Norm >= 0) || math.IsInf(l.Loss+l.Norm, 0) {
		return nil, fmt.Errorf("spike guard: limits %g of the loss and %g of the norm, want 0 or more", l.Loss, l.Norm)
	}
	return &Guard{limits: l}, nil
}

// Check takes the values of a step and returns "", SkippedNaN or SkippedSpike. It is called once a step.
func (g *Guard) Check(loss, norm float64) (skipped string) {
	if Number(loss) == nil || Number(norm) == nil {
		return SkippedNaN
	}
	zLoss := g.loss.push(loss, g.limits.Window)
	zNorm := g.norm.push(norm, g.limits.Window)
	if (g.limits.Loss > 0 && zLoss > g.limits.Loss) || (g.limits.Norm > 0 && zNorm > g.limits.Norm) {
		return SkippedSpike
	}
	return ""
}

// window is a ring of the newest values.
type window struct {
	Values []float64 `json:"values"`
	Next   int       `json:"next"` // where the next value goes once the ring is full
}

// push returns how many standard deviations v lies above the values before it, 0 until there are size of them, and keeps v.
// Mean and deviation are computed anew each time, in the order of the ring: no sum drifts, and a resume gives the same bits.
func (w *window) push(v float64, size int) (z float64) {
	if len(w.Values) < size {
		w.Values = append(w.Values, v)
		return 0
	}
	mean, square := 0.0, 0.0
	for i, x := range w.Values { // Welford: large values with a small spread lose nothing
		d := x - mean
		mean += d / float64(i+1)
		square += d * (x - mean)
	}
	if deviation := math.Sqrt(square / float64(size)); deviation > 0 {
		z = (v - mean) / deviation
	}
	w.Values[w.Next] = v
	w.Next = (w.Next + 1) % size
	return z
}

// guardState is a guard as JSON.
type guardState struct {
	Limits Limits `json:"limits"`
	Loss   window `json:"loss"`
	Norm   window `json:"norm"`
}

// MarshalJSON writes the limits and the windows.
func (g *Guard) MarshalJSON() ([]byte, error) {
	return json.Marshal(guardState{g.limits, g.loss, g.norm})
}

// UnmarshalJSON restores a guard, whatever it was before.
func (g *Guard) UnmarshalJSON(b []byte) error {
	var s guardState
	if err := json.Unmarshal(b, &s); err != nil {
		return fmt.Errorf("spike guard: %w", err)
	}
	fresh, err := NewGuard(s.Limits)
	if err != nil {
		return err
	}
	for name, w := range map[string]window{"loss": s.Loss, "norm": s.Norm} {
		if len(w.Values) > s.Limits.Window || w.Next < 0 || w.Next >= s.Limits.Window || (w.Next > 0 && len(w.Values) < s.Limits.Window) {
			return fmt.Errorf("spike guard: %d values of the %s and next %d do not fit a window of %d", len(w.Values), name, w.Next, s.Limits.Window)
		}
	}
	fresh.loss, fresh.norm = s.Loss, s.Norm
	*g = *fresh
	return nil
}
