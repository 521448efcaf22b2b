package cli

import (
	"math"
	"runtime"
	"strconv"

	"github.com/spf13/pflag"

	"s1/engine/builtin"
	"s1/engine/spelling"
	"s1/engine/trace"
)

// defaultModel is what runs when nobody names a model: the one inside the program.
const defaultModel = builtin.Name

// Bounds of sampling parameters: beyond them a number is a slip of the finger.
const (
	maxTemperature = 100
	minPenalty     = 0.1
	maxPenalty     = 10.0
)

// modelFlags say which model, and how it is held and computed.
type modelFlags struct {
	model, backend, weights string
	context, threads        int
}

func (f *modelFlags) register(p *pflag.FlagSet) {
	p.StringVarP(&f.model, "model", "m", defaultModel, "the model: "+modelWords)
	p.StringVar(&f.weights, "weights", "auto", "how weights are held: auto (16-bit ones become 8-bit), exact, q8")
	p.StringVar(&f.backend, "backend", "", "what computes: cpu, or ref (slow, exact); empty = the fastest here")
	p.IntVar(&f.threads, "threads", 0, "threads; 0 = one per core")
	p.IntVar(&f.context, "context", 0, "most positions of a run; 0 = what the model allows, at most 32768")
}

func (f *modelFlags) check() error {
	switch {
	case f.threads < 0 || f.threads > maxThreads():
		return usagef("--threads %d: 0 (one per core) to %d", f.threads, maxThreads())
	case f.context < 0:
		return usagef("--context %d: 0 (the model's own) or more", f.context)
	}
	return oneOf("--weights", f.weights, "auto", "exact", "q8")
}

// budgetFlags say how long a thought may be, and what is done at its end.
type budgetFlags struct {
	waitText, preset                   string
	cap, waits, answerCap, softLanding int
	closeLoops                         bool
}

func (f *budgetFlags) register(p *pflag.FlagSet) {
	p.IntVar(&f.cap, "cap", -1, "most thinking tokens; 0 no thinking, -1 no cap")
	p.IntVar(&f.waits, "wait", 0, "ends of thinking to suppress")
	p.StringVar(&f.waitText, "wait-text", "Wait", "what is appended at each suppressed end; empty = suppress only")
	p.IntVar(&f.answerCap, "answer-cap", -1, "most answer tokens; -1 until the context ends")
	p.StringVar(&f.preset, "preset", "", "a published algorithm instead of s1's exact rule: s1-readme, s1-harness")
	p.IntVar(&f.softLanding, "soft-landing", 0, "close at the end of a sentence within so many tokens before the cap; 0 = exactly at it")
	p.BoolVar(&f.closeLoops, "close-loops", false, "close a thought that repeats itself, instead of only saying so")
}

func (f *budgetFlags) check() error {
	switch {
	case f.cap < -1:
		return usagef("--cap %d: -1 (none), 0 (no thinking) or more", f.cap)
	case f.waits < 0:
		return usagef("--wait %d: 0 or more", f.waits)
	case f.answerCap < -1 || f.answerCap == 0:
		return usagef("--answer-cap %d: -1 (until the context ends) or at least 1", f.answerCap)
	case f.softLanding < 0:
		return usagef("--soft-landing %d: 0 (off) or more", f.softLanding)
	case f.preset != "":
		if err := oneOf("--preset", f.preset, "s1-readme", "s1-harness"); err != nil {
			return err
		}
	}
	return checkText("--wait-text", f.waitText)
}

func (f *budgetFlags) budget() trace.Budget {
	return trace.Budget{Cap: f.cap, Waits: f.waits, WaitText: f.waitText, AnswerCap: f.answerCap, Preset: f.preset, SoftLanding: f.softLanding, CloseLoops: f.closeLoops}
}

// samplingFlags say how tokens are drawn; what is not given is the model's own.
type samplingFlags struct{ temp, topP, topK, minP, repeat optional }

func (f *samplingFlags) register(p *pflag.FlagSet) {
	p.Var(&f.temp, "temp", "temperature; 0 = greedy (default: the model's own)")
	p.Var(&f.topP, "top-p", "smallest set of tokens with this probability (default: the model's own)")
	p.Var(&f.minP, "min-p", "least probability, as a share of the likeliest (default: the model's own)")
	p.Var(&f.topK, "top-k", "only the k likeliest tokens; 0 = off (default: the model's own)")
	p.Var(&f.repeat, "repeat-penalty", "divides the logits of recent tokens; 1 = off (default: the model's own)")
}

func (f *samplingFlags) check() error {
	switch {
	case !f.temp.within(0, maxTemperature):
		return usagef("--temp %s: between 0 (greedy) and %d", &f.temp, maxTemperature)
	case !f.topP.within(0, 1):
		return usagef("--top-p %s: between 0 and 1", &f.topP)
	case !f.minP.within(0, 1):
		return usagef("--min-p %s: between 0 and 1", &f.minP)
	case !f.topK.within(0, math.MaxInt32) || f.topK.value != math.Trunc(f.topK.value):
		return usagef("--top-k %s: a whole number, 0 (off) or more", &f.topK)
	case !f.repeat.within(minPenalty, maxPenalty):
		return usagef("--repeat-penalty %s: between %v and %v; 1 = off", &f.repeat, minPenalty, maxPenalty)
	}
	return nil
}

// sampling is another one with what the user gave put over it.
func (f *samplingFlags) sampling(own trace.Sampling, seed uint64) trace.Sampling {
	s := own
	f.temp.over(&s.Temperature)
	f.topP.over(&s.TopP)
	f.minP.over(&s.MinP)
	f.repeat.over(&s.RepeatPenalty)
	if f.topK.given {
		s.TopK = int(f.topK.value)
	}
	s.Seed = seed
	return s
}

// runFlags are the flags of everything that asks a model new questions. A command registers the part of them that it reads, and has
// the rest from usual.
type runFlags struct {
	modelFlags
	budgetFlags
	samplingFlags
	thinkFormat, system, pace, session string
	samples                            int
	noSave                             bool
}

func (f *runFlags) register(p *pflag.FlagSet) {
	f.modelFlags.register(p)
	f.budgetFlags.register(p)
	f.samplingFlags.register(p)
	p.StringVar(&f.thinkFormat, "think-format", "auto", "how a thought opens and closes: auto, s1, think, tape, none")
	p.StringVar(&f.system, "system", "", "system text; empty = the model's own default")
	p.StringVar(&f.pace, "pace", "auto", "tokens per second shown: a number, max, or auto (readable on the screen, max elsewhere)")
	f.keeping(p)
}

func (f *runFlags) keeping(p *pflag.FlagSet) {
	p.BoolVar(&f.noSave, "no-save", false, "do not keep this run")
}

// usual are the flags that nobody gave.
func usual() runFlags {
	var f runFlags
	f.register(pflag.NewFlagSet("", pflag.ContinueOnError))
	return f
}

// check refuses values that mean nothing, with the value.
func (f *runFlags) check() error {
	for _, check := range []func() error{f.modelFlags.check, f.budgetFlags.check, f.samplingFlags.check} {
		if err := check(); err != nil {
			return err
		}
	}
	if err := oneOf("--think-format", f.thinkFormat, "auto", "s1", "think", "tape", "none", "gemma", "gpt-oss", "mistral"); err != nil {
		return err
	}
	if err := checkText("--system", f.system); err != nil {
		return err
	}
	_, err := f.tokensPerSecond()
	return err
}

// oneOf refuses a value of a flag that is none of those it can be, and names the nearest.
func oneOf(flag, value string, ok ...string) error {
	if contains(ok, value) {
		return nil
	}
	return usagef("%s %q: one of %q%s", flag, value, ok, spelling.Hint(value, ok))
}

// maxThreads is the most threads that may be asked for: beyond some per core they only wait for each other, and at some
// thousands the system has no more.
func maxThreads() int { return max(64, 4*runtime.NumCPU()) }

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// tokensPerSecond is --pace as a number, 0 = as fast as it goes. On the screen auto is decided by the model's size.
func (f *runFlags) tokensPerSecond() (int, error) {
	if f.pace == "max" || f.pace == "auto" {
		return 0, nil
	}
	n, err := strconv.Atoi(f.pace)
	if err != nil || n < 1 {
		return 0, usagef("--pace %q: a number of tokens per second, max, or auto", f.pace)
	}
	return n, nil
}
