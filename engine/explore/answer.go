package explore

import (
	"math"
	"strings"

	"s1/engine/trace"
)

// answerBytes bounds an answer as it is reported. A model's output is as long as it likes.
const answerBytes = 4096

// progress is what a branch has come to so far.
type progress struct {
	own  int // index of its first own token
	next int // event of its log

	tokens  int // of the whole path
	spent   int // thinking tokens of the whole path
	drawn   int // own tokens that the model had to make
	fed     int // own tokens that the budget fed
	answer  strings.Builder
	said    bool    // something in it is not white space and not the budget's own "Final Answer:"
	full    bool    // of answer
	nats    float64 // log-probability of the drawn answer tokens
	receipt *trace.Receipt
	err     error
}

// read takes in what has been appended to the log since.
func (p *progress) read(log *trace.Log) {
	events, _ := log.Since(p.next)
	for i := range events {
		p.take(&events[i])
	}
}

func (p *progress) take(e *trace.Event) {
	p.next++
	switch e.Kind {
	case trace.EventToken:
		p.token(&e.Token)
	case trace.EventEnd:
		p.receipt, p.err = e.Receipt, e.Err
		p.nats += float64(e.Token.Logprob) // of the end that was drawn; 0 where none was
	case trace.EventState, trace.EventBudget, trace.EventSampling, trace.EventNotice:
	}
}

func (p *progress) token(t *trace.Token) {
	p.tokens++
	if t.Counted {
		p.spent++
	}
	sampled := t.Origin == trace.OriginSampled
	switch own := t.Index >= p.own; {
	case own && sampled:
		p.drawn++
	case own && t.Origin == trace.OriginForced:
		p.fed++
	}
	if t.Phase != trace.PhaseAnswer {
		return
	}
	if sampled {
		p.nats += float64(t.Logprob)
	}
	blank := strings.TrimSpace(t.Text) == ""
	p.said = p.said || !blank && t.Origin != trace.OriginForced
	if blank && p.answer.Len() == 0 {
		return // a model that answers with white space only must not use up the room
	}
	if p.full = p.full || p.answer.Len()+len(t.Text) > answerBytes; !p.full {
		p.answer.WriteString(t.Text)
	}
}

// text is the answer as a screen shows it, white space around it removed, and at most answerBytes of it; "" where the model
// said nothing.
func (p *progress) text() string {
	if !p.said {
		return ""
	}
	return strings.TrimSpace(p.answer.String())
}

// guess is what a finished branch answered when its thought closed at an index of its path.
func (p *progress) guess(at int, expected string, same trace.Same) trace.Guess {
	g := trace.Guess{
		At: at, Spent: p.spent, Answer: p.text(), Prob: float32(math.Exp(p.nats)), CloseProb: p.receipt.EndProb,
		Tokens: p.drawn, Fed: p.fed, Cut: p.receipt.Outcome == "cut",
	}
	if g.Prob != g.Prob {
		g.Prob = 0 // an imported trace need not say
	}
	g.Verdict = same.Judge(expected, g.Answer, p.receipt)
	return g
}

// history is a trace as far as it has come, with what held when.
type history struct {
	progress
	path     []trace.Token
	budget   trace.Budget      // as it now is
	sampling []trace.Resampled // what held from where on
	closed   bool              // the thought has ended
}

func newHistory(b trace.Branch) *history {
	return &history{budget: b.Budget, sampling: []trace.Resampled{{Sampling: b.Sampling}}}
}

// read takes in what has been appended to the log since, and says whether it has ended.
func (h *history) read(log *trace.Log) (ended bool) {
	events, _ := log.Since(h.next)
	for i := range events {
		e := &events[i]
		h.take(e)
		switch e.Kind {
		case trace.EventToken:
			h.path = append(h.path, e.Token)
			t := &e.Token
			h.closed = h.closed || t.Phase == trace.PhaseAnswer || !t.Counted && h.spent > 0 && t.Origin != trace.OriginInjected
		case trace.EventBudget:
			h.budget = *e.Budget
		case trace.EventSampling:
			h.sampling = append(h.sampling, trace.Resampled{At: len(h.path), Sampling: *e.Sampling})
		case trace.EventState, trace.EventNotice, trace.EventEnd:
		}
	}
	return h.receipt != nil
}

// samplingAt is what holds for the token at an index.
func (h *history) samplingAt(at int) trace.Sampling {
	s := h.sampling[0].Sampling
	for _, c := range h.sampling {
		if c.At <= at {
			s = c.Sampling
		}
	}
	return s
}
