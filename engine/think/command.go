package think

import (
	"errors"
	"fmt"
	"slices"

	"s1/engine/trace"
)

// ErrEnded is the answer to every command after the end of a branch.
var ErrEnded = errors.New("the branch has ended; branch from one of its tokens")

// textLimit bounds what a command may inject, in bytes, before it is encoded.
const textLimit = 1 << 16

// Command takes a user's command. It takes effect before the next token. The note, when there is one, is a sentence for
// the user; an error leaves everything as it was. Pace and sampling are the scheduler's and do nothing here.
func (m *Machine) Command(c trace.Command) (note string, err error) {
	if c.Kind == trace.CommandPace || c.Kind == trace.CommandSampling {
		return "", nil
	}
	if m.stage == ended {
		return "", ErrEnded
	}
	if m.rounds != nil {
		switch c.Kind {
		case trace.CommandWait, trace.CommandCap, trace.CommandAnswerNow, trace.CommandInject, trace.CommandEdit, trace.CommandTake:
			return "", fmt.Errorf("preset %s repeats a published procedure and cannot be steered; branch without the preset", m.b.Preset)
		}
	}
	if len(c.Text) > textLimit {
		return "", fmt.Errorf("a text of %d bytes is too long to inject; at most %d", len(c.Text), textLimit)
	}
	switch c.Kind {
	case trace.CommandWait:
		err = m.commandWait(c.Text)
	case trace.CommandCap:
		note, err = m.commandCap(c.N)
	case trace.CommandAnswerNow:
		note, err = m.commandAnswerNow()
	case trace.CommandInject, trace.CommandEdit:
		err = m.commandInject(c.Text)
	case trace.CommandTake:
		err = m.commandTake(c.N)
	case trace.CommandPause:
		m.paused, m.steps = true, 0
	case trace.CommandResume:
		m.paused, m.steps = false, 0
	case trace.CommandStep:
		if !m.paused {
			return "", errors.New("one token: the branch is not paused")
		}
		m.steps++
	case trace.CommandStop:
		if m.inThought() || m.stage == closing && m.used == m.closeFrom {
			m.closed = trace.ClosedStopped
		}
		m.finish("stopped")
	default:
		return "", fmt.Errorf("unknown command %d", c.Kind)
	}
	if err == nil {
		m.plan()
	}
	return note, err
}

// inThought says whether the thought can still be steered.
func (m *Machine) inThought() bool { return m.stage == opening || m.stage == thinking }

// commandWait asks for one more suppressed end. "" appends the budget's own Wait text.
func (m *Machine) commandWait(s string) error {
	if !m.inThought() || m.skipped {
		return m.thoughtClosed("wait")
	}
	ids := m.wait
	if s != "" {
		var err error
		if ids, err = m.f.encode(s); err != nil {
			return fmt.Errorf("wait: %w", err)
		}
	}
	if room, limit := m.room(); len(ids) >= room {
		return fmt.Errorf("wait: the text has %d tokens and %d are left before the limit (%s); raise the cap first", len(ids), room, limit)
	}
	m.b.Waits++
	if m.atClose {
		m.wished = m.o.Closed == "" || m.o.Closed == trace.ClosedNatural
		m.suppress(ids)
		return nil
	}
	m.texts = append(m.texts, ids)
	return nil
}

func (m *Machine) commandCap(n int) (string, error) {
	switch {
	case n < -1:
		return "", fmt.Errorf("cap %d: -1 lifts it, 0 is no thinking", n)
	case !m.inThought():
		return "", m.thoughtClosed("cap")
	case m.skipped && m.used > 0:
		return "", m.thoughtClosed("cap")
	}
	if n > m.counted { // one that closes at once always fits
		if err := m.fits(n); err != nil {
			return "", err
		}
	}
	m.b.Cap = n
	if m.used == 0 && m.stage == opening {
		m.begin()
	}
	if n >= 0 && n < m.counted {
		return fmt.Sprintf("the cap of %d is below the %d thinking tokens already spent: the thought closes now", n, m.counted), nil
	}
	return "", nil
}

func (m *Machine) commandAnswerNow() (string, error) {
	if !m.inThought() || m.skipped {
		return "", m.thoughtClosed("answer now")
	}
	m.closeAsked, m.grace, m.insert = trace.ClosedAnswerNow, 0, m.begun()
	if m.text.missing() > 0 {
		return "a character is being finished first", nil
	}
	return "", nil
}

// begun is what must still go in of an injected text so that it does not stop inside a character.
func (m *Machine) begun() []feed {
	t, n := m.text, 0
	for n < len(m.insert) && t.missing() > 0 {
		t.write(m.f.vocab.Piece(m.insert[n].id))
		n++
	}
	if t.missing() > 0 {
		return nil
	}
	rest := slices.Clone(m.insert[:n])
	for i := range rest {
		rest[i].now = true
	}
	return rest
}

func (m *Machine) commandInject(s string) error {
	if s == "" {
		return errors.New("inject: the text is empty")
	}
	ids, err := m.f.encode(s)
	if err != nil {
		return fmt.Errorf("inject: %w", err)
	}
	n := len(ids) + len(m.insert)
	switch {
	case m.inThought():
		if room, limit := m.room(); n > room {
			return fmt.Errorf("inject: the text has %d tokens and %d are left before the limit (%s)", n, room, limit)
		}
	case m.b.AnswerCap >= 0 && n > m.b.AnswerCap-m.answered:
		return fmt.Errorf("inject: the text has %d tokens and %d are left of the answer cap %d", n, m.b.AnswerCap-m.answered, m.b.AnswerCap)
	case n > m.o.Context-m.used-len(m.queue):
		return fmt.Errorf("inject: the text has %d tokens and %d are left of the context", n, m.o.Context-m.used-len(m.queue))
	}
	m.grace = 0
	m.insert = append(m.insert, injectedIDs(ids, false)...)
	return nil
}
