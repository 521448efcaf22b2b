package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"s1/engine/remote"
	"s1/engine/scaling"
)

// sweptModels is -m of a sweep: given again it adds a server.
type sweptModels struct {
	f     *sweepFlags
	given bool
}

func (m *sweptModels) String() string {
	if m.f == nil { // as pflag makes one, to see what a default looks like
		return ""
	}
	return strings.Join(append([]string{m.f.model}, m.f.others...), ",")
}

func (m *sweptModels) Type() string { return "MODEL" }

// Set takes one model, where settings give it several with a comma between two.
func (m *sweptModels) Set(s string) error {
	words := []string{s}
	if remote.Is(s) {
		words = strings.Split(s, ",")
	}
	for _, w := range words {
		if m.given {
			m.f.others = append(m.f.others, w)
			continue
		}
		m.f.model, m.given = w, true
	}
	return nil
}

// routes are the ways to a server, by the words of --route.
func routes() map[string]remote.Route {
	return map[string]remote.Route{"auto": "", "ids": remote.RouteIDs, "text": remote.RouteText, "chat": remote.RouteChat}
}

func routeWords() []string { return []string{"ids", "text", "chat"} }

// servers are the models of the flags, where they are servers.
func (f *sweepFlags) servers() []string {
	if !remote.Is(f.model) {
		return nil
	}
	return append([]string{f.model}, f.others...)
}

// checkServers is what can be said of -m before anybody is asked.
func (f *sweepFlags) checkServers() error {
	words := append([]string{f.model}, f.others...)
	if f.against != "" {
		words = append(words, f.against)
	}
	served := false
	for _, w := range words { // first of all: an address may hold a key, which no message should quote
		if remote.Is(w) {
			served = true
			if _, err := remote.Parse(w); err != nil {
				return usageError{err}
			}
		}
	}
	for _, w := range f.others {
		if !remote.Is(f.model) || !remote.Is(w) {
			return usagef("-m %s and -m %s: only servers (http://host:port/v1#name) can be several", safeLine(f.model, 200), safeLine(w, 200))
		}
	}
	if _, ok := routes()[f.route]; !ok && f.route != "" {
		return usagef("--route %q: auto, %s", f.route, strings.Join(routeWords(), ", "))
	}
	if !served && f.route != "" && f.route != "auto" {
		return usagef("--route %s is about servers, and -m %s is none", f.route, safeLine(f.model, 200))
	}
	if f.retries < -1 || f.retries > 100 {
		return usagef("--retries %d: 0 to 100, or -1", f.retries)
	}
	if f.patience < 0 {
		return usagef("--patience %v: how long to wait, such as 15m", f.patience)
	}
	return nil
}

// openCrew opens who is to answer: one model here, or servers. end closes it.
func (a *app) openCrew(ctx context.Context, f *sweepFlags) (_ *scaling.Crew, end func(), err error) {
	words := f.servers()
	if words == nil {
		m, err := a.openSwept(ctx, f)
		if err != nil {
			return nil, nil, err
		}
		return scaling.Local(m), func() { _ = m.Close() }, nil // what it has given is kept already
	}
	c, end, err := scaling.Servers(ctx, words, f.serverOptions(a.seed, func(s string) { a.say("%s", safeLine(s, 1000)) }))
	if err != nil {
		return nil, nil, err
	}
	a.say("%s", c.Keeping())
	if w := c.Info().Warning; w != "" {
		a.say("%s", w)
	}
	return c, end, nil
}

// A server among several is left for another one sooner than the only one is given up.
const (
	retriesAlone = 5
	retriesAmong = 1
)

// serverOptions never hold a key: it is looked up in the environment for each server, and goes to that one alone.
func (f *sweepFlags) serverOptions(seed uint64, tell func(string)) scaling.ServerOptions {
	retries := f.retries
	switch {
	case retries == 0:
		retries = -1 // as remote has "none"
	case retries < 0 && len(f.others) == 0:
		retries = retriesAlone
	case retries < 0:
		retries = retriesAmong
	}
	parallel := f.parallel
	return scaling.ServerOptions{
		Parallel: parallel, Patience: f.patience, Tell: tell,
		Options: func(word string) remote.Options {
			at, err := remote.Parse(word)
			if err != nil { // it was read before
				return remote.Options{}
			}
			return remote.Options{
				Key: remote.KeyFor(at), Seed: seed, Format: f.plan.ThinkFormat, Route: routes()[f.route], Context: f.context, Retries: retries, Concurrency: parallel,
				Pause: 500 * time.Millisecond,
			}
		},
	}
}

// saySaving tells what sharing traces over servers saved.
func (a *app) saySaving(c *scaling.Crew, r *scaling.Result) {
	if c.Served() == "" {
		return
	}
	own, alone := r.Cost()
	if !c.Shares() {
		a.say("%d tokens were generated, every arm by a run of its own", own)
		return
	}
	a.say("%d tokens were generated; as separate runs the arms would have taken %d, %.1f times as many", own, alone, float64(alone)/float64(max(own, 1)))
}

// serversLine is how the servers of a sweep stand, for a line of progress.
func serversLine(list []remote.Health) string {
	if len(list) < 2 {
		return ""
	}
	var parts []string
	for _, h := range list {
		at, err := remote.Parse(h.Name)
		name := h.Name
		if err == nil {
			name = at.Host()
		}
		s := fmt.Sprintf("%s %d", safeLine(name, 60), h.Done)
		switch {
		case h.Out:
			s += " (left out)"
		case h.Resting:
			s += " (resting)"
		}
		parts = append(parts, s)
	}
	slices.Sort(parts)
	return "; " + strings.Join(parts, ", ")
}
