package tuitest

import (
	"context"
	"slices"
	"sync"
	"time"

	"s1/engine/trace"
)

// Live is one scripted branch.
type Live struct {
	fake   *Fake
	branch trace.Branch
	run    trace.Run
	log    *trace.Log
	wake   chan struct{}

	mu                 sync.Mutex
	sent               []trace.Command // everything ever sent
	first              []trace.Command // what it began with
	cmds               []trace.Command
	budget             trace.Budget
	tokens             []trace.Token
	state              trace.State
	before             trace.State // what a pause interrupted
	round, pos         int         // where in the script
	opened, closing    int
	spent, waits       int
	closedAt           int
	closed             trace.Closed
	reached, looped    bool // the thought stands at its close; the loop guard has spoken
	answerNow          bool
	pace, steps        int
	forced, injected   int
	answers, answerPos int
	endProb            float32
}

// Branch describes the branch.
func (l *Live) Branch() trace.Branch { return l.branch }

// Run is the question it belongs to.
func (l *Live) Run() trace.Run { return l.run }

// Log is its record.
func (l *Live) Log() *trace.Log { return l.log }

// Send takes a command, which acts before the next token.
func (l *Live) Send(c trace.Command) {
	l.mu.Lock()
	l.cmds = append(l.cmds, c)
	l.sent = append(l.sent, c)
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// Sent returns every command sent so far.
func (l *Live) Sent() []trace.Command {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.sent)
}

// First returns the commands it was made with.
func (l *Live) First() []trace.Command { return l.first }

func (l *Live) inherit(tokens []trace.Token, atClose bool) {
	for _, k := range tokens {
		l.tokens = append(l.tokens, k)
		if l.fake.Replay {
			l.log.Append(trace.Event{Kind: trace.EventToken, Token: k})
		}
		switch {
		case k.Wished:
			l.round, l.pos, l.waits = l.round+1, 0, l.waits+1
		case k.Counted && k.Origin == trace.OriginSampled:
			l.pos++
		case k.Phase == trace.PhaseThinking && l.spent == 0:
			l.opened++
		}
		if k.Counted {
			l.spent++
		}
	}
	l.reached = atClose
}

func (l *Live) start(ctx context.Context) {
	if l.fake.Rate > 0 {
		go l.beat(ctx)
	}
}

// beat says tokens at the rate of the model, or at the pace asked for when that is slower.
func (l *Live) beat(ctx context.Context) {
	const shortest = time.Millisecond
	owed, last := 0.0, time.Now()
	for ctx.Err() == nil {
		l.mu.Lock()
		l.obey()
		ended, paused, rate := l.state == trace.StateEnded, l.state == trace.StatePaused && l.steps == 0, l.fake.Rate
		if l.pace > 0 {
			rate = min(rate, l.pace)
		}
		l.mu.Unlock()
		if ended {
			return
		}
		if paused {
			select {
			case <-l.wake:
			case <-ctx.Done():
			}
			last = time.Now()
			continue
		}
		now := time.Now()
		owed = min(owed+now.Sub(last).Seconds()*float64(rate), float64(rate))
		last = now
		l.Advance(int(owed))
		owed -= float64(int(owed))
		timer := time.NewTimer(max(shortest, time.Second/time.Duration(rate)))
		select {
		case <-timer.C:
		case <-l.wake:
			timer.Stop()
		case <-ctx.Done():
			timer.Stop()
		}
	}
}

// Advance takes commands and says up to n tokens.
func (l *Live) Advance(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.obey()
	for range n {
		if l.state == trace.StatePaused {
			if l.steps == 0 {
				return
			}
			l.steps--
		}
		l.step()
		l.obey()
		if l.state == trace.StateEnded {
			return
		}
	}
}

func (l *Live) setState(s trace.State) {
	l.state = s
	l.log.Append(trace.Event{Kind: trace.EventState, State: s})
}
