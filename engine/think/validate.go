package think

import (
	"fmt"

	"s1/engine/trace"
)

// validate refuses a budget that cannot be kept, and sets the answer's reserve.
func (m *Machine) validate() error {
	b, o := m.b, m.o
	switch {
	case o.Context <= 0:
		return fmt.Errorf("budget: the prompt leaves %d positions of the context; at least one is needed", o.Context)
	case b.Cap < -1:
		return fmt.Errorf("budget: cap %d; -1 is no cap, 0 is no thinking", b.Cap)
	case b.Waits < 0:
		return fmt.Errorf("budget: %d waits", b.Waits)
	case b.AnswerCap < -1:
		return fmt.Errorf("budget: answer cap %d; -1 is until the context ends", b.AnswerCap)
	case o.AnswerReserve < 0 || o.SoftLanding < 0:
		return fmt.Errorf("budget: answer reserve %d and soft landing %d must not be negative", o.AnswerReserve, o.SoftLanding)
	}
	m.reserve = o.AnswerReserve
	if m.reserve == 0 {
		m.reserve = b.AnswerCap
	}
	if m.reserve < 0 {
		m.reserve = min(reserveDefault, o.Context/4)
	}
	if !m.f.Thinks() {
		return m.validateNoThought()
	}
	if err := m.fits(b.Cap); err != nil {
		return fmt.Errorf("budget: %w", err)
	}
	return nil
}

// validateNoThought: nothing tells a thought from the answer, so nothing about a thought can be promised.
func (m *Machine) validateNoThought() error {
	why := "the model has no think format (none)"
	if m.f.Closed {
		why = "the prompt already closes the thought"
	}
	switch {
	case m.b.Cap > 0:
		return fmt.Errorf("budget: %s, so a cap of %d thinking tokens cannot be kept; use an answer cap, or another think format", why, m.b.Cap)
	case m.b.Waits > 0:
		return fmt.Errorf("budget: %s, so no end of thinking can be suppressed (%d waits asked)", why, m.b.Waits)
	case m.b.Preset != "":
		return fmt.Errorf("budget: %s, so preset %q cannot run", why, m.b.Preset)
	case m.reserve > m.o.Context:
		return fmt.Errorf("budget: an answer of %d tokens does not fit the %d positions that the prompt leaves", m.reserve, m.o.Context)
	}
	return nil
}

// fits says whether a thought of n tokens (-1: at least one), its opening and close, and the answer's reserve fit.
func (m *Machine) fits(n int) error {
	tags := len(m.f.Open) + m.closeLen()
	need := max(n, 0) + tags + m.reserve
	if n < 0 {
		need++
	}
	if need > m.o.Context {
		return fmt.Errorf("cap %d + %d for its opening and close + answer reserve %d = %d tokens do not fit the %d positions that the prompt leaves; lower the cap or the answer cap",
			n, tags, m.reserve, need, m.o.Context)
	}
	return nil
}

// thoughtClosed is the error for commands that came too late for a thought.
func (m *Machine) thoughtClosed(what string) error {
	if !m.f.Thinks() {
		return fmt.Errorf("%s: there is no thought to control (think format %s)", what, m.f.Name)
	}
	return fmt.Errorf("%s: the thought has closed (%s); branch from a token inside it", what, m.closedWord())
}

func (m *Machine) closedWord() trace.Closed {
	if m.closed == "" {
		return "unknown"
	}
	return m.closed
}
