package app

import (
	"fmt"
	"math"

	tea "github.com/charmbracelet/bubbletea"

	"s1/engine/trace"
	"s1/tui/keys"
	"s1/tui/overlay"
	"s1/tui/pane/signals"
	"s1/tui/theme"
)

// shade is what colours the thought.
type shade uint8

const (
	plain shade = iota
	byEntropy
	byProbability
	byOrigin
	shades
)

func (s shade) String() string { return [...]string{"", "entropy", "probability", "origin"}[s] }

// hottest is the entropy or the surprise, in nats, that takes the last colour, of a model that is as unsure as that; a surer one
// is coloured by its own largest.
const hottest = 2.5

// scale is the nats of the last colour for a branch.
func (b *branch) scale() float64 {
	return min(float64(signals.Top(&b.entropies)), hottest)
}

func (m *Model) nextShade() {
	m.shade = (m.shade + 1) % shades
	if m.shade == plain {
		m.say("no colouring")
		return
	}
	m.say("coloured by " + m.legend())
}

// legend is what the colours mean.
func (m *Model) legend() string {
	b := m.now()
	switch {
	case m.shade == byOrigin:
		return "origin: plain is drawn by the model, the last colour is yours, the one before it was forced"
	case b == nil:
		return m.shade.String()
	}
	what := "entropy, 0"
	if m.shade == byProbability {
		what = "probability, 1"
	}
	top := fmt.Sprintf("%.2f nats", b.scale())
	if m.shade == byProbability {
		top = fmt.Sprintf("%.2f and less", math.Exp(-b.scale()))
	}
	return what + " (faint) to " + top + " (last colour)"
}

// level is the step of a token's colour, 0..theme.Heats-1, -1 = none.
func (s shade) level(k token, scale float64) int {
	x := float64(k.entropy)
	switch s {
	case byProbability:
		x = -float64(k.logprob)
	case byOrigin:
		return map[trace.Origin]int{trace.OriginSampled: 0, trace.OriginForced: 3, trace.OriginInjected: 4}[k.origin]
	case plain:
		return -1
	}
	if math.IsNaN(x) {
		return -1
	}
	return int(min(max(x/scale*theme.Heats, 0), theme.Heats-1))
}

// shadeOf gives the colour of a byte of a text, nil = no colouring.
func (m *Model) shadeOf(b *branch, phase trace.Phase) func(at int) int {
	if m.shade == plain {
		return nil
	}
	last, scale := -1, b.scale() // bytes come in order
	return func(at int) int {
		if last < 0 || last >= len(b.tokens) || int(b.tokens[last].at) > at || last+1 < len(b.tokens) && b.tokens[last+1].phase == phase && int(b.tokens[last+1].at) <= at {
			last = b.tokenAt(phase, at)
		}
		if last < 0 || b.tokens[last].phase != phase {
			return -1
		}
		return m.shade.level(b.tokens[last], scale)
	}
}

// inputSearch asks what to search in the thought and the answer.
func (m *Model) inputSearch() {
	in := overlay.Input{Title: "search", Hint: "in the thought and the answer; capitals count only where you type one"}
	in.Editor.Set(m.found)
	m.input(in, func(s string) tea.Cmd {
		m.found = s
		if s != "" {
			m.interest = hits
			m.jumpTo(keys.JumpNext)
		}
		return nil
	})
}
