package app

import "s1/engine/trace"

// examples are the questions that a model made for one kind of them brings along. One stands in the empty prompt, and enter
// asks it.
type examples struct {
	list    []string
	at      int
	instead string // one that suits, after a question that did not
}

// offer is the example that stands in the empty prompt, "" = none.
func (e *examples) offer() string {
	if e.instead != "" || len(e.list) == 0 {
		return e.instead
	}
	return e.list[e.at%len(e.list)]
}

// next offers another one.
func (e *examples) next() {
	if e.instead == "" {
		e.at++
	}
	e.instead = ""
}

// asked sees a question that was taken: the one on offer makes room for another.
func (e *examples) asked(question string) {
	if question == e.offer() {
		e.next()
	}
	e.instead = ""
}

// another puts a new example into the empty prompt, or in place of one that was taken and left as it was.
func (m *Model) another() {
	text := m.promptPane.Editor.Value()
	if text != "" && text != m.examples.offer() {
		m.warn("your text stays; ctrl+u empties the prompt for an example")
		m.focus = onPrompt
		return
	}
	m.examples.next()
	m.focus = onPrompt
	if text != "" {
		m.promptPane.Editor.Set(m.examples.offer())
	}
}

// unsuitable says why a question was not taken, and offers one that suits. The text itself is an earlier question now.
func (m *Model) unsuitable(u *trace.Unsuitable) {
	m.fault = u.Says + "  (esc)"
	m.examples.instead = u.Example
	if m.promptPane.Editor.Value() == "" {
		m.focus = onPrompt
		m.say("up brings your text back")
	}
}
