package app

import (
	"context"
	"fmt"

	tea "github.com/charmbracelet/bubbletea"

	"s1/engine/trace"
)

// ticking is the guesses of one branch while it thinks.
type ticking struct {
	guesses []trace.Guess
	extra   int // tokens generated for them
	running bool
	stay    int
	cancel  context.CancelFunc
}

// guess starts or ends the guessing of the branch in view. stay above 0 closes its thought once the answer has settled.
func (m *Model) guess(stay int) tea.Cmd {
	b := m.now()
	if t := b.ticker; t != nil && t.running {
		t.cancel()
		t.running = false
		if stay == 0 || t.stay > 0 {
			m.say("no more guesses")
			return nil
		}
	}
	if !b.running() || b.original != nil {
		m.warn(m.keys.Text("it has ended: {scrub} shows the answers along the thought"))
		return nil
	}
	ctx, cancel := context.WithCancel(m.ctx)
	t := &ticking{running: true, cancel: cancel, stay: stay}
	if b.ticker != nil {
		t.guesses, t.extra = b.ticker.guesses, b.ticker.extra
	}
	b.ticker = t
	m.margin.signals = true
	say := "its answer is guessed as it thinks, for one guess and a tenth more tokens"
	if stay > 0 {
		say = fmt.Sprintf("its answer is guessed; %d equal guesses in a row close the thought", stay)
	}
	m.say(say)
	e, n, id := m.explorer(), m.news, b.info.ID
	return func() tea.Msg {
		err := e.Tick(ctx, id, trace.Ticker{Stay: stay}, func(g trace.Guess) {
			n.post(func(*Model) {
				t.guesses = append(t.guesses, g)
				t.extra += g.Tokens
			})
		})
		n.post(func(m *Model) { m.experimentEnded("ticker", &t.running, err) })
		return nil
	}
}
