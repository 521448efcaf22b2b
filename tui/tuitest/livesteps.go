package tuitest

import (
	"fmt"
	"hash/fnv"
	"time"

	"s1/engine/trace"
)

func (l *Live) obey() {
	cmds := l.cmds
	l.cmds = nil
	for _, c := range cmds {
		if l.state == trace.StateEnded {
			return
		}
		switch c.Kind {
		case trace.CommandWait:
			l.budget.Waits = max(l.budget.Waits, l.waits) + 1
			l.budget.WaitText = c.Text
			l.sayBudget()
		case trace.CommandCap:
			l.budget.Cap = c.N
			l.sayBudget()
		case trace.CommandAnswerNow:
			l.answerNow = true
		case trace.CommandPause:
			if l.state != trace.StatePaused {
				l.before = l.state
				l.setState(trace.StatePaused)
			}
		case trace.CommandResume:
			if l.state == trace.StatePaused {
				l.setState(l.before)
			}
		case trace.CommandStep:
			l.steps++
		case trace.CommandStop:
			if l.closedAt < 0 {
				l.closed = trace.ClosedStopped
			}
			l.end("stopped")
		case trace.CommandInject, trace.CommandEdit:
			l.emit(c.Text, trace.PhaseThinking, trace.OriginInjected, true, false)
		case trace.CommandTake:
			l.emit(fmt.Sprintf("<%d>", c.N), trace.PhaseThinking, trace.OriginInjected, true, false)
		case trace.CommandPace:
			l.pace = c.N
		}
	}
}

// step says one token: read, open, think (or wait, or close), answer, end.
func (l *Live) step() {
	s := l.fake.Script
	paused := l.state == trace.StatePaused
	enter := func(st trace.State) {
		if paused {
			l.before = st
		} else if l.state != st {
			l.setState(st)
		}
	}
	switch {
	case l.state == trace.StateQueued:
		l.state = trace.StateReading
		l.log.Append(trace.Event{Kind: trace.EventState, State: trace.StateReading, Done: s.Reading, Total: s.Reading})
	case l.closedAt < 0 && l.opened < len(s.Open):
		enter(trace.StateThinking)
		l.opened++
		l.emit(s.Open[l.opened-1], trace.PhaseThinking, trace.OriginForced, false, false)
	case l.closedAt < 0:
		enter(trace.StateThinking)
		l.think()
	case l.closing < len(s.Close):
		l.closing++
		origin := trace.OriginForced
		if l.closed == trace.ClosedNatural {
			origin = trace.OriginSampled
		}
		l.emit(s.Close[l.closing-1], trace.PhaseThinking, origin, false, false)
	default:
		enter(trace.StateAnswering)
		answer := s.Answers[min(l.waits, len(s.Answers)-1)]
		if l.answerPos < len(answer) && (l.budget.AnswerCap < 0 || l.answers < l.budget.AnswerCap) {
			l.answerPos++
			l.answers++
			l.emit(answer[l.answerPos-1], trace.PhaseAnswer, trace.OriginSampled, false, false)
			return
		}
		l.end("answered")
	}
}

func (l *Live) think() {
	s := l.fake.Script
	if l.budget.Cap >= 0 && l.spent >= l.budget.Cap {
		l.shut(trace.ClosedCap)
		return
	}
	if l.answerNow {
		l.shut(trace.ClosedAnswerNow)
		return
	}
	if s.Endless != nil {
		l.emit(s.Endless(l.spent), trace.PhaseThinking, trace.OriginSampled, true, false)
		return
	}
	thought := s.Thoughts[min(l.round, len(s.Thoughts)-1)]
	if l.pos < len(thought) && !(l.reached && l.budget.Waits > l.waits) {
		l.pos++
		l.emit(thought[l.pos-1], trace.PhaseThinking, trace.OriginSampled, true, false)
		if s.LoopAt > 0 && l.spent >= s.LoopAt && !l.looped {
			l.looped = true
			l.log.Append(trace.Event{Kind: trace.EventNotice, Notice: "the same 12 tokens came 3 times", Loop: true})
		}
		return
	}
	l.reached = false
	if l.budget.Waits > l.waits {
		l.waits, l.round, l.pos = l.waits+1, l.round+1, 0
		l.endProb = .81
		l.emit(l.budget.WaitText+"\n", trace.PhaseThinking, trace.OriginInjected, true, true)
		return
	}
	l.shut(trace.ClosedNatural)
}

// shut begins the close; its first token is said at once.
func (l *Live) shut(why trace.Closed) {
	l.closed, l.closedAt = why, len(l.tokens)
	l.endProb = .04
	if why == trace.ClosedNatural {
		l.endProb = .81
	}
	l.step()
}

func (l *Live) emit(s string, p trace.Phase, o trace.Origin, counted, wished bool) {
	h := fnv.New32a()
	h.Write([]byte(s))
	id := h.Sum32()
	end := float32(id%13) / 100
	if l.endProb > 0 {
		end, l.endProb = l.endProb, 0
	}
	if counted {
		l.spent++
	}
	switch o {
	case trace.OriginForced:
		l.forced++
	case trace.OriginInjected:
		l.injected++
	}
	rate := 412
	if l.fake.Rate > 0 {
		rate = l.fake.Rate
	}
	if l.pace > 0 {
		rate = min(rate, l.pace)
	}
	var at time.Duration
	if n := len(l.tokens); n > 0 {
		at = l.tokens[n-1].Time
	}
	k := trace.Token{
		Index: len(l.tokens), ID: int32(id & 0x7fffffff), Bytes: []byte(s), Text: s, Phase: p, Origin: o, Counted: counted, Wished: wished,
		Logprob: -float32(id%40) / 10, Entropy: float32(id%29) / 10, EndProb: end, EndRank: int32(id%9) + 1, Time: at + time.Second/time.Duration(rate),
	}
	for n := range l.fake.Top {
		k.Top = append(k.Top, trace.Candidate{ID: k.ID + int32(n), Logprob: k.Logprob - float32(n)})
	}
	if l.fake.Script.Endless == nil {
		l.tokens = append(l.tokens, k)
	} else {
		l.tokens = append(l.tokens, trace.Token{Time: k.Time, Counted: counted, Origin: o, Phase: p})
	}
	l.log.Append(trace.Event{Kind: trace.EventToken, Token: k})
}

func (l *Live) end(outcome string) {
	if outcome == "answered" && l.answers == 0 {
		outcome = "empty"
	}
	r := trace.Receipt{
		Cap: l.budget.Cap, ThinkingTokens: l.spent, WaitsAsked: l.budget.Waits, WaitsDone: l.waits, Closed: l.closed, EndProb: .81, EndRank: 1,
		AnswerTokens: l.answers, Enforcement: "exact", Forced: l.forced, Injected: l.injected, PromptTokens: l.fake.Script.Reading,
		TokensPerSecond: 412, Outcome: outcome, Model: l.fake.About.Name, Backend: l.fake.About.Backend, Seed: 7,
	}
	if l.closed != trace.ClosedNatural {
		r.EndProb, r.EndRank, r.CloseNats = .04, 6, 3.2
	}
	l.state = trace.StateEnded
	l.log.Append(trace.Event{Kind: trace.EventEnd, Receipt: &r})
}

// sayBudget logs the budget as it now is.
func (l *Live) sayBudget() {
	now := l.budget
	l.log.Append(trace.Event{Kind: trace.EventBudget, Budget: &now})
}
