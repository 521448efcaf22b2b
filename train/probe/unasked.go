package probe

import (
	"s1/engine/builtin/tape"
	"s1/engine/trace"
)

// unasked counts what a model began by itself that only a person's Wait should begin. A Wait that the model says is none that
// was measured: it would check itself, and think longer, without being told to.
type unasked struct {
	sampled int // tokens that the model drew, of thought and answer
	waits   int // of those, Wait
	checks  int // of those, the ? of a check's line where no check is open
}

// unaskedIn reads a branch. A Wait that was put in opens a check, and the first " no" closes it: what follows is a draft again.
func unaskedIn(tokens []trace.Token) (u unasked) {
	open := false
	for _, t := range tokens {
		if t.Origin != trace.OriginSampled {
			open = open || t.Origin == trace.OriginInjected && t.ID == tape.Wait
			continue
		}
		u.sampled++
		switch {
		case t.ID == tape.Wait:
			u.waits++
		case t.ID == tape.No:
			open = false
		case t.ID == tape.Question && !open:
			u.checks++
		}
	}
	return u
}

func (u *unasked) add(o unasked) {
	u.sampled += o.sampled
	u.waits += o.waits
	u.checks += o.checks
}
