package app

import (
	"errors"

	tea "github.com/charmbracelet/bubbletea"

	"s1/engine/trace"
	"s1/tui/feed"
)

func (m *Model) opened(msg modelOpened) tea.Cmd {
	if msg.err != nil {
		m.broken = msg.err.Error()
		m.queued = ""
		return nil
	}
	m.thinker, m.info = msg.thinker, msg.thinker.Info()
	m.examples = examples{list: m.info.Examples}
	if m.opt.Pace < 0 {
		m.pace = PaceFor(m.info)
	}
	if m.opt.ModelSampling {
		seed := m.sampling.Seed
		m.sampling = m.info.Default
		m.sampling.Seed = seed
	}
	if m.info.Warning != "" {
		m.say(m.info.Warning)
	}
	if q := m.queued; q != "" {
		m.queued = ""
		m.say("") // that it will be asked
		return m.ask(q)
	}
	if re, can := m.opt.Library.(Reopener); can && m.opt.Session != "" {
		return reopen(m.ctx, re, m.opt.Session)
	}
	return m.findStory()
}

// arrived gives each branch its events.
func (m *Model) arrived(batches []feed.Batch) {
	for _, batch := range batches {
		for _, b := range m.branches {
			if b.source != batch.Source {
				continue
			}
			closed := b.closed
			for _, e := range batch.Events {
				b.apply(e)
			}
			m.played(b)
			if b == m.now() && !closed && b.closed && m.focus == onThought && m.thoughtsPane.Scroll.Following() && m.layout().one {
				m.focus = onAnswer // on a small screen the answer takes the place of the finished thought
			}
		}
	}
}

func (m *Model) started(msg branchStarted) tea.Cmd {
	m.busy = false
	if msg.err != nil {
		m.fault = "could not " + msg.what + ": " + msg.err.Error() + "  (esc)"
		var u *trace.Unsuitable
		if errors.As(msg.err, &u) {
			m.unsuitable(u)
			return nil
		}
		if msg.asked != "" && m.promptPane.Editor.Value() == "" {
			m.promptPane.Editor.Set(msg.asked) // a question is never lost
			m.focus = onPrompt
		}
		if msg.wrote != "" {
			return m.keepWritten(msg.wrote)
		}
		return nil
	}
	m.forgetOldJobs()
	if msg.parent == nil {
		m.leave()
		m.question = orElse(msg.live.Run().Prompt, msg.asked)
		m.examples.asked(m.question)
	}
	b := newBranch(msg.live, label(len(m.branches)), m.theme, m.opt.Same)
	if msg.parent != nil {
		b.inherit(msg.parent, msg.at)
		b.expected = msg.parent.expected // the user's, where there is one
	}
	b.source = m.feed.Follow(msg.live.Log())
	if msg.parent != nil && m.pace > 0 {
		msg.live.Send(trace.Command{Kind: trace.CommandPace, N: m.pace})
	}
	before := m.cur
	m.branches = append(m.branches, b)
	m.switchTo(len(m.branches) - 1)
	m.thoughtsPane.Scroll.Bottom()
	if msg.beside {
		m.other, m.comparing, m.jump = before, true, true
	}
	m.focus = onThought
	if m.trials != nil {
		m.trials.hidden = true // a sample was opened, or something else is looked at
	}
	return m.saving()
}

// saving takes back what was said of the disk, as a branch began: until it has the end of that one too.
func (m *Model) saving() tea.Cmd {
	m.begun++
	if m.opt.Library != nil && !m.unsaved {
		m.saved = "saving"
	}
	return m.checkSaved()
}

func (m *Model) savedIs(msg savedChecked) tea.Cmd {
	m.checking = false
	if msg.begun != m.begun {
		return m.checkSaved() // the answer is about what was there before the last branch
	}
	was := m.unsaved
	m.saved, m.unsaved = "saved", false
	if !msg.ok {
		m.saved = "saving"
		if msg.reason != "" {
			m.saved, m.unsaved = "not saved", true
			if !was {
				m.warn("not saved: " + oneLine(msg.reason))
			}
		}
		return m.tick(saveEvery, saveTicked{})
	}
	return nil // asked again when a branch begins
}

// leave ends what belongs to the question that makes room for another.
func (m *Model) leave() {
	if m.scrubber != nil {
		m.closeScrub()
	}
	m.endTrials()
	for _, b := range m.branches {
		if b.ticker != nil {
			b.ticker.cancel()
		}
	}
	m.branches, m.cur, m.other, m.comparing, m.more, m.deleted, m.pick = nil, 0, -1, false, nil, nil, -1
	m.refocus()
}
