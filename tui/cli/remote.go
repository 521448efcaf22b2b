package cli

import (
	"context"
	"fmt"

	"s1/engine"
	"s1/engine/explore"
	"s1/engine/remote"
	"s1/engine/trace"
	"s1/sessions"
	tuiapp "s1/tui/app"
)

// thinker is what the desk needs of a model, on this machine or on a server.
type thinker interface {
	tuiapp.Thinker
	Restore(r trace.Run, saved []trace.Saved) ([]tuiapp.Live, error)
	Close() error
}

// local is a model of this machine, and who asks it about its traces.
type local struct {
	*engine.Model
	x *explore.Explorer
}

func newLocal(m *engine.Model) local { return local{m, explore.New(m)} }

func (m local) Ask(ctx context.Context, q trace.Ask) (tuiapp.Live, error) {
	return live(m.Model.Ask(ctx, q))
}

func (m local) Branch(ctx context.Context, from trace.BranchID, at int, b trace.Budget, s trace.Sampling, first ...trace.Command) (tuiapp.Live, error) {
	return live(m.Model.Branch(ctx, from, at, b, s, first...))
}

func (m local) Restore(r trace.Run, saved []trace.Saved) ([]tuiapp.Live, error) {
	if remote.Is(r.Model) {
		return nil, fmt.Errorf("it needs its server: s1 chat -m '%s' --session %s; s1 sessions show %s only reads it", r.Model, r.ID, r.ID)
	}
	return all(m.Model.Restore(r, saved))
}

// server is a model behind an OpenAI-compatible server.
type server struct{ *remote.Model }

func (m server) Ask(ctx context.Context, q trace.Ask) (tuiapp.Live, error) {
	return live(m.Model.Ask(ctx, q))
}

func (m server) Branch(ctx context.Context, from trace.BranchID, at int, b trace.Budget, s trace.Sampling, first ...trace.Command) (tuiapp.Live, error) {
	return live(m.Model.Branch(ctx, from, at, b, s, first...))
}

func (m server) Restore(r trace.Run, saved []trace.Saved) ([]tuiapp.Live, error) {
	return all(m.Model.Restore(r, saved))
}

// live and all keep a nil pointer from becoming an interface that is not nil.
func live[L tuiapp.Live](l L, err error) (tuiapp.Live, error) {
	if err != nil {
		return nil, err
	}
	return l, nil
}

func all[L tuiapp.Live](list []L, err error) ([]tuiapp.Live, error) {
	if err != nil {
		return nil, err
	}
	lives := make([]tuiapp.Live, len(list))
	for i, l := range list {
		lives[i] = l
	}
	return lives, nil
}

// openServer connects to a server and probes it.
func openServer(ctx context.Context, f *runFlags, seed uint64, progress func(string)) (*remote.Model, error) {
	at, err := remote.Parse(f.model)
	if err != nil {
		return nil, err
	}
	progress("asking " + at.Base + " what it can do")
	return remote.Open(ctx, f.model, remote.Options{Key: remote.KeyFor(at), Seed: seed, Format: f.thinkFormat})
}

// serverInfo is `s1 models info` of a server: what the probe found.
func (a *app) serverInfo(ctx context.Context, word string) error {
	m, err := openServer(ctx, &runFlags{modelFlags: modelFlags{model: word}}, a.seed, a.progress())
	if err != nil {
		return err
	}
	defer m.Close() // nothing runs
	p, info := m.Probe(), m.Info()
	if a.json {
		abilities := []map[string]string{}
		for _, x := range p.Abilities() {
			abilities = append(abilities, map[string]string{"ability": x.Name, "badge": string(x.Badge), "why": x.Why})
		}
		return a.printJSON(map[string]any{
			"model": word, "name": info.Name, "server": p.Server, "route": p.Route, "badge": p.Badge, "thinks": p.Thinks, "thinking": p.Thinking,
			"think_format": p.Format, "logprobs": p.Logprobs, "context": p.Context, "sampling": p.Default, "abilities": abilities,
		})
	}
	positions := "unknown"
	if p.Context > 0 {
		positions = fmt.Sprintf("%d positions", p.Context)
	}
	rows := [][2]string{
		{"name", info.Name},
		{"server", p.Server},
		{"context", positions},
		{"thoughts", p.Thinking},
		{"think format", p.Format},
		{"logprobs", yes(p.Logprobs)},
		{"sampling", fmt.Sprintf("temperature %g, top-p %g, top-k %d, min-p %g", p.Default.Temperature, p.Default.TopP, p.Default.TopK, p.Default.MinP)},
		{"route", string(p.Route)},
		{"budget", string(p.Badge)},
	}
	for _, r := range rows {
		if _, err := fmt.Fprintf(a.out, "%-13s %s\n", r[0], safeLine(r[1], 200)); err != nil {
			return err
		}
	}
	if _, err := fmt.Fprintln(a.out, "\nhow a cap is kept, by route, as it was seen:"); err != nil {
		return err
	}
	for _, x := range p.Abilities() {
		if _, err := fmt.Fprintf(a.out, "  %-36s %-9s %s\n", x.Name, x.Badge, safeLine(x.Why, 300)); err != nil {
			return err
		}
	}
	return nil
}

func yes(b bool) string {
	if b {
		return "told"
	}
	return "not told"
}

// notCheckable says why a run of a server is not carried out again.
func notCheckable(s sessions.Session) error {
	if !remote.Is(s.Run.Model) {
		return nil
	}
	return fmt.Errorf("session %s was thought by a server (%s), whose arithmetic and seeds promise nothing: it can be played, not checked", s.Run.ID, safeText(s.Run.Model))
}
