package app

import (
	"fmt"

	"s1/engine/trace"
	"s1/tui/pane/library"
	"s1/tui/pane/signals"
)

// fillPanes gives the side panes what they show. It comes before the layout, which asks them how many rows they want.
func (m *Model) fillPanes() {
	m.refocus()
	b := m.now()
	if m.margin.token {
		m.fillToken(b)
	}
	if m.margin.tree {
		m.fillTree()
		m.treePane.Empty = m.keys.Text("the branches stand here: {wait}, {cap}, {fork}, {second} make one")
	}
	if m.margin.signals {
		m.fillSignals(b)
	}
	if m.scrubbing() {
		m.fillScrub()
	}
	if m.curation.open {
		m.fillCuration()
	}
	if m.training.open {
		m.fillTraining()
	}
	if m.striped() {
		m.fillStrip()
	}
	if m.jobs.open {
		m.fillJobs()
	}
	if m.shelf.open {
		m.fillShelf()
	}
	if m.bench.open {
		m.fillBench()
	}
	if x := m.trials; x != nil {
		p := &m.trialsPane
		p.Focused, p.Title, p.Report = m.focus == onTrials, x.title, x.report
		p.Empty = "the first sample is on its way"
		if x.failed != "" {
			p.Empty = "it failed: " + x.failed + "  (esc)"
		}
	}
}

func (m *Model) fillToken(b *branch) {
	p := &m.tokenPane
	p.Focused, p.Pick, p.Token, p.Of = m.focus == onToken, m.pick, nil, 0
	p.Piece, p.Empty = nil, m.keys.Text("{token-back} {token-next} choose a token")
	if e := m.explorer(b); e != nil {
		p.Piece = e.Piece
	}
	if b != nil && b.at >= 0 {
		p.Token, p.Of = b.token(b.at), len(b.tokens)
	}
}

func (m *Model) fillSignals(b *branch) {
	p := &m.signalsPane
	*p = signals.Pane{Theme: m.theme, Empty: m.keys.Text("signals stand here once it thinks; {ask} asks")}
	if b == nil {
		return
	}
	p.Entropy, p.EndProb, p.Marks, p.Turns, p.Expected = &b.entropies, &b.ends, b.marks, b.turns(m.reflection), b.expected
	p.Cursor, p.Tail = -1, b.running() && b.at < 0
	if b.at >= 0 && b.at < b.firstAnswer() {
		p.Cursor = b.at
	}
	if r := b.receipt; r != nil && (r.Closed == trace.ClosedCap || r.Closed == trace.ClosedAnswerNow) {
		p.Forced, p.Nats = true, r.CloseNats
	}
	if b.loop {
		p.Repeats = oneLine(b.notice)
	}
	if t := b.ticker; t != nil {
		p.Guesses, p.Extra, p.Spent, p.Share, p.Ticking = t.guesses, t.extra, b.spent, tickShare, t.running
		p.Cap = b.budget.Cap
	}
}

func (m *Model) fillShelf() {
	sh, p := &m.shelf, &m.libraryPane
	p.Focused, p.Selected, p.Query, p.Filters = true, sh.selected, sh.query.Text, filterText(sh.query)
	p.Total, p.More, p.Millis, p.Note, p.Searching = sh.total, sh.more, int(sh.took.Milliseconds()), sh.note, sh.busy
	p.Rows = p.Rows[:0]
	for _, r := range sh.rows {
		where := r.Where
		if r.Token >= 0 && where == "thought" {
			where = fmt.Sprintf("thought at token %d", r.Token)
		}
		p.Rows = append(p.Rows, library.Row{
			ID: r.ID, When: r.Created, Model: Called(r.Model), Question: oneLine(r.Prompt), Answer: oneLine(r.Answer), Verdict: string(r.Verdict),
			Closed: r.Closed, Running: m.anyRunning() && m.branches[0].live.Run().ID == r.ID, Tags: r.Tags, Snippet: r.Snippet.Text, Hits: r.Snippet.Hits, Where: where,
		})
	}
	p.Preview = nil
	if v := sh.preview; v.ID != "" {
		p.Preview = []library.Part{
			{Text: v.Facts, Quiet: true},
			{Title: "question", Text: v.Question, Hits: v.QuestionHits},
			{Title: "thought", Text: v.Thought, Hits: v.ThoughtHits},
			{Title: "answer", Text: v.Answer, Hits: v.AnswerHits},
		}
		if v.Note != "" {
			p.Preview = append(p.Preview, library.Part{Title: "note", Text: v.Note})
		}
	}
}
