package app

import (
	"context"
	"slices"
	"sync"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"s1/engine/trace"
	"s1/tui/keys"
)

// player plays the log of a branch that has ended, or what there is of one that runs, again from its beginning: at a pace, to be
// paused, stepped and stopped. It is a Live like any other, that thinks nothing.
type player struct {
	branch trace.Branch
	run    trace.Run
	log    *trace.Log

	mu      sync.Mutex
	pace    int // tokens per second, 0 = as fast as it goes
	paused  bool
	steps   int
	stopped bool
	wake    chan struct{}
}

func (p *player) Branch() trace.Branch { return p.branch }
func (p *player) Run() trace.Run       { return p.run }
func (p *player) Log() *trace.Log      { return p.log }

// Send takes what can be done to a recording; the rest is for a branch that thinks.
func (p *player) Send(c trace.Command) {
	p.mu.Lock()
	switch c.Kind {
	case trace.CommandPace:
		p.pace = c.N
	case trace.CommandPause:
		p.paused = true
	case trace.CommandResume:
		p.paused = false
	case trace.CommandStep:
		p.steps++
	case trace.CommandStop:
		p.stopped = true
	}
	p.mu.Unlock()
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// play says the events again, until the end, a stop, or ctx.
func (p *player) play(ctx context.Context, events []trace.Event) {
	state := trace.StateThinking
	say := func(s trace.State) { p.log.Append(trace.Event{Kind: trace.EventState, State: s}) }
	say(state)
	end := trace.Event{Kind: trace.EventEnd, Receipt: &trace.Receipt{Outcome: "stopped", Closed: trace.ClosedStopped}}
	for _, e := range events {
		switch e.Kind {
		case trace.EventToken:
			if e.Token.Phase == trace.PhaseAnswer && state == trace.StateThinking {
				state = trace.StateAnswering
				say(state)
			}
			if !p.wait(ctx, state, say) {
				p.log.Append(end)
				return
			}
		case trace.EventState:
			continue
		case trace.EventEnd:
			end = e
			continue
		}
		p.log.Append(e)
	}
	p.log.Append(end)
}

// wait keeps the pace, and waits while it is paused. false = it was stopped.
func (p *player) wait(ctx context.Context, state trace.State, say func(trace.State)) bool {
	began := time.Now()
	told := false
	for {
		p.mu.Lock()
		pace, paused, stopped := p.pace, p.paused, p.stopped
		step := paused && p.steps > 0
		if step {
			p.steps--
		}
		p.mu.Unlock()
		if stopped || ctx.Err() != nil {
			return false
		}
		if step {
			return true
		}
		if paused {
			if !told {
				say(trace.StatePaused)
				told = true
			}
			select {
			case <-p.wake:
			case <-ctx.Done():
			}
			continue
		}
		if told {
			say(state)
			told = false
		}
		left := time.Duration(0)
		if pace > 0 {
			left = time.Until(began.Add(time.Second / time.Duration(pace)))
		}
		if left <= 0 {
			return true
		}
		timer := time.NewTimer(left)
		select {
		case <-timer.C:
		case <-p.wake:
			timer.Stop()
		case <-ctx.Done():
			timer.Stop()
		}
	}
}

// Play plays a log that has ended from its beginning, at a pace in tokens per second, 0 = as fast as it goes. It ends with ctx.
func Play(ctx context.Context, b trace.Branch, r trace.Run, log *trace.Log, pace int) Live {
	p := &player{branch: b, run: r, log: trace.NewLog(), pace: pace, wake: make(chan struct{}, 1)}
	events, _ := log.Since(0)
	go p.play(ctx, events)
	return p
}

// replay plays the branch in view again, in its place; played to its end or stopped it is the branch itself again.
func (m *Model) replay() tea.Cmd {
	b := m.now()
	if p, ok := b.live.(*player); ok {
		p.Send(trace.Command{Kind: trace.CommandStop})
		return nil
	}
	if b.running() {
		m.warn(m.keys.Text("it still runs: {stop} stops it, then it can be played again"))
		return nil
	}
	if m.pace == 0 {
		m.pace = readablePace
	}
	events, _ := b.live.Log().Since(0)
	p := &player{branch: b.live.Branch(), run: b.live.Run(), log: trace.NewLog(), pace: m.pace, wake: make(chan struct{}, 1)}
	again := newBranch(p, b.label, m.theme, m.opt.Same)
	again.original, again.expected, again.note, again.bookmarks, again.folded = b, b.expected, b.note, b.bookmarks, b.folded
	again.source = m.feed.Follow(p.log)
	m.branches[m.cur] = again
	m.thoughtsPane.Scroll.Bottom()
	m.say(m.keys.Text("playing it again: {slower} {faster} change the pace, {pause} pauses, {step} steps, {stop} ends it"))
	ctx := m.ctx
	return func() tea.Msg {
		p.play(ctx, slices.Clip(events))
		return nil
	}
}

// played puts the branch itself back where a recording of it has ended.
func (m *Model) played(b *branch) {
	if b.original == nil || b.running() {
		return
	}
	if i := slices.Index(m.branches, b); i >= 0 {
		o := m.itself(i)
		o.at = min(b.at, len(o.tokens)-1)
		if i == m.cur && !m.alarm {
			m.say("played to its end")
		}
	}
}

// itself puts the branch itself in the place of its recording, with what was said of it meanwhile.
func (m *Model) itself(i int) *branch {
	b := m.branches[i]
	o := b.original
	o.note, o.bookmarks, o.folded, o.binned = b.note, b.bookmarks, b.folded, b.binned
	if o.expected != b.expected {
		o.judge(b.expected)
	}
	m.branches[i] = o
	return o
}

// steers are the actions that go on from what is in view. Pressed while a recording plays, they go on from the branch itself, from
// the token that was played last.
func steers(a keys.Action) bool {
	switch a {
	case keys.Wait, keys.WaitText, keys.Cap, keys.CapUp, keys.CapDown, keys.Answer, keys.Inject, keys.Fork, keys.Edit, keys.Editor, keys.Take,
		keys.Second, keys.Lab, keys.Vote, keys.Anchor, keys.Scrub:
		return true
	}
	return false
}

// fromRecording ends a recording where it is and puts the branch itself in its place, the cursor where the recording was.
func (m *Model) fromRecording() {
	b := m.now()
	if b == nil || b.original == nil {
		return
	}
	b.live.Send(trace.Command{Kind: trace.CommandStop})
	o := m.itself(m.cur)
	o.at = min(len(b.tokens), len(o.tokens)-1)
}
