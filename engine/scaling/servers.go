package scaling

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"s1/engine/remote"
	"s1/engine/trace"
)

// ServerOptions are how servers are asked. The zero value is usable.
type ServerOptions struct {
	Parallel int                              // requests at once on each; 0 = 4
	Patience time.Duration                    // for how long none of them may answer; 0 = 15 min
	Options  func(word string) remote.Options // of one server, its key among them; nil = none
	Tell     func(string)                     // what a user should know on the way; nil = nobody does
	Pool     remote.PoolOptions               // for tests: rests and their clock
}

// served is a model of a server.
type served struct{ *remote.Model }

// Ask implements Thinker.
func (m served) Ask(ctx context.Context, q trace.Ask) (Thought, error) {
	return begun(m.Model.Ask(ctx, q))
}

// Branch implements Forker, where the server goes on from tokens.
func (m served) Branch(ctx context.Context, from trace.BranchID, at int, b trace.Budget, s trace.Sampling) (Thought, error) {
	return begun(m.Model.Branch(ctx, from, at, b, s))
}

// Side implements Forker.
func (m served) Side(ctx context.Context, from trace.BranchID, at int, b trace.Budget, s trace.Sampling) (Thought, error) {
	return m.Branch(ctx, from, at, b, s)
}

// fleet is the servers of a crew. Those that are not there at the start are probed when they come.
type fleet struct {
	o ServerOptions

	mu   sync.Mutex
	like *remote.Probe // what every server has to be like
	of   string        // whose probe that is
	warn string        // about budgets there
	open []*remote.Model
}

// Servers is the crew of several servers with one model, and what closes it. A server is a MODEL word, http://host:port/v1#name.
// All are probed at once; one that is not there yet is taken in when it comes, but at least one must be. All must have the same
// model and keep budgets alike: an arm of exact and of hinted answers would be neither.
func Servers(ctx context.Context, words []string, o ServerOptions) (_ *Crew, closing func(), err error) {
	if o.Parallel <= 0 {
		o.Parallel = 4
	}
	if o.Tell == nil {
		o.Tell = func(string) {}
	}
	if o.Options == nil {
		o.Options = func(string) remote.Options { return remote.Options{} }
	}
	f := &fleet{o: o}
	hands := make([]*hand, len(words))
	for i, word := range words {
		at, err := remote.Parse(word)
		if err != nil {
			return nil, nil, err
		}
		if slices.ContainsFunc(hands[:i], func(h *hand) bool { return h.name == at.Word() }) {
			return nil, nil, fmt.Errorf("server %s is named twice", at.Word())
		}
		h := &hand{name: at.Word(), slots: o.Parallel}
		h.ready = func(ctx context.Context) error { return f.ready(ctx, h) }
		hands[i] = h
	}
	if err := f.start(ctx, hands); err != nil {
		f.end()
		return nil, nil, err
	}
	p := f.like
	o.Pool.Patience, o.Pool.Tell = o.Patience, o.Tell
	info := trace.ModelInfo{
		Name: p.Name, ThinkFormat: p.Format, Context: p.Context, Vocab: p.Vocab, Default: p.Default,
		Backend: fmt.Sprintf("%d servers, %s, budget %s", len(words), p.Route, p.Badge), Architecture: p.Server, Warning: f.warn,
	}
	return &Crew{
		info: info, served: fmt.Sprintf("%s, budget %s", p.Route, p.Badge), badge: p.Badge, hands: hands, forks: p.Route == remote.RouteIDs,
		refuse: func(plan Plan) error { return refuse(p, plan) }, pool: o.Pool,
	}, f.end, nil
}

// looks is how often servers that seem to be different are looked at: one that fails for a moment seems to lack what it has.
const looks = 3

// differsError says what two servers of a sweep do not have in common.
type differsError struct{ what, of, first, name, other string }

func (e *differsError) Error() string {
	return fmt.Sprintf("%s and %s are not one model for a sweep: %s is %.80q here and %.80q there", e.of, e.name, e.what, e.first, e.other)
}

func differs(err error) bool {
	var e *differsError
	return errors.As(err, &e)
}

// start probes all servers at once.
func (f *fleet) start(ctx context.Context, hands []*hand) error {
	errs := make([]error, len(hands))
	for look := 1; ; look++ {
		var wg sync.WaitGroup
		for i, h := range hands {
			wg.Go(func() { errs[i] = f.ready(ctx, h) })
		}
		wg.Wait()
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if look == looks || !slices.ContainsFunc(errs, differs) {
			break
		}
		f.end() // the first one may be the one that failed
		f.like = nil
		for _, h := range hands {
			h.set(nil)
		}
	}
	for _, err := range errs { // another model, another way with budgets, an address that means nothing
		if err != nil && !remote.Transport(err) {
			return err
		}
	}
	if f.like == nil {
		return errors.Join(errs...)
	}
	for i, err := range errs {
		if err != nil {
			f.o.Tell(fmt.Sprintf("%s is not there, and will be taken in when it is: %v", hands[i].name, err))
		}
	}
	return nil
}

// ready probes a server that has not been, and asks one that has whether it is still what it was.
func (f *fleet) ready(ctx context.Context, h *hand) error {
	if m, ok := h.thinker().(served); ok {
		return m.There(ctx)
	}
	o := f.o.Options(h.name)
	if o.Concurrency == 0 {
		o.Concurrency = f.o.Parallel
	}
	for look := 1; ; look++ {
		m, err := remote.Open(ctx, h.name, o)
		if err != nil {
			return err
		}
		if err = f.join(h.name, m); err == nil {
			h.set(served{m})
			return nil
		}
		if err = errors.Join(err, m.Close()); look == looks || !differs(err) {
			return err
		}
	}
}

// join takes a server in if it is like the others.
func (f *fleet) join(name string, m *remote.Model) error {
	p := m.Probe()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.like == nil {
		f.like, f.of, f.warn = &p, name, m.Info().Warning
	}
	for _, x := range []struct{ what, first, other string }{
		{"the model", f.like.Name, p.Name},
		{"how budgets are kept", fmt.Sprintf("%s, %s", f.like.Route, f.like.Badge), fmt.Sprintf("%s, %s", p.Route, p.Badge)},
		{"the think format", f.like.Format, p.Format},
		{"the context", fmt.Sprint(f.like.Context), fmt.Sprint(p.Context)},
		{"the template (sha256 of a prompt)", f.like.TemplateSHA256, p.TemplateSHA256},
	} {
		if x.first != x.other {
			return &differsError{x.what, f.of, x.first, name, x.other}
		}
	}
	f.open = append(f.open, m)
	return nil
}

// end closes all servers.
func (f *fleet) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, m := range f.open {
		_ = m.Close() // it only ends what still runs
	}
	f.open = nil
}

// refuse says before the start what a server cannot do, instead of a thousand rows that say so.
func refuse(p *remote.Probe, plan Plan) error {
	why := p.CannotSteer()
	for _, method := range plan.Methods {
		preset := slices.Contains(presets(), method)
		switch {
		case method == MethodExit && p.Route != remote.RouteIDs:
			return fmt.Errorf("method exit asks for guesses along a thought, and the servers tell no token ids to fork it at (%s)", p.IDs.Why)
		case method == MethodExit && plan.Sampling.Temperature > 0:
			return fmt.Errorf("method exit forks a thought, which a server can go on from as it was only without sampling; temperature %g", plan.Sampling.Temperature)
		case why != "" && (method == MethodWait || preset):
			return fmt.Errorf("method %s puts text into a thought, and the servers begin every answer anew (%s)", method, why)
		case p.Route != remote.RouteIDs && (method == MethodWait || preset) && slices.Contains(plan.Texts, "") && slices.Max(append(plan.Waits, 0)) > 0:
			return fmt.Errorf("an empty Wait text only forbids the end of thinking, which needs token ids; the servers tell none (%s)", p.IDs.Why)
		}
	}
	if format := plan.ThinkFormat; why != "" && !p.Thinks && format != "auto" && format != "none" {
		return fmt.Errorf("think format %s cannot be opened: no thought of the servers' model was seen, and they begin every answer anew (%s)", format, why)
	}
	return nil
}

// Keeping says in a sentence how the servers keep budgets, and whether traces are shared; "" on this machine.
func (c *Crew) Keeping() string {
	if c.served == "" {
		return ""
	}
	n := "1 server"
	if len(c.hands) > 1 {
		n = fmt.Sprintf("%d servers", len(c.hands))
	}
	s := fmt.Sprintf("%s, %s", n, c.served)
	if c.forks {
		return s + ": one trace serves every cap below it and every number of Waits"
	}
	return s + ": without token ids no trace can be cut to the token, so every arm is a run of its own"
}
