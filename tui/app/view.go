package app

import (
	"fmt"
	"strings"

	"s1/tui/keys"
	"s1/tui/overlay"
	"s1/tui/text"
	"s1/tui/theme"
)

const (
	curveCells = 22 // of the small curves
	scrubRows  = 8  // of the scrubber
	treeLeast  = 3  // rows of the tree: a title, a branch, and what says that more is folded away
	aside      = 10 // cells that must be left of the page beside a box

	answerBytes     = 256 // of an answer's end, for the list of branches
	impossibleShare = 120 // percent of the memory limit from which the limit, not the engine, is wrong
)

// layout arranges the screen for what is on it now.
func (m *Model) layout() layout {
	m.promptPane.Focused = m.focus == onPrompt
	rows := 1
	if m.promptPane.Editor.Value() != "" {
		rows = m.promptPane.Rows(m.w, max(m.h/4, 1))
	}
	want := wants{prompt: rows, side: m.sidePane.Rows(), whole: m.comparing || m.experimenting(), room: m.away(), jobs: m.striped(), last: m.margin.last}
	if m.margin.token {
		want.token = m.tokenPane.Rows()
	}
	if m.margin.tree {
		want.tree = max(m.treePane.Rows(), treeLeast)
	}
	if m.margin.signals {
		want.signals = m.signalsPane.Rows()
	}
	if m.scrubbing() {
		want.scrub = scrubRows
	}
	return arrange(m.w, m.h, want)
}

// draw composes the frame: every pane draws its rectangle, rows are joined, an overlay goes on top.
func (m *Model) draw() string {
	if m.w <= 0 || m.h <= 0 {
		return ""
	}
	m.fillSide()
	m.fillPanes()
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
	if l.jobs.h > 0 {
		put(l.jobs, []string{m.jobsStrip.Render(l.jobs.w)})
	}
	put(l.status, m.statusPane.Render(l.status.w, l.status.h))
	switch {
	case m.bench.open:
		put(l.whole, m.labPane.Render(l.whole.w, l.whole.h))
	case m.curation.open:
		put(l.whole, m.curation.pane.Render(l.whole.w, l.whole.h))
	case m.training.open:
		put(l.whole, m.training.pane.Render(l.whole.w, l.whole.h))
	case m.jobs.open:
		put(l.whole, m.jobs.pane.Render(l.whole.w, l.whole.h))
		m.unsettled = m.jobs.pane.Doc != nil && !m.jobs.pane.Scroll.Settled()
	case m.shelf.open:
		put(l.whole, m.libraryPane.Render(l.whole.w, l.whole.h))
	case m.experimenting():
		put(l.whole, m.trialsPane.Render(l.whole.w, l.whole.h))
	case m.comparing:
		rows := m.comparePane.Render(l.whole.w, l.whole.h)
		if m.jump && m.comparePane.Jump() {
			m.jump = false
			rows = m.comparePane.Render(l.whole.w, l.whole.h)
		}
		put(l.whole, rows)
		m.unsettled = !m.comparePane.Settled()
	case l.one && m.focus == onAnswer:
		put(l.answer, m.answerPane.Render(l.answer.w, l.answer.h))
		m.unsettled = !m.answerPane.Scroll.Settled()
	case l.one && m.focus == onToken:
		put(l.token, m.tokenPane.Render(l.token.w, l.token.h))
	case l.one && m.focus == onTree:
		put(l.tree, m.treePane.Render(l.tree.w, l.tree.h))
	default:
		put(l.thoughts, m.thoughtsPane.Render(l.thoughts.w, l.thoughts.h))
		if !l.one {
			put(l.answer, m.answerPane.Render(l.answer.w, l.answer.h))
			put(l.side, m.sidePane.Render(l.side.w, l.side.h))
			put(l.token, m.tokenPane.Render(l.token.w, l.token.h))
			put(l.tree, m.treePane.Render(l.tree.w, l.tree.h))
		}
		m.unsettled = !m.thoughtsPane.Scroll.Settled() || !m.answerPane.Scroll.Settled()
	}
	put(l.scrub, m.scrubPane.Render(l.scrub.w, l.scrub.h))
	put(l.signals, m.signalsPane.Render(l.signals.w, l.signals.h))
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
	m.place(b)
	th, an := &m.thoughtsPane, &m.answerPane
	th.Question, th.Doc, th.Fault = m.question, nil, m.fault
	th.Empty, th.End = m.emptyThought(b), m.keys.Text("{bottom}")
	an.Doc, an.Empty, an.Verdict, an.Focused = nil, "", "", m.focus == onAnswer
	m.promptPane.Idle, m.promptPane.Hint = m.keys.Text("{ask}  another question"), m.keys.Text("a question, then {send}")
	if e := m.examples.offer(); e != "" {
		m.promptPane.Hint = e + m.keys.Text("   {send} asks it")
	}
	if m.broken != "" {
		th.Fault = "could not load the model: " + m.broken
		th.Empty = ""
	}
	if b == nil {
		an.Empty = "the answer stands here"
		if l.one {
			an.Empty = m.keys.Text("the answer stands here; {focus} goes on to the prompt")
		}
		m.budgetPane.Asked, m.budgetPane.Cap = false, m.opt.Budget.Cap
		return
	}
	th.Doc, th.Below = b.thought, b.below
	if b.err != nil && m.fault == "" && !b.seen {
		th.Fault = "it ended with an error: " + b.err.Error() + "  (esc)"
		if b.interrupted() {
			th.Fault = m.keys.Text(fmt.Sprintf("interrupted after %s tokens: {pause} goes on from there", text.Count(len(b.tokens))))
		}
	}
	an.Doc, an.Empty, an.Verdict = b.answer, m.emptyAnswer(b), besideAnswer(b)
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

// drawNotice is the line for what the last key did, or could not do, and for what the engine has to say.
func (m *Model) drawNotice(w int) string {
	r := text.NewRow(m.theme, w).To(3)
	b := m.now()
	switch {
	case m.story != nil:
		r.Add(theme.Strong, m.story.caption)
	case strings.HasPrefix(m.notice, "could not ") && m.alarm:
		r.Add(theme.Warn, text.Ends(m.notice, r.Left(), m.theme)) // the cause stands at its end
	case m.notice != "" && m.alarm:
		r.Add(theme.Warn, m.notice)
	case m.notice != "":
		r.Add(theme.Dim, m.notice)
	case b != nil && b.loop && b.running():
		r.Add(theme.Warn, "it repeats itself: ").Add(theme.Text, oneLine(b.notice))
	case m.away():
	case m.shade != plain && b != nil && m.focus != onPrompt:
		r.Add(theme.Dim, m.legend())
	case m.focus == onPrompt && m.info.Hint != "":
		r.Add(theme.Dim, m.info.Hint)
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
	state := m.state()
	line := m.keys.Line(state)
	words := func(b keys.Binding) string {
		if b.Action == keys.Focus && m.focus != onPrompt {
			return " panes"
		}
		return " " + b.Short
	}
	cells := func(b keys.Binding) int { return gap + text.Width(m.keys.Pair(b)) + text.Width(words(b)) }
	keep := 0 // for those that stay
	for _, b := range line {
		if keys.Stays(b.Action, state) {
			keep += cells(b)
		}
	}
	full, at := false, 1
	for _, b := range line {
		stays := keys.Stays(b.Action, state)
		if stays {
			keep -= cells(b)
		}
		fits := at+cells(b)-gap+keep <= w
		if full = full || !fits && !stays; fits && (stays || !full) {
			r.To(at).Add(theme.Key, m.keys.Pair(b)).Add(theme.Dim, words(b))
			at = r.Used() + gap
		}
	}
	return r.String()
}
