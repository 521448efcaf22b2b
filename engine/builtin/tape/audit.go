package tape

import "fmt"

// Report is what an audit found in one trace, or the sum over many. Rates are quotients of its counts. Lines behind a format
// slip are in none of them, nor is a line whose step has no exact value within range (after an error a division may leave a
// remainder).
type Report struct {
	Traces int

	ByOp [4]OpCount // draft lines, redone ones included: + - * /

	RightClaims int // checked lines whose claim is right
	FalseAlarms int // of those, flagged " no"

	Slips      int    // traces with a format slip: a step skipped, an operand or a claim miscopied, a line that is no line
	Slip       string // what the first one was, with where
	Unfinished int    // traces whose thought ended before the last line of a draft or check: cut, or, at a natural end, a slip

	Waits, Sures, Redone int
	Interrupted          int // Waits inside a line or a list of lines: after a cap, or where the model wished to end early

	Answer   int
	Answered bool // the thought was closed, and a number and <end> followed
	Right    int  // traces answered rightly
}

// OpCount is the lines of one operation: those of drafts, and the checks of wrong ones.
type OpCount struct {
	Lines, Wrong int // of drafts
	WrongClaims  int // checked lines whose claim is wrong
	Detected     int // of those, flagged " no"
	Repaired     int // of the detected, given the right value
}

// Lines is the judged draft lines, and how many of them are wrong.
func (r Report) Lines() (lines, wrong int) {
	for _, c := range r.ByOp {
		lines += c.Lines
		wrong += c.Wrong
	}
	return lines, wrong
}

// Checks is the checked lines whose claim is wrong, how many of them were flagged, and how many of those were repaired.
func (r Report) Checks() (wrong, detected, repaired int) {
	for _, c := range r.ByOp {
		wrong += c.WrongClaims
		detected += c.Detected
		repaired += c.Repaired
	}
	return wrong, detected, repaired
}

// Op gives the count of an operation by its sign.
func (r *Report) Op(kind byte) *OpCount {
	switch kind {
	case '+':
		return &r.ByOp[0]
	case '-':
		return &r.ByOp[1]
	case '*':
		return &r.ByOp[2]
	}
	return &r.ByOp[3]
}

// Add sums the counts of another report; the answer stays that of the first.
func (r *Report) Add(o Report) {
	for i, c := range o.ByOp {
		r.ByOp[i].Lines += c.Lines
		r.ByOp[i].Wrong += c.Wrong
		r.ByOp[i].WrongClaims += c.WrongClaims
		r.ByOp[i].Detected += c.Detected
		r.ByOp[i].Repaired += c.Repaired
	}
	r.Traces += o.Traces
	r.RightClaims += o.RightClaims
	r.FalseAlarms += o.FalseAlarms
	r.Slips += o.Slips
	if r.Slip == "" {
		r.Slip = o.Slip
	}
	r.Unfinished += o.Unfinished
	r.Waits += o.Waits
	r.Sures += o.Sures
	r.Redone += o.Redone
	r.Interrupted += o.Interrupted
	r.Right += o.Right
}

// Audit reads the trace of a problem, from behind <think> on, line by line against exact arithmetic. Ids that end early, or a
// thought that is closed anywhere, are no slip.
func Audit(p Problem, ids []int32) Report {
	a := audit{p: p, ids: ids, r: Report{Traces: 1}}
	a.thought()
	a.answer()
	return a.r
}

// audit is a reader over the ids of one trace.
type audit struct {
	p   Problem
	ids []int32
	at  int
	r   Report

	broken  bool  // a Wait stands where a line should go on
	settled int   // operations whose value was verified
	base    []int // the values that may stand before the next one: one, or two where a verdict and its result differ
	claims  []int // values of the draft for the operations from settled on
}

// slipped notes a slip; the rest of the thought is not read.
func (a *audit) slipped(format string, args ...any) bool {
	a.r.Slips = 1
	a.r.Slip = fmt.Sprintf("%s: token %d: ", a.p, a.at) + fmt.Sprintf(format, args...)
	return false
}

// over says that nothing is left to read of the thought.
func (a *audit) over() bool { return a.at >= len(a.ids) || a.ids[a.at] == EndThink }

// cut ends the reading inside a line or a list of lines.
func (a *audit) cut() bool {
	a.r.Unfinished = 1
	return false
}

func (a *audit) thought() {
	a.base = []int{a.p.Start}
	ok := a.draft(a.p.Start, a.p.Ops)
	for a.resumed(ok) && !a.over() {
		word := a.ids[a.at]
		a.at++
		switch word {
		case Wait:
			a.r.Waits++
			ok = a.wait()
		case Again:
			a.r.Redone++
			a.settled, a.base = 0, []int{a.p.Start}
			ok = a.token(Newline, "a line break after Again") && a.draft(a.p.Start, a.p.Ops)
		default:
			a.at--
			ok = a.slipped("%q where the thought ends or goes on", Text([]int32{word}))
		}
	}
}

// resumed says whether to read on: all was well, or only a Wait broke in.
func (a *audit) resumed(ok bool) bool {
	if a.broken {
		a.broken = false
		a.r.Interrupted++
		return true
	}
	return ok
}

// wait reads what follows Wait: "sure", or check lines and then, after a " no" or where the draft had broken off, the rest.
func (a *audit) wait() bool {
	if a.over() {
		return a.cut()
	}
	left := len(a.p.Ops) - a.settled
	if a.ids[a.at] == Sure {
		a.at++
		a.r.Sures++
		if left > 0 {
			return a.slipped("sure, with %d lines unchecked", left)
		}
		return a.token(Newline, "a line break after sure")
	}
	if !a.token(Newline, "a line break or sure after Wait") {
		return false
	}
	if left == 0 {
		return a.slipped("a check, with nothing left to check")
	}
	for len(a.claims) > 0 {
		flagged, ok := a.check()
		if !ok {
			return false
		}
		if flagged {
			break
		}
	}
	return a.draft(a.base[0], a.p.Ops[a.settled:])
}

// answer reads what stands behind the thought.
func (a *audit) answer() {
	for a.at < len(a.ids) && a.ids[a.at] != EndThink {
		a.at++ // behind a slip
	}
	if a.at++; a.at >= len(a.ids) {
		return
	}
	value, n := number(a.ids[a.at:])
	rest := a.ids[a.at+n:]
	if n == 0 || len(rest) == 0 || rest[0] != End {
		return
	}
	a.r.Answer, a.r.Answered = value, true
	if value == a.p.Answer() {
		a.r.Right = 1
	}
}

// number reads digits; n = 0 where there are none, or more than six. A leading zero is none, except alone.
func number(ids []int32) (value, n int) {
	for n < len(ids) && ids[n] >= Digit && ids[n] < Digit+10 {
		if value = value*10 + int(ids[n]-Digit); n == 6 {
			return 0, 0
		}
		n++
	}
	if n > 1 && ids[0] == Digit {
		return 0, 0
	}
	return value, n
}
