package schedule

import "s1/engine/trace"

// Forget stops a branch that still runs and gives its pages back, so that the scheduler no longer looks at it. Its log stays
// with whoever holds it. Who goes on from it later reads again.
func (l *Live) Forget() {
	if l.s == nil {
		return
	}
	l.s.post(func() {
		l.b.command(trace.Command{Kind: trace.CommandStop}) // nothing, after the end
		l.b.release()
	})
}
