package tape

import "strings"

// MaxText is the most bytes of a text that Parse looks at.
const MaxText = 4096

// Parse reads what a person types for a problem: 316,+275,/3,*3 or "What is 316 plus 275, divided by 3, then times 3?".
// Steps are done left to right whatever they are: 2+3*4 is 20, as on a pocket calculator.
//
// A comma between digits never stands in a tape, where an operation follows each comma; so 1,234 is the number 1234, if the
// groups are of three digits, and so is 1 234.
//
// An unsuitable text gives an *Unsuitable.
func Parse(text string) (Problem, error) {
	if len(text) > MaxText {
		return Problem{}, unsuitable(OtherSubject, "This text is %d bytes long; %s", len(text), can())
	}
	folded, err := spoken(fold(text))
	if err != nil {
		return Problem{}, err
	}
	lexemes, err := lex(folded)
	if err != nil {
		return Problem{}, err
	}
	p, err := assemble(lexemes)
	if err != nil {
		return Problem{}, err
	}
	return p, p.Check()
}

// can says what the model can do, to end a sentence with.
func can() string {
	return "this model only does arithmetic on whole numbers, left to right, with + - * /."
}

// assemble makes a problem of numbers and operations.
func assemble(lexemes []lexeme) (Problem, error) {
	var p Problem
	started := false
	var op *lexeme // an operation whose number has not come yet
	for i, l := range lexemes {
		switch {
		case l.kind == opening:
			if started || op != nil {
				return p, unsuitable(OtherSubject, "%q stands in the middle; %s", l.text, can())
			}
		case l.kind == closing:
			for _, r := range lexemes[i+1:] {
				if r.kind != closing {
					return p, unsuitable(OtherSubject, "%q stands behind %q; %s", r.text, l.text, can())
				}
			}
		case l.kind == numeral && op != nil:
			p.Ops = append(p.Ops, Op{op.op, l.value})
			op = nil
		case l.kind == numeral && started:
			return p, unsuitable(OtherSubject, "No operation stands before %s; %s", l.text, can())
		case l.kind == numeral:
			p.Start, started = l.value, true
		case op != nil:
			return p, unsuitable(OtherSubject, "No number stands between %q and %q; %s", op.text, l.text, can())
		case !started && (l.text == "-" || l.text == "minus") && i+1 < len(lexemes) && lexemes[i+1].kind == numeral:
			return p, unsuitable(OutOfRange, "The start value -%s is out of range: every value must stay between 1 and %d.", lexemes[i+1].text, MaxValue)
		case !started:
			return p, unsuitable(OtherSubject, "No number stands before %q; %s", l.text, can())
		default:
			op = &lexemes[i]
		}
	}
	if op != nil {
		return p, unsuitable(OtherSubject, "No number stands behind %q; %s", op.text, can())
	}
	if !started {
		return p, unsuitable(Empty, "Type a number and up to %d steps; %s", MaxSteps, can())
	}
	return p, nil
}

type lexemeKind int

const (
	numeral   lexemeKind = iota
	operation            // op
	opening              // "what is", before the start
	closing              // =, ?
)

// lexeme is a word of a problem; text is as it was typed, but folded.
type lexeme struct {
	kind  lexemeKind
	op    byte
	value int
	text  string
}

// words that mean an operation, longest first where one begins another; those with several words are matched before.
var operations = []struct {
	words string
	op    byte
}{
	{"multiplied by", '*'},
	{"multiply it by", '*'},
	{"multiply by", '*'},
	{"divided by", '/'},
	{"divide it by", '/'},
	{"divide by", '/'},
	{"take away", '-'},
	{"plus", '+'},
	{"add", '+'},
	{"minus", '-'},
	{"less", '-'},
	{"subtract", '-'},
	{"times", '*'},
	{"x", '*'},
	{"over", '/'},
}

// fillers mean nothing anywhere; openers only before the start, closers only at the end.
var (
	fillers = []string{"and", "then", "now", "next", "finally"}
	openers = []string{
		"please", "can you", "could you", "what is", "what's", "whats", "what are", "how much is", "calculate", "compute",
		"evaluate", "work out", "solve", "start with", "start at", "take", "from", "the result of", "the value of",
	}
	closers = []string{"equals", "equal", "is", "please", "left to right", "from left to right"}
)

// matchWords says how long the phrase is with which s begins, as whole words; 0 = it does not.
func matchWords(s, phrase string) int {
	at := 0
	for i, w := range strings.Fields(phrase) {
		if i > 0 {
			n := at
			for n < len(s) && s[n] == ' ' {
				n++
			}
			if n == at {
				return 0
			}
			at = n
		}
		if !strings.HasPrefix(s[at:], w) {
			return 0
		}
		at += len(w)
	}
	if at < len(s) && isLetter(s[at]) {
		return 0
	}
	return at
}
