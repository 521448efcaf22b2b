package scaling

import "strings"

// Item is one question.
type Item struct {
	ID     string `json:"id"`
	Prompt string `json:"prompt"`
	Gold   string `json:"gold"`             // the right answer; "" = nobody knows
	Order  string `json:"order,omitempty"`  // of choices: which of the file's, as letters, stands at A, B, ...
	System string `json:"system,omitempty"` // "" = the plan's
	Own    *Own   `json:"own,omitempty"`    // what the method own asks it under
}

// Verdict is what a judge says of an answer that is there.
type Verdict string

// Verdicts.
const (
	Right    Verdict = "right"
	Wrong    Verdict = "wrong"
	Unparsed Verdict = "unparsed" // no answer could be read from it
	Unjudged Verdict = "unjudged" // the right answer is not known
)

// Judge compares an answer with the right one.
type Judge func(pred, gold string) Verdict

// Same says whether two answers are one and the same, whatever is right: a vote counts by it.
type Same func(a, b string) bool

// Exact is the judge that takes an answer for right if it is the gold one to the character, white space around both removed.
func Exact(pred, gold string) Verdict {
	if strings.TrimSpace(pred) == strings.TrimSpace(gold) {
		return Right
	}
	return Wrong
}

// Outcome is what became of one answer. The classes are never merged: only right counts as right, and the others are counted
// each for itself.
type Outcome string

// Outcomes. The first four are verdicts.
const (
	OutcomeRight    Outcome = "right"
	OutcomeWrong    Outcome = "wrong"
	OutcomeUnparsed Outcome = "unparsed"
	OutcomeUnjudged Outcome = "unjudged"
	OutcomeEmpty    Outcome = "empty" // the model said nothing
	OutcomeCut      Outcome = "cut"   // the answer did not end within its limit, or no sample was short enough
	OutcomeError    Outcome = "error" // the run failed
)

// Outcomes are all classes, in the order of tables.
func Outcomes() []Outcome {
	return []Outcome{OutcomeRight, OutcomeWrong, OutcomeEmpty, OutcomeCut, OutcomeUnparsed, OutcomeUnjudged, OutcomeError}
}

// Row is what one arm made of one item: a line of items.jsonl. Nothing in it depends on the machine or the time.
type Row struct {
	Item    string  `json:"item"`
	Method  string  `json:"method"`
	Budget  int     `json:"budget"` // the cap, the Waits, the limit or the number of samples; -1 none
	Text    string  `json:"text,omitempty"`
	Tokens  int     `json:"tokens"`       // thinking tokens that this arm spent, of all its samples
	Said    int     `json:"said"`         // answer tokens
	Own     int     `json:"own"`          // tokens that had to be generated for it beyond what it shares
	Alone   int     `json:"alone"`        // tokens that a run of its own would have generated
	Tries   int     `json:"tries"`        // samples drawn
	Any     bool    `json:"any,omitzero"` // of a vote: one of the samples is right (coverage)
	Answer  string  `json:"answer"`
	Outcome Outcome `json:"outcome"`
	Closed  string  `json:"closed"` // how the thought ended: natural, cap, ...
	Waits   int     `json:"waits"`  // ends of thinking that were suppressed
	Error   string  `json:"error,omitempty"`
	Seed    uint64  `json:"seed"`
	From    string  `json:"from,omitempty"` // the arm whose first At tokens come before IDs
	At      int     `json:"at"`
	IDs     []int32 `json:"ids"`             // the tokens from there on: thought, close and answer; none where a server tells no ids
	Badge   string  `json:"badge,omitempty"` // how a server kept the budget: exact, emulated, hint, ignored; this machine keeps it exactly
	server  string  // that did it; in receipts.jsonl alone, for hands take items as they finish
}

// Arm is the arm of a row.
func (r *Row) Arm() Arm { return Arm{Method: r.Method, Budget: r.Budget, Text: r.Text} }
