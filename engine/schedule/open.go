package schedule

import (
	"context"

	"s1/engine/trace"
)

// Open makes an experiment a branch like any other, under another name. From now on it ends with ctx, too.
func (l *Live) Open(ctx context.Context, as trace.Branch) *Live {
	if l.s != nil {
		l.s.post(func() {
			l.b.side = false
			if !l.b.dead {
				before := l.b.forget
				stop := context.AfterFunc(ctx, func() { l.Send(trace.Command{Kind: trace.CommandStop}) })
				l.b.forget = func() bool {
					a, b := before(), stop()
					return a && b
				}
			}
		})
	}
	return &Live{branch: as, log: l.log, s: l.s, b: l.b}
}
