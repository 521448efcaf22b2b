package app

import (
	"fmt"
	"path"
	"strings"

	"s1/engine/trace"
	"s1/tui/pane/side"
	"s1/tui/pane/signals"
	"s1/tui/plot"
)

// Called is what a model is called where there is little room: a file by its name without the ending, a folder by its last two, since
// many are called model. Names that are no paths stay as they are.
func Called(model string) string {
	name := path.Clean(model)
	switch {
	case strings.Contains(model, "://") || model == "":
		return model
	case strings.HasSuffix(name, ".gguf") && !strings.Contains(name, ":"):
		return strings.TrimSuffix(path.Base(name), ".gguf")
	case strings.HasPrefix(name, "/") || strings.HasPrefix(name, "..") || strings.HasPrefix(name, "~"):
		return path.Join(path.Base(path.Dir(name)), path.Base(name))
	}
	return model
}

func (m *Model) fillStatus(b *branch) {
	s := &m.statusPane
	s.Model, s.Backend = Called(orElse(m.info.Name, m.opt.Model)), m.info.Backend
	s.State, s.Busy, s.Alarm = m.stateWord(b)
	s.Speed, s.Share, s.Pace, s.Branch = "", "", "", ""
	s.Saved, s.Unsaved = m.saved, m.unsaved
	if m.opt.Library == nil {
		s.Saved, s.Unsaved = "not kept", false
	}
	if m.pace > 0 {
		s.Pace = fmt.Sprintf("pace %d", m.pace)
	} else if m.thinker != nil {
		s.Pace = "pace max"
	}
	if b == nil {
		return
	}
	if len(m.branches) > 1 {
		s.Branch = fmt.Sprintf("%s of %d", b.label, m.standing())
	}
	if v := b.speed(); v > 0 {
		s.Speed = fmt.Sprintf("%4.0f tok/s", v)
		if v < 10 {
			s.Speed = fmt.Sprintf("%4.1f tok/s", v)
		}
		held := m.pace > 0 && b.running() // what the pace holds back says nothing about the machine
		if share := 100 * v / m.info.LimitTPS; m.info.LimitTPS > 0 && !held && share < impossibleShare {
			s.Share = fmt.Sprintf("%3.0f %% of limit", share)
		}
	}
}

// standing is how many branches there are, those that were deleted not counted.
func (m *Model) standing() int {
	n := 0
	for _, b := range m.branches {
		if !b.binned {
			n++
		}
	}
	return n
}

// stateWord says what the branch in view is doing, in one word.
func (m *Model) stateWord(b *branch) (word string, busy, alarm bool) {
	switch {
	case m.broken != "":
		return "no model", false, true
	case m.thinker == nil:
		return "loading", true, false
	case b == nil && m.busy:
		return "asking", true, false
	case b == nil:
		return "ready", false, false
	}
	switch b.state {
	case trace.StateQueued:
		return "queued", true, false
	case trace.StateReading:
		return "reading", true, false
	case trace.StateThinking:
		return "thinking", true, false
	case trace.StateAnswering:
		return "answering", true, false
	case trace.StatePaused:
		return "paused", true, false
	}
	if b.interrupted() {
		return "interrupted", false, false
	}
	if b.err != nil {
		return "failed", false, true
	}
	if r := b.receipt; r != nil {
		switch {
		case r.Outcome == "stopped" || r.Closed == trace.ClosedStopped:
			return "stopped", false, false
		case r.Outcome == "cut":
			return "cut", false, true
		case r.Outcome == "empty":
			return "no answer", false, true
		case r.Closed == trace.ClosedCap:
			return "capped", false, false
		}
	}
	return "done", false, false
}

// closedBy says in words how a thought ended.
func closedBy(c trace.Closed) string {
	switch c {
	case trace.ClosedNatural:
		return "by itself"
	case trace.ClosedCap:
		return "by the cap"
	case trace.ClosedAnswerNow:
		return "by you, answer now"
	case trace.ClosedContext:
		return "by the end of the context"
	case trace.ClosedLoop:
		return "by the loop guard"
	case trace.ClosedStopped:
		return "by you, stopped"
	}
	return string(c)
}

func (m *Model) emptyThought(b *branch) string {
	switch {
	case m.broken != "":
		return ""
	case m.thinker == nil && m.queued != "":
		return m.loading + m.theme.Glyphs.Ellipsis + " your question is next"
	case m.thinker == nil:
		return m.loading + m.theme.Glyphs.Ellipsis + " you can type already"
	case b == nil && m.busy:
		return "asking" + m.theme.Glyphs.Ellipsis
	case b == nil && m.opt.First:
		return m.firstWords()
	case b == nil && m.examples.offer() != "":
		return m.keys.Text("Press {send} to ask the example below, or type a problem of your own. The thought streams here.")
	case b == nil:
		return m.keys.Text("Type a question and press {send}. The thought streams here.")
	case b.state == trace.StateReading && b.total > 0:
		return fmt.Sprintf("reading the question, %d of %d tokens", b.done, b.total)
	case b.state == trace.StateReading || b.state == trace.StateQueued:
		return "reading the question" + m.theme.Glyphs.Ellipsis
	case b.running():
		return "the first token is on its way"
	}
	return m.keys.Text("there was no thought; {second} asks again under another cap")
}

// firstWords are the three lines of a first start. There is no tour.
func (m *Model) firstWords() string {
	ask := "Type a question and press {send}: the thought streams here."
	if m.examples.offer() != "" {
		ask = "Press {send} to ask the example below, or type your own problem."
	}
	return m.keys.Text(ask + "\n" +
		"While it thinks: {wait} thinks on, {cap} caps it, {answer-now} answers now.\n" +
		"{palette} has every command; in the shell, s1 demo tells a story.")
}

func (m *Model) emptyAnswer(b *branch) string {
	switch {
	case b.thinking():
		return m.keys.Text("comes when the thought closes, {answer-now} closes it")
	case b.running():
		return "coming"
	case b.receipt != nil && b.receipt.Closed == trace.ClosedStopped:
		return m.keys.Text("none, {wait} thinks on")
	}
	return "none"
}

// besideAnswer is the state of an answer in a word or two: whether it is right, or what it will be held to, where that is known.
func besideAnswer(b *branch) string {
	switch {
	case b.verdict == trace.VerdictWrong:
		return string(b.verdict) + ", expected " + b.expected
	case b.verdict != trace.VerdictNone:
		return string(b.verdict)
	case b.expected != "":
		return "expected " + b.expected
	case b.running() || b.receipt == nil || !b.closed:
		return ""
	}
	return fmt.Sprintf("after %d thinking tokens", b.receipt.ThinkingTokens)
}

// fillSide gives the margin what the branch cost once it has ended, its curves while it runs, and the branches.
func (m *Model) fillSide() {
	s := &m.sidePane
	s.Facts, s.Branches = nil, nil
	b := m.now()
	if b == nil || m.w < threeFrom {
		return
	}
	fact := func(name, format string, args ...any) {
		s.Facts = append(s.Facts, side.Fact{Name: name, Value: fmt.Sprintf(format, args...)})
	}
	if r := b.receipt; r != nil {
		s.Title = "receipt"
		if r.Closed != "" { // there was a thought to close
			fact("closed", "%s", closedBy(r.Closed))
		}
		switch {
		case r.Closed != "" && r.EndRank == 0: // a server did not tell it
		case r.Closed == trace.ClosedCap, r.Closed == trace.ClosedAnswerNow:
			exact := 1
			if r.CloseNats >= 10 { // two figures are enough, and fit
				exact = 0
			}
			fact("end", "%s, rank %s, %.*f nats", prob(r.EndProb), rank(r.EndRank), exact, r.CloseNats)
		case r.Closed == trace.ClosedNatural:
			fact("end", "%s, rank %s", prob(r.EndProb), rank(r.EndRank))
		}
		if r.Cap >= 0 {
			fact("thought", "%d of %d tokens", r.ThinkingTokens, r.Cap)
		} else {
			fact("thought", "%d tokens, no cap", r.ThinkingTokens)
		}
		if r.WaitsAsked > 0 || r.WaitsDone > 0 {
			fact("waits", "%d of %d", r.WaitsDone, max(r.WaitsAsked, r.WaitsDone))
		}
		fact("answer", "%d tokens", r.AnswerTokens)
		if r.Forced > 0 || r.Injected > 0 {
			fact("fed in", "%d forced, %d yours", r.Forced, r.Injected)
		}
		if r.Enforcement != "" {
			fact("enforced", "%s", r.Enforcement)
		}
		if r.Retried {
			fact("retried", "an empty answer, once")
		}
		fact("seed", "%d", r.Seed)
	} else if !m.margin.signals { // which shows them larger
		s.Title = "signals"
		fact("P(end)", "%s", plot.Spark(m.theme.Glyphs, b.ends.Tail(curveCells), 0, 1, curveCells))
		top := signals.Top(&b.entropies)
		fact("entropy", "%s", plot.Spark(m.theme.Glyphs, b.entropies.Tail(curveCells), 0, top, curveCells))
		fact("", "0 to %.2f nats", top)
		fact("fed in", "%d yours, %d Waits", b.injected, b.waits)
	}
	for i, o := range m.branches {
		if m.margin.tree || o.binned {
			continue // the tree shows them
		}
		word, _, _ := m.stateWord(o)
		s.Branches = append(s.Branches, side.Branch{
			Label: o.label, Cause: m.causeOf(o), State: word, Tokens: fmt.Sprint(o.spent),
			Answer: oneLine(o.answer.Last(answerBytes)), Verdict: string(o.verdict), Current: i == m.cur,
		})
	}
}

// causeOf says what made a branch.
func (m *Model) causeOf(b *branch) string {
	switch {
	case b.info.At == 0 && b.budget.Cap >= 0:
		return fmt.Sprintf("cap %d", b.budget.Cap)
	case b.info.At == 0:
		return "no cap"
	case b.info.Cause == trace.CauseAnswer:
		return "answer"
	case b.info.Cause == trace.CauseCap && b.info.Budget.Cap >= 0:
		return fmt.Sprintf("cap %d", b.info.Budget.Cap)
	case b.info.Cause == trace.CauseCap:
		return "no cap"
	}
	return string(b.info.Cause)
}

// rank is a place among the candidates; the engine does not count beyond the first 64.
func rank(n int32) string {
	if n >= trace.RankBeyond {
		return fmt.Sprintf("> %d", trace.RankBeyond-1)
	}
	return fmt.Sprint(n)
}
