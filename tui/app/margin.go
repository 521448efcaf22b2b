package app

import (
	"strings"

	"s1/tui/keys"
)

// margin is which side panes are shown.
type margin struct {
	signals, token, tree bool
	last                 focus // which of token and tree was asked for last: it has the place where there is one for one only
}

// toggle shows a side pane or takes it away.
func (m *Model) toggle(a keys.Action) {
	g := &m.margin
	switch a {
	case keys.ShowSignals:
		g.signals = !g.signals
	case keys.ShowToken:
		if g.token = !g.token || m.behind(onToken); g.token {
			m.bring(onToken)
		}
	case keys.ShowTree:
		if g.tree = !g.tree || m.behind(onTree); g.tree {
			m.bring(onTree)
		}
	}
	m.refocus()
	m.sayPanes()
}

// alone says that one pane has the place of all, so that only the one with the focus is seen.
func (m *Model) alone() bool { return m.layout().one && !m.comparing && !m.experimenting() }

// behind says that a pane is there and not seen.
func (m *Model) behind(f focus) bool { return m.alone() && m.focus != f }

// bring makes a side pane that was just asked for the one that is seen, where there is place for one only.
func (m *Model) bring(f focus) {
	m.margin.last = f
	if b := m.now(); f == onToken && b != nil && b.at < 0 && len(b.tokens) > 0 {
		b.at = m.nearest(b)
	}
	if m.alone() {
		m.focus = f
	}
}

// sayPanes says in words what stands at the side, also where a comparison hides it for now.
func (m *Model) sayPanes() {
	var list []string
	for _, p := range []struct {
		on   bool
		name string
	}{{m.margin.signals, "signals"}, {m.margin.token, "token"}, {m.margin.tree, "tree"}} {
		if p.on {
			list = append(list, p.name)
		}
	}
	if len(list) == 0 {
		m.say("no side panes")
		return
	}
	m.say("side panes: " + strings.Join(list, ", "))
}

// cyclePanes shows the next side pane alone, and after the last one none.
func (m *Model) cyclePanes(by int) {
	g := &m.margin
	states := []margin{{}, {signals: true}, {token: true, last: onToken}, {tree: true, last: onTree}}
	at := 0
	for i, s := range states {
		if s.signals == g.signals && s.token == g.token && s.tree == g.tree {
			at = i
		}
	}
	*g = states[((at+by)%len(states)+len(states))%len(states)]
	switch {
	case g.token:
		m.bring(onToken)
	case g.tree:
		m.bring(onTree)
	}
	m.refocus()
	m.sayPanes()
}

// ring is what tab goes through.
func (m *Model) ring() []focus {
	if m.bench.open {
		return []focus{onBench}
	}
	if m.jobs.open {
		return []focus{onJobs}
	}
	if m.shelf.open {
		return []focus{onLibrary}
	}
	r := []focus{onPrompt, onThought, onAnswer}
	if m.experimenting() {
		r = []focus{onPrompt, onTrials}
	}
	if m.margin.token && !m.experimenting() && !m.comparing {
		r = append(r, onToken)
	}
	if m.margin.tree && !m.experimenting() && !m.comparing {
		r = append(r, onTree)
	}
	return r
}

func (m *Model) nextFocus(by int) {
	r := m.ring()
	at := 0
	for i, f := range r {
		if f == m.focus {
			at = i
		}
	}
	m.focus = r[(at+by+len(r))%len(r)]
	if m.focus == onToken || m.focus == onTree {
		m.margin.last = m.focus
	}
	m.pick = -1
}

// refocus moves the focus away from a pane that has gone.
func (m *Model) refocus() {
	for _, f := range m.ring() {
		if f == m.focus {
			return
		}
	}
	m.focus = onThought
	if m.experimenting() {
		m.focus = onTrials
	}
}

// strides is how far the movement keys go in a list.
var strides = map[keys.Action]int{
	keys.LineUp: -1, keys.LineDown: 1, keys.HalfUp: -5, keys.HalfDown: 5, keys.PageUp: -10, keys.PageDown: 10, keys.Top: -1 << 20, keys.Bottom: 1 << 20,
}

// moveIn moves the choice in the side pane that has the focus, and says whether there was one to move.
func (m *Model) moveIn(a keys.Action) bool {
	by := strides[a]
	switch m.focus {
	case onToken:
		b := m.now()
		if b == nil {
			return true
		}
		k := b.token(b.at)
		if k == nil || len(k.Top) == 0 {
			return true
		}
		m.pick = min(max(m.pick+by, 0), len(k.Top)-1)
	case onTree:
		m.treePane.Move(by)
	case onTrials:
		m.trialsPane.Cursor = min(max(m.trialsPane.Cursor+by, 0), max(len(m.trials.report.Trials)-1, 0))
	default:
		return false
	}
	return true
}
