package trace

import "strings"

// Unsuitable is the error for a question that a model was not made for.
type Unsuitable struct {
	Says    string // what is wrong and what the model can do: a sentence or two for a person
	Example string // a question that suits, to try instead
}

func (u *Unsuitable) Error() string { return u.Says }

// Same says whether an answer is the expected one. nil compares to the character, once white space around the answer is gone.
type Same func(expected, answer string) bool

// Verdict says whether an answer is the expected one.
type Verdict string

const (
	VerdictNone  Verdict = "" // nothing is expected, or there is no answer to judge
	VerdictRight Verdict = "right"
	VerdictWrong Verdict = "wrong"
)

// Judge compares a run's answer with what was expected. A branch that was stopped or that failed has no answer.
func (same Same) Judge(expected, answer string, r *Receipt) Verdict {
	switch {
	case expected == "" || r == nil || r.Outcome == "stopped" || r.Outcome == "error":
		return VerdictNone
	case strings.TrimSpace(answer) == expected, same != nil && same(expected, answer):
		return VerdictRight
	}
	return VerdictWrong
}
