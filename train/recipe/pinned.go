package recipe

import (
	"fmt"
	"strings"
)

// Pinned are questions that the model answers at each checkpoint, each under every cap: what a reader of curves wants to see.
type Pinned struct {
	Questions []Question `toml:"questions"`  // [[pinned.questions]]
	Caps      []int      `toml:"caps"`       // most thinking tokens; -1 = to its natural end
	Limit     int        `toml:"limit"`      // most thinking tokens where there is no cap: what it costs has a bound
	AnswerCap int        `toml:"answer_cap"` // most tokens of an answer
}

// Question is one of them.
type Question struct {
	Ask      string `toml:"ask"`
	Expected string `toml:"expected"` // the right answer; "" = not known
}

// Limits of pinned questions: at a checkpoint the training waits for them.
const (
	mostPinned    = 32
	mostPinCaps   = 4
	mostPinBytes  = 8 << 10
	mostPinTokens = 32 << 10
)

// pinArrow stands between a question and its answer on the command line.
const pinArrow = "=>"

// ParsePin reads "QUESTION" or "QUESTION => ANSWER".
func ParsePin(text string) (Question, error) {
	q := Question{Ask: strings.TrimSpace(text)}
	if i := strings.LastIndex(text, pinArrow); i >= 0 {
		q.Ask, q.Expected = strings.TrimSpace(text[:i]), strings.TrimSpace(text[i+len(pinArrow):])
	}
	if q.Ask == "" {
		return q, fmt.Errorf("the pinned question %q asks nothing: write QUESTION, or QUESTION %s ANSWER", text, pinArrow)
	}
	return q, nil
}

// String is a question as ParsePin reads it.
func (q Question) String() string {
	if q.Expected == "" && !strings.Contains(q.Ask, pinArrow) {
		return q.Ask
	}
	return q.Ask + " " + pinArrow + " " + q.Expected
}

// Thinks is the most thinking tokens under a cap.
func (p Pinned) Thinks(limit int) int {
	if limit < 0 {
		return p.Limit
	}
	return limit
}

// Cost is the most tokens that all questions take at one checkpoint.
func (p Pinned) Cost() int {
	one := 0
	for _, c := range p.Caps {
		one += p.Thinks(c) + p.AnswerCap
	}
	return one * len(p.Questions)
}

// Checkpoints is at how many steps of a run they are answered: at each checkpoint, and at the end.
func (r Recipe) Checkpoints(total int64) int64 {
	if every := r.Checkpoint.Every; every > 0 {
		return (total + every - 1) / every
	}
	return min(total, 1)
}

func (p Pinned) checks() []check {
	c := []check{
		{len(p.Questions) <= mostPinned, "pinned.questions", len(p.Questions), fmt.Sprintf("at most %d", mostPinned)},
		{len(p.Caps) <= mostPinCaps, "pinned.caps", p.Caps, fmt.Sprintf("at most %d budgets", mostPinCaps)},
		{len(p.Questions) == 0 || len(p.Caps) > 0, "pinned.caps", p.Caps, "at least one budget, such as [64, -1]"},
		{p.Limit >= 1 && p.Limit <= mostPinTokens, "pinned.limit", p.Limit, fmt.Sprintf("1 to %d tokens", mostPinTokens)},
		{p.AnswerCap >= 1 && p.AnswerCap <= mostPinTokens, "pinned.answer_cap", p.AnswerCap, fmt.Sprintf("1 to %d tokens", mostPinTokens)},
	}
	for _, n := range p.Caps {
		c = append(c, check{n >= -1 && n <= mostPinTokens, "pinned.caps", n, fmt.Sprintf("-1 (to the natural end), 0 (no thinking) to %d", mostPinTokens)})
	}
	for _, q := range p.Questions {
		c = append(c, check{strings.TrimSpace(q.Ask) != "" && len(q.Ask)+len(q.Expected) <= mostPinBytes, "pinned.questions", q.Ask, fmt.Sprintf("a question, with its answer at most %d bytes", mostPinBytes)})
	}
	return c
}
