package remote

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"s1/engine/think"
	"s1/engine/trace"
)

// Model is a model of a server. It is safe for concurrent use.
type Model struct {
	at    Address
	c     *client
	probe *Probe
	v     *served // nil where the server tells no ids

	ctx   context.Context // of the model's life: the root of every branch
	stop  context.CancelFunc
	lives sync.WaitGroup

	mu       sync.Mutex
	branches map[trace.BranchID]*Live
	runs     map[string]*run
	closed   bool
}

// run is one question.
type run struct {
	trace.Run
	next   int
	route  Route
	v      vocabulary
	format think.Format
}

// contextUnknown is how many tokens a branch may have where the server does not tell its context.
const contextUnknown = 32768

// Open finds a model and probes it.
func Open(ctx context.Context, word string, o Options) (*Model, error) {
	at, err := Parse(word)
	if err != nil {
		return nil, err
	}
	c := newClient(at, o)
	p, err := probe(ctx, c)
	if err != nil {
		return nil, err
	}
	at.Name = p.name
	c.at = at
	life, stop := context.WithCancel(context.Background())
	m := &Model{at: at, c: c, probe: p, ctx: life, stop: stop, branches: map[trace.BranchID]*Live{}, runs: map[string]*run{}}
	if p.Route == RouteIDs {
		m.v = p.v
	}
	return m, nil
}

// Probe is what was found out at the start.
func (m *Model) Probe() Probe { return *m.probe }

// Info describes the model as far as a server tells.
func (m *Model) Info() trace.ModelInfo {
	p := m.probe
	return trace.ModelInfo{
		Name: m.word(), Architecture: p.Server, Backend: m.backend(), ThinkFormat: p.Format, Context: p.Context, Vocab: p.Vocab,
		Default: p.Default, Warning: p.warning(),
	}
}

func (m *Model) word() string { return Address{Base: m.at.Base, Name: m.probe.Name}.Word() }

func (m *Model) backend() string {
	return fmt.Sprintf("server, %s, budget %s", m.probe.Route, m.probe.Badge)
}

// Ask starts a run with its first branch, which ends with ctx.
func (m *Model) Ask(ctx context.Context, a trace.Ask) (*Live, error) {
	if strings.TrimSpace(a.Prompt) == "" {
		return nil, errors.New("the prompt is empty")
	}
	now := time.Now()
	r := &run{route: m.probe.Route, Run: trace.Run{
		ID: newRunID(now), Created: now, Model: m.word(), Backend: m.backend(), System: a.System, Prompt: a.Prompt,
	}}
	var err error
	if r.route != RouteChat {
		if r.Rendered, r.PromptIDs, err = m.probe.render(ctx, m.c, r.route, a.System, a.Prompt, a.ThinkFormat); err != nil {
			return nil, fmt.Errorf("make the prompt: %w", err)
		}
	}
	if err := m.form(r, a.ThinkFormat); err != nil {
		return nil, err
	}
	b := trace.Branch{Cause: trace.CauseStart, Budget: a.Budget, Sampling: a.Sampling, Created: now}
	return m.start(ctx, r, start{branch: b, pace: a.Pace})
}

// form finds the think format of a run, in the words of its route.
func (m *Model) form(r *run, name string) (err error) {
	if name == "" || name == "auto" {
		name = m.probe.Format
	}
	if r.route == RouteIDs && m.v != nil {
		r.v = m.v
	} else {
		r.v = newWords(think.Specials(name))
	}
	resolve := func() (err error) {
		r.format, err = think.ResolveFormat(name, r.v, r.PromptIDs)
		return err
	}
	if m.v != nil && r.route == RouteIDs {
		err = m.v.told(resolve)
	} else {
		err = resolve()
	}
	if err != nil {
		return fmt.Errorf("model %s: %w", m.word(), err)
	}
	if r.route == RouteText && m.opened(r) {
		r.format.Open = nil
	}
	r.ThinkFormat = r.format.Name
	return nil
}

// opened says whether a rendered prompt ends inside a thought.
func (m *Model) opened(r *run) bool {
	var open strings.Builder
	for _, id := range r.format.Open {
		open.Write(r.v.Piece(id))
	}
	tag := strings.TrimSpace(open.String())
	return tag != "" && strings.HasSuffix(strings.TrimSpace(r.Rendered), tag)
}

// start is what a branch begins with.
type start struct {
	branch trace.Branch
	think  think.Options
	tokens []trace.Token
	first  []trace.Command
	pace   int
}

// Branch goes on from token at of branch from as a new branch, as engine.Model.Branch does.
func (m *Model) Branch(ctx context.Context, from trace.BranchID, at int, b trace.Budget, s trace.Sampling, first ...trace.Command) (*Live, error) {
	m.mu.Lock()
	parent := m.branches[from]
	m.mu.Unlock()
	if parent == nil {
		return nil, fmt.Errorf("there is no branch %q", from)
	}
	tokens, receipt := past(parent.Log())
	if at < 0 || at > len(tokens) {
		return nil, fmt.Errorf("branch %s has %d tokens; there is no place %d to go on from", from, len(tokens), at)
	}
	r := parent.run
	if err := m.canGoOn(r, tokens[:at]); err != nil {
		return nil, err
	}
	st := start{tokens: tokens[:at], first: first, pace: int(parent.pace.Load())}
	known, err := withIDs(r.v, tokens)
	if err != nil {
		return nil, err
	}
	closed, did := r.format.CloseAt(known)
	st.think.AtClose = did && closed == at
	st.think.Closed = receipt.Closed
	st.branch = trace.Branch{Parent: from, At: at, Cause: trace.CauseOf(parent.Branch(), at, b, s, first), Budget: b, Sampling: s, Created: time.Now()}
	return m.start(ctx, r, st)
}

// canGoOn says in a sentence why a text cannot be gone on from, where that is so.
func (m *Model) canGoOn(r *run, tokens []trace.Token) error {
	if len(tokens) == 0 || r.route != RouteChat || m.probe.goOn != nil {
		return nil
	}
	for _, t := range tokens {
		if t.Origin != trace.OriginForced {
			return fmt.Errorf("%s begins every answer anew (%s): a branch can only start at the prompt", m.word(), m.probe.GoOn.Why)
		}
	}
	return nil
}

// start makes a branch, which may ask the server for the ids of a text, and then names it.
func (m *Model) start(ctx context.Context, r *run, st start) (*Live, error) {
	l, err := newLive(m, r, st)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, errors.New("the model is closed")
	}
	for taken := true; taken; _, taken = m.branches[l.branch.ID] {
		r.next++
		l.branch.ID = trace.BranchID(fmt.Sprintf("%s.%d", r.ID, r.next))
	}
	m.runs[r.ID], m.branches[l.branch.ID] = r, l
	m.lives.Add(1)
	ctx, l.stop = context.WithCancel(ctx)
	go func() {
		defer m.lives.Done()
		l.drive(ctx)
	}()
	return l, nil
}

// Close stops every branch and waits until their logs have ended.
func (m *Model) Close() error {
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	m.stop()
	m.lives.Wait()
	return nil
}

// past is the tokens of a log so far and its receipt, if it has ended.
func past(log *trace.Log) (tokens []trace.Token, receipt trace.Receipt) {
	events, _ := log.Since(0)
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

// withIDs gives tokens of a log the ids that they have in this run.
func withIDs(v vocabulary, tokens []trace.Token) ([]trace.Token, error) {
	out := make([]trace.Token, len(tokens))
	for i, t := range tokens {
		id, err := v.again(t)
		if err != nil {
			return nil, err
		}
		t.ID = id
		out[i] = t
	}
	return out, nil
}

// newRunID sorts by time.
func newRunID(now time.Time) string {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails
	return now.UTC().Format("20060102-150405-") + hex.EncodeToString(b[:])
}
