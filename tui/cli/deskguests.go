package cli

import (
	"context"

	"s1/engine"
	"s1/engine/trace"
	tuiapp "s1/tui/app"
)

// Beside the desk's own model others may think: base and tuned weights, servers of a sweep. What grows from a branch, and what is
// asked about it, goes to the model that thought it.

// guest opens another model for one question. It stays open until the desk closes, as what it said can be gone on from.
func (d *desk) guest(ctx context.Context, name string, a trace.Ask) (tuiapp.Live, error) {
	p, err := loadModel(ctx, name, engine.Options{Name: name, Weights: "exact", Threads: d.flags.threads}, func(string) {})
	if err != nil {
		return nil, err
	}
	p.Same = sameAnswer
	m, err := engine.Assembled(p)
	if err != nil {
		return nil, err
	}
	l := newLocal(m)
	d.welcome(l)
	return d.hosted(ctx, l, a, nil)
}

// welcome makes a model that is not the desk's own the desk's to close.
func (d *desk) welcome(m thinker) {
	d.guestsMu.Lock()
	defer d.guestsMu.Unlock()
	d.guests = append(d.guests, m)
}

// hosted asks a guest, or the desk's own model. change makes of the run what is kept of it; nil = all.
func (d *desk) hosted(ctx context.Context, m thinker, a trace.Ask, change func(tuiapp.Live) tuiapp.Live) (tuiapp.Live, error) {
	l, err := m.Ask(ctx, a)
	if err != nil {
		return nil, err
	}
	if change != nil {
		l = change(l)
	}
	d.recorder.Run(l.Run())
	d.follow(l)
	d.at(l, m)
	return l, nil
}

// host is the model that thought a branch.
func (d *desk) host(of trace.BranchID) thinker {
	d.guestsMu.Lock()
	defer d.guestsMu.Unlock()
	if m := d.hosts[of]; m != nil {
		return m
	}
	return d.thinks
}

// at notes which model a branch is of.
func (d *desk) at(l tuiapp.Live, m thinker) {
	if m == d.thinks {
		return
	}
	d.guestsMu.Lock()
	defer d.guestsMu.Unlock()
	d.hosts[l.Branch().ID] = m
}
