package app

import (
	"context"
	"fmt"
	"slices"

	tea "github.com/charmbracelet/bubbletea"

	"s1/engine/trace"
	"s1/tui/keys"
	"s1/tui/text"
)

// scrubbing is the answers along one trace.
type scrubbing struct {
	of      *branch
	stops   []int
	guesses []trace.Guess // by Spent
	running bool
	cost    int
	cancel  context.CancelFunc
}

// scrub opens the scrubber over the branch in view, or closes it.
func (m *Model) scrub() tea.Cmd {
	b := m.now()
	if m.scrubber != nil {
		seen := m.scrubbing()
		if m.closeScrub(); seen {
			return nil
		}
	}
	if m.comparing = false; m.experimenting() { // they have the whole page
		m.trials.hidden = true
	}
	stops := stopsOf(b.spent)
	if len(stops) == 0 {
		m.warn("there is no thought to cut")
		return nil
	}
	ctx, cancel := context.WithCancel(m.ctx)
	s := &scrubbing{of: b, stops: stops, running: true, cancel: cancel}
	m.scrubber = s
	if b.at < 0 {
		b.at = max(m.nearest(b), 0)
	}
	m.keepWithin(b)
	e, n, id := m.explorer(b), m.news, b.info.ID
	m.say(fmt.Sprintf("%d answers along the thought, at most %d tokens each, %s in all", len(stops), scrubAnswer, text.Count(len(stops)*scrubAnswer)))
	return func() tea.Msg {
		err := e.Scrub(ctx, id, stops, func(g trace.Guess) {
			n.post(func(*Model) { s.add(g) })
		})
		n.post(func(m *Model) { m.experimentEnded("scrub", &s.running, err) })
		return nil
	}
}

func (s *scrubbing) add(g trace.Guess) {
	i, _ := slices.BinarySearchFunc(s.guesses, g.Spent, func(o trace.Guess, spent int) int { return o.Spent - spent })
	s.guesses = slices.Insert(s.guesses, i, g)
	s.cost += g.Tokens
}

// scrubbing says whether the scrubber is that of the branch in view.
func (m *Model) scrubbing() bool {
	b := m.now()
	return m.scrubber != nil && b != nil && (m.scrubber.of == b || m.scrubber.of == b.original)
}

func (m *Model) closeScrub() {
	m.scrubber.cancel()
	m.scrubber = nil
}

// stopsOf spreads the stops evenly over a thought.
func stopsOf(spent int) []int {
	n := min(scrubStops, spent)
	var stops []int
	for i := range n {
		stops = append(stops, spent*(i+1)/n)
	}
	return stops
}

// spentAt is how many thinking tokens stand before token i.
func (b *branch) spentAt(i int) int {
	n := 0
	for _, k := range b.tokens[:min(max(i, 0), len(b.tokens))] {
		if k.counted {
			n++
		}
	}
	return n
}

// walkOrScrub moves the cursor; while the scrubber is open a word is a stop.
func (m *Model) walkOrScrub(a keys.Action) {
	b := m.now()
	if s := m.scrubber; s != nil && s.of == b && (a == keys.WordBack || a == keys.WordNext) {
		m.fillScrub()
		moved := a == keys.WordNext && m.scrubPane.Next() || a == keys.WordBack && m.scrubPane.Prev()
		if moved {
			b.at = min(b.countedAt(m.scrubPane.At), len(b.tokens)-1)
			m.seen(b)
		}
		return
	}
	m.walk(a)
	if m.scrubbing() {
		m.keepWithin(b)
	}
	m.pick = -1
}

// keepWithin keeps the cursor within what can be cut: the thought, and the place at which it closed.
func (m *Model) keepWithin(b *branch) {
	if last, ok := b.closeAt(); ok && b.at > last {
		b.at = last
		m.seen(b)
	}
}

func (m *Model) fillScrub() {
	s, p := m.scrubber, &m.scrubPane
	p.Guesses, p.Stops, p.Length, p.Expected, p.Running, p.Cost = s.guesses, s.stops, s.of.spent, s.of.expected, s.running, s.cost
	p.CostLimit = len(s.stops) * scrubAnswer
	p.At = s.of.spentAt(s.of.at)
}
