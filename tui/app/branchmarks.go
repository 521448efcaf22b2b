package app

import (
	"fmt"

	"s1/engine/trace"
	"s1/tui/pane/signals"
	"s1/tui/theme"
)

// noteClose sees whether the model closes its thought by itself: it draws the first word of the close, or another end
// of its turn after which the close is written for it. Nothing is forced then.
func (b *branch) noteClose(k trace.Token) {
	switch {
	case k.Counted || k.Origin == trace.OriginInjected:
		b.ownClose = false
	case (k.Origin == trace.OriginSampled || k.Wished) && !b.ownClose:
		b.ownClose = true
		b.thought.Break()
	}
}

func (b *branch) roleOf(k trace.Token) theme.Role {
	switch {
	case k.Origin == trace.OriginInjected:
		return theme.Accent
	case k.Origin == trace.OriginForced && b.ownClose && k.Phase == trace.PhaseThinking:
		return theme.Dim // the model closed by itself; what is left of the close is only completed
	case k.Origin == trace.OriginForced && (b.spent > 0 || b.injected > 0 || k.Phase == trace.PhaseAnswer):
		return theme.Warn
	case k.Phase == trace.PhaseThinking && !k.Counted:
		return theme.Dim // the words that open and close a thought
	}
	return theme.Text
}

func (b *branch) noteOf(k trace.Token) string {
	switch {
	case k.Origin == trace.OriginInjected && k.Wished:
		return fmt.Sprintf("yours, %d of %d", b.waits, max(b.waits, b.budget.Waits))
	case k.Origin == trace.OriginInjected:
		return "yours"
	case k.Phase == trace.PhaseAnswer:
		return "forced"
	case b.budget.Cap >= 0 && b.spent >= b.budget.Cap:
		return "the cap  " + prob(k.EndProb)
	}
	return "answer now  " + prob(k.EndProb)
}

func (b *branch) measure(k trace.Token) {
	b.times = tail(append(b.times, k.Time), speedTokens)
	if k.Origin == trace.OriginSampled {
		b.drawn++
	}
	if k.Phase == trace.PhaseThinking {
		b.ends.Append(k.EndProb)
		b.entropies.Append(k.Entropy)
		b.markSignal(k)
	}
}

// markSignal notes what was wished, injected or forced, for the signals.
func (b *branch) markSignal(k trace.Token) {
	at := b.entropies.Len() - 1
	switch {
	case k.Wished:
		b.marks = append(b.marks, signals.Mark{At: at, Role: theme.Wish})
		fallthrough
	case k.Origin == trace.OriginInjected:
		if k.Origin == trace.OriginInjected {
			b.marks = append(b.marks, signals.Mark{At: at, Role: theme.Accent})
		}
	case k.Origin == trace.OriginForced && !b.ownClose && b.spent > 0:
		b.marks = append(b.marks, signals.Mark{At: at, Role: theme.Warn})
	}
}

func tail[T any](s []T, n int) []T {
	if len(s) > 2*n {
		copy(s, s[len(s)-n:])
		s = s[:n]
	}
	return s
}
