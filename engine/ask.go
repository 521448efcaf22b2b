package engine

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"s1/engine/schedule"
	"s1/engine/think"
	"s1/engine/trace"
)

// Live is a branch that runs, or has run, with what it takes to go on from any of its tokens.
type Live struct {
	branch trace.Branch
	live   *schedule.Live
	run    *run
	format think.Format
	pace   atomic.Int64
}

// Branch says what was asked for.
func (l *Live) Branch() trace.Branch { return l.branch }

// Log is what happened, from the first token of the path on (also those inherited from the parent).
func (l *Live) Log() *trace.Log { return l.live.Log() }

// Run is the run the branch belongs to.
func (l *Live) Run() trace.Run { return l.run.now() }

// now is the run with the right answer as it is known now.
func (r *run) now() trace.Run {
	run := r.Run
	if e := r.expected.Load(); e != nil {
		run.Expected = *e
	}
	return run
}

// Expect says what the right answer of a run is, "" = unknown: experiments on it are judged by it from now on.
func (m *Model) Expect(run, expected string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if r := m.runs[run]; r != nil {
		r.expected.Store(&expected)
	}
}

// Send hands over a command, which takes effect before the next token. It never waits.
func (l *Live) Send(c trace.Command) {
	if c.Kind == trace.CommandPace {
		l.pace.Store(int64(c.N))
	}
	l.live.Send(c)
}

// Ask starts a run with its first branch, which ends with ctx.
func (m *Model) Ask(ctx context.Context, a trace.Ask) (*Live, error) {
	r, format, err := m.begin(a)
	if err != nil {
		return nil, err
	}
	b := trace.Branch{Cause: trace.CauseStart, Budget: a.Budget, Sampling: a.Sampling, Created: r.Created}
	return m.start(ctx, r, start{branch: b, format: format, pace: a.Pace})
}

// begin makes the run of a question: its prompt in ids, and how thought is told from answer in it.
func (m *Model) begin(a trace.Ask) (*run, think.Format, error) {
	if strings.TrimSpace(a.Prompt) == "" {
		return nil, think.Format{}, errors.New("the prompt is empty")
	}
	var expected string
	var err error
	if m.parts.Question != nil {
		if a.Prompt, expected, err = m.parts.Question(a.Prompt); err != nil {
			return nil, think.Format{}, err
		}
	}
	var thinking *bool
	if a.ThinkFormat == think.None {
		thinking = new(bool)
	}
	ids, rendered, err := m.parts.Render(a.System, a.Prompt, thinking)
	if err != nil {
		return nil, think.Format{}, fmt.Errorf("make the prompt: %w", err)
	}
	format, err := m.format(a.ThinkFormat, ids)
	if err != nil {
		return nil, think.Format{}, err
	}
	now := m.now()
	info := m.parts.Info
	r := &run{Run: trace.Run{
		ID: newRunID(now), Created: now, Model: info.Name, ModelSHA256: info.SHA256, TemplateSHA256: info.TemplateSHA256,
		ThinkFormat: format.Name, Backend: info.Backend, System: a.System, Prompt: a.Prompt, Expected: expected, Rendered: rendered, PromptIDs: ids,
	}}
	return r, format, nil
}

// Branch goes on from token at of branch from (0 = right after the prompt) as a new branch that ends with ctx, under the
// given budget and with first applied before its first token. The original is never changed. At the token where a
// thought closed, a Wait in first suppresses that close.
func (m *Model) Branch(ctx context.Context, from trace.BranchID, at int, b trace.Budget, s trace.Sampling, first ...trace.Command) (*Live, error) {
	parent, st, err := m.goOn(from, at, b, s, first)
	if err != nil {
		return nil, err
	}
	st.pace = int(parent.pace.Load())
	return m.start(ctx, parent.run, st)
}

// start is what a branch begins with.
type start struct {
	branch trace.Branch
	format think.Format
	think  think.Options
	tokens []trace.Token
	first  []trace.Command
	pace   int
	side   bool
	follow *schedule.Follow
}

// goOn is what a branch from a token of another one begins with.
func (m *Model) goOn(from trace.BranchID, at int, b trace.Budget, s trace.Sampling, first []trace.Command) (*Live, start, error) {
	m.mu.Lock()
	parent := m.branches[from]
	m.mu.Unlock()
	if parent == nil {
		return nil, start{}, fmt.Errorf("there is no branch %q", from)
	}
	tokens, receipt := past(parent.Log())
	if at < 0 || at > len(tokens) {
		return nil, start{}, fmt.Errorf("branch %s has %d tokens; there is no place %d to go on from", from, len(tokens), at)
	}
	st := start{format: parent.format, tokens: tokens[:at], first: first}
	closed, did := parent.format.CloseAt(tokens)
	st.think.AtClose = did && closed == at
	st.think.Closed = receipt.Closed
	st.branch = trace.Branch{Parent: from, At: at, Cause: trace.CauseOf(parent.Branch(), at, b, s, first), Budget: b, Sampling: s, Created: m.now()}
	return parent, st, nil
}

// Run is the run that a branch belongs to.
func (m *Model) Run(id trace.BranchID) (trace.Run, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	l, ok := m.branches[id]
	if !ok {
		return trace.Run{}, false
	}
	return l.run.now(), true
}

// start names a branch and hands it to the scheduler. A branch that cannot start leaves no trace.
func (m *Model) start(ctx context.Context, r *run, st start) (*Live, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	number := 0
	if st.side {
		m.sideNumber++
		st.branch.ID = trace.BranchID(fmt.Sprintf("%s~%d", r.ID, m.sideNumber))
	} else {
		st.branch.ID, number = m.nextID(r)
	}
	st.think.SoftLanding = st.branch.Budget.SoftLanding
	if st.branch.Budget.CloseLoops {
		st.think.OnLoop = think.LoopClose
	}
	live, err := m.sched.Start(ctx, schedule.Spec{
		Branch: st.branch, Prompt: r.PromptIDs, Tokens: st.tokens, Format: st.format, Think: st.think, First: st.first, Pace: st.pace,
		Side: st.side, Follow: st.follow,
		Receipt: trace.Receipt{
			Model: m.parts.Info.Name, ModelSHA256: m.parts.Info.SHA256, TemplateSHA256: m.parts.Info.TemplateSHA256,
			Backend: m.parts.Info.Backend,
		},
	})
	if err != nil {
		return nil, err
	}
	l := &Live{branch: st.branch, live: live, run: r, format: st.format}
	l.pace.Store(int64(st.pace))
	if st.side {
		m.sides[l.branch.ID] = l
		return l, nil
	}
	r.next = number
	m.runs[r.ID], m.branches[l.branch.ID] = r, l
	return l, nil
}

// nextID is the next free name of a visible branch of a run, and its number.
func (m *Model) nextID(r *run) (trace.BranchID, int) {
	for number := r.next + 1; ; number++ {
		id := trace.BranchID(fmt.Sprintf("%s.%d", r.ID, number))
		if _, taken := m.branches[id]; !taken {
			return id, number
		}
	}
}

func (m *Model) format(name string, prompt []int32) (think.Format, error) {
	f, err := think.ResolveFormat(name, m.parts.Vocabulary, prompt)
	if err != nil {
		return think.Format{}, fmt.Errorf("model %s: %w", m.parts.Info.Name, err)
	}
	return f, nil
}

func (m *Model) now() time.Time {
	if m.parts.Clock != nil {
		return m.parts.Clock.Now()
	}
	return time.Now()
}

// past is the tokens of a log so far and its receipt, if it has ended.
func past(log *trace.Log) (tokens []trace.Token, receipt trace.Receipt) {
	events, _ := log.Since(0)
	tokens = make([]trace.Token, 0, len(events))
	for i := range events {
		switch e := &events[i]; e.Kind {
		case trace.EventToken:
			tokens = append(tokens, e.Token)
		case trace.EventEnd:
			receipt = *e.Receipt
		}
	}
	return tokens, receipt
}

// newRunID sorts by time.
func newRunID(now time.Time) string {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails
	return now.UTC().Format("20060102-150405-") + hex.EncodeToString(b[:])
}
