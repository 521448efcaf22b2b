package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"s1/engine/remote"
	"s1/engine/scaling"
	"s1/engine/trace"
	tuiapp "s1/tui/app"
)

// fieldModel names what is measured: the open model, or servers.
const fieldModel = "model"

// maxServers is how many servers the form takes: more are a command's.
const maxServers = 64

// setModel takes what is measured, as -m of s1 sweep does once for each server.
func (f *sweepFlags) setModel(value string) error {
	words := strings.FieldsFunc(value, func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
	open := f.model
	if value == open || len(words) == 0 {
		f.others = nil
		return nil
	}
	if len(words) > maxServers {
		return fmt.Errorf("%d servers; at most %d here, s1 sweep takes more", len(words), maxServers)
	}
	for _, w := range words { // an address that holds a key is not quoted
		switch {
		case remote.Is(w):
		case len(words) > 1:
			return fmt.Errorf("only servers can be several, and %s is none", safeLine(w, 60))
		default:
			return fmt.Errorf("neither the open model (%s) nor a server; s1 chat -m opens another one", safeLine(open, 60))
		}
	}
	f.model, f.others = words[0], words[1:]
	if err := f.checkServers(); err != nil {
		f.model, f.others = open, nil
		return err
	}
	return nil
}

// hired is a crew of servers that stays at hand between a forecast and a start: it is probed once.
type hired struct {
	of   string // the servers
	crew *scaling.Crew
	end  func()
	tell func(string) // where what becomes of them is told to; guarded by the laboratory
}

func (h *hired) dismiss() {
	if h.end != nil {
		h.end()
	}
	*h = hired{}
}

// crew is who is measured: the model here, or the servers of the flags.
func (l *laboratory) crew(ctx context.Context, f *sweepFlags, tell func(string)) (*scaling.Crew, error) {
	words := f.servers()
	if words == nil {
		m, err := l.model(ctx)
		if err != nil {
			return nil, err
		}
		return scaling.Local(m), nil
	}
	of := strings.Join(words, " ")
	l.mu.Lock()
	if l.hired.of != of {
		l.hired.dismiss()
	}
	l.hired.tell = tell
	c := l.hired.crew
	l.mu.Unlock()
	if c != nil {
		return c, nil
	}
	c, end, err := scaling.Servers(ctx, words, f.serverOptions(l.d.seed, func(s string) {
		l.mu.Lock()
		tell := l.hired.tell
		l.mu.Unlock()
		tell(safeLine(s, 1000))
	}))
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.hired.of, l.hired.crew, l.hired.end = of, c, end
	return c, nil
}

// Servers asks the servers of the form what they are.
func (l *laboratory) Servers(ctx context.Context, values map[string]string) ([]tuiapp.LabServer, error) {
	l.busy.Add(1)
	defer l.busy.Done()
	f := l.flags()
	if v, ok := values[fieldModel]; ok {
		if err := f.setModel(strings.TrimSpace(v)); err != nil {
			return nil, err
		}
	}
	words := f.servers()
	if words == nil {
		return nil, nil
	}
	o := f.serverOptions(l.d.seed, nil)
	of := o.Options
	o.Options = func(word string) remote.Options {
		r := of(word)
		r.Retries = retriesAmong // somebody is waiting, and a sweep waits by itself for one that comes later
		return r
	}
	found, err := scaling.LookAt(ctx, words, o)
	if err != nil {
		return nil, err
	}
	list := make([]tuiapp.LabServer, len(found))
	for i, s := range found {
		list[i] = tuiapp.LabServer{Name: serverName(s.Name)}
		x := &list[i]
		if p := s.Probe; p != nil {
			x.Model, x.Badge, x.Route = p.Name, string(p.Badge), string(p.Route)
		}
		if s.Err != nil {
			x.Fault = s.Err.Error()
		}
		var f *remote.Failure
		if errors.As(s.Err, &f) && f.Status == 0 {
			x.Fault = "not there: " + f.Says // its address stands beside it
		}
		if s.Err != nil && s.Probe == nil && remote.Transport(s.Err) && len(found) > 1 {
			x.Fault += "; taken in when it is"
		}
	}
	return list, nil
}

// serverName is a server where there is little room.
func serverName(word string) string {
	at, err := remote.Parse(word)
	if err != nil {
		return word
	}
	return at.Host()
}

// healthOf is how the servers of a sweep stand.
func healthOf(list []remote.Health) []tuiapp.LabServer {
	var out []tuiapp.LabServer
	for _, h := range list {
		s := tuiapp.LabServer{Name: serverName(h.Name), Done: h.Done, Failed: h.Failed, Fault: h.Last}
		switch {
		case h.Out:
			s.State = "left out"
		case h.Resting:
			s.State = "resting"
		}
		out = append(out, s)
	}
	return out
}

// traceServed asks a server of the form again what made a row of a sweep over such servers.
func (l *laboratory) traceServed(ctx context.Context, dir string, k *scaling.Folder, q trace.Ask, gold string, want []int32) (tuiapp.Live, string, error) {
	l.mu.Lock()
	words := l.words
	l.mu.Unlock()
	if len(words) == 0 {
		return nil, "", fmt.Errorf("the sweep in %s is of %s on servers: name one of them as the model of the form, and its traces open", dir, k.Model)
	}
	f := l.flags()
	f.model, f.others = words[0], words[1:]
	o := f.serverOptions(l.d.seed, nil)
	var faults []error
	for _, word := range words {
		m, err := l.guest(ctx, word, o.Options(word))
		if err != nil {
			faults = append(faults, err)
			continue
		}
		if p := m.Probe(); p.Name != k.Model {
			faults = append(faults, fmt.Errorf("the sweep in %s is of %s, and %s has %s", dir, k.Model, serverName(word), p.Name))
			continue
		}
		shown, err := l.d.hosted(ctx, m, q, func(live tuiapp.Live) tuiapp.Live { return expecting{live, gold} })
		if err != nil {
			return nil, "", err
		}
		select {
		case <-shown.Log().Done():
		case <-ctx.Done():
			return nil, "", ctx.Err()
		}
		return shown, likeThen(shown, want), nil
	}
	return nil, "", errors.Join(faults...)
}

// guest opens a server to ask it single questions, once.
func (l *laboratory) guest(ctx context.Context, word string, o remote.Options) (server, error) {
	if own, ok := l.d.thinks.(server); ok && word == l.d.flags.model {
		return own, nil
	}
	l.mu.Lock()
	m, ok := l.guests[word]
	l.mu.Unlock()
	if ok {
		return m, nil
	}
	opened, err := remote.Open(ctx, word, o)
	if err != nil {
		return server{}, err
	}
	l.d.welcome(server{opened})
	l.mu.Lock()
	defer l.mu.Unlock()
	l.guests[word] = server{opened}
	return server{opened}, nil
}

// likeThen says where a trace is another one than it was; "" = it is the same, or cannot be told.
func likeThen(l tuiapp.Live, want []int32) string {
	var ids []int32
	events, _ := l.Log().Since(0)
	for i := range events {
		if events[i].Kind == trace.EventToken {
			ids = append(ids, events[i].Token.ID)
		}
	}
	if len(want) == 0 || slices.Equal(ids, want) {
		return ""
	}
	return "this is another trace than the sweep's: a server promises no equal tokens"
}

// expecting is a branch whose question has a known answer.
type expecting struct {
	tuiapp.Live
	gold string
}

// Run is the question with its answer.
func (e expecting) Run() trace.Run {
	r := e.Live.Run()
	r.Expected = e.gold
	return r
}
