package scaling

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"s1/engine/remote"
)

// Standing is what was found of one server before a sweep.
type Standing struct {
	Name  string        // as its address is written
	Probe *remote.Probe // nil = nobody answers there, or not as a server does
	Err   error         // why, or why it can not be measured together with the ones before it; nil = it can
}

// LookAt probes servers, all at once, and closes them again. What each is stands in the order of the words, and they are compared
// in that order too: unlike Servers it says of every one what it is, also where they can not be one crew. The error is of the
// context, or of an address that means nothing.
func LookAt(ctx context.Context, words []string, o ServerOptions) ([]Standing, error) {
	if o.Options == nil {
		o.Options = func(string) remote.Options { return remote.Options{} }
	}
	list := make([]Standing, len(words))
	for i, word := range words {
		at, err := remote.Parse(word)
		if err != nil {
			return nil, err
		}
		list[i].Name = at.Word()
	}
	f := &fleet{o: o}
	defer f.end()
	for look := 1; ; look++ {
		f.look(ctx, list)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if look == looks || !slices.ContainsFunc(list, func(s Standing) bool { return differs(s.Err) }) {
			return list, nil
		}
		f.end() // one that fails for a moment seems to lack what it has
		f.like = nil
	}
}

// look probes all servers, and takes in those that are like the first that answers.
func (f *fleet) look(ctx context.Context, list []Standing) {
	models := make([]*remote.Model, len(list))
	var wg sync.WaitGroup
	for i := range list {
		s := &list[i]
		s.Probe, s.Err = nil, nil
		if slices.ContainsFunc(list[:i], func(o Standing) bool { return o.Name == s.Name }) {
			s.Err = fmt.Errorf("server %s is named twice", s.Name)
			continue
		}
		wg.Go(func() { models[i], s.Err = remote.Open(ctx, s.Name, f.o.Options(s.Name)) })
	}
	wg.Wait()
	for i, m := range models {
		if m == nil {
			continue
		}
		s, p := &list[i], m.Probe()
		if s.Probe, s.Err = &p, f.join(s.Name, m); s.Err != nil {
			s.Err = errors.Join(s.Err, m.Close())
		}
	}
}
