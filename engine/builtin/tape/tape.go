// Package tape is the task of the built-in reasoner: a start value and a few operations, done strictly left to right as on a
// pocket calculator. It knows the problems, their exact values, what a person may type for one, the 55 tokens in which a trace
// is written, the worked columns of a check, and how to audit a trace. It does not know models, sampling or training.
//
//	"316 plus 275, / 3 ×3" --Parse--> Problem --Encode--> prompt ids --model--> trace ids --Audit--> Report
//	                          Random, Examples --^
//
// One problem is one sequence:
//
//	prompt := start ("," op)* <think>
//	draft  := (op "=" value "\n")*
//	check  := "Wait\n" (x op "=" claim "?" columns " =" result (" ok"|" no") "\n")*   up to the first " no"; then the rest again, as a draft
//	        | "Wait sure\n"                                                         nothing left to check
//	again  := "Again\n" draft
//	trace  := prompt draft (check | again)* </think> answer <end>
package tape

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

// What a problem may have.
const (
	MaxSteps  = 12    // operations; at least 1
	MaxValue  = 99999 // of the start, of every intermediate value, and of what is added or subtracted; all are at least 1
	MaxDigits = 5     // of MaxValue
	MinScale  = 2     // of what is multiplied by or divided by
	MaxScale  = 9
)

// Op is one operation on the value so far.
type Op struct {
	Kind byte // '+', '-', '*' or '/'
	Arg  int
}

// String is the operation as the tape has it: "+275".
func (o Op) String() string { return string(rune(o.Kind)) + strconv.Itoa(o.Arg) }

// Apply gives the exact value; ok is false where there is none within 1..MaxValue (a remainder included).
func (o Op) Apply(x int) (value int, ok bool) {
	switch o.Kind {
	case '+':
		value = x + o.Arg
	case '-':
		value = x - o.Arg
	case '*':
		value = x * o.Arg
	case '/':
		if o.Arg == 0 || x%o.Arg != 0 {
			return 0, false
		}
		value = x / o.Arg
	default:
		return 0, false
	}
	return value, value >= 1 && value <= MaxValue
}

// Problem is a start value and operations, done left to right.
type Problem struct {
	Start int
	Ops   []Op
}

// String is the problem as it is typed and as the prompt has it: "316,+275,/3,*3".
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(strconv.Itoa(p.Start))
	for _, o := range p.Ops {
		b.WriteByte(',')
		b.WriteString(o.String())
	}
	return b.String()
}

// Values gives the exact value after each operation, of a problem that passes Check.
func (p Problem) Values() []int {
	values := make([]int, len(p.Ops))
	x := p.Start
	for i, o := range p.Ops {
		x, _ = o.Apply(x)
		values[i] = x
	}
	return values
}

// Answer is the last value.
func (p Problem) Answer() int {
	x := p.Start
	for _, o := range p.Ops {
		x, _ = o.Apply(x)
	}
	return x
}

// Check says what makes the problem unsuitable, in one sentence, as an *Unsuitable.
func (p Problem) Check() error {
	if len(p.Ops) == 0 {
		return unsuitable(NoSteps, "There is nothing to do with %d: give it between 1 and %d steps, each +, -, * or / with a number.", p.Start, MaxSteps)
	}
	if len(p.Ops) > MaxSteps {
		return unsuitable(TooManySteps, "This has %d steps, and the model does at most %d.", len(p.Ops), MaxSteps)
	}
	if p.Start < 1 || p.Start > MaxValue {
		return unsuitable(OutOfRange, "The start value %d is out of range: every value must stay between 1 and %d.", p.Start, MaxValue)
	}
	x := p.Start
	for i, o := range p.Ops {
		if err := o.check(); err != nil {
			return err
		}
		for _, before := range p.Ops[:i] {
			if before == o {
				return unsuitable(Repeated, "%s stands twice: the model tells its steps apart by their text, so each must be different.", o)
			}
		}
		next, ok := o.Apply(x)
		if !ok && o.Kind == '/' {
			return unsuitable(Remainder, "%d/%d leaves a remainder: the model only does divisions that come out even.", x, o.Arg)
		}
		if !ok {
			return unsuitable(OutOfRange, "%d%s is %d: every value must stay between 1 and %d.", x, o, next, MaxValue)
		}
		x = next
	}
	return nil
}

func (o Op) check() error {
	switch o.Kind {
	case '+', '-':
		if o.Arg < 1 || o.Arg > MaxValue {
			return unsuitable(OutOfRange, "%s is out of range: the model adds and subtracts numbers from 1 to %d.", o, MaxValue)
		}
	case '*', '/':
		if o.Arg < MinScale || o.Arg > MaxScale {
			return unsuitable(OutOfRange, "%s is out of range: the model multiplies and divides by %d to %d only.", o, MinScale, MaxScale)
		}
	default:
		return unsuitable(OtherSubject, "%q is none of + - * /, which is all that the model does.", o.Kind)
	}
	return nil
}

// Reserved says that the problem is kept out of training: one in 64, by a hash of its text. Tests and the built-in examples
// are drawn from these, so none of them was ever trained on, however the training was seeded.
func (p Problem) Reserved() bool {
	sum := sha256.Sum256([]byte(p.String()))
	return binary.LittleEndian.Uint64(sum[:8])%64 == 0
}

// Why says what made a text unsuitable.
type Why int

// The reasons.
const (
	Empty        Why = iota + 1
	OtherSubject     // no calculation in it, or more than one
	NoSteps
	TooManySteps
	OutOfRange
	Remainder
	Repeated
)

// Example is what to try instead of an unsuitable text.
const Example = "316,+275,/3,*3"

// Unsuitable is the error for what the model was not trained for. Its text is one or two plain sentences for a person.
type Unsuitable struct {
	Why     Why
	Says    string // what is wrong, and what the model can do
	Example string // a problem that works, to try instead
}

func (u *Unsuitable) Error() string { return u.Says }

func unsuitable(why Why, format string, args ...any) error {
	return &Unsuitable{Why: why, Says: fmt.Sprintf(format, args...), Example: Example}
}
