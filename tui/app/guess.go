package app

import (
	"context"
	"fmt"

	tea "github.com/charmbracelet/bubbletea"

	"s1/engine/trace"
)

// tickShare is how many tokens a thought's guesses may take, for each of its own.
const tickShare = 0.1

// ticking is the guesses of one branch while it thinks.
type ticking struct {
	guesses []trace.Guess
	extra   int // tokens that the model went through for them
	running bool
	stay    int
	cancel  context.CancelFunc
	// ended is closed when it has; bill is what it and those before it have cost, and is not written any more then.
	ended chan struct{}
	bill  int
}

// took takes in a guess. One that came to nothing has its price all the same.
func (t *ticking) took(g trace.Guess) {
	t.extra += g.Extra()
	if !g.Void {
		t.guesses = append(t.guesses, g)
	}
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
	t, before := &ticking{running: true, cancel: cancel, stay: stay, ended: make(chan struct{})}, b.ticker
	if before != nil {
		t.guesses, t.extra = before.guesses, before.extra
	}
	b.ticker = t
	m.margin.signals = true
	say := fmt.Sprintf("its answer is guessed as it thinks, as often as %.0f %% more tokens allow", 100*tickShare)
	if stay > 0 {
		say = fmt.Sprintf("its answer is guessed; %d equal guesses in a row close the thought", stay)
	}
	m.say(say)
	e, n, id := m.explorer(b), m.news, b.info.ID
	return func() tea.Msg {
		defer close(t.ended)
		if before != nil { // what it spends until it has ended is of the same budget
			<-before.ended
			t.bill = before.bill
		}
		err := e.Tick(ctx, id, trace.Ticker{Share: tickShare, Stay: stay, Extra: t.bill}, func(g trace.Guess) {
			t.bill += g.Extra()
			n.post(func(m *Model) { b.ticker.took(g) })
		})
		n.post(func(m *Model) { m.experimentEnded("ticker", &t.running, err) })
		return nil
	}
}
