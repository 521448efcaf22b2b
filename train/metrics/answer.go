package metrics

import "fmt"

// Answer is what the model said to a pinned question under one budget.
type Answer struct {
	N        int    `json:"n"` // of the question, from 1
	Question string `json:"question"`
	Expected string `json:"expected,omitempty"`
	Cap      int    `json:"cap"`    // most thinking tokens; -1 = to its natural end
	Tokens   int    `json:"tokens"` // thinking tokens
	Closed   string `json:"closed"` // how the thought ended: natural, cap, ...
	Answer   string `json:"answer"`
	Right    *bool  `json:"right,omitempty"` // absent where the right answer is not known
	Failed   string `json:"failed,omitempty"`
}

// Verdict is whether an answer is right, in a word; "" = not known.
func (a Answer) Verdict() string {
	switch {
	case a.Right == nil:
		return ""
	case *a.Right:
		return "right"
	}
	return "wrong"
}

// String is an answer for people, without its question.
func (a Answer) String() string {
	s := "no cap"
	if a.Cap >= 0 {
		s = fmt.Sprintf("cap %d", a.Cap)
	}
	if a.Failed != "" {
		return s + ": " + a.Failed
	}
	if v := a.Verdict(); v != "" {
		return fmt.Sprintf("%s: %q %s (%d tokens, %s)", s, a.Answer, v, a.Tokens, a.Closed)
	}
	return fmt.Sprintf("%s: %q (%d tokens, %s)", s, a.Answer, a.Tokens, a.Closed)
}
