package cli

import (
	"context"
	"errors"

	"s1/curate/llm"
	"s1/engine"
	"s1/engine/builtin"
	"s1/engine/remote"
)

// openAsked makes of a MODEL word what curation asks. A server is asked on its chat route; its key comes from the environment.
// The caller ends it with the function.
func (a *app) openAsked(ctx context.Context, word string, concurrency int) (llm.Provider, func() error, error) {
	if remote.Is(word) {
		at, err := remote.Parse(word)
		if err != nil {
			return nil, nil, err
		}
		o := remote.Options{Key: remote.KeyFor(at), Concurrency: concurrency, Seed: a.seed}
		if at.Name == "" {
			names, err := remote.List(ctx, word, o)
			if err != nil {
				return nil, nil, err
			}
			if len(names) != 1 {
				return nil, nil, errors.New("the server has several models or none; write " + at.Base + "#name")
			}
			at.Name = names[0]
		}
		c, err := remote.NewCaller(at.Word(), o)
		if err != nil {
			return nil, nil, err
		}
		return llm.Server(c), func() error { return nil }, nil
	}
	o := engine.Options{Name: word}
	if word == builtin.Name {
		o.Weights = "exact"
	}
	p, err := loadModel(ctx, word, o, a.progress())
	if err != nil {
		return nil, nil, err
	}
	m, err := engine.Assembled(p)
	if err != nil {
		return nil, nil, err
	}
	return llm.Local(m, m.Forget), m.Close, nil
}
