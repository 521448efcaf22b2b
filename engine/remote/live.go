package remote

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"s1/engine/think"
	"s1/engine/trace"
)

// Live is a branch that runs, or has run.
type Live struct {
	m      *Model
	run    *run
	branch trace.Branch
	log    *trace.Log
	pace   atomic.Int64
	b      *branch // nil when it will never run
	stop   context.CancelFunc

	mu   sync.Mutex
	todo []trace.Command
	wake chan struct{} // has room for one
}

// Branch says what was asked for.
func (l *Live) Branch() trace.Branch { return l.branch }

// Run is the run the branch belongs to.
func (l *Live) Run() trace.Run { return l.run.Run }

// Log is what happened, from the first token of the path on.
func (l *Live) Log() *trace.Log { return l.log }

// Send hands over a command, which takes effect before the next token. It never waits; after the end it does nothing.
func (l *Live) Send(c trace.Command) {
	if c.Kind == trace.CommandPace {
		l.pace.Store(int64(c.N))
	}
	if l.b == nil {
		return
	}
	l.mu.Lock()
	l.todo = append(l.todo, c)
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

func (l *Live) commands() []trace.Command {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.todo
	l.todo = nil
	return c
}

// branch is the state of a branch that runs. It belongs to one goroutine.
type branch struct {
	*Live
	machine  *think.Machine
	asked    trace.Budget // what the user wants; the machine holds it where it can
	steers   bool         // the machine can hold it: what stands can be gone on from
	sampling trace.Sampling
	ids      []int32
	text     strings.Builder
	tokens   int
	open     int // tokens at the start that the server writes by itself
	whole    whole
	src      *source
	began    time.Time
	due      time.Time
	state    trace.State
	budget   trace.Budget
	repeat   *source // broke off, and is to be asked for again from where it began
	fails    int     // streams that broke off, since there was progress
	broke    int     // tokens drawn before the last one
	prompt   int     // tokens, as the server counts them
	took     int     // tokens drawn
	busy     time.Duration
	cut      bool // the server stopped at a limit of its own
	quick    bool // the model ended its thought right after a Wait, which could not be forbidden
	guessed  bool // ids had to be guessed
}

// newLive makes everything of a branch but its name.
func newLive(m *Model, r *run, st start) (*Live, error) {
	l := &Live{m: m, run: r, branch: st.branch, log: trace.NewLog(), wake: make(chan struct{}, 1)}
	l.pace.Store(int64(st.pace))
	b := &branch{Live: l, asked: st.branch.Budget, sampling: st.branch.Sampling, began: time.Now(), tokens: len(st.tokens)}
	b.steers = r.route != RouteChat || m.probe.goOn != nil
	budget := b.asked
	if !b.steers {
		if err := m.unsteered(&r.format, budget); err != nil {
			return nil, err
		}
		budget = trace.Budget{Cap: -1, WaitText: budget.WaitText, AnswerCap: budget.AnswerCap}
	}
	if r.route != RouteIDs && budget.Waits > 0 && budget.WaitText == "" {
		return nil, fmt.Errorf("%s tells no token ids, so an end of thinking cannot be forbidden without a text in its place; give a Wait text", m.word())
	}
	st.think.Context = m.room(r)
	b.prompt = len(r.PromptIDs)
	st.think.SoftLanding = b.asked.SoftLanding
	if b.asked.CloseLoops && b.steers {
		st.think.OnLoop = think.LoopClose
	}
	known, err := withIDs(r.v, st.tokens)
	if err != nil {
		return nil, err
	}
	if len(known) == 0 {
		b.machine, err = think.New(r.format, budget, st.think)
	} else {
		b.machine, err = think.Replay(r.format, budget, st.think, known)
	}
	if err != nil {
		return nil, err
	}
	if m.probe.Thinks && r.route == RouteChat {
		b.open = len(r.format.Open)
	}
	for i, t := range known {
		b.ids = append(b.ids, t.ID)
		b.text.Write(t.Bytes)
		if len(known)-i < 4 {
			b.whole.push(t.Bytes) // for a character that they may have begun
		}
	}
	l.log.Inherit(st.tokens)
	l.log.Append(trace.Event{Kind: trace.EventState, State: trace.StateQueued})
	b.budget = b.shown()
	first := b.budget
	l.log.Append(trace.Event{Kind: trace.EventBudget, Budget: &first})
	for _, c := range st.first {
		if err := b.apply(c); err != nil {
			return nil, err
		}
	}
	b.notices()
	l.b = b
	return l, nil
}

// unsteered refuses what a server that cannot go on from a text can never do.
func (m *Model) unsteered(f *think.Format, b trace.Budget) error {
	why := fmt.Sprintf("%s begins every answer anew (%s)", m.word(), m.probe.GoOn.Why)
	switch {
	case b.Waits > 0:
		return fmt.Errorf("%s, so an end of thinking cannot be suppressed (%d waits asked)", why, b.Waits)
	case b.Preset != "":
		return fmt.Errorf("%s, so preset %s cannot run", why, b.Preset)
	case f.Thinks() && !m.probe.Thinks:
		return fmt.Errorf("%s, and no thought was seen of it: think format %s cannot be opened; use none", why, f.Name)
	}
	return nil
}

// shown is the budget as a user should see it.
func (b *branch) shown() trace.Budget {
	if b.steers {
		return b.machine.Budget()
	}
	return b.asked
}

func (b *branch) apply(c trace.Command) error {
	switch c.Kind {
	case trace.CommandPace:
		return nil
	case trace.CommandSampling:
		if c.Sampling == nil {
			return nil
		}
		if !b.steers && b.src != nil {
			return fmt.Errorf("%s begins every answer anew, so its sampling cannot change while it runs", b.m.word())
		}
		b.sampling = *c.Sampling
		b.dropStream()
		now := b.sampling
		b.log.Append(trace.Event{Kind: trace.EventSampling, Sampling: &now})
		return nil
	case trace.CommandPause, trace.CommandResume, trace.CommandStep, trace.CommandStop:
	default:
		if !b.steers {
			return fmt.Errorf("%s begins every answer anew (%s), so a running answer can be paused and stopped, but not steered", b.m.word(), b.m.probe.GoOn.Why)
		}
	}
	note, err := b.machine.Command(c)
	if note != "" {
		b.log.Append(trace.Event{Kind: trace.EventNotice, Notice: note})
	}
	if now := b.shown(); now != b.budget {
		b.budget = now
		b.log.Append(trace.Event{Kind: trace.EventBudget, Budget: &now})
	}
	return err
}

func (b *branch) notices() {
	for _, n := range b.machine.Notices() {
		b.log.Append(trace.Event{Kind: trace.EventNotice, Notice: n.Text, Loop: n.Loop})
	}
}

func (b *branch) notice(format string, args ...any) {
	b.log.Append(trace.Event{Kind: trace.EventNotice, Notice: fmt.Sprintf(format, args...)})
}

func (b *branch) sayState() {
	if now := b.machine.State(); now != b.state {
		b.state = now
		b.log.Append(trace.Event{Kind: trace.EventState, State: now})
	}
}

// append puts a token into the branch and its log.
func (b *branch) append(t trace.Token, bytes []byte) {
	b.ids = append(b.ids, t.ID)
	b.text.Write(bytes)
	t.ID = b.run.v.stored(t.ID)
	t.Index, t.Time, t.Bytes = b.tokens, time.Since(b.began), bytes
	t.Text = b.whole.push(bytes)
	b.tokens++
	b.log.Append(trace.Event{Kind: trace.EventToken, Token: t})
}

func (b *branch) dropStream() {
	if b.src != nil {
		b.guessed = b.guessed || b.src.guess
		b.src.stream.drop()
		b.src = nil
	}
}

// finish ends the branch.
func (b *branch) finish(err error) {
	b.dropStream()
	b.notices()
	r := b.machine.Receipt()
	b.receipt(&r)
	if err != nil {
		r.Outcome = "error"
	}
	b.log.Append(trace.Event{Kind: trace.EventState, State: trace.StateEnded})
	b.log.Append(trace.Event{Kind: trace.EventEnd, Receipt: &r, Err: err})
}

// receipt fills in what the machine does not know, and judges by what came whether the budget was kept.
func (b *branch) receipt(r *trace.Receipt) {
	p := b.m.probe
	r.Cap, r.WaitsAsked = b.shown().Cap, b.shown().Waits
	r.Enforcement = string(p.Badge)
	switch {
	case b.guessed && p.Badge == Exact:
		r.Enforcement = string(Emulated)
	case !b.steers && r.Cap >= 0 && r.ThinkingTokens > r.Cap+overrun:
		r.Enforcement = string(Ignored)
	}
	if !b.steers && r.Closed == trace.ClosedNatural && r.Cap >= 0 && r.ThinkingTokens >= r.Cap-overrun && r.ThinkingTokens <= r.Cap+overrun {
		r.Closed = trace.ClosedCap
	}
	if b.quick {
		r.Closed = trace.ClosedNatural
	}
	if b.cut && r.Outcome != "stopped" {
		r.Outcome = "cut"
	}
	for _, x := range []*float32{&r.EndProb, &r.CloseNats} {
		if *x != *x { // not told: a receipt is kept as JSON, which has no NaN
			*x = 0
		}
	}
	r.PromptTokens, r.Model, r.Backend, r.Seed = b.prompt, b.m.word(), b.m.backend(), b.sampling.Seed
	if b.busy > 0 {
		r.TokensPerSecond = float64(b.took) / b.busy.Seconds()
	}
}

// overrun is by how many deltas a count may differ from a server's own, which counts tokens and its closing words.
const overrun = 2

// drive runs the branch to its end.
func (l *Live) drive(ctx context.Context) {
	defer l.stop()
	defer context.AfterFunc(l.m.ctx, l.stop)()
	l.b.loop(ctx)
}
