package app

import (
	"strings"

	"s1/engine/trace"
	"s1/tui/keys"
	"s1/tui/pane/lab"
	"s1/tui/pane/trials"
	"s1/tui/text"
)

func (m *Model) anyRunning() bool {
	for _, b := range m.branches {
		if b.running() {
			return true
		}
	}
	return false
}

// state is what the key table asks about.
func (m *Model) state() keys.State {
	s := keys.State{
		Shelf: m.shelf.open, Rows: len(m.shelf.rows), Prompt: m.focus == onPrompt, PromptEmpty: strings.TrimSpace(m.promptPane.Editor.Value()) == "",
		Loading: m.thinker == nil && m.broken == "", Broken: m.broken,
		Example:  len(m.examples.list) > 0,
		Branches: len(m.branches), Library: m.opt.Library != nil, Following: m.scroll().Following(),
	}
	s.Offered = s.PromptEmpty && m.examples.offer() != ""
	s.Train, s.Curate, s.Jobs = m.trainState(), m.curateState(), m.jobsState()
	s.Explorer, s.Comparing, s.Trials = m.explorer(m.now()) != nil, m.comparing, m.experimenting()
	s.Scrubbing, s.Tree, s.Picking = m.scrubbing(), m.focus == onTree, m.focus == onToken
	if x := m.trials; x != nil && x.hidden {
		s.Left = map[trials.Kind]keys.Action{trials.Lab: keys.Lab, trials.Vote: keys.Vote, trials.Anchors: keys.Anchor}[x.kind]
	}
	if s.Binned = len(m.deleted) > 0; s.Shelf {
		s.Binned = len(m.shelf.binned) > 0
	}
	s.Busy = m.trials != nil && m.trials.running || m.scrubber != nil && m.scrubber.running
	if s.Lab = m.laboratory() != nil; m.bench.open {
		s.Bench, s.Form, s.Points = true, m.bench.view == lab.Setup, m.bench.view == lab.Curve
		s.Sweeping, s.Held, s.Reckoning = m.bench.cancel != nil, m.bench.held, m.bench.reckon != nil
	}
	if b := m.now(); b != nil {
		s.Asked, s.Running, s.Paused, s.Thinking = true, b.running(), b.state == trace.StatePaused, b.thinking()
		s.Interrupted = b.interrupted()
		s.Loop, s.Pauses = b.loop, len(b.pauses)
		s.Tokens, s.Cursor = len(b.tokens), b.at >= 0
		s.Ticking = b.ticker != nil && b.ticker.running
		if s.Cursor {
			k := b.token(b.at)
			s.Candidates = k != nil && len(k.Top) > 0
		}
		s.Back = s.Trials || s.Scrubbing || s.Tree || s.Picking || s.Comparing && !s.Running
		_, s.CanClose = b.closeAt()
		if !s.Running {
			s.Thinking = true // every key acts after the end, as a new branch
		}
	}
	return s
}

// scroll returns the text that the movement keys move.
func (m *Model) scroll() *text.Scroll {
	if m.focus == onAnswer {
		return &m.answerPane.Scroll
	}
	return &m.thoughtsPane.Scroll
}
