package dataset

import (
	"fmt"

	"s1/engine/builtin/tape"
)

// TapeConfig says which traces of the calculator tape are generated. Shares need not add up to one.
type TapeConfig struct {
	Seed       uint64       `toml:"seed"`
	StepsMin   int          `toml:"steps_min"`
	StepsMax   int          `toml:"steps_max"`
	Curriculum int64        `toml:"curriculum"` // examples over which the most steps grow from steps_min + 1 to steps_max
	Values     []TapeValues `toml:"values"`     // how many problems stay below which value
	Divide     int          `toml:"divide"`     // percent of the steps that divide, where the value allows it; the tests have 15
	Mixture    TapeMixture  `toml:"mixture"`
	ErrorRates []float64    `toml:"error_rates"`     // of a draft line; one of them is drawn for a whole example with checks
	Checks     bool         `toml:"checks"`          // false: the control whose Wait opens no check
	SureMax    int          `toml:"sure_max"`        // the most "Wait sure" at the end of an example, so the most Waits without an error
	Interrupt  float64      `toml:"interrupted"`     // share of the examples with Waits where one falls into a line, as after a cap
	Cut        float64      `toml:"cut_in_check"`    // share of the truncated examples that are cut inside a check
	Divisions  float64      `toml:"division_errors"` // how many times as often a division is wrong as another line, for the same rate
	Random     float64      `toml:"random_errors"`   // share of wrong values drawn uniformly; the others are plausible slips
	Weights    TapeWeights  `toml:"weights"`
}

// TapeValues is a share of the problems whose values stay within 1..Limit.
type TapeValues struct {
	Limit int     `toml:"limit"`
	Share float64 `toml:"share"`
}

// TapeMixture is the shares of the kinds of example.
type TapeMixture struct {
	Clean     float64 `toml:"clean"`     // draft, answer
	Truncated float64 `toml:"truncated"` // a thought cut anywhere, and the true answer
	Again     float64 `toml:"again"`     // drafts one after another, without a check
	Waits     float64 `toml:"waits"`     // drafts with errors, and checks until all is verified
}

// TapeWeights is the loss weights that are not 1. The prompt, a Wait or Again inside a thought, a wrong value of a draft and the
// end of a cut thought always have 0: none of them is anything the model should write by itself.
type TapeWeights struct {
	WrongClaim float64 `toml:"wrong_claim"` // digits of a wrong value restated in a check
	No         float64 `toml:"no"`
	OK         float64 `toml:"ok"`
	CutAnswer  float64 `toml:"cut_answer"`  // the answer after a cut thought
	WrongCheck float64 `toml:"wrong_check"` // columns and result of a check whose claim is wrong
	Draft      float64 `toml:"draft"`       // right values of drafts
	Stop       float64 `toml:"stop"`        // the end of a thought in whose place a Wait was put
}

// DefaultTape is the recipe of the built-in model.
func DefaultTape() TapeConfig {
	return TapeConfig{
		Seed: 1, StepsMin: 1, StepsMax: 10, Curriculum: 12_000,
		Values:     []TapeValues{{99, .25}, {999, .25}, {9999, .5}},
		Mixture:    TapeMixture{Clean: .25, Truncated: .13, Again: .06, Waits: .56},
		ErrorRates: []float64{0, .1, .25, .4, .6},
		Divide:     15, Checks: true, SureMax: 8, Interrupt: .1, Cut: .15, Divisions: 1, Random: .2,
		Weights: TapeWeights{WrongClaim: 4, No: 6, OK: 2, CutAnswer: 1, WrongCheck: 1, Draft: 1, Stop: 1},
	}
}

// Validate says what cannot be.
func (c TapeConfig) Validate() error {
	if c.StepsMin < 1 || c.StepsMax > tape.MaxSteps || c.StepsMin > c.StepsMax {
		return fmt.Errorf("tape: steps_min %d to steps_max %d is not within 1..%d", c.StepsMin, c.StepsMax, tape.MaxSteps)
	}
	if c.Curriculum < 0 || c.SureMax < 0 || c.SureMax > 16 {
		return fmt.Errorf("tape: curriculum %d must be at least 0, and sure_max %d within 0..16", c.Curriculum, c.SureMax)
	}
	values := 0.0
	for _, v := range c.Values {
		if v.Limit < 10 || v.Limit > tape.MaxValue || !(v.Share >= 0) {
			return fmt.Errorf("tape: values: limit %d is not within 10..%d, or share %g is below 0", v.Limit, tape.MaxValue, v.Share)
		}
		values += v.Share
	}
	m := c.Mixture
	kinds := m.Clean + m.Truncated + m.Again + m.Waits
	if !(values > 0) || !(kinds > 0) || !(min(m.Clean, m.Truncated, m.Again, m.Waits) >= 0) {
		return fmt.Errorf("tape: the shares of values add up to %g and of the mixture to %g; both must be above 0, and no share below it", values, kinds)
	}
	if len(c.ErrorRates) == 0 {
		return fmt.Errorf("tape: error_rates is empty")
	}
	for _, r := range append([]float64{c.Interrupt, c.Cut, c.Random}, c.ErrorRates...) {
		if !(r >= 0 && r <= 1) {
			return fmt.Errorf("tape: %g in error_rates, interrupted, cut_in_check or random_errors is not within 0..1", r)
		}
	}
	if c.Divide < 0 || c.Divide > 100-tape.Usual().Times || !(c.Divisions >= 0) {
		return fmt.Errorf("tape: divide %d is not within 0..%d percent, or division_errors %g is below 0", c.Divide, 100-tape.Usual().Times, c.Divisions)
	}
	w := c.Weights
	if !(min(w.WrongClaim, w.No, w.OK, w.CutAnswer, w.WrongCheck, w.Draft, w.Stop) >= 0) {
		return fmt.Errorf("tape: a loss weight is below 0 in %+v", w)
	}
	return nil
}

// Largest is the largest value of any problem.
func (c TapeConfig) Largest() int {
	most := 0
	for _, v := range c.Values {
		most = max(most, v.Limit)
	}
	return most
}
