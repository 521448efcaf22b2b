package app

import (
	"fmt"
	"slices"

	tea "github.com/charmbracelet/bubbletea"

	"s1/engine/trace"
)

// paces are the steps of < and >; 0 = as fast as it goes, the fastest.
var paces = []int{2, 5, 10, 20, 30, 50, 100, 200, 0}

// send gives a command to the branch in view; it takes effect before the next token.
// send tells the branch in view to do something, which is to be seen as soon as it is done.
func (m *Model) send(c trace.Command) {
	m.now().live.Send(c)
	m.feed.Hurry()
}

func (m *Model) waitText() string { return orElse(m.opt.Budget.WaitText, "Wait") }

// wait suppresses the next end of thinking; after the end it goes back to the close and thinks on as a new branch.
func (m *Model) wait(s string) tea.Cmd {
	b := m.now()
	c := trace.Command{Kind: trace.CommandWait, Text: s}
	if b.running() {
		m.send(c)
		m.say(fmt.Sprintf("the next end of thinking becomes %q", s))
		return nil
	}
	at, _ := b.closeAt()
	budget := waitBudget(b, m.opt.Budget.Cap)
	switch {
	case budget.Cap == b.budget.Cap:
	case budget.Cap < 0:
		m.say("the cap was spent: the new branch thinks on without one")
	default:
		m.say(fmt.Sprintf("the cap was spent: the new branch has the cap of the start, %d", budget.Cap))
	}
	return m.grow(at, budget, "think on", false, c)
}

// waitBudget is the budget with which an ended branch is made to think on. A cap that was spent is lifted, or becomes the one
// of the start when that is larger.
func waitBudget(b *branch, start int) trace.Budget {
	budget := b.budget
	// A cap may close some tokens early, at the end of a character or of a sentence: what is left is too little to go on in.
	capped := b.receipt != nil && b.receipt.Closed == trace.ClosedCap
	if budget.Cap >= 0 && (capped || b.spent >= budget.Cap) {
		budget.Cap = -1
		if start > max(b.spent, b.budget.Cap) {
			budget.Cap = start
		}
	}
	return budget
}

// grow starts a branch from the one in view.
func (m *Model) grow(at int, b trace.Budget, what string, beside bool, first ...trace.Command) tea.Cmd {
	return m.growAs(at, b, m.sampling, what, beside, first...)
}

// goOn thinks on with an interrupted branch from its last token as if nothing had happened.
func (m *Model) goOn() tea.Cmd {
	b := m.now()
	return m.growAs(len(b.tokens), b.budget, b.info.Sampling, "go on with it", false)
}

// growAs starts a branch with a sampling of its own.
func (m *Model) growAs(at int, b trace.Budget, s trace.Sampling, what string, beside bool, first ...trace.Command) tea.Cmd {
	if m.busy {
		m.warn("a branch is being made already")
		return nil
	}
	m.busy, m.fault = true, ""
	return m.startBranch(m.now(), at, b, s, what, beside, first...)
}

// pausePoint returns the token under the cursor, else the last point at which the ended branch was paused, at or before the
// end of what is in view.
func (m *Model) pausePoint() int {
	b := m.now()
	if b.at >= 0 {
		return b.at
	}
	at := b.pauses[0]
	end := m.thoughtsPane.Scroll.End()
	for _, p := range b.pauses {
		if m.thoughtsPane.Scroll.Following() || b.offset(p, trace.PhaseThinking) <= end {
			at = p
		}
	}
	return at
}

func (m *Model) answerNow() tea.Cmd {
	c := trace.Command{Kind: trace.CommandAnswerNow}
	if b := m.now(); b.at >= 0 && b.at < b.firstAnswer() {
		return m.answerAtCursor()
	}
	if m.now().running() {
		m.send(c)
		return nil
	}
	return m.grow(m.pausePoint(), m.now().budget, "answer from there", false, c)
}

func (m *Model) inject(s string) tea.Cmd {
	c := trace.Command{Kind: trace.CommandInject, Text: s}
	if m.now().running() && m.now().at < 0 {
		m.send(c)
		return nil
	}
	return m.grow(m.pausePoint(), m.now().budget, "go on from there", false, c)
}

// answerAtCursor closes the thought before the token under the cursor, as a branch of its own.
func (m *Model) answerAtCursor() tea.Cmd {
	return m.grow(m.now().at, m.now().budget, "answer from there", false, trace.Command{Kind: trace.CommandAnswerNow})
}

// setCap changes the cap of a running branch. Of an ended one it makes a new branch: from the token at which a smaller
// cap would have closed the thought, or from the close that a larger one would not have forced.
func (m *Model) setCap(n int) tea.Cmd {
	b := m.now()
	if b.running() {
		m.send(trace.Command{Kind: trace.CommandCap, N: n})
		return nil
	}
	budget := b.budget
	budget.Cap = n
	if n >= 0 && n < b.spent {
		return m.grow(b.countedAt(n), budget, "cap it there", false)
	}
	if b.receipt != nil && (b.receipt.Closed == trace.ClosedCap || b.receipt.Closed == trace.ClosedAnswerNow || b.receipt.Closed == trace.ClosedStopped) {
		at, _ := b.closeAt()
		return m.grow(at, budget, "think on", false)
	}
	m.warn(m.keys.Text(fmt.Sprintf("it closed by itself after %d tokens, a higher cap changes nothing; {wait} makes it think on", b.spent)))
	return nil
}

func (m *Model) nudgeCap(up bool) tea.Cmd {
	b := m.now()
	if b.budget.Cap < 0 {
		m.warn(m.keys.Text("there is no cap to move; {cap} sets one"))
		return nil
	}
	return m.setCap(nudged(b.budget.Cap, up))
}

func nudged(n int, up bool) int {
	if up {
		return n + max(n/4, 1)
	}
	return max(n-max(n/5, 1), 0)
}

func (m *Model) hotter() {
	if m.now().original != nil {
		m.warn("this is a recording, nothing is drawn")
		return
	}
	m.sampling.Temperature = min(m.sampling.Temperature+0.3, 2)
	s := m.sampling
	m.send(trace.Command{Kind: trace.CommandSampling, Sampling: &s})
	m.now().loop = false
	m.say(fmt.Sprintf("temperature %.1f from the next token on", s.Temperature))
}

func (m *Model) changePace(faster bool) {
	i := slices.IndexFunc(paces, func(p int) bool { return p == 0 || m.pace > 0 && p >= m.pace })
	if m.pace == 0 {
		i = len(paces) - 1
	}
	if faster {
		if paces[i] == m.pace {
			i = min(i+1, len(paces)-1)
		}
	} else {
		i = max(i-1, 0)
	}
	m.pace = paces[i]
	for _, b := range m.branches {
		if b.running() {
			b.live.Send(trace.Command{Kind: trace.CommandPace, N: m.pace})
		}
	}
	if m.pace == 0 {
		m.say("pace: as fast as the model goes")
	} else {
		m.say(fmt.Sprintf("pace: at most %d tokens per second", m.pace))
	}
}
