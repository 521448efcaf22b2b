package app

import (
	"fmt"
	"strings"

	"s1/engine/trace"
	"s1/tui/keys"
	"s1/tui/overlay"
	"s1/tui/pane/compare"
	"s1/tui/pane/side"
	"s1/tui/plot"
	"s1/tui/text"
	"s1/tui/theme"
)

const (
	curveCells = 22 // of the small curves
	aside      = 10 // cells that must be left of the page beside a box

	impossibleShare = 120 // percent of the memory limit from which the limit, not the engine, is wrong
)

// layout arranges the screen for what is on it now.
func (m *Model) layout() layout {
	m.promptPane.Focused = m.focus == onPrompt
	rows := 1
	if m.promptPane.Editor.Value() != "" {
		rows = m.promptPane.Rows(m.w, max(m.h/4, 1))
	}
	return arrange(m.w, m.h, rows, m.sidePane.Rows(), m.comparing)
}

// draw composes the frame: every pane draws its rectangle, rows are joined, an overlay goes on top.
func (m *Model) draw() string {
	if m.w <= 0 || m.h <= 0 {
		return ""
	}
	m.fillSide()
	l := m.layout()
	if l.tooSmall {
		return m.drawTooSmall()
	}
	m.fill(l)
	rows := make([]strings.Builder, m.h)
	used := make([]int, m.h)
	put := func(r rect, lines []string) {
		for i, s := range lines[:min(len(lines), r.h)] {
			y := r.y + i
			rows[y].WriteString(text.Blank(r.x - used[y]))
			rows[y].WriteString(s)
			used[y] = r.x + r.w
		}
	}
	put(l.status, m.statusPane.Render(l.status.w, l.status.h))
	switch {
	case m.comparing:
		rows := m.comparePane.Render(l.compare.w, l.compare.h)
		if m.jump && m.comparePane.Jump() {
			m.jump = false
			rows = m.comparePane.Render(l.compare.w, l.compare.h)
		}
		put(l.compare, rows)
		m.unsettled = !m.comparePane.Settled()
	case l.one && m.focus == onAnswer:
		put(l.answer, m.answerPane.Render(l.answer.w, l.answer.h))
		m.unsettled = !m.answerPane.Scroll.Settled()
	default:
		put(l.thoughts, m.thoughtsPane.Render(l.thoughts.w, l.thoughts.h))
		if !l.one {
			put(l.answer, m.answerPane.Render(l.answer.w, l.answer.h))
			put(l.side, m.sidePane.Render(l.side.w, l.side.h))
		}
		m.unsettled = !m.thoughtsPane.Scroll.Settled() || !m.answerPane.Scroll.Settled()
	}
	put(l.budget, m.budgetPane.Render(l.budget.w, l.budget.h))
	put(l.notice, []string{m.drawNotice(l.notice.w)})
	put(l.prompt, m.promptPane.Render(l.prompt.w, l.prompt.h))
	put(l.keys, []string{m.drawKeys(l.keys.w)})
	lines := make([]string, m.h)
	for i := range rows {
		lines[i] = rows[i].String() + text.Blank(m.w-used[i])
	}
	if m.over != nil {
		m.lay(lines)
	}
	return strings.Join(lines, "\n")
}

// lay puts the overlay on the lines, a little above the middle.
func (m *Model) lay(lines []string) {
	box := m.over.Render(m.w-2, m.h-1)
	if len(box) == 0 {
		return
	}
	cells := text.Cells(box[0])
	x := max((m.w-cells)/2, 0)
	y := max((m.h-len(box))/3, 0)
	if _, ok := m.over.(*overlay.Input); ok {
		y = max(m.h-len(box)-4, 0) // near the budget it changes
	}
	for i, b := range box {
		if y+i < len(lines) {
			if m.w-cells < aside {
				lines[y+i] = text.Blank(m.w) // slivers of the page beside a wide box are noise
			}
			lines[y+i] = text.Over(lines[y+i], b, x, m.w)
		}
	}
}

func (m *Model) drawTooSmall() string {
	s := fmt.Sprintf("s1 needs %d by %d cells; this is %d by %d.", minWidth, minHeight, m.w, m.h)
	if b := m.now(); b != nil && b.running() {
		s += " It goes on thinking."
	}
	var out []string
	for _, l := range text.Wrap(s, m.w, m.theme.ASCII) {
		if len(out) < m.h {
			out = append(out, text.NewRow(m.theme, m.w).Add(theme.Text, l).String())
		}
	}
	return strings.Join(out, "\n")
}

// fill gives each pane what it shows.
func (m *Model) fill(l layout) {
	b := m.now()
	m.fillStatus(b)
	th, an := &m.thoughtsPane, &m.answerPane
	th.Question, th.Doc, th.Fault = m.question, nil, m.fault
	th.Empty = m.emptyThought(b)
	an.Doc, an.Empty, an.Verdict, an.Focused = nil, "", "", m.focus == onAnswer
	m.promptPane.Idle, m.promptPane.Hint = "i  another question", "a question, then enter"
	if m.broken != "" {
		th.Fault = "could not load the model: " + m.broken
		th.Empty = ""
	}
	if b == nil {
		an.Empty = "the answer stands here"
		if l.one {
			an.Empty = "the answer stands here; tab goes on to the prompt"
		}
		m.budgetPane.Asked, m.budgetPane.Cap = false, m.opt.Budget.Cap
		return
	}
	th.Doc, th.Below = b.thought, b.below
	if b.err != nil && m.fault == "" && !b.seen {
		th.Fault = "it ended with an error: " + b.err.Error() + "  (esc)"
	}
	an.Doc, an.Empty, an.Verdict = b.answer, m.emptyAnswer(b), verdict(b)
	bp := &m.budgetPane
	bp.Asked, bp.Spent, bp.Cap, bp.Answer, bp.AnswerCap = true, b.spent, b.budget.Cap, b.answered, b.budget.AnswerCap
	bp.WaitsDone, bp.WaitsAsked = b.waits, b.budget.Waits
	if r := b.receipt; r != nil {
		bp.Spent, bp.Cap, bp.WaitsDone, bp.WaitsAsked = r.ThinkingTokens, r.Cap, r.WaitsDone, r.WaitsAsked
	}
	if m.comparing {
		m.fillCompare()
	}
}

func (m *Model) fillStatus(b *branch) {
	s := &m.statusPane
	s.Model, s.Backend = orElse(m.info.Name, m.opt.Model), m.info.Backend
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
		s.Branch = fmt.Sprintf("%s of %d", b.label, len(m.branches))
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
		return "not, you stopped it"
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
	case b == nil:
		return "Type a question and press enter. The thought streams here."
	case b.state == trace.StateReading && b.total > 0:
		return fmt.Sprintf("reading the question, %d of %d tokens", b.done, b.total)
	case b.state == trace.StateReading || b.state == trace.StateQueued:
		return "reading the question" + m.theme.Glyphs.Ellipsis
	case b.running():
		return "the first token is on its way"
	}
	return "there was no thought; n asks again under another cap"
}

func (m *Model) emptyAnswer(b *branch) string {
	switch {
	case b.thinking():
		return "comes when the thought closes, a closes it"
	case b.running():
		return "coming"
	case b.receipt != nil && b.receipt.Closed == trace.ClosedStopped:
		return "none, w thinks on"
	}
	return "none"
}

func verdict(b *branch) string {
	if b.running() || b.receipt == nil || !b.closed {
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
		fact("closed", "%s", closedBy(r.Closed))
		if r.Closed == trace.ClosedCap || r.Closed == trace.ClosedAnswerNow {
			fact("end", "%s, rank %d, %.1f nats", prob(r.EndProb), r.EndRank, r.CloseNats)
		} else if r.Closed == trace.ClosedNatural {
			fact("end", "%s, rank %d", prob(r.EndProb), r.EndRank)
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
	} else {
		s.Title = "signals"
		fact("P(end)", "%s", plot.Spark(m.theme.Glyphs, b.endProb, 0, 1, curveCells))
		top := float32(1)
		for _, v := range b.entropy {
			top = max(top, v)
		}
		fact("entropy", "%s", plot.Spark(m.theme.Glyphs, b.entropy, 0, top, curveCells))
		fact("fed in", "%d yours, %d Waits", b.injected, b.waits)
	}
	for i, o := range m.branches {
		word, _, _ := m.stateWord(o)
		s.Branches = append(s.Branches, side.Branch{
			Label: o.label, Cause: m.causeOf(o), State: word, Tokens: fmt.Sprint(o.spent),
			Answer: short(o.answer.String(), 24), Current: i == m.cur,
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
	}
	return string(b.info.Cause)
}

func (m *Model) fillCompare() {
	pair := [2]int{m.cur, m.other}
	if m.other < m.cur {
		pair = [2]int{m.other, m.cur} // the older one stands left, whichever is in view
	}
	a, b := m.branches[pair[0]], m.branches[pair[1]]
	i, differ := parts(a, b)
	m.comparePane.Where = "the same so far"
	switch {
	case differ:
		m.comparePane.Where = fmt.Sprintf("they part at token %d", i)
	case !a.running() && !b.running():
		m.comparePane.Where = "the same, token for token"
	}
	for k, at := range pair {
		br := m.branches[at]
		s := compare.Side{
			Label: br.label, Thought: br.thought, Answer: br.answer, From: -1, To: -1, FromAns: -1, ToAns: -1,
			Waiting: "no answer yet", Current: at == m.cur, Growing: br.running(),
		}
		if !br.running() {
			s.Waiting = "no answer"
		}
		word, _, _ := m.stateWord(br)
		limit := "no cap"
		if br.budget.Cap >= 0 {
			limit = fmt.Sprintf("cap %d", br.budget.Cap)
		}
		dot := " " + m.theme.Glyphs.Dot + " "
		s.Facts = fmt.Sprintf("%s%s%s%s%d + %d tokens", limit, dot, word, dot, br.spent, br.answered)
		if differ {
			phase, from, to := br.span(i)
			if ink, end := br.doc(phase).Ink(max(from, 0)); from >= 0 && ink < end {
				from = ink // the token may begin with white space, which nobody sees
				if to = min(to, end); to <= from {
					to = end
				}
			}
			if phase == trace.PhaseAnswer {
				s.FromAns, s.ToAns = from, to
			} else {
				s.From, s.To = from, to
			}
		}
		m.comparePane.Put(k, s)
	}
}

// drawNotice is the line for what the last key did, or could not do, and for what the engine has to say.
func (m *Model) drawNotice(w int) string {
	r := text.NewRow(m.theme, w).To(3)
	b := m.now()
	switch {
	case m.notice != "" && m.alarm:
		r.Add(theme.Warn, m.notice)
	case m.notice != "":
		r.Add(theme.Dim, m.notice)
	case b != nil && b.loop && b.running():
		r.Add(theme.Warn, "it repeats itself: ").Add(theme.Text, oneLine(b.notice))
	case b != nil && b.notice != "":
		r.Add(theme.Dim, oneLine(b.notice))
	}
	return r.String()
}

// drawKeys is the bottom line: what acts here and now, as much as fits.
func (m *Model) drawKeys(w int) string {
	r := text.NewRow(m.theme, w).To(1)
	gap := 3
	if w < twoFrom {
		gap = 2
	}
	for _, b := range keys.Line(m.state()) {
		k, what := b.Shown(), b.Short
		if b.Action == keys.Focus && m.focus != onPrompt {
			what = "panes"
		}
		n := text.Width(k) + 1 + text.Width(what)
		if r.Used() > 1 {
			n += gap
		}
		if n > r.Left() {
			break
		}
		if r.Used() > 1 {
			r.To(r.Used() + gap)
		}
		r.Add(theme.Key, k).Add(theme.Dim, " "+what)
	}
	return r.String()
}

func short(s string, n int) string {
	s = oneLine(s)
	if text.Width(s) <= n {
		return s
	}
	return text.Wrap(s, n, false)[0]
}
