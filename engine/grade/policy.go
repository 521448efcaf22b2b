package grade

import (
	"fmt"
	"strings"
)

// Policies are the choices on which graders differ. Every switch is named for what it lets pass; Default is what s1 uses.
type Policies struct {
	PercentStripped  bool    // 28 answers 28 %
	PercentAsValue   bool    // 0.335 answers 33.5 %
	UnitsOptional    bool    // a unit may be missing on one side
	UnitsIgnored     bool    // units may even differ: 5 cm answers 5 m
	DegreesOptional  bool    // 90 answers 90 degrees
	Assignments      bool    // x = 5 and 5 answer each other
	OtherNames       bool    // y = 5 answers x = 5
	EquationMultiple bool    // 2x + 2y = 2 answers x + y = 1
	ListOrder        bool    // 1, 2 does not answer 2, 1
	SetAsList        bool    // {1, 2} and 1, 2 answer each other
	TupleAsList      bool    // (1, 2) and 1, 2 answer each other
	IntervalAsRange  bool    // (0, 1) and 0 < x < 1 answer each other
	BaseOptional     bool    // 52 answers 52 in base 8
	VectorAsTuple    bool    // a column and (1, 2) answer each other
	Rounded          bool    // 0.333 answers 1/3: right in every digit written, at least three of them
	Tolerance        float64 // relative difference of two numbers that is none; 0 = exact
	Case             bool    // text answers must agree in upper and lower case
	DecimalComma     bool    // 1,5 is 1.5
	Algebra          bool    // different expressions of one value are equal; off = only what is written alike
}

// Default is the policy of s1: exact values, lenient about what only dresses them.
func Default() Policies {
	return Policies{
		PercentStripped: true, PercentAsValue: true, UnitsOptional: true, DegreesOptional: true, Assignments: true,
		EquationMultiple: true, SetAsList: true, IntervalAsRange: true, BaseOptional: true, Algebra: true,
	}
}

// Preset is a named policy.
type Preset struct {
	Name     string
	About    string // what it follows, and what of it the switches cannot say
	Policies Policies
}

// Presets are Default and what common graders do, as far as switches can say it: they reproduce policies, not bugs, not the
// string rules by which each reaches its verdicts.
func Presets() []Preset {
	with := func(f func(*Policies)) Policies {
		p := Default()
		f(&p)
		return p
	}
	return []Preset{
		{"default", "s1's own: exact values, lenient about what only dresses them", Default()},
		{"strict", "what is written must be there: units, percent, names, brackets, order, base", Policies{ListOrder: true, Algebra: true, Case: true}},
		{"hendrycks", "is_equiv of MATH: written alike after its normalisation, in order, units and percent signs dropped", Policies{
			PercentStripped: true, UnitsOptional: true, UnitsIgnored: true, DegreesOptional: true, Assignments: true, ListOrder: true, Case: true,
		}},
		{"prm800k", "grade_answer of PRM800K: hendrycks, then values by algebra; tuples in order", Policies{
			PercentStripped: true, UnitsOptional: true, UnitsIgnored: true, DegreesOptional: true, Assignments: true, ListOrder: true, Algebra: true,
		}},
		{"math-verify", "Math-Verify: lists as sets, floats rounded to 6 places, intervals for inequalities (there only one way)", with(func(p *Policies) {
			p.Rounded, p.UnitsIgnored = true, true
		})},
		{"qwen", "Qwen2.5-Math and ToRA: relative tolerance 1e-4, percent every way, lists in order, units dropped", with(func(p *Policies) {
			p.Tolerance, p.ListOrder, p.UnitsIgnored, p.TupleAsList, p.OtherNames = 1e-4, true, true, true, true
		})},
		{"s1", "the rules s1's own judge is told: units, order, format and base do not matter (there a language model decides)", with(func(p *Policies) {
			p.UnitsIgnored, p.OtherNames, p.TupleAsList, p.VectorAsTuple, p.Rounded = true, true, true, true, true
		})},
	}
}

// PresetNamed finds a preset.
func PresetNamed(name string) (Policies, bool) {
	for _, p := range Presets() {
		if p.Name == name {
			return p.Policies, true
		}
	}
	return Policies{}, false
}

// Switch is one policy by its name.
type Switch struct {
	Name, About string
	On          *bool
}

// Switches are the policies that are on or off, by the names the command line uses.
func (p *Policies) Switches() []Switch {
	return []Switch{
		{"percent-stripped", "28 answers 28 %", &p.PercentStripped},
		{"percent-as-value", "0.335 answers 33.5 %", &p.PercentAsValue},
		{"units-optional", "10 answers 10 cm", &p.UnitsOptional},
		{"units-ignored", "10 m answers 10 cm", &p.UnitsIgnored},
		{"degrees-optional", "90 answers 90 degrees", &p.DegreesOptional},
		{"assignments", "5 answers x = 5", &p.Assignments},
		{"other-names", "y = 5 answers x = 5", &p.OtherNames},
		{"equation-multiple", "2x + 2y = 2 answers x + y = 1", &p.EquationMultiple},
		{"list-order", "2, 1 does not answer 1, 2", &p.ListOrder},
		{"set-as-list", "1, 2 answers {1, 2}", &p.SetAsList},
		{"tuple-as-list", "1, 2 answers (1, 2)", &p.TupleAsList},
		{"interval-as-range", "(0, 1) answers 0 < x < 1", &p.IntervalAsRange},
		{"base-optional", "52 answers 52 in base 8", &p.BaseOptional},
		{"vector-as-tuple", "(1, 2) answers a column of 1 and 2", &p.VectorAsTuple},
		{"rounded", "0.333 answers 1/3", &p.Rounded},
		{"case", "east does not answer East", &p.Case},
		{"decimal-comma", "1,5 answers 1.5", &p.DecimalComma},
		{"algebra", "x(x+1) answers x^2 + x", &p.Algebra},
	}
}

// Set turns one switch.
func (p *Policies) Set(name string, on bool) error {
	var names []string
	for _, s := range p.Switches() {
		if s.Name == name {
			*s.On = on
			return nil
		}
		names = append(names, s.Name)
	}
	return fmt.Errorf("policy %q: one of %s", name, strings.Join(names, ", "))
}

// Names are the switches that are on, and the tolerance where it is not 0.
func (p Policies) Names() []string {
	names := []string{}
	for _, s := range p.Switches() {
		if *s.On {
			names = append(names, s.Name)
		}
	}
	if p.Tolerance != 0 {
		names = append(names, "tolerance="+shortest(p.Tolerance))
	}
	return names
}
