package scaling

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"s1/engine/think"
	"s1/engine/trace"
)

// Methods, by the names that commands and files use.
const (
	MethodNone     = "none"     // no forcing: the thought ends where it wants to
	MethodCap      = "bf"       // budget forcing by a cap; budget = thinking tokens
	MethodWait     = "wait"     // budget forcing by Waits; budget = their number
	MethodReject   = "rs"       // rejection sampling: draw until a thought ends by itself within the limit; budget = the limit
	MethodMajority = "majority" // a vote of samples; budget = their number
	MethodExit     = "exit"     // close as soon as guesses along the thought agree; budget = how many in a row
	MethodClass    = "ccc"      // class-conditional prompt; budget = 0 short, 1 long
	MethodSteps    = "scc"      // step-conditional prompt; budget = steps
	MethodTokens   = "tcc"      // token-conditional prompt; budget = thinking tokens
	MethodTokensBF = "tcc+bf"   // the same, with the cap enforced
	MethodOwn      = "own"      // every question under the budget, sampling and seed that its row was thought under (Item.Own)
)

// Plan says what is measured. An arm is one method with one budget.
type Plan struct {
	Methods []string `json:"methods"`
	Caps    []int    `json:"caps"`   // of bf, and the thinking tokens of tcc
	Waits   []int    `json:"waits"`  // of wait
	Texts   []string `json:"texts"`  // what Waits append; the first is the main one, the others are compared with it
	Limits  []int    `json:"limits"` // of rs
	Tries   int      `json:"tries"`  // most samples of rs; 0 = 64
	Votes   []int    `json:"votes"`  // of majority
	Stays   []int    `json:"stays"`  // of exit
	Every   int      `json:"every"`  // thinking tokens between two guesses of exit; 0 = 64
	Steps   []int    `json:"steps"`  // of scc

	System      string         `json:"system"`
	ThinkFormat string         `json:"think_format"` // "" = auto
	Limit       int            `json:"limit"`        // most thinking tokens of any thought; 0 = what the context holds
	AnswerCap   int            `json:"answer_cap"`   // most answer tokens; 0 = 512
	Sampling    trace.Sampling `json:"sampling"`     // of everything but samples; the zero value is greedy
	Temperature float64        `json:"temperature"`  // of samples; 0 = 1, as in the paper
	Seed        uint64         `json:"seed"`         // sample k of item i has a seed of its own made from it
}

// Arm is one method with one budget; it names a column of the report and a point of a curve.
type Arm struct {
	Method string `json:"method"`
	Budget int    `json:"budget"`
	Text   string `json:"text,omitempty"` // of Waits other than the plan's first text
}

func (a Arm) String() string {
	s := a.Method
	if a.Budget >= 0 {
		s += " " + strconv.Itoa(a.Budget)
	}
	if a.Text != "" {
		s += " " + strconv.Quote(a.Text)
	}
	return s
}

// nothing names the empty Wait text in arms and files.
const nothing = "(nothing)"

// presets are the published procedures; as a method each has arms for all caps and all Waits.
func presets() []string { return []string{think.PresetReadme, think.PresetHarness} }

// presetArm is an arm of a preset: what is forced follows the name, as in "s1-readme+wait".
func presetOf(method string) (preset, forced string, ok bool) {
	preset, forced, ok = strings.Cut(method, "+")
	return preset, forced, ok && slices.Contains(presets(), preset)
}

// AllMethods are the methods that a plan can name.
func AllMethods() []string {
	return append([]string{MethodCap, MethodWait, MethodReject, MethodMajority, MethodNone, MethodExit, MethodClass, MethodSteps, MethodTokens, MethodTokensBF, MethodOwn}, presets()...)
}

// prompted are the methods that write into the question, for models that take any.
func prompted(method string) bool {
	return slices.Contains([]string{MethodClass, MethodSteps, MethodTokens, MethodTokensBF}, method)
}

func (p Plan) filled() Plan {
	def := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	sorted := func(v []int) []int { return slices.Compact(slices.Sorted(slices.Values(v))) }
	def(&p.Tries, 64)
	def(&p.Every, 64)
	def(&p.Limit, -1)
	def(&p.AnswerCap, 512)
	if p.Temperature == 0 {
		p.Temperature = 1
	}
	if p.ThinkFormat == "" {
		p.ThinkFormat = "auto"
	}
	if len(p.Texts) == 0 {
		p.Texts = []string{"Wait"}
	}
	p.Caps, p.Waits, p.Limits, p.Votes, p.Stays, p.Steps = sorted(p.Caps), sorted(p.Waits), sorted(p.Limits), sorted(p.Votes), sorted(p.Stays), sorted(p.Steps)
	return p
}

// has says whether a method is planned.
func (p Plan) has(method string) bool { return slices.Contains(p.Methods, method) }

// Check refuses what cannot be measured, with the value.
func (p Plan) Check() error { return p.filled().check() }

// check refuses what cannot be measured, with the value.
func (p Plan) check() error {
	for _, m := range p.Methods {
		if !slices.Contains(AllMethods(), m) {
			return fmt.Errorf("method %q: there are %s", m, strings.Join(AllMethods(), ", "))
		}
	}
	for _, c := range []struct {
		what  string
		list  []int
		least int
		needs []string
	}{
		{"caps", p.Caps, 0, []string{MethodCap, MethodTokens, MethodTokensBF}},
		{"waits", p.Waits, 0, []string{MethodWait}},
		{"limits", p.Limits, 1, []string{MethodReject}},
		{"votes", p.Votes, 1, []string{MethodMajority}},
		{"stays", p.Stays, 2, []string{MethodExit}},
		{"steps", p.Steps, 1, []string{MethodSteps}},
	} {
		if len(c.list) > 0 && c.list[0] < c.least {
			return fmt.Errorf("%s %v: %d or more", c.what, c.list, c.least)
		}
		for _, m := range c.needs {
			if p.has(m) && len(c.list) == 0 {
				return fmt.Errorf("method %s needs %s, and there are none", m, c.what)
			}
		}
	}
	if p.Tries < 1 || p.Every < 1 || p.AnswerCap < 1 || p.Limit < -1 || p.Temperature < 0 {
		return fmt.Errorf("tries %d, guesses every %d tokens, answers of %d, thoughts of %d, temperature %g: none may be negative or nothing", p.Tries, p.Every, p.AnswerCap, p.Limit, p.Temperature)
	}
	if len(p.Arms()) == 0 {
		return fmt.Errorf("methods %v measure nothing: there are %s", p.Methods, strings.Join(AllMethods(), ", "))
	}
	return nil
}

// textName is how a Wait text other than the first is named in an arm.
func (p Plan) textName(text string) string {
	switch text {
	case p.Texts[0]:
		return ""
	case "":
		return nothing
	}
	return text
}

// Arms are all arms of the plan, in the order of rows and tables.
func (p Plan) Arms() (arms []Arm) {
	add := func(method string, budgets []int, text string) {
		for _, b := range budgets {
			arms = append(arms, Arm{method, b, text})
		}
	}
	for _, m := range p.Methods {
		switch m {
		case MethodNone, MethodOwn:
			add(m, []int{-1}, "")
		case MethodCap, MethodTokens, MethodTokensBF:
			add(m, p.Caps, "")
		case MethodWait:
			for _, text := range p.Texts {
				add(m, p.Waits, p.textName(text))
			}
		case MethodReject:
			add(m, p.Limits, "")
		case MethodMajority:
			add(m, p.Votes, "")
		case MethodExit:
			add(m, p.Stays, "")
		case MethodClass:
			add(m, []int{0, 1}, "")
		case MethodSteps:
			add(m, p.Steps, "")
		default:
			for _, c := range p.Caps {
				if c > 0 { // the presets have no run without thinking
					add(m+"+cap", []int{c}, "")
				}
			}
			add(m+"+wait", p.Waits, "")
		}
	}
	return arms
}
