// Package metrics keeps what a training run measures: one JSON object a step in a file, a line for people, an honest time to
// the end, and the guard that says which steps not to take. It knows numbers and time; it knows neither models nor data.
package metrics

import (
	"fmt"
	"strings"
)

// Why a step was not taken.
const (
	SkippedNaN   = "nan"   // the loss or the gradient is no number
	SkippedSpike = "spike" // the loss or the gradient stands far out of the recent ones
)

// Step is one optimizer step. Pointers are absent where nothing was measured; 0 is a measurement.
type Step struct {
	Step       int      `json:"step"`        // from 1
	Epoch      float64  `json:"epoch"`       // passes over the data so far; 0 of endless data
	Loss       *float64 `json:"loss"`        // nats per trained token, weighted as trained; null when it is no number
	SampleLoss *float64 `json:"sample_loss"` // mean over the documents of their own mean
	HeldOut    *float64 `json:"held_out,omitempty"`
	LR         float64  `json:"lr"`
	GradNorm   *float64 `json:"grad_norm"` // before clipping; null when it is no number

	TokensPerSecond float64  `json:"tokens_per_second"`
	GEMMShare       *float64 `json:"gemm_share,omitempty"` // of the machine's measured GEMM peak, 0 to 1
	TrainedShare    float64  `json:"trained_share"`        // tokens with a loss among all tokens, 0 to 1
	PaddingWaste    float64  `json:"padding_waste"`        // rows computed without a token, 0 to 1
	PeakMemoryBytes int64    `json:"peak_memory_bytes,omitempty"`
	ETASeconds      *float64 `json:"eta_seconds,omitempty"`

	Entropy       *float64 `json:"entropy,omitempty"`        // nats, mean over trained tokens
	TokenAccuracy *float64 `json:"token_accuracy,omitempty"` // trained tokens that were the likeliest, 0 to 1
	Skipped       string   `json:"skipped,omitempty"`
	Probe         *Probe   `json:"probe,omitempty"`

	Answers        []Answer `json:"answers,omitempty"`         // to the pinned questions, at a checkpoint
	AnswersSeconds float64  `json:"answers_seconds,omitempty"` // that they took
}

// Probe is the share of right answers, 0 to 1, on N held-out problems: thinking cut at two caps, and after one Wait. The fields
// behind those are absent in files of earlier versions.
type Probe struct {
	N    int     `json:"n"`
	CapA float64 `json:"cap_a"` // at the least cap,
	CapB float64 `json:"cap_b"` // and at the largest
	Wait float64 `json:"wait"`

	Natural *float64  `json:"natural,omitempty"` // to the end of its own thought
	Caps    []ProbeAt `json:"caps,omitempty"`    // each cap, in thinking tokens; -1 = to the natural end
	Waits   []ProbeAt `json:"waits,omitempty"`   // each number of Waits
	Tokens  float64   `json:"tokens,omitempty"`  // of a natural thought, mean
	Fixed   *int      `json:"fixed,omitempty"`   // problems that one Wait made right,
	Broken  *int      `json:"broken,omitempty"`  // and wrong

	// Shares of lines, 0 to 1; absent where there was none to judge.
	DraftErrors *float64 `json:"draft_errors,omitempty"` // drafted lines that are wrong
	Detection   *float64 `json:"detection,omitempty"`    // checked wrong lines that were found
	FalseAlarms *float64 `json:"false_alarms,omitempty"` // checked right lines called wrong
	Repair      *float64 `json:"repair,omitempty"`       // found lines that were given the right value
	Slips       *float64 `json:"slips,omitempty"`        // of traces: the form was left
}

// ProbeAt is the share of right answers at one cap, or after so many Waits.
type ProbeAt struct {
	At    int     `json:"at"`
	Right float64 `json:"right"`
}

// String is a probe in the line of a step: "cap 16 10%, 32 40%, end 55%, wait 60% (+12 -2), found 98%". ASCII.
func (p Probe) String() string {
	if len(p.Caps) == 0 { // as it was before caps were kept
		return fmt.Sprintf("cap %.0f%%/%.0f%% wait %.0f%%", 100*p.CapA, 100*p.CapB, 100*p.Wait)
	}
	var b strings.Builder
	b.WriteString("cap")
	for _, c := range p.Caps {
		if c.At >= 0 {
			fmt.Fprintf(&b, " %d %.0f%%,", c.At, 100*c.Right)
		}
	}
	if p.Natural != nil {
		fmt.Fprintf(&b, " end %.0f%%,", 100**p.Natural)
	}
	fmt.Fprintf(&b, " wait %.0f%%", 100*p.Wait)
	if p.Fixed != nil && p.Broken != nil {
		fmt.Fprintf(&b, " (+%d -%d)", *p.Fixed, *p.Broken)
	}
	for _, w := range p.Waits {
		if w.At > 1 {
			fmt.Fprintf(&b, ", %d waits %.0f%%", w.At, 100*w.Right)
		}
	}
	if p.Detection != nil {
		fmt.Fprintf(&b, ", found %.0f%%", 100**p.Detection)
	}
	return b.String()
}

// Number is a measurement: nil when v is NaN or infinite, which JSON cannot say.
func Number(v float64) *float64 {
	if v-v != 0 { // NaN and both infinities
		return nil
	}
	return &v
}

// GEMMShare is the share of the machine's peak that a step reached: flops of its matrix products, seconds it took, and the
// peak in flops per second, measured by the caller on the same threads. nil where one of them is not known.
func GEMMShare(flops, seconds, peak float64) *float64 {
	if !(flops > 0 && seconds > 0 && peak > 0) {
		return nil
	}
	return Number(flops / seconds / peak)
}

func (s Step) validate() error {
	for _, v := range []struct {
		name  string
		value float64
	}{
		{"epoch", s.Epoch},
		{"lr", s.LR},
		{"tokens_per_second", s.TokensPerSecond},
		{"trained_share", s.TrainedShare},
		{"padding_waste", s.PaddingWaste},
	} {
		if Number(v.value) == nil {
			return fmt.Errorf("%s is %v, want a number", v.name, v.value)
		}
	}
	return nil
}
